"""A disk that fails in the other ways than by not being there: what the app makes of its answers, and of none."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gui import feed
from tests.gui.helper import fake_process, on_loop, running, said, wait_until


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
            await wait_until(lambda: said(app)[2] == "The disk is missing.")
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
