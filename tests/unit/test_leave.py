"""Leaving for good: one question, chunks first, and nothing is deleted that is no home."""

from __future__ import annotations

import asyncio
import importlib
import json
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
from node.supervisor import keys
from node.supervisor.home import Home, Lock
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
