"""``perennial put`` and ``get`` against a node in memory: round trips, resuming, one sentence for each trouble."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node.api.shares import getting, putting, transfer, walk
from node.api.shares import part as part_module
from node.api.shares.journal import JOURNALS_MAX, RECENT_S, Journal
from node.cli.tray import perennial
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.vault.share.blob import EMPTY, Blob, BlobBuilder
from node.vault.share.listing import Entry, encode_entry
from node.vault.share.root import MARK, Root, encode_root
from node.vault.share.tree import address_of
from tests.share_world import ChunkNode, serving

MIB = 1 << 20
GOES_ON = "the same command goes on from there."


@dataclass
class World:
    folder: Path
    home: Path
    node: ChunkNode

    def call(self, *arguments: str) -> Result:
        return CliRunner().invoke(perennial, [*arguments, "--home", str(self.home)])

    def put(self, source: Path) -> dict[str, Any]:
        result = self.call("put", str(source), "--json")
        assert result.exit_code == 0, result.output
        stored: dict[str, Any] = json.loads(result.stdout)
        return stored

    def get(self, address: str, name: str = "out") -> Path:
        result = self.call("get", address, "-o", str(self.folder / name))
        assert result.exit_code == 0, result.output
        return self.folder / name

    def fail(self, *arguments: str) -> str:
        """What a command that must fail says, in its last line; standard output stays empty."""
        result = self.call(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        assert "Traceback" not in result.stderr
        return result.stderr.splitlines()[-1]

    def left(self) -> set[str]:
        """What stands beside the home."""
        return {path.name for path in self.folder.iterdir()} - {"home"}

    def keep(self, content: bytes) -> bytes:
        self.node.chunks[address_of(content)] = content
        return address_of(content)

    def keep_blob(self, content: bytes) -> Blob:
        builder = BlobBuilder()
        for start in range(0, len(content), MIB):
            piece = content[start : start + MIB]
            for index in builder.add(self.keep(piece), len(piece)):
                self.keep(index)
        for index in builder.finish():
            self.keep(index)
        return builder.blob()

    def keep_folder(self, *entries: Entry, length: int, files: int, count: int | None = None) -> str:
        listing = self.keep_blob(b"".join(map(encode_entry, entries)))
        root = Root(MARK, "d", "garden", length, files, len(entries) if count is None else count, listing)
        return self.keep(encode_root(root)).hex()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(transfer, "PAUSES_S", (0.0, 0.0, 0.0))
    home = tmp_path / "home"
    home.mkdir()
    with serving(home) as node:
        yield World(tmp_path, home, node)


def content_of(length: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(length)


def made_file(world: World, length: int, name: str = "seeds.bin") -> Path:
    path = world.folder / name
    path.write_bytes(content_of(length))
    return path


def made_garden(world: World) -> Path:
    garden = world.folder / "garden"
    (garden / "beds" / "north").mkdir(parents=True)
    (garden / "fallow").mkdir()
    (garden / "beds" / "north" / "Grüße 🌱.txt").write_text("hello")
    (garden / "beds" / "big.bin").write_bytes(content_of(2 * MIB + 7))
    (garden / "beds-plan").write_bytes(b"")
    (garden / "water").write_text("#!/bin/sh\n")
    (garden / "water").chmod(0o755)
    return garden


def tree_of(folder: Path) -> dict[str, tuple[bool, bytes | None]]:
    return {
        str(path.relative_to(folder)): (bool(path.stat().st_mode & stat.S_IXUSR), None)
        if path.is_dir()
        else (bool(path.stat().st_mode & stat.S_IXUSR), path.read_bytes())
        for path in folder.rglob("*")
    }


class TestRoundTrips:
    @pytest.mark.parametrize("length", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
    def test_a_file_comes_back_as_it_was(self, world: World, length: int):
        source = made_file(world, length)
        stored = world.put(source)
        assert world.get(stored["address"]).read_bytes() == source.read_bytes()
        assert (stored["name"], stored["files"], stored["length_bytes"]) == ("seeds.bin", 1, length)
        assert world.left() == {"seeds.bin", "out"}
        assert list((world.home / "state/puts").iterdir()) == []

    def test_a_folder_comes_back_as_it_was(self, world: World):
        garden = made_garden(world)
        stored = world.put(garden)
        assert tree_of(world.get(stored["address"])) == tree_of(garden)
        assert (stored["kind"], stored["files"]) == ("folder", 4)
        assert world.left() == {"garden", "out"}

    def test_an_empty_folder_comes_back(self, world: World):
        (world.folder / "fallow").mkdir()
        out = world.get(world.put(world.folder / "fallow")["address"])
        assert out.is_dir()
        assert list(out.iterdir()) == []

    def test_the_same_files_have_the_same_address(self, world: World):
        garden = made_garden(world)
        first = world.put(garden)["address"]
        (world.folder / "elsewhere").mkdir()
        garden.rename(world.folder / "elsewhere" / "garden")
        assert world.put(world.folder / "elsewhere" / "garden")["address"] == first

    def test_links_are_followed(self, world: World):
        source = made_file(world, 10)
        garden = world.folder / "garden"
        (garden / "inner").mkdir(parents=True)
        (garden / "seeds").symlink_to(source)
        (garden / "twice").symlink_to(garden / "inner")
        (garden / "inner" / "x").write_text("x")
        out = world.get(world.put(garden)["address"])
        assert tree_of(out)["seeds"] == (False, source.read_bytes())
        assert tree_of(out)["twice/x"] == (False, b"x")
        assert not any(path.is_symlink() for path in out.rglob("*"))

    def test_it_is_said_how_many_links_led_outside_of_the_folder(self, world: World):
        garden, shed = made_garden(world), world.folder / "garden-shed"
        (shed / "tools").mkdir(parents=True)
        (shed / "rake").symlink_to("tools")
        (world.folder / "way").symlink_to(garden)
        (garden / "inside").symlink_to("water")
        (garden / "way").symlink_to(world.folder / "way" / "beds")
        assert world.put(garden)["links_outside"] == world.put(world.folder / "way")["links_outside"] == 0
        (garden / "shed").symlink_to(shed)  # its name begins like the garden's, and in it lies another link
        (garden / "file").symlink_to(made_file(world, 10))
        assert world.put(garden)["links_outside"] == 3
        said = world.call("put", str(garden)).stdout.splitlines()[0]
        assert said.endswith(" 3 links in it led outside of it; what they lead to went along.")
        (garden / "shed").unlink()
        assert " 1 link in it led outside of it; what it leads to" in world.call("put", str(garden)).stdout

    def test_before_anything_is_put_the_help_says_what_goes_along_and_that_it_is_public(self, world: World):
        said = " ".join(world.call("put", "--help").stdout.split())
        assert "anyone who has the address can fetch it, and it cannot be taken back" in said
        assert "hidden files, and what links in it lead to, even out of the folder" in said

    def test_names_are_shared_in_one_spelling(self, world: World):
        garden = world.folder / "garden"
        garden.mkdir()
        (garden / unicodedata.normalize("NFD", "Äpfel")).write_text("a")
        assert list(tree_of(world.get(world.put(garden)["address"]))) == ["Äpfel"]

    def test_without_a_target_it_stands_under_its_own_name_here(self, world: World, monkeypatch: pytest.MonkeyPatch):
        address = world.put(made_file(world, 10))["address"]
        (world.folder / "here").mkdir()
        monkeypatch.chdir(world.folder / "here")
        result = world.call("get", address.upper())
        assert result.exit_code == 0
        assert (world.folder / "here" / "seeds.bin").read_bytes() == content_of(10)
        assert str(world.folder / "here" / "seeds.bin") in result.stdout

    def test_put_says_what_it_stored_and_ends_with_the_address(self, world: World):
        result = world.call("put", str(made_garden(world)))
        said, address = result.stdout.splitlines()
        assert said == "Stored garden: 4 files, 2.1 MB, each part in at least 5 vaults."
        assert bytes.fromhex(address) in world.node.chunks
        assert result.stderr == "garden: 4 files, 2.1 MB\n"

    def test_a_moment_without_the_network_is_waited_out(self, world: World):
        source = made_file(world, 3 * MIB)
        busy = RequestRefused("peer.unreachable", "2 vaults took the chunk, 3 are needed")
        world.node.put_troubles = [busy, VaultUnavailable("no vault"), busy]
        address = world.put(source)["address"]
        world.node.get_troubles = [VaultUnavailable("no vault"), RequestRefused("control.standby", "standby")]
        assert world.get(address).read_bytes() == source.read_bytes()


class TestWhatCannotBePut:
    def refused(self, world: World, source: Path) -> str:
        said = world.fail("put", str(source))
        assert world.node.puts == [], "something was put before all was looked at"
        return said

    def test_nothing_there(self, world: World):
        missing = world.folder / "missing"
        assert self.refused(world, missing) == f"There is nothing at {missing}."

    def test_a_folder_with_a_link_loop(self, world: World):
        garden = made_garden(world)
        (garden / "beds" / "zzz").symlink_to(garden)
        loop = garden / "beds" / "zzz"
        assert self.refused(world, garden) == (f"{loop} leads back to a folder that it lies in, so that it has no end.")

    def test_a_link_to_itself_and_a_link_to_nothing(self, world: World):
        garden = made_garden(world)
        (garden / "self").symlink_to("self")
        circling = "is a link that leads back to itself, so that it has no end."
        assert self.refused(world, garden) == f"{garden / 'self'} {circling}"
        (garden / "self").unlink()
        (garden / "a").symlink_to("b")
        (garden / "b").symlink_to("a")
        assert self.refused(world, garden) == f"{garden / 'a'} {circling}"
        assert self.refused(world, garden / "b") == f"{garden / 'b'} {circling}"
        (garden / "a").unlink()
        (garden / "b").unlink()
        (garden / "gone").symlink_to("nowhere")
        assert self.refused(world, garden) == f"{garden / 'gone'} is a link that leads nowhere."

    def test_what_is_neither_a_file_nor_a_folder(self, world: World, monkeypatch: pytest.MonkeyPatch):
        garden = made_garden(world)
        os.mkfifo(garden / "pipe")
        assert self.refused(world, garden) == f"{garden / 'pipe'} is neither a file nor a folder."
        (garden / "pipe").unlink()
        monkeypatch.chdir(garden)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("s")
            assert self.refused(world, garden) == f"{garden / 's'} is neither a file nor a folder."
        assert self.refused(world, Path("/dev/null")).startswith("/dev/null is neither")

    def test_a_file_that_cannot_be_read(self, world: World, monkeypatch: pytest.MonkeyPatch):
        garden = made_garden(world)
        monkeypatch.setattr(os, "access", lambda path, _mode: "water" not in str(path))  # root may read everything
        for source in (garden, garden / "water"):
            assert self.refused(world, source) == f"{garden / 'water'} cannot be read: Permission denied."

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            (b"\xff\xfe", "it is not written in UTF-8"),
            (b"a\nb", "it holds a line break, a tab or another sign that cannot be seen"),
            (b"nul", "Windows keeps it for a device"),
            (b"Con .txt", "Windows keeps it for a device"),
            ("\u202egpj".encode(), "it holds a sign that turns the direction of writing"),
            (b"a\\b", "it holds a slash or a backslash"),
        ],
    )
    def test_a_name_that_cannot_be_shared_and_why(self, world: World, name: bytes, why: str):
        garden = made_garden(world)
        (garden / os.fsdecode(name)).write_text("x")
        said = self.refused(world, garden)
        assert said.endswith(f" has a name that cannot be shared: {why}. Give it another one.")
        assert said.isprintable()

    def test_the_whole_disk_has_no_name(self, world: World):
        assert self.refused(world, Path("/")) == "/ has no name of its own, so it cannot be shared."

    def test_what_lies_too_deep_or_has_too_long_a_path(self, world: World, monkeypatch: pytest.MonkeyPatch):
        deep = world.folder / "deep"
        deep.mkdir()
        monkeypatch.chdir(deep)
        for _ in range(65):
            Path("d").mkdir()
            os.chdir("d")
        assert "it lies more than 64 names deep" in self.refused(world, deep)
        long = world.folder / "long"
        long.mkdir()
        os.chdir(long)
        for _ in range(16):
            Path("n" * 254).mkdir()
            os.chdir("n" * 254)
        assert "with the folders above it, it is longer than 4000 bytes" in self.refused(world, long)

    def test_an_empty_path_is_not_the_current_folder(self, world: World, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(made_garden(world))
        address = world.put(made_file(world, 10))["address"]
        world.node.puts.clear()
        for arguments in (
            ["put", ""],
            ["get", address, "-o", ""],
            ["put", ".", "--home", ""],
            ["--home", "", "put", "."],
        ):
            result = world.call(*arguments) if "--home" not in arguments else CliRunner().invoke(perennial, arguments)
            assert (result.exit_code, result.stdout) == (2, ""), result.output
            assert "an empty path names nothing" in result.stderr
        assert world.node.puts == []

    def test_two_names_that_look_the_same(self, world: World):
        garden = made_garden(world)
        for form in ("NFC", "NFD"):
            (garden / unicodedata.normalize(form, "Äpfel")).write_text("x")
        assert "stands beside another one whose name looks the same" in self.refused(world, garden)

    @pytest.mark.parametrize("change", ["longer", "shorter", "other"])
    def test_a_file_that_changes_while_it_is_put(self, world: World, monkeypatch: pytest.MonkeyPatch, change: str):
        source = made_file(world, 3 * MIB)
        read = putting._read
        count = 0

        def read_and_change(*arguments: Any) -> tuple[bytes, bytes]:
            nonlocal count
            count += 1
            if count == 2:
                with source.open("r+b") as file:
                    file.seek(0, os.SEEK_END if change == "longer" else os.SEEK_SET)
                    file.write(b"!")
                    if change == "shorter":
                        file.truncate(MIB + 5)
                os.utime(source, ns=(1, 1))
            return read(*arguments)

        monkeypatch.setattr(putting, "_read", read_and_change)
        assert world.fail("put", str(source)) == f"{source} changed while it was put."

    def test_a_folder_that_changes_while_it_is_put(self, world: World, monkeypatch: pytest.MonkeyPatch):
        garden = made_garden(world)
        look = walk.scan

        def scan_and_change(source: Path) -> Any:
            totals = look(source)
            (garden / "weed").write_text("late")
            return totals

        monkeypatch.setattr("node.api.shares.putting.scan", scan_and_change)
        assert world.fail("put", str(garden)) == f"{garden} changed while it was put."

    def test_a_network_that_takes_no_more(self, world: World):
        world.node.accepts_chunks_max = 2
        said = world.fail("put", str(made_file(world, 5 * MIB)))
        assert said == "A part could not be stored: The network is full. The same command goes on from there."

    def test_a_network_that_stays_busy_is_not_asked_for_ever(self, world: World):
        world.node.put_troubles = [RequestRefused("peer.unreachable", "1 holders took the chunk, 3 are needed")] * 100
        said = world.fail("put", str(made_file(world, 10)))
        assert said == (
            "A part could not be stored: Too few computers can be reached: 1 of at least 3 could take a part of it."
            " The same command goes on from there."
        )
        assert len(world.node.puts) == 1 + len(transfer.PAUSES_S)

    def test_no_node(self, tmp_path: Path):
        (tmp_path / "a").write_text("x")
        for arguments in (["put", str(tmp_path / "a")], ["get", "ab" * 32, "-o", str(tmp_path / "b")]):
            result = CliRunner().invoke(perennial, [*arguments, "--home", str(tmp_path)])
            assert (result.exit_code, result.stderr) == (1, f"Perennial does not run on {tmp_path}.\n")
        assert {path.name for path in tmp_path.iterdir()} == {"a"}


class TestPuttingAgain:
    def test_only_what_was_not_acknowledged_is_stored(self, world: World):
        source = made_file(world, 6 * MIB)
        world.node.accepts_chunks_max = 4
        world.fail("put", str(source))
        known = len(world.node.chunks)
        world.node.accepts_chunks_max = 10**9
        world.node.puts.clear()
        stored = world.put(source)
        assert stored["chunks_known"] == known == 4
        assert len(world.node.puts) == stored["chunks"] - known
        assert world.get(stored["address"]).read_bytes() == source.read_bytes()

    def test_what_changed_meanwhile_is_stored_anew(self, world: World):
        source = made_file(world, 6 * MIB)
        world.node.accepts_chunks_max = 4
        world.fail("put", str(source))
        world.node.accepts_chunks_max = 10**9
        source.write_bytes(content_of(6 * MIB, seed=2))
        stored = world.put(source)
        assert stored["chunks_known"] == 0
        assert world.get(stored["address"]).read_bytes() == source.read_bytes()

    def test_what_was_acknowledged_long_ago_or_in_the_future_is_not_relied_on(self, tmp_path: Path):
        journal = Journal.open(tmp_path, tmp_path / "a", 1_000_000.0)
        journal.acknowledged(3, b"a" * 32)
        journal.close()
        for now_s, is_known in ((1_000_000 + RECENT_S, True), (1_000_001 + RECENT_S, False), (999_999, False)):
            journal = Journal.open(tmp_path, tmp_path / "a", now_s)
            assert journal.has(3, b"a" * 32) is is_known
            assert not any((journal.has(2, b"a" * 32), journal.has(3, b"b" * 32), journal.has(9, b"a" * 32)))
            journal.close()

    def test_no_more_than_some_journals_are_kept(self, tmp_path: Path):
        for number in range(JOURNALS_MAX + 5):
            Journal.open(tmp_path, tmp_path / str(number), 1.0).close()
        assert len(list((tmp_path / "state/puts").iterdir())) == JOURNALS_MAX


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


class TestHostileShares:
    def refused(self, world: World, address: str) -> str:
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert world.left() == set(), "something was left"
        return said

    @pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\evil", "a\x00"])
    def test_no_path_leads_out_of_the_target(self, world: World, path: str):
        blob = world.keep_blob(b"evil")
        address = world.keep_folder(Entry(path, "f", blob), length=4, files=1)
        assert self.refused(world, address).startswith("The share breaks the rules, so nothing of it is kept: ")

    @pytest.mark.parametrize("name", ["C:startup.exe", "a:b", "end."])
    def test_a_share_whose_name_is_none_on_windows_needs_another_one_there(
        self, world: World, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        address = world.keep(encode_root(Root(MARK, "f", name, 4, 1, 0, world.keep_blob(b"evil")))).hex()
        monkeypatch.chdir(world.folder)
        with monkeypatch.context() as patched:
            patched.setattr(getting, "sys", SimpleNamespace(platform="win32"))
            said = world.fail("get", address)
            assert said == f"The share is called {name}, which is no name on this system; name a place with -o."
            assert world.left() == set()
            assert world.get(address).read_bytes() == b"evil"
        assert world.call("get", address).exit_code == 0
        assert world.left() == {"out", name}

    def test_no_more_is_written_than_was_declared(self, world: World):
        blob = world.keep_blob(b"evil")
        entries = (Entry("a", "f", blob), Entry("b", "f", blob))
        for length, files, count in ((4, 2, 2), (8, 1, 2), (8, 1, 1)):
            address = world.keep_folder(*entries, length=length, files=files, count=count)
            assert "it holds more than it says" in self.refused(world, address)
        for length, files, count in ((9, 2, 2), (8, 2, 3)):
            address = world.keep_folder(*entries, length=length, files=files, count=count)
            assert "it holds less than it says" in self.refused(world, address)

    def test_a_chunk_of_another_length_is_refused(self, world: World):
        address = world.keep(encode_root(Root(MARK, "f", "a", 5, 1, 0, Blob(5, world.keep(b"four"))))).hex()
        assert "a chunk has 4 bytes where 5 are due" in self.refused(world, address)

    def test_an_index_that_leads_to_itself_is_refused(self, world: World):
        index = world.keep(b"\xaa" * 64)
        root = Root(MARK, "f", "a", 2 * MIB, 1, 0, Blob(2 * MIB, index))
        world.node.chunks[b"\xaa" * 32] = b"other bytes"
        assert "gave something else" in self.refused(world, world.keep(encode_root(root)).hex())

    def test_a_petabyte_is_refused_before_it_is_fetched(self, world: World):
        root = Root(MARK, "f", "a", 1 << 50, 1, 0, Blob(1 << 50, b"a" * 32))
        said = self.refused(world, world.keep(encode_root(root)).hex())
        assert "needs 1.1 PB" in said
        assert len(world.node.gets) == 1

    def test_names_that_this_disk_would_merge_are_refused(self, world: World, monkeypatch: pytest.MonkeyPatch):
        opened = part_module.Part.open

        def merging(self: Any, *arguments: Any) -> None:
            opened(self, *arguments)
            self._is_merging = True

        monkeypatch.setattr(part_module.Part, "open", merging)
        address = world.keep_folder(Entry("Beds/a", "f", EMPTY), Entry("beds/a", "f", EMPTY), length=0, files=2)
        assert self.refused(world, address) == (
            "The share holds beds/a beside another name that is the same on this disk."
        )
        address = world.keep_folder(Entry("Beds/a", "f", EMPTY), Entry("tools/a", "f", EMPTY), length=0, files=2)
        assert set(tree_of(world.get(address))) == {"Beds", "Beds/a", "tools", "tools/a"}


class TestStopping:
    def stopped(self, world: World, number: signal.Signals, *arguments: str) -> tuple[int, str, str]:
        """Start a command, wait until the node hangs on it, send the signal."""
        world.node.is_hanging = True
        with subprocess.Popen(
            [sys.executable, "-m", "node.cli", *arguments, "--home", str(world.home)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert world.node.is_full.wait(60)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        world.node.is_hanging = False
        assert "Traceback" not in err
        return process.returncode, out, err.splitlines()[-1] if err else ""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_put_ends_cleanly_and_goes_on_later(self, world: World, number: signal.Signals):
        source = made_file(world, 12 * MIB)
        world.node.accepts_chunks_max = 2
        ended = self.stopped(world, number, "put", str(source))
        assert ended == (128 + number, "", "Stopped; the same command goes on from there.")
        world.node.accepts_chunks_max = 10**9
        assert world.put(source)["chunks_known"] == 2

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_get_ends_cleanly_says_where_the_part_waits_and_goes_on_later(self, world: World, number: signal.Signals):
        source = made_file(world, 12 * MIB)
        address = world.put(source)["address"]
        world.node.gives_chunks_max = 11  # root, index, and the first chunks of all
        code, out, said = self.stopped(world, number, "get", address, "-o", str(world.folder / "out"))
        assert (code, out) == (128 + number, "")
        (part,) = world.folder.glob(".out.*.part")
        assert said == f"Stopped. What is there so far waits in {part}; {GOES_ON}"
        assert not (world.folder / "out").exists()
        world.node.gives_chunks_max = 10**9
        result = world.call("get", address, "-o", str(world.folder / "out"), "--json")
        assert json.loads(result.stdout)["chunks_known"] > 0
        assert (world.folder / "out").read_bytes() == source.read_bytes()

    def test_a_get_that_has_nothing_yet_leaves_nothing(self, world: World):
        address = world.put(made_file(world, 12 * MIB))["address"]
        world.node.gives_chunks_max = 2  # root and index
        arguments = ("get", address, "-o", str(world.folder / "out"), "--json")
        code, out, said = self.stopped(world, signal.SIGTERM, *arguments)
        assert (code, said) == (143, "")
        assert json.loads(out) == {"code": "interrupted", "message": "Stopped; nothing had come yet in this try."}
        assert world.left() == {"seeds.bin"}
