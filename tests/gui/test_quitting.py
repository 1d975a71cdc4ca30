"""A wish to end is heard once, whatever was going on in that very moment: nobody says it a second time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gui.desktop_notes import DesktopNotes
from gui.feed import Feed
from gui.handbook import icon_file
from node.api.client import Reload
from node.api.schema import Settings, Status, Updates
from tests.gui.helper import on_loop
from tests.gui.samples import status
from tests.gui.test_notifier import NOTE, a_bus


class Restarting:
    """A node whose line ends; the app quits just while what asked it beside that is being ended."""

    def __init__(self) -> None:
        self.quit: Callable[[], object] = lambda: None
        self.is_asked_again = asyncio.Event()
        self._is_read = False

    async def status(self) -> Status:
        if self._is_read:
            self.is_asked_again.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.quit()
        self._is_read = True
        return status()

    async def updates(self) -> Updates:
        return Updates((), ())

    async def trial(self) -> None:
        return None

    async def settings(self) -> Settings:
        return Settings(quota_bytes=10**9)

    async def events(self, _: int) -> AsyncIterator[Reload]:
        await self.is_asked_again.wait()
        yield Reload()

    async def close(self) -> None:
        """Nothing is open."""


def test_a_quit_while_a_line_ends_ends_what_follows_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gui.feed.LOOK_HIDDEN_S", 0.0)
    (tmp_path / "home.json").write_text("{}")

    async def play() -> bool:
        node, goes_on = Restarting(), asyncio.Event()
        nodes = [node]

        def connect(_: Path) -> Restarting:
            if not nodes:
                goes_on.set()
                return Restarting()
            return nodes.pop()

        feed = Feed(tmp_path, lambda _: None, wall_s=time.time, connect=connect)  # type: ignore[arg-type]
        job, again = asyncio.create_task(feed.run()), asyncio.create_task(goes_on.wait())
        node.quit = job.cancel
        await asyncio.wait((job, again), return_when=asyncio.FIRST_COMPLETED)
        has_ended = job.cancelled()
        for task in (job, again):
            task.cancel()
        await asyncio.wait((job, again))
        return has_ended

    assert asyncio.run(asyncio.wait_for(play(), 10))


@pytest.mark.parametrize("whose", ["our own", "the library's"])
def test_a_quit_while_the_line_to_the_desktop_is_closed_is_heard(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
):
    async def play() -> bool:
        async with a_bus(tmp_path, monkeypatch) as bus:
            notes = DesktopNotes(lambda: None, icon_file())
            await notes.show(NOTE)
            assert notes._router is not None
            ends = notes._listener if whose == "our own" else notes._router._rcv_task
            assert ends is not None
            closing = asyncio.create_task(notes.close())
            ends.add_done_callback(lambda _: closing.cancel())
            await asyncio.wait((closing,))
            await bus.is_left.wait()
            return closing.cancelled()

    assert on_loop(desk, play(), 10)
