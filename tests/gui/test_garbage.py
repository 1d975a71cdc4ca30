"""What is Qt's ends on the window's thread, whichever thread makes so much that Python wants to clear up."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import garbage

SO_MUCH = 100_000  # makes Python clear up all that it finds


class Knot(QObject):
    """Refers to itself, so that only a search for garbage ends it."""

    def __init__(self, ended_on: list[int]) -> None:
        super().__init__()
        self.knot = self
        weakref.finalize(self, lambda: ended_on.append(threading.get_ident()))


@pytest.fixture
def as_python_begins(qapp: QApplication) -> Iterator[None]:
    gc.enable()
    yield
    gc.disable()
    gc.unfreeze()
    for timer in qapp.findChildren(QTimer):
        timer.deleteLater()


def work_elsewhere() -> None:
    thread = threading.Thread(target=lambda: [[] for _ in range(SO_MUCH)])
    thread.start()
    thread.join()


@pytest.mark.usefixtures("as_python_begins")
def test_no_other_thread_ends_it_and_the_window_s_own_does_so_in_time(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(garbage, "EVERY_S", 0.01)
    ended_on: list[int] = []

    garbage.clear_here(qapp)
    Knot(ended_on)
    work_elsewhere()

    assert ended_on == []
    qtbot.waitUntil(lambda: ended_on == [threading.get_ident()])


def test_the_app_begins_with_that(tmp_path: Path):
    program = (
        "import gc, sys; from gui import __main__ as door\n"
        "door._run_once = lambda *_: 3 if gc.isenabled() else 0\n"
        "sys.exit(door.main(['--hidden', '--home', sys.argv[1]]))"
    )
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-c", program, str(tmp_path / "home")]

    assert subprocess.run(command, env=environ, timeout=60, check=False).returncode == 0
