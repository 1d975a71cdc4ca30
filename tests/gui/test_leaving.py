"""The ways out: the end of the session, and a desktop on which the window is all there is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.texts import app as texts
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
            assert app.ending.is_set()
            assert app.box is None
        return end.isAccepted()

    assert on_loop(desk, play())
    assert told.read_text() == "ended in order"


def test_where_there_is_no_tray_the_window_itself_offers_to_quit_and_says_what_that_means(
    desk: QApplication, qtbot: QtBot, tmp_path: Path
):
    home = tmp_path / "home"
    home.mkdir()
    (home / "home.json").write_text("{}")
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")

    async def play() -> None:
        async with running(desk, home, tmp_path / "tray.ini", node_command=lambda _: sleeper) as app:
            await wait_until(lambda: app._keeper.is_running, 15)
            app.window.close()
            assert app.box is not None
            qtbot.mouseClick(app.box.buttons()[1], Qt.MouseButton.LeftButton)
            await wait_until(lambda: app.box is not None and app.box.text() == texts.QUIT_QUESTION)
            assert not app.ending.is_set()
            assert app.box is not None
            app.box.reject()
            await wait_until(lambda: app.box is None)
            app.window.show_help()
            await wait_until(app.window.help.leave.isVisible)
            qtbot.mouseClick(app.window.help.leave, Qt.MouseButton.LeftButton)
            assert app.box is not None
            assert app.box.text() == texts.QUIT_QUESTION
            app.box.buttons()[0].click()
            assert app.ending.is_set()

    on_loop(desk, play())


def test_where_there_is_a_tray_its_menu_is_the_place_to_quit(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: True))

    async def play() -> None:
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            app.window.show_main()
            app.window.show_help()
            assert app.window.help.save.isVisible()
            assert not app.window.help.leave.isVisible()

    on_loop(desk, play())
