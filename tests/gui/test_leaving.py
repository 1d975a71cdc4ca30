"""The ways out: the end of the session, and a desktop on which the window is all there is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from tests.gui.helper import on_loop, running, wait_until


@pytest.mark.parametrize("is_shown", [True, False], ids=["window open", "window closed"])
def test_the_end_of_the_session_ends_the_app_and_in_order_what_it_started(
    desk: QApplication, tmp_path: Path, is_shown: bool
):
    home, told = tmp_path / "home", tmp_path / "told"
    home.mkdir()
    (home / "home.json").write_text("{}")
    code = f"""
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(told)!r}).write_text("ended in order"), sys.exit()))
print("{{}}", flush=True)
time.sleep(60)
"""

    async def play() -> bool:
        def command(_: Path) -> tuple[str, ...]:
            return (sys.executable, "-c", code)

        async with running(desk, home, tmp_path / "tray.ini", node_command=command) as app:
            await wait_until(lambda: app._keeper.is_running and app._keeper.silence == "none", 15)
            app.window.setVisible(is_shown)
            end = QEvent(QEvent.Type.Quit)
            QCoreApplication.sendEvent(desk, end)
            assert app._quit.is_set()
            assert app.box is None
        return end.isAccepted()

    assert on_loop(desk, play())
    assert told.read_text() == "ended in order"
