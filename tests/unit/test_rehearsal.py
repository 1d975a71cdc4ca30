"""What a succession rehearsal makes of what it sees, and what a candidate is given to read."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import node
from node.api.schema import Phase, Settings, Update, Updates
from node.rehearsal import reading
from node.rehearsal.release import next_version, write_relapsing
from node.rehearsal.seen import Seen
from node.sandbox.program import ProgramSpec
from node.supervisor import settings
from node.supervisor.home import Home
from node.trust.release import Release
from node.update.app_store import AppRecord, AppStore
from node.update.lifecycle import Lifecycle
from node.update.store import Record
from node.update.watch import Watch
from tests.signed_world import World as SignedWorld

BASE, LATER = "ba" * 32, "1a" * 32
FIRST, SECOND = b"first twin", b"second twin"


class TestSeen:
    def test_one_that_tries_out_uses_and_goes_back_has_no_fault(self):
        seen = Seen(LATER, BASE)
        seen.look(BASE, {FIRST})
        seen.look(BASE, {FIRST, SECOND})
        seen.look(LATER, {FIRST, SECOND})
        assert not seen.is_over
        seen.look(BASE, set())
        assert (seen.is_over, seen.fault()) == (True, "")

    def test_one_that_uses_it_before_neighbours_have_met_two_trial_vaults_did_not_try_it_out(self):
        seen = Seen(LATER, BASE)
        seen.look(LATER, {FIRST})
        seen.look(BASE, {FIRST, SECOND})  # too late
        assert "without trying it out" in seen.fault()

    def test_one_that_never_uses_it_is_told_so(self):
        seen = Seen(LATER, BASE)
        seen.look(BASE, {FIRST, SECOND})
        assert not seen.is_over
        assert "never took" in seen.fault()

    def test_one_that_stays_with_it_is_told_so(self):
        seen = Seen(LATER, BASE)
        seen.look(LATER, {FIRST, SECOND})
        assert not seen.is_over
        assert "did not go back" in seen.fault()

    def test_one_that_uses_anything_else_is_told_so_at_once(self):
        seen = Seen(LATER, BASE)
        seen.look("ee" * 32, {FIRST, SECOND})
        assert seen.is_over
        assert "nobody has released" in seen.fault()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A farmer's home in which something has happened."""
    made = Home.make(
        tmp_path / "home", kind="real", root=SignedWorld().genesis, bind="0.0.0.0:4711", quota_bytes=77 << 20
    )
    for name in ("vault_id.key", "vault_id.sealed", "serial.json", "record", "contacts", "trial.bin", "folders.json"):
        (made.state / name).write_bytes(b"nobody else's")
    (made.state / "trial").mkdir()
    (made.state / "trial" / "run.bin").write_bytes(b"seeds of twins")
    (made.state / "book").write_bytes(b"whom the vault has met")
    return made


def kept(name: str, phase: Phase, watch: Watch | None = None) -> AppRecord:
    release = Release(name, "app", name[4:], LATER, bytes(32), 1, (), "", int(name[4:]))
    return AppRecord(Record(release, Lifecycle(name, LATER, 0.0, 0.0, phase=phase, watch=watch), 0.0))


class TestReading:
    def test_a_candidate_gets_settings_and_history_and_nothing_that_is_secret(self, home: Home, tmp_path: Path):
        copied = reading.copy(home, tmp_path / "copy")
        assert reading.read(copied).settings.quota_bytes == 77 << 20
        assert copied.is_practice
        assert copied.marker.name != home.marker.name
        assert copied.marker.contacts == ()
        left = [path for path in copied.path.rglob("*") if path.is_file()]
        contents = b"".join(path.read_bytes() for path in left)
        assert b"nobody else's" not in contents
        assert b"seeds of twins" not in contents

    def test_a_candidate_gets_the_past_of_the_app_and_nothing_that_it_would_have_to_go_on_with(
        self, home: Home, tmp_path: Path
    ):
        records = (kept("app/1", "refused"), kept("app/2", "confirmed", Watch()), kept("app/3", "on_trial"))
        AppStore(home.state).save(records)

        copied = reading.copy(home, tmp_path / "copy")

        assert AppStore(copied.state).load() == (kept("app/1", "refused"), kept("app/2", "confirmed"))
        assert reading.read(copied).ended == {"app/1": "refused", "app/2": "confirmed"}

    def test_what_the_candidate_tells_otherwise_than_todays_program_reads_is_found(self):
        expected = reading.Read(settings.REAL, {"vault/0.1.1": "confirmed", "vault/0.1.2": "refused"})
        kept = msgspec.structs.asdict(msgspec.structs.replace(settings.REAL, api_port=4712))
        del kept["version"]
        item = Update("vault/0.1.1", "0.1.1", BASE, "confirmed", "", "", (), 0.0, None, 0, {}, None)
        found = reading.differences(expected, Settings(**kept), Updates((item,), ()))
        assert len(found) == 2
        assert "another api_port" in found[0]
        assert "another end of vault/0.1.2" in found[1]

    def test_what_it_tells_alike_is_no_difference_and_it_may_tell_more(self):
        expected = reading.Read(settings.REAL, {})
        kept = msgspec.structs.asdict(settings.REAL)
        del kept["version"]
        assert reading.differences(expected, Settings(**kept), Updates((), ())) == ()


