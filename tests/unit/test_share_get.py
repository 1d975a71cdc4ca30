"""What ``perennial get`` cannot fetch: one sentence for each trouble, and what of the share waits for the next try."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.api.shares import part as part_module
from node.api.shares.errors import BadTarget
from node.vault.share.blob import Blob
from node.vault.share.listing import Entry
from node.vault.share.tree import address_of
from tests.other_user import at_work_as_nobody
from tests.share_world import GOES_ON, MIB, World, content_of, made_file, made_garden, sharing, tree_of


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with sharing(tmp_path, monkeypatch) as world:
        yield world


class TestWhatCannotBeFetched:
    def test_an_unknown_address(self, world: World):
        said = world.fail("get", "ab" * 32, "-o", str(world.folder / "out"))
        assert said == "Nobody reachable holds the share abababababababab…."
        assert len(world.node.gets) == 1
        assert world.left() == set()

    @pytest.mark.parametrize("address", ["", "ab", "g" * 64, "ab" * 33, "../" * 21 + "a", "ab" * 32 + "\n"])
    def test_what_is_no_address_is_wrong_usage(self, world: World, address: str):
        result = world.call("get", address, "-o", str(world.folder / "out"))
        assert (result.exit_code, result.stdout) == (2, "")
        assert "the address of a share has 64 digits, each 0 to 9 or a to f." in result.stderr
        assert world.node.gets == []

    def test_a_chunk_that_is_no_share(self, world: World):
        address = world.keep(b"just bytes").hex()
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said == f"{address[:16]}… is no share that this version of Perennial understands."
        assert world.left() == set()

    def test_a_missing_first_chunk_leaves_nothing(self, world: World):
        source = made_file(world, 3 * MIB)
        address = world.put(source)["address"]
        del world.node.chunks[address_of(source.read_bytes()[:MIB])]
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said == "A part of the share could not be fetched: Nobody reachable holds this."
        assert world.left() == {"seeds.bin"}

    def test_a_strangers_file_in_the_part_makes_no_failure_of_a_share_that_stands_in_its_place(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        source = made_file(world, MIB)
        address = world.put(source)["address"]
        end = part_module.Part.end

        def watched(part: part_module.Part) -> None:
            (part.folder / ".DS_Store").write_bytes(b"what file managers leave everywhere")
            end(part)

        monkeypatch.setattr(part_module.Part, "end", watched)
        assert world.call("get", address, "-o", str(world.folder / "out")).exit_code == 0
        assert (world.folder / "out").read_bytes() == source.read_bytes()
        assert world.left() == {"seeds.bin", "out"}

    def test_a_missing_later_chunk_keeps_what_is_there_and_says_where(self, world: World):
        source = made_file(world, 4 * MIB)
        address = world.put(source)["address"]
        gone = world.node.chunks.pop(address_of(source.read_bytes()[2 * MIB : 3 * MIB]))
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        part = world.folder / f".out.{address}.part"
        assert said == (
            "A part of the share could not be fetched: Nobody reachable holds this."
            f" What is there so far waits in {part}; {GOES_ON}"
        )
        assert world.left() == {"seeds.bin", part.name}
        assert stat.S_IMODE(part.stat().st_mode) == 0o700
        world.keep(gone)
        world.node.gets.clear()
        result = world.call("get", address, "-o", str(world.folder / "out"), "--json")
        assert json.loads(result.stdout)["chunks_known"] == 2
        assert (world.folder / "out").read_bytes() == source.read_bytes()
        assert len(world.node.gets) == 2 + 2  # root and index, and what was missing
        assert world.left() == {"seeds.bin", "out"}

    def test_a_part_that_was_damaged_meanwhile_is_mended(self, world: World):
        garden = made_garden(world)
        address = world.put(garden)["address"]
        lost = address_of(b"#!/bin/sh\n")
        gone = world.node.chunks.pop(lost)
        world.fail("get", address, "-o", str(world.folder / "out"))
        (kept,) = world.folder.glob(".out.*.part")
        big = kept / "content" / "beds" / "big.bin"
        big.write_bytes(b"?" + big.read_bytes()[1:] + b"more")
        world.keep(gone)
        assert tree_of(world.get(address)) == tree_of(garden)

    def test_a_target_that_exists(self, world: World):
        address = world.put(made_file(world, 10))["address"]
        (world.folder / "out").write_text("years of work")
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said == f"{world.folder / 'out'} is there already; name another place with -o."
        assert (world.folder / "out").read_text() == "years of work"
        assert world.left() == {"seeds.bin", "out"}

    @pytest.mark.parametrize("place", ["/", "//", "/..", ".", "..", "./"])
    def test_a_target_that_is_the_folder_itself_or_one_above_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, place: str
    ):
        address = world.put(made_file(world, 10))["address"]
        monkeypatch.chdir(world.folder)
        said = world.fail("get", address, "-o", place)
        assert said.endswith(" is there already; name another place with -o.")
        assert world.node.gets == []
        assert world.left() == {"seeds.bin"}

    def test_an_unwritable_target(self, world: World):
        address = world.put(made_file(world, 10))["address"]
        nowhere = world.folder / "nowhere" / "out"
        assert world.fail("get", address, "-o", str(nowhere)) == f"There is no folder {nowhere.parent}."
        (world.folder / "file").write_text("x")
        below = world.folder / "file" / "out"
        assert world.fail("get", address, "-o", str(below)) == f"There is no folder {below.parent}."
        assert world.fail("get", address, "-o", "/proc/out").startswith("/proc/out cannot be written: ")
        assert world.left() == {"seeds.bin", "file"}

    def test_a_name_that_is_too_long_is_noticed_before_anything_is_fetched(self, world: World):
        address = world.put(made_file(world, 10))["address"]
        long = world.folder / ("n" * 256)
        said = world.fail("get", address, "-o", str(long))
        assert said == f"{long} is too long for a name here; name another place with -o."
        assert world.node.gets == []
        assert world.get(address, "n" * 255).read_bytes() == content_of(10)

    @pytest.mark.parametrize("letter", ["ΐ", "ŉ"])  # in capitals they are three, and two
    def test_a_long_name_whose_capitals_are_longer_still_is_no_trouble(self, world: World, letter: str):
        address = world.put(made_file(world, 10))["address"]
        assert world.get(address, letter * 90).read_bytes() == content_of(10)

    def test_a_disk_that_is_too_small_is_noticed_before_anything_is_fetched(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        address = world.put(made_file(world, 3 * MIB))["address"]
        usage = type("Usage", (), {"free": MIB})
        monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said == f"{world.folder / 'out'} needs 3.1 MB, but only 1.0 MB are free there."
        assert len(world.node.gets) == 1
        assert world.left() == {"seeds.bin"}

    def test_a_disk_that_becomes_full(self, world: World, monkeypatch: pytest.MonkeyPatch):
        address = world.put(made_file(world, 4 * MIB))["address"]
        write = part_module.Part.write

        def full(self: Any, offset: int, content: bytes) -> None:
            with self._stating():
                if offset:
                    raise OSError(28, os.strerror(28))
            write(self, offset, content)

        with monkeypatch.context() as patched:
            patched.setattr(part_module.Part, "write", full)
            said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said.startswith(f"{world.folder / 'out'} cannot be written: No space left on device. What is there")
        assert not (world.folder / "out").exists()
        assert world.get(address).read_bytes() == content_of(4 * MIB)

    @pytest.mark.parametrize("name", ["photos", "p" * 255])
    def test_what_is_left_of_one_share_never_comes_into_another(self, tmp_path: Path, name: str):
        alike = "abcd1234" * 7
        for address, entry in ((alike + "0" * 8, "run-me.sh"), (alike + "f" * 8, "a.jpg")):
            part = part_module.Part(tmp_path / name, address)
            part.open("d", 1, 1)
            part.begin(Entry(entry, "x", Blob(1, bytes(32))))
            part.write(0, b"!")
            part.end()  # and interrupted, the first time
        part.finish()
        assert [path.name for path in (tmp_path / name).iterdir()] == ["a.jpg"]

    def test_a_second_get_of_the_same_to_the_same_place_leaves_the_first_one_alone(self, world: World):
        address = world.put(made_file(world, 4 * MIB))["address"]
        first = part_module.Part(world.folder / "out", address)
        first.open("f", 4 * MIB, 0)
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said == f"Another get is fetching this share to {world.folder / 'out'} already."
        assert first.is_there()
        first.close()
        assert world.get(address).read_bytes() == content_of(4 * MIB)

    def test_a_target_that_is_taken_meanwhile_says_what_to_do_and_where_the_part_waits(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        address = world.put(made_file(world, 2 * MIB))["address"]
        out, end = world.folder / "out", part_module.Part.end

        def end_late(self: Any) -> None:
            end(self)
            out.write_text("faster")

        monkeypatch.setattr(part_module.Part, "end", end_late)
        said = world.fail("get", address, "-o", str(out))
        (part,) = world.folder.glob(".out.*.part")
        taken = f"Something else stands at {out} by now; move it away."
        assert said == f"{taken} What is there so far waits in {part}; {GOES_ON}"
        monkeypatch.undo()
        out.unlink()
        assert world.get(address).read_bytes() == content_of(2 * MIB)

    def test_a_part_that_is_taken_away_meanwhile_is_not_named_as_if_it_waited(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        address = world.put(made_file(world, 2 * MIB))["address"]
        end = part_module.Part.end

        def end_and_lose(self: Any) -> None:
            end(self)
            shutil.rmtree(self.folder)

        monkeypatch.setattr(part_module.Part, "end", end_and_lose)
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert said.endswith(".part, in which the share grew, was taken away meanwhile.")

    def test_an_empty_part_of_an_earlier_try_does_not_stay_after_a_failure(self, world: World):
        source = made_file(world, 3 * MIB)
        address = world.put(source)["address"]
        del world.node.chunks[address_of(source.read_bytes()[:MIB])]
        part = part_module.Part(world.folder / "out", address)
        part.open("f", 3 * MIB, 0)
        (part.folder / "content").write_bytes(b"")
        part.close()
        world.fail("get", address, "-o", str(world.folder / "out"))
        assert world.left() == {"seeds.bin"}

    def test_a_folder_that_may_be_written_but_not_read_takes_a_share(self, world: World):
        address = world.put(made_file(world, 10))["address"]
        with at_work_as_nobody() as folder:
            (folder / "letters").mkdir(mode=0o300)
            part = part_module.Part(folder / "letters" / "out", address)
            part.open("f", 1, 0)
            part.begin(Entry("", "f", Blob(1, bytes(32))))
            part.write(0, b"!")
            part.end()
            part.finish()
            part.close()
            (folder / "letters").chmod(0o700)
            assert [path.name for path in (folder / "letters").iterdir()] == ["out"]

    def test_a_share_whose_name_cannot_be_flushed_waits_in_its_part(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        address = world.put(made_file(world, 2 * MIB))["address"]
        out, flush = world.folder / "out", part_module._flush_folder

        def refuse(folder: Path) -> None:
            if folder == world.folder:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            flush(folder)

        with monkeypatch.context() as patched:
            patched.setattr(part_module, "_flush_folder", refuse)
            said = world.fail("get", address, "-o", str(out))
        (part,) = world.folder.glob(".out.*.part")
        refused = f"{out} cannot be written: Input/output error."
        assert said == f"{refused} What is there so far waits in {part}; {GOES_ON}"
        assert world.get(address).read_bytes() == content_of(2 * MIB)

    def test_a_folder_that_may_not_be_entered(self, world: World):
        address = world.put(made_file(world, 10))["address"]
        with at_work_as_nobody() as folder:
            (folder / "closed").mkdir(mode=0o000)
            out = folder / "closed" / "inner" / "out"
            with pytest.raises(BadTarget) as found:
                part_module.Part(out, address).open("f", 1, 0)
            (folder / "closed").chmod(0o700)
        assert str(found.value) == f"{out} cannot be written: Permission denied."

    def test_what_stands_in_the_way_of_the_part_is_left_alone(self, world: World):
        address = world.put(made_file(world, 10))["address"]
        (world.folder / f".out.{address}.part").write_text("not ours")
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert "stands in the way and is not ours" in said
        assert (world.folder / f".out.{address}.part").read_text() == "not ours"

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="elsewhere folders have no owner by number")
    def test_a_part_of_someone_else_is_left_alone(self, world: World, monkeypatch: pytest.MonkeyPatch):
        address = world.put(made_file(world, 10))["address"]
        part = world.folder / f".out.{address}.part"
        part.mkdir()
        (part / "thesis.txt").write_text("years of work")
        monkeypatch.setattr(os, "geteuid", lambda: part.stat().st_uid + 1)
        assert "is not ours" in world.fail("get", address, "-o", str(world.folder / "out"))
        assert (part / "thesis.txt").read_text() == "years of work"
