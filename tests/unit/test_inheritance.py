"""What a program hands on to the one that follows it in the same process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from node.sandbox.piped import HandedChild, HandedProcess
from node.sandbox.report import SandboxReport
from node.supervisor import succession
from node.supervisor.errors import StateError
from node.supervisor.events import EventLog
from node.supervisor.keys import RunKey
from node.supervisor.succession import HandedRun, HandedVault, Inheritance, inherit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is handed on")


@pytest.fixture
def inheritance(tmp_path: Path):
    """Of a home, with descriptors that are open."""
    opened = [os.open(tmp_path, os.O_RDONLY) for _ in range(5)]
    process = HandedProcess(42, *opened[:3])
    child = HandedChild(process, SandboxReport("full", reasons=("none",)), b"half a fr", 7, (3, 5), {"answers_late": 1})
    run = HandedRun(child, 4, RunKey(b"s" * 32, b"t" * 32, b"certificate", 1e9))
    vault = HandedVault(run, "ab" * 32, b"record", 60.0, 50.0)
    yield Inheritance(str(tmp_path), b"v" * 32, opened[3], opened[4], 12_345, vault)
    for descriptor in opened:
        os.close(descriptor)


def sealed(inheritance: Inheritance) -> int:
    return succession._seal(msgspec.msgpack.encode(inheritance))


def test_all_of_it_arrives(inheritance: Inheritance, tmp_path: Path):
    assert inherit(sealed(inheritance), tmp_path) == inheritance


def test_nobody_can_change_it_on_the_way(inheritance: Inheritance):
    descriptor = sealed(inheritance)
    with pytest.raises(PermissionError):
        os.pwrite(descriptor, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)


def test_no_child_of_the_next_program_inherits_it_in_turn(inheritance: Inheritance, tmp_path: Path):
    descriptor = sealed(inheritance)
    for handed in inheritance.descriptors():
        os.set_inheritable(handed, True)
    inherit(descriptor, tmp_path)
    assert not any(map(os.get_inheritable, inheritance.descriptors()))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)  # the key of the farm is in it


def test_what_is_for_another_home_is_refused(inheritance: Inheritance, tmp_path: Path):
    with pytest.raises(StateError):
        inherit(sealed(inheritance), tmp_path / "another")


def test_what_a_later_format_says_is_refused(inheritance: Inheritance, tmp_path: Path):
    later = msgspec.structs.replace(inheritance, format=succession.FORMAT + 1)
    with pytest.raises(StateError):
        inherit(sealed(later), tmp_path)


def test_what_cannot_be_read_is_refused(tmp_path: Path):
    with pytest.raises(StateError):
        inherit(succession._seal(b"no inheritance"), tmp_path)


def test_events_go_on_above_those_of_the_program_before_whatever_the_clock_says():
    before = EventLog(2000.0)
    assert EventLog(1000.0, before.newest).newest > before.newest
