"""How the supervisor has a later app tried out, with small processes in place of rehearsals."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from node.supervisor import app_host
from node.supervisor.app_host import WORK, Programs
from node.supervisor.home import Home
from node.update.app_ports import Shown
from node.update.errors import HostFailed
from node.update.files.programs import Program
from node.update.files.starting import Installation
from tests.signed_world import World as SignedWorld

CANDIDATE = Path("/slots/app/candidate")


class World:
    """``said``: what each rehearsal says last, the candidate's first; ``given``: what each was given."""

    def __init__(self, folder: Path) -> None:
        self.said: list[object] = []
        self.given: list[Sequence[str]] = []
        self.become: list[Program] = []
        self.home = Home.make(
            folder / "home", kind="practice", root=SignedWorld().genesis, bind="127.0.0.1:0", quota_bytes=64 << 20
        )
        (self.home.path / WORK).mkdir()
        (self.home.path / WORK / "leftover").touch()
        self.programs = Programs(self.home, Installation(folder / "installation"), self.become.append)

    def command(self, module: str, arguments: Sequence[str]) -> list[str]:
        assert module == "node.rehearsal.__main__"
        self.given.append(arguments)
        assert (self.home.path / WORK).is_dir(), "it has nowhere to work"
        line = json.dumps(self.said.pop(0))
        return [sys.executable, "-c", f"print('it begins'); print({line!r})"]

    def rehearse(self) -> Shown:
        return asyncio.run(self.programs.rehearse(CANDIDATE, None))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    monkeypatch.setattr(app_host, "own_command", made.command)
    return made


def outcome(verdict: str, reason: str = "") -> dict[str, object]:
    return {"verdict": verdict, "reason": reason, "seconds": 3.0}


def test_what_a_rehearsal_that_was_cut_off_has_left_is_removed(world: World):
    assert not (world.home.path / WORK).exists()


def test_one_that_passes_needs_no_second_rehearsal_and_nothing_is_left_of_it(world: World):
    world.said = [outcome("passed")]
    assert world.rehearse() == Shown("passed", "")
    assert [words[words.index("--app") + 1] for words in world.given] == [str(CANDIDATE)]
    assert "--brief" in world.given[0]  # in a network that was made for practice
    assert not (world.home.path / WORK).exists()


def test_one_that_fails_where_the_app_in_use_passes_is_refused(world: World):
    world.said = [outcome("refused", "it did not go back"), outcome("passed")]
    assert world.rehearse() == Shown("refused", "it did not go back")
    assert len(world.given) == 2


def test_one_that_fails_where_the_app_in_use_fails_too_is_not_blamed(world: World):
    world.said = [outcome("refused", "it did not come up"), outcome("refused", "it did not come up")]
    assert world.rehearse().verdict == "void"


def test_a_rehearsal_that_leaves_no_word_is_this_computers_fault(world: World):
    world.said = ["no outcome"]
    with pytest.raises(HostFailed):
        world.rehearse()


def test_a_rehearsal_that_comes_to_no_end_is_ended(world: World, monkeypatch: pytest.MonkeyPatch):
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    monkeypatch.setattr(app_host, "own_command", lambda *_: waiting)
    monkeypatch.setattr(app_host, "REHEARSAL_S_MAX", 0.2)
    with pytest.raises(HostFailed):
        world.rehearse()
