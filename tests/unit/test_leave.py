"""Leaving for good: one question, chunks first, and nothing is deleted that is no home."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node.api.server import ApiServer
from node.cli import stop as stopping
from node.cli.tray import perennial
from node.keys import keyring as keyrings
from node.supervisor import copies, keys
from node.supervisor.home import Home, Lock
from node.supervisor.login import LoginStart, login_start
from tests.api_world import FakeNode
from tests.signed_world import World
from tests.unit.test_home import mounted
from tests.unit.test_keys import FakeKeyring


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = Home.make(
        tmp_path / "home", kind="real", root=World().genesis, bind="127.0.9.1:0", quota_bytes=64 << 20,
        key_place="unprotected",
    )  # fmt: skip
    (made.vault / "chunks" / ("ab" * 32)).write_bytes(bytes(1000))
    return made


BEGINNING, LATER = (f"Leaving: {count} of 7 pieces are handed over." for count in (0, 3))


class LeavingNode(FakeNode):
    """Holds its home until it has handed over, which takes as long as some questions."""

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._lock: Lock | None = home.lock()
        self._chunk = next((home.vault / "chunks").iterdir())
        self._loop = loop
        self.api = ApiServer(self, home.socket)
        self.questions = 0
        self.was_chunk_there_at_the_end = False
        self.sentence = BEGINNING

    def status(self):
        self.questions += self.ends
        if self.questions == 3:
            self.sentence = LATER
        if self.questions == 4 and self._lock is not None:
            self._loop.call_soon(self._end)
        return super().status()

    def _end(self) -> None:
        self.was_chunk_there_at_the_end = self._chunk.exists()
        self.ending = self._loop.create_task(self.close())

    async def close(self) -> None:
        await self.api.stop()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


@pytest.fixture
def node(home: Home) -> Iterator[LeavingNode]:
    """A node on the home, in a thread: commands have event loops of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = LeavingNode(home, loop)
    try:
        asyncio.run_coroutine_threadsafe(running.api.start(), loop).result(10)
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(running.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def stop(home: Path, *options: str) -> Result:
    return CliRunner().invoke(perennial, ["stop", "--home", str(home), *options])


def leave(home: Path, *options: str, typed: str = "") -> Result:
    return CliRunner().invoke(perennial, ["leave", "--home", str(home), *options], input=typed)


class TestLeaving:
    def test_gives_the_space_back_without_a_question_when_that_is_said(self, home: Home):
        result = leave(home.path, "--give-back")

        assert result.exit_code == 0, result.output
        assert not home.path.exists()
        assert "are free again" in result.stdout

    def test_leaves_no_byte_code_of_what_it_imports_after_that(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        # An installed app keeps its byte code in the home.
        (tmp_path / "needed_lately.py").write_text("")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(sys, "pycache_prefix", str(home.slots / "cache"))
        monkeypatch.setattr(sys, "dont_write_bytecode", False)

        async def forget(_: Home) -> None:
            importlib.import_module("needed_lately")

        monkeypatch.setattr(keys, "forget", forget)
        result = leave(home.path, "--give-back")

        assert result.exit_code == 0, result.output
        assert not home.path.exists()

    def test_keeps_the_home_when_that_is_said(self, home: Home):
        result = leave(home.path, "--keep")

        assert result.exit_code == 0, result.output
        assert (home.vault / "chunks" / ("ab" * 32)).read_bytes() == bytes(1000)
        assert Home.read(home.path).marker == home.marker

    @pytest.mark.parametrize(("answer", "is_kept"), [("yes", False), ("JA", False), ("no", True), ("nein", True)])
    def test_asks_once_when_nothing_is_said(self, home: Home, answer: str, is_kept: bool):
        result = leave(home.path, typed=f"{answer}\n")

        assert result.exit_code == 0, result.output
        assert result.output.count("Give the space back?") == 1
        assert home.path.exists() is is_kept

    @pytest.mark.parametrize("typed", ["", "perhaps\n"])
    def test_does_nothing_without_an_answer(self, home: Home, node: LeavingNode, typed: str):
        result = leave(home.path, typed=typed)

        assert result.exit_code == 1
        assert "nothing was done" in result.output
        assert (node.ends, home.path.exists()) == (0, True)

    def test_says_when_the_disk_lets_nobody_hold_the_home(self, home: Home):
        (home.path / "lock").mkdir()

        for result in (leave(home.path, "--give-back"), stop(home.path)):
            assert result.exit_code == 1
            assert result.stderr == f"{home.path / 'lock'} cannot be used: Is a directory.\n"
        assert Home.read(home.path).marker == home.marker

    def test_waits_until_the_node_has_handed_over_and_ended(self, home: Home, node: LeavingNode):
        result = leave(home.path, "--give-back")

        assert result.exit_code == 0, result.output
        assert (node.ends, node.was_chunk_there_at_the_end) == (1, True)
        assert result.stdout.splitlines()[:2] == [BEGINNING, LATER]
        assert not home.path.exists()

    def test_tells_programs_nothing_but_what_came_of_it(self, home: Home, node: LeavingNode):
        result = leave(home.path, "--keep", "--json")

        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["is_given_back"] is False

    def test_deletes_nothing_while_a_node_holds_the_home(self, home: Home, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(stopping, "END_S_MAX", 0.0)
        with home.lock():
            result = leave(home.path, "--give-back")

        assert result.exit_code == 1
        assert "already runs" in result.output
        assert Home.read(home.path).marker == home.marker

    @pytest.mark.parametrize("option", ["--give-back", "--keep"])
    def test_ends_the_start_at_login(self, home: Home, tmp_path: Path, option: str):
        entry = tmp_path / "config" / "autostart" / f"perennial-{home.marker.name}.desktop"
        entry.parent.mkdir(parents=True)
        entry.write_text("[Desktop Entry]\n")

        assert leave(home.path, option).exit_code == 0

        assert not entry.exists()

    def test_promises_in_its_help_only_what_it_does(self):
        said = " ".join(CliRunner().invoke(perennial, ["leave", "--help"]).stdout.split())

        assert "If it runs, it hands over first" in said
        assert "systemctl --user disable perennial" in said
        assert "nothing starts it" not in said

    def test_touches_no_folder_without_the_marker(self, tmp_path: Path):
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "one.jpg").write_bytes(b"one")

        result = leave(tmp_path / "photos", "--give-back")

        assert result.exit_code == 1
        assert (tmp_path / "photos" / "one.jpg").read_bytes() == b"one"

    def test_leaves_what_lies_beside_the_home(self, home: Home, tmp_path: Path):
        (tmp_path / "beside").write_bytes(b"mine")
        (home.path / "link").symlink_to(tmp_path / "beside")

        assert leave(home.path, "--give-back").exit_code == 0

        assert (tmp_path / "beside").read_bytes() == b"mine"

    def test_says_in_json_what_was_done(self, home: Home):
        said = json.loads(leave(home.path, "--give-back", "--json").stdout)

        assert said["home"] == str(home.path)
        assert said["is_given_back"] is True
        assert said["freed_bytes"] >= 1000


class TestACopyOfAHome:
    """Who has copied the home to a larger disk, and started it there, leaves the old one."""

    @pytest.fixture
    def keyring(self, monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
        keyring = FakeKeyring()
        monkeypatch.setattr(keyrings, "system_keyring", lambda: keyring)
        return keyring

    @pytest.fixture
    def old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyring: FakeKeyring) -> Home:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        made = Home.make(tmp_path / "old", kind="real", root=World().genesis, bind="127.0.9.1:0", quota_bytes=64 << 20)
        self.key_of(made)
        copies.note_start(made)
        return made

    def key_of(self, home: Home) -> bytes:
        found = asyncio.run(keys.load(home, os.urandom))
        found.new_run(1e9)
        return found.vault_id

    def started_copy(self, old: Home) -> Home:
        new = Home.open(shutil.copytree(old.path, old.path.with_name("new")))
        copies.note_start(new)
        return new

    def starts(self, home: Home) -> LoginStart:
        return login_start(home.path, home.marker.name, is_practice=False)

    @pytest.mark.skipif(sys.platform != "linux", reason="the entry is read as it is there")
    def test_that_was_started_last_keeps_the_key_and_is_what_starts_at_login(self, old: Home, tmp_path: Path):
        vault_id = self.key_of(old)
        self.starts(old).set(True)
        new = self.started_copy(old)

        result = leave(old.path, "--give-back")

        assert result.exit_code == 0, result.output
        assert f"Its key and its start at login stay for {new.path}, a copy of this home" in result.stdout
        assert not old.path.exists()
        assert self.key_of(new) == vault_id
        (entry,) = (tmp_path / "config" / "autostart").iterdir()
        assert str(new.path) in entry.read_text()
        assert str(old.path) not in entry.read_text()

    def test_that_is_on_a_disk_which_is_unplugged_keeps_the_key_too(self, old: Home):
        vault_id = self.key_of(old)
        new = self.started_copy(old)
        new.path.rename(new.path.with_name("unplugged"))
        assert json.loads(leave(old.path, "--give-back", "--json").stdout)["kept_for"] == str(new.path)
        new.path.with_name("unplugged").rename(new.path)
        assert self.key_of(new) == vault_id

    def test_that_is_there_keeps_the_key_though_the_old_one_was_started_once_more(self, old: Home):
        vault_id = self.key_of(old)
        new = self.started_copy(old)
        copies.note_start(old)
        leave(old.path, "--give-back")
        assert self.key_of(new) == vault_id

    def test_that_never_starts_at_login_does_not_begin_to(self, old: Home):
        new = self.started_copy(old)
        leave(old.path, "--keep")
        assert not self.starts(new).is_on()

    def test_leaves_nothing_behind_when_it_ends_as_the_last_one(self, old: Home, keyring: FakeKeyring, tmp_path: Path):
        new = self.started_copy(old)
        self.starts(new).set(True)
        leave(old.path, "--give-back")
        result = leave(new.path, "--give-back")
        assert "stay" not in result.stdout
        assert keyring.kept == {}
        assert not self.starts(new).is_on()
        assert list((tmp_path / "state").iterdir()) == []

    def test_a_home_that_was_moved_and_started_there_is_the_only_one(self, old: Home, keyring: FakeKeyring):
        moved = Home.open(old.path.rename(old.path.with_name("moved")))
        copies.note_start(moved)
        leave(moved.path, "--give-back")
        assert keyring.kept == {}

    def test_a_home_with_its_key_in_a_file_keeps_what_starts_it_at_login(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        self.starts(home).set(True)
        new = self.started_copy(home)
        assert f"Its start at login stays for {new.path}" in leave(home.path, "--give-back").stdout
        assert self.starts(new).is_on()

    def test_a_note_that_cannot_be_written_or_read_stops_nothing(self, old: Home, tmp_path: Path):
        shutil.rmtree(tmp_path / "state")
        (tmp_path / "state").write_text("no folder")
        copies.note_start(old)
        assert copies.other_in_use(old) is None
        assert leave(old.path, "--give-back").exit_code == 0

    def test_a_practice_home_leaves_no_note(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        copies.note_start(
            Home.make(tmp_path / "p", kind="practice", root=b"x", bind="127.0.9.1:0", quota_bytes=64 << 20)
        )
        assert not (tmp_path / "state").exists()


class TestTheKeyInTheKeyring:
    def test_goes_with_its_home(self, tmp_path: Path):
        home, keyring = kept_in_keyring(tmp_path)

        asyncio.run(keys.forget(home, lambda: keyring))

        assert keyring.kept == {("Perennial", "another"): "secret"}

    def test_goes_also_when_the_home_is_a_disk_of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        home, keyring = kept_in_keyring(tmp_path)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.setattr(keyrings, "system_keyring", lambda: keyring)
        monkeypatch.setattr(Path, "rmdir", mounted)

        result = leave(home.path, "--give-back")

        assert result.exit_code == 0, result.output
        assert f"{home.path} is emptied: " in result.stdout
        assert list(home.path.iterdir()) == []
        assert keyring.kept == {("Perennial", "another"): "secret"}

    def test_that_is_not_there_is_no_trouble(self, tmp_path: Path):
        asyncio.run(keyrings.forget("never kept", FakeKeyring))

    def test_that_cannot_be_removed_is_said_and_stops_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        home, _ = kept_in_keyring(tmp_path)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

        def locked() -> FakeKeyring:
            raise RuntimeError("the collection is locked")

        monkeypatch.setattr(keyrings, "system_keyring", locked)
        result = leave(home.path, "--give-back")

        assert result.exit_code == 0, result.output
        assert "may still be in the keyring" in result.stdout
        assert not home.path.exists()


def kept_in_keyring(tmp_path: Path) -> tuple[Home, FakeKeyring]:
    made = Home.make(tmp_path / "home", kind="real", root=World().genesis, bind="127.0.9.1:0", quota_bytes=64 << 20)
    keyring = FakeKeyring()
    keyring.kept = {("Perennial", made.marker.name): "secret", ("Perennial", "another"): "secret"}
    return made, keyring


class TestStopping:
    def test_waits_for_the_end_of_the_node_and_keeps_everything(self, home: Home, node: LeavingNode):
        result = stop(home.path)

        assert result.exit_code == 0, result.output
        assert node.was_chunk_there_at_the_end
        assert result.stdout.splitlines() == [BEGINNING, LATER, f"Perennial does not run on {home.path}."]
        assert (home.vault / "chunks" / ("ab" * 32)).exists()
        home.lock().release()

    def test_where_nothing_runs_is_done_already(self, home: Home):
        result = stop(home.path, "--json")

        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout) == {"home": str(home.path), "is_running": False}

    def test_says_so_when_the_node_does_not_end(self, home: Home, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(stopping, "END_S_MAX", 0.0)
        with home.lock():
            result = stop(home.path)

        assert result.exit_code == 1
        assert "already runs" in result.stderr
