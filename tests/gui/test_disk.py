"""A disk that fails in the other ways than by not being there: what the app makes of its answers, and of none."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from gui import __main__ as gui_main
from gui import app, asking, closer, disk, feed, keeper, notifier
from gui.instance import Instance
from gui.texts import details as details_texts
from tests.gui.helper import fake_process, on_loop, running, said, wait_until
from tests.gui.test_details import FakeClient, looking
from tests.gui.test_notifier import Clock, Shelf, look_at


def test_a_disk_whose_every_answer_is_an_error_is_missed_and_does_not_end_the_app(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home, real_stat, is_pulled = tmp_path / "home", os.stat, False

    def stat(path: object, *args: object, **kwargs: object) -> os.stat_result:
        if is_pulled and str(path).startswith(str(home)):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real_stat(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)

    async def play() -> None:
        nonlocal is_pulled
        child = await fake_process(home, "fine-real")
        async with running(desk, home, tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            is_pulled = True
            child.kill()
            await child.communicate()
            await wait_until(lambda: said(app)[2] == "The folder of Perennial is not there.")
            is_pulled = False
            await wait_until(lambda: said(app)[2] == "It does not run.")

    on_loop(desk, play())


def test_a_disk_that_hangs_hides_no_node_that_hangs_with_it(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed, "LOOK_SHOWN_S", 0.1)
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 0.3)
    is_stuck, is_let_go, asked = False, threading.Event(), 0

    def look(_: Path) -> bool:
        nonlocal asked
        asked += is_stuck
        if is_stuck:
            is_let_go.wait(60)
        return True

    monkeypatch.setattr(feed, "is_home", look)

    async def play() -> None:
        nonlocal is_stuck
        child = await fake_process(tmp_path / "home", "fine-real")
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            is_stuck = True
            child.send_signal(19)  # stops it without ending it
            await wait_until(lambda: said(app)[2] == "It does not run.")
            assert asked == 1  # one question waits for its answer, and not a new one every time
            is_stuck = False
            is_let_go.set()
            child.send_signal(18)
            await wait_until(lambda: said(app)[2] == "Everything is fine.")
        child.kill()
        await child.communicate()

    try:
        on_loop(desk, play())
    finally:
        is_let_go.set()


class Stuck:
    """A disk that answers nothing until it is let go; ``asked`` counts the questions."""

    def __init__(self) -> None:
        self.is_let_go = threading.Event()
        self.is_over = False  # somebody had the patience to wait for it
        self.asked = 0

    def __call__(self, *_: object) -> bool:
        self.asked += 1
        self.is_let_go.wait(10)
        self.is_over = True
        return True


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stuck]:
    monkeypatch.setattr(disk, "ANSWER_S_MAX", 0.3)
    found = Stuck()
    yield found
    found.is_let_go.set()


def test_a_disk_that_hangs_at_the_start_hides_no_window_begins_nothing_anew_and_keeps_nobody_from_quitting(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: Stuck
):
    for module in (app, keeper, feed):
        monkeypatch.setattr(module, "is_home", stuck)
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 0.3)
    monkeypatch.setattr(feed, "FIRST_S", 0.5)

    async def play() -> bool:
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as one:
            await wait_until(lambda: said(one)[2] == "It does not run.")
            return one.window.is_welcome

    assert on_loop(desk, play(), 10.0) is False
    assert not stuck.is_let_go.is_set()


def test_a_log_on_a_disk_that_hangs_is_asked_for_once_and_that_it_does_not_come_is_said(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: Stuck
):
    monkeypatch.setattr(closer, "tail", stuck)
    monkeypatch.setattr(closer, "LOG_S_MAX", 0.1)
    monkeypatch.setattr(asking, "ASK_S", 0.05)

    async def play() -> None:
        child = await fake_process(tmp_path / "home", "fine-real")
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as one:
            await wait_until(lambda: said(one)[0] == "fine")
            one.window.show_details()
            wanted = details_texts.no_log(details_texts.NO_ANSWER)
            await wait_until(lambda: wanted in one.window.details.log.toPlainText())
            again = asyncio.get_running_loop().time() + 0.5
            await wait_until(lambda: asyncio.get_running_loop().time() > again)
        child.kill()
        await child.communicate()

    on_loop(desk, play(), 15.0)
    assert stuck.asked == 1
    assert not stuck.is_let_go.is_set()


def test_a_disk_that_hangs_while_a_file_is_saved_to_it_keeps_nobody_from_quitting_and_is_said_to_say_nothing(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: Stuck
):
    monkeypatch.setattr(closer, "SAVE_S_MAX", 0.1)
    monkeypatch.setattr(Path, "write_bytes", stuck)

    async def play() -> None:
        async with looking(tmp_path, FakeClient()) as (look, one):
            one.show_details()
            one.details.save.click()
            await wait_until(lambda: look.dialog is not None)
            assert look.dialog is not None
            look.dialog.fileSelected.emit(str(tmp_path / "file"))
            look.dialog.close()
            await wait_until(lambda: stuck.asked == 1)
            await wait_until(lambda: one.details.said.text() == details_texts.not_saved(details_texts.NO_ANSWER))

    on_loop(desk, play())
    assert (stuck.asked, stuck.is_over) == (1, False)


def test_a_screen_that_hangs_is_asked_once_and_keeps_nobody_from_quitting(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: Stuck
):
    monkeypatch.setattr(notifier, "SCREEN_S_MAX", 0.1)
    clock, memory = Clock(), QSettings(str(tmp_path / "tray.ini"), QSettings.Format.IniFormat)
    one = notifier.Notifier(memory, lambda: (Shelf(),), screen=stuck, wall_s=clock)  # type: ignore[arg-type]

    on_loop(desk, look_at(one, clock, 0, 20, 20))

    assert (stuck.asked, stuck.is_over) == (1, False)


def test_before_there_is_a_window_a_disk_that_hangs_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: Stuck
):
    monkeypatch.setattr(gui_main, "_hindrance_at", stuck)
    monkeypatch.setattr(Path, "resolve", stuck)

    assert gui_main._hindrance(tmp_path) is None
    assert Instance(tmp_path, tmp_path)._address.startswith(str(tmp_path))
    assert stuck.asked == 2


def test_what_a_question_raises_is_raised_where_the_answer_is_waited_for(desk: QApplication):
    def fail() -> bool:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        on_loop(desk, disk.Question(fail).answer(otherwise=True))
    with pytest.raises(OSError, match="Input/output error"):
        disk.answer_now(fail, otherwise=True)
