"""What ``perennial put`` refuses before anything is stored, one sentence for each trouble, and how it resumes."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from node.api.schema import StoredChunk
from node.api.shares import putting, transfer, walk
from node.api.shares.journal import JOURNALS_MAX, RECENT_S, Journal
from node.cli.sharing import Silence
from node.cli.tray import perennial
from node.supervisor.errors import RequestRefused
from node.vault.share import listing
from tests.share_world import MIB, World, content_of, made_file, made_garden, sharing


class NoNode:
    async def put_chunk(self, content: bytes) -> StoredChunk:
        raise NotImplementedError

    async def get_chunk(self, address: str) -> bytes:
        raise NotImplementedError


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with sharing(tmp_path, monkeypatch) as world:
        yield world


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

    def test_what_the_node_keeps_for_itself(self, world: World):
        said = "belongs to the node, which keeps its keys there; it is never shared."
        (world.home / "state").mkdir()
        (world.home / "state" / "farm.key").write_text("secret")
        garden = made_garden(world)
        (garden / "house").symlink_to(world.home)
        for source in (world.home, world.home / "state", world.home / "state" / "farm.key"):
            assert self.refused(world, source) == f"{source} {said}"
        assert self.refused(world, garden) == f"{garden / 'house'} {said}"
        (garden / "house").unlink()
        assert self.refused(world, world.folder) == f"{world.home} {said}"

    @pytest.mark.parametrize("leads_to", ["state", "state/farm.key", "api.json", "slots/app"])
    def test_what_lies_in_the_nodes_home_is_not_shared_through_links_either(self, world: World, leads_to: str):
        said = "belongs to the node, which keeps its keys there; it is never shared."
        for file in ("state/farm.key", "api.json", "slots/app/main.py"):
            (world.home / file).parent.mkdir(parents=True, exist_ok=True)
            (world.home / file).write_text("secret")
        near = made_garden(world) / "beds" / "near"
        near.symlink_to(world.home / leads_to)
        shed = world.folder / "shed"
        shed.mkdir()
        (shed / "links").mkdir()
        (shed / "links" / "far").symlink_to(near)
        (shed / "way").symlink_to(shed / "links")
        assert self.refused(world, world.folder / "garden") == f"{near} {said}"
        assert self.refused(world, shed) == f"{shed / 'links' / 'far'} {said}"

    @pytest.mark.parametrize("own", ["state", "state/puts"])
    def test_a_folder_of_the_nodes_home_is_known_where_a_mount_or_a_junction_shows_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, own: str
    ):
        (world.home / "state" / "puts").mkdir(parents=True)
        garden, names = made_garden(world), walk._names
        (garden / "mounted").symlink_to(world.home / own)
        monkeypatch.setattr(walk, "_names", lambda folder: [(name, real, False) for name, real, _ in names(folder)])
        said = "belongs to the node, which keeps its keys there; it is never shared."
        assert self.refused(world, garden) == f"{garden / 'mounted'} {said}"

    def test_more_folders_than_a_share_may_have(self, world: World, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(listing, "FOLDERS_FREE", 3)
        monkeypatch.setattr(listing, "FOLDERS_PER_ENTRY", 1)
        garden = world.folder / "garden"
        for bed in ("east", "west"):
            (garden / bed / "a" / "b").mkdir(parents=True)
            (garden / bed / "a" / "b" / "file").write_text("x")
        said = f"{garden} holds too many folders for what lies in them; pack it into one file first."
        assert self.refused(world, garden) == said
        (garden / "empty").mkdir()  # an entry of its own
        world.put(garden)

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no file here hides its length")
    def test_a_file_that_holds_more_than_it_says_is_not_put_without_the_rest(self, world: World):
        hiding = Path("/proc/self/status")
        said = f"{hiding} holds more than the system says, so it cannot be shared; copy it first."
        assert world.fail("put", str(hiding)) == said
        garden = made_garden(world)
        (garden / "status").symlink_to(hiding)
        assert world.fail("put", str(garden)) == f"{garden / 'status'}{said.removeprefix(str(hiding))}"

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

    def test_a_folder_that_is_gone_while_somebody_works_in_it(self, world: World, monkeypatch: pytest.MonkeyPatch):
        address = world.put(made_file(world, 10))["address"]
        world.node.puts.clear()
        (world.folder / "gone").mkdir()
        monkeypatch.chdir(world.folder / "gone")
        (world.folder / "gone").rmdir()
        for arguments in (["put", "seeds.bin"], ["get", address], ["get", address, "-o", "out"]):
            assert world.fail(*arguments) == "The folder in which you are is not there any more; go to another one."
        assert world.node.puts == []

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

        def scan_and_change(source: Path, home: Path, is_given_up: Callable[[], bool]) -> Any:
            totals = look(source, home, is_given_up)
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

    def test_whoever_stops_while_a_large_folder_is_looked_at_waits_for_no_more_than_one_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        is_begun, may_go_on = threading.Event(), threading.Event()
        looked_at: list[walk.Found] = []

        def many(source: Path, _home: Path, _led_outside: Callable[[], None]) -> Iterator[walk.Found]:
            for number in range(100):
                looked_at.append(walk.Found(str(number), source, "d", 0, 0))
                yield looked_at[-1]
                is_begun.set()
                may_go_on.wait(30)

        async def stop() -> None:
            courier = transfer.Courier(NoNode(), lambda _: None)
            putting_it = asyncio.create_task(putting.put(courier, tmp_path, tmp_path, Silence(), time.time))
            await asyncio.to_thread(is_begun.wait, 30)
            putting_it.cancel()
            await asyncio.gather(putting_it, return_exceptions=True)
            may_go_on.set()

        monkeypatch.setattr(walk, "walk", many)
        asyncio.run(stop())  # its end waits for the thread
        assert len(looked_at) <= 2

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
        journal = Journal.open(tmp_path, tmp_path / "a", lambda: 1_000_000.0)
        journal.acknowledged(3, b"a" * 32)
        journal.close()
        for now_s, is_known in ((1_000_000 + RECENT_S, True), (1_000_001 + RECENT_S, False), (999_999, False)):
            journal = Journal.open(tmp_path, tmp_path / "a", partial(float, now_s))
            assert journal.has(3, b"a" * 32) is is_known
            assert not any((journal.has(2, b"a" * 32), journal.has(3, b"b" * 32), journal.has(9, b"a" * 32)))
            journal.close()

    def test_what_was_acknowledged_late_in_a_long_put_is_relied_on(self, tmp_path: Path):
        hours = iter((0, 30, 31))
        for turn in range(2):
            journal = Journal.open(tmp_path, tmp_path / "a", lambda: 1_000_000.0 + 3_600 * next(hours))
            if not turn:
                journal.acknowledged(3, b"a" * 32)
            assert turn == 0 or journal.has(3, b"a" * 32)
            journal.close()

    def test_what_a_bad_sector_took_of_the_journal_is_stored_again(self, world: World, monkeypatch: pytest.MonkeyPatch):
        source = made_file(world, 3 * MIB)
        world.node.accepts_chunks_max = 2
        world.fail("put", str(source))
        world.node.accepts_chunks_max = 10**9
        read = os.read

        def failing(descriptor: int, length: int) -> bytes:
            if length == 40:  # a record
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return read(descriptor, length)

        monkeypatch.setattr(os, "read", failing)
        stored = world.put(source)
        assert stored["chunks_known"] == 0
        assert world.get(stored["address"]).read_bytes() == source.read_bytes()

    def test_a_disk_that_takes_no_hint_ends_no_put(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with closing(Journal.open(tmp_path, tmp_path / "a", lambda: 1.0)) as journal:
            monkeypatch.setattr(os, "write", full)
            journal.acknowledged(0, bytes(32))
            assert not journal.has(0, bytes(32))

    def test_a_journal_that_cannot_be_opened_is_none(self, tmp_path: Path):
        (tmp_path / "state").write_text("a file where a folder should be")
        with closing(Journal.open(tmp_path, tmp_path / "a", lambda: 1.0)) as journal:
            journal.acknowledged(0, bytes(32))
            journal.remove()
            assert not journal.has(0, bytes(32))

    @pytest.mark.skipif(sys.platform == "win32", reason="there the owner of a file says nothing")
    def test_who_puts_for_the_homes_owner_leaves_nothing_that_the_owner_cannot_remove(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
        with closing(Journal.open(tmp_path, tmp_path / "a", lambda: 1.0)) as journal:
            journal.acknowledged(0, bytes(32))
        assert list(tmp_path.iterdir()) == []

    def test_no_more_than_some_journals_are_kept(self, tmp_path: Path):
        for number in range(JOURNALS_MAX + 5):
            Journal.open(tmp_path, tmp_path / str(number), lambda: 1.0).close()
        assert len(list((tmp_path / "state/puts").iterdir())) == JOURNALS_MAX