def test_the_later_vault_is_todays_but_for_its_number_and_its_end(tmp_path: Path):
    source = write_relapsing(tmp_path / "later", b"\xab" * 32)
    main = (source / "__main__.py").read_text(encoding="utf-8")
    assert main.count("ab" * 32) == 1
    assert next_version() in (source / "__init__.py").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="programs are held on Linux only")
def test_a_held_program_may_write_in_its_home_alone_and_is_told_nothing(tmp_path: Path):
    app, home = tmp_path / "app", tmp_path / "home"
    (app / "trying").mkdir(parents=True)
    for folder in (home, tmp_path / "cache", tmp_path / "farmers"):
        folder.mkdir()
    (tmp_path / "farmers" / "file").write_text("private", encoding="utf-8")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "farmers" / "api.sock"))
    listening.listen()
    (app / "trying" / "__init__.py").write_text(TRYING.format(outside=tmp_path / "farmers"), encoding="utf-8")
    spec = ProgramSpec(app=app, home=home, cache=tmp_path / "cache", facts=tmp_path / "facts")
    ended = subprocess.run(spec.command("trying", ()), capture_output=True, text=True, timeout=60, check=False)
    listening.close()
    assert spec.is_held(), ended.stderr
    missing = json.loads(spec.facts.read_text(encoding="utf-8"))["missing"]
    can_hide = not any(one.startswith("sockets of others") for one in missing)
    assert ended.stdout.split()[:6] == ["own", "no", "no", "no", "no", "no"], ended.stderr
    assert ended.stdout.split()[6:] == ["no" if can_hide else "yes"] * 2, missing


TRYING = """
import os, socket
def attempt(what):
    try:
        what()
    except (OSError, MemoryError):
        return "no"
    return "yes"
def main():
    os.makedirs("folder")
    open("folder/file", "w").close()
    print("own" if os.listdir() == ["folder"] else "?")
    print(attempt(lambda: open("{outside}/file").read()))
    print(attempt(lambda: open("{outside}/new", "w")))
    print(attempt(lambda: socket.create_server(("127.0.0.1", 0))))
    print(attempt(lambda: bytearray(5 << 30)))
    print(attempt(lambda: os.truncate("folder/file", 2 << 30)))
    listening = "{outside}/api.sock"
    print(attempt(lambda: socket.socket(socket.AF_UNIX).connect(listening)))
    print(attempt(lambda: os.stat("../farmers/api.sock")))
    assert "PATH" not in os.environ or os.environ["PATH"] == "/nonexistent"
"""


SERVING = """
import pathlib, socket, sys
sys.path.append({own!r})
from node.api import door
def main():
    with door.reachable(pathlib.Path({home!r}) / "api.sock") as path, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(path)
    print("served")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="programs are held on Linux only")
def test_a_held_program_can_be_asked_also_where_the_path_of_its_home_is_long(tmp_path: Path):
    app, home, own = tmp_path / "app", tmp_path / ("x" * 120), Path(node.__file__).parents[1]
    (app / "serving").mkdir(parents=True)
    for folder in (home, tmp_path / "cache"):
        folder.mkdir()
    (app / "serving" / "__init__.py").write_text(SERVING.format(home=str(home), own=str(own)), encoding="utf-8")
    spec = ProgramSpec(app=app, home=home, cache=tmp_path / "cache", facts=tmp_path / "facts", shown=own)

    ended = subprocess.run(spec.command("serving", ()), capture_output=True, text=True, timeout=60, check=False)

    assert spec.is_held(), ended.stderr
    assert ended.stdout == "served\n", ended.stderr
