"""A disk that cannot hold a home is told at once, and not by a fault of something else later."""

from __future__ import annotations

import errno
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from node.supervisor import doctor, fit_disk
from node.supervisor.errors import HomeError
from node.supervisor.home import Home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there a home needs neither modes nor sockets")


def make(folder: Path) -> Home:
    return Home.make(folder, kind="practice", root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20)


def marks_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As exFAT, NTFS and CIFS mostly are: each file is executable, and a chmod does nothing."""
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    monkeypatch.setattr(stat, "S_IMODE", lambda _: 0o755)


def refuses_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    def chmod(path: Path, _: int) -> None:
        if path.name == fit_disk.TRIED:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", chmod)


def knows_no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(socket.socket):
        def bind(self, _: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", Refused)


@pytest.mark.parametrize("as_it_is", [marks_all, refuses_modes, knows_no_sockets])
def test_a_disk_that_cannot_hold_a_home_is_said_so_and_nothing_is_left_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_it_is: Callable[[pytest.MonkeyPatch], None]
):
    as_it_is(monkeypatch)

    with pytest.raises(HomeError, match=r"cannot hold a home: .* as exFAT, NTFS"):
        make(tmp_path / "home")

    assert list((tmp_path / "home").iterdir()) == []


def test_a_disk_that_only_is_full_is_not_said_to_be_unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Full(socket.socket):
        def bind(self, _: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(socket, "socket", Full)

    with pytest.raises(HomeError, match="cannot be used: No space left"):
        make(tmp_path / "home")
    monkeypatch.undo()
    make(tmp_path / "home")


def test_the_doctor_says_of_a_home_on_such_a_disk_that_no_start_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = make(tmp_path / "home")
    marks_all(monkeypatch)

    found = doctor._home(home.path)[1]

    assert (found.result, "cannot hold a home" in found.sentence) == ("bad", True)
    assert {entry.name for entry in home.state.iterdir()} == set()
