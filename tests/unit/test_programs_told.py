"""What the launcher wrote of programs that it left is told by the node in whole sentences."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

import node
from installers.launcher import history
from installers.launcher.choosing import Left, Why
from installers.launcher.record import INSTALLED, Pair
from node.api import schema
from node.supervisor.home import Home
from node.supervisor.programs import LOG, Programs
from node.update.files import programs
from node.update.files.starting import Installation, running
from tests.gui.samples import update

BAD, BEFORE = "a" * 64, "b" * 64
HERE = Installation(Path("/opt/perennial"))
NOTHING = schema.Updates((), ())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home", kind="practice", root=b"a root", bind="127.0.1.1:0", quota_bytes=1 << 24)


def told(home: Home, updates: schema.Updates = NOTHING) -> list[tuple[float, str]]:
    return [(left.at_s, left.sentence) for left in Programs(home, HERE).added_to(updates).left_programs]


def test_each_reason_is_a_sentence_newest_first(home: Home):
    reasons: tuple[Why, ...] = ("failed", "silent", "damaged")
    for at_s, why in enumerate(reasons):
        history.add(home.state, float(at_s), Left(Pair(BAD), Pair(BEFORE) if at_s else INSTALLED, why))
    history.add(home.state, 3.0, Left(INSTALLED, INSTALLED, "record_damaged"))
    history.add(home.state, 4.0, Left(INSTALLED, INSTALLED, "record_newer"))

    said = told(home)

    assert [at_s for at_s, _ in said] == [4.0, 3.0, 2.0, 1.0, 0.0]
    assert "install Perennial anew" in said[0][1]
    assert said[1][1].startswith("Which version of Perennial itself was in use could not be read from the disk.")
    assert said[2][1] == (
        "Version aaaaaaaa of Perennial itself is damaged on the disk. The version from before runs again."
    )
    assert "did not come to work" in said[3][1]
    assert said[4][1] == (
        "Version aaaaaaaa of Perennial itself has failed to start. The version that was installed runs again."
    )


def test_a_package_that_did_not_run_is_not_called_by_a_version_that_nobody_knows(home: Home):
    for at_s, why in enumerate(("failed", "silent")):
        history.add(home.state, float(at_s), Left(INSTALLED, Pair(BEFORE), why))  # type: ignore[arg-type]

    sentences = {sentence for _, sentence in told(home)}

    failed = "The version of Perennial itself that was installed last did not come to work."
    assert sentences == {f"{failed} The version from before runs again."}


def test_a_version_is_called_as_its_release_is(home: Home):
    history.add(home.state, 1.0, Left(Pair(BAD), INSTALLED, "failed"))
    release = update("0.2.0", BAD, "rolled_back")
    assert told(home, schema.Updates((release,), ()))[0][1].startswith("Version 0.2.0 of Perennial itself")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 1}', b'{"entries": [{"at_s": "x"}]}', b"[" * 80_000])
def test_what_cannot_be_read_is_not_told(home: Home, content: bytes):
    (home.state / LOG).write_bytes(content)
    assert told(home) == []


def test_a_reason_of_a_later_launcher_is_not_told(home: Home):
    entry = {"at_s": 1.0, "why": "bored", "program": {"app": BAD, "runtime": ""}, "to": {"app": "", "runtime": ""}}
    (home.state / LOG).write_bytes(msgspec.json.encode({"format": 1, "entries": [entry]}))
    assert told(home) == []


def test_without_a_launcher_nothing_is_told(home: Home):
    history.add(home.state, 1.0, Left(Pair(BAD), INSTALLED, "failed"))
    known = Programs(home, None)
    assert (known.in_use, known.added_to(NOTHING)) == (None, NOTHING)


def test_a_program_knows_by_where_its_files_lie_which_one_it_is(home: Home, monkeypatch: pytest.MonkeyPatch):
    assert running(home.slots) == programs.INSTALLED
    monkeypatch.setattr(node, "__file__", str(home.slots / "app" / BAD / "node/__init__.py"))
    monkeypatch.setattr(sys, "executable", str(home.slots / "runtime" / BEFORE / "bin/python3"))
    in_use = Programs(home, HERE).in_use
    assert in_use is not None
    assert (in_use.app, in_use.runtime) == (BAD, BEFORE)
