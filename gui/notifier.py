"""Tells what is worth telling by the means of this desktop, and remembers what was told."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QSystemTrayIcon

from gui.disk import Question
from gui.stories.home import Seen
from gui.stories.notifications import Look, Note, NothingShown, Told, Waiting, decide, wanted

LOOK_S: Final = 20.0  # how often it is asked whether there is something to tell
SCREEN_S_MAX: Final = 2.0
SHOWN_MS: Final = 15_000  # where we have to say how long
_MEMORY: Final = "told/notifications"

log = logging.getLogger(__name__)


class Desktop(Protocol):
    """What can show a notification."""

    async def show(self, note: Note) -> None: ...

    async def close(self) -> None: ...


class TrayNotes:
    """Notifications by the tray icon: Windows, macOS, and a Linux desktop without a service of its own."""

    def __init__(self, icon: Callable[[], QSystemTrayIcon]) -> None:
        """``icon`` tells the one that is there now; it knows itself what a click means."""
        self._icon = icon

    async def show(self, note: Note) -> None:
        """Show it.

        Raises:
            NothingShown: There is no tray icon to show it at.
        """
        if not (QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages()):
            raise NothingShown
        icon = self._icon()
        icon.showMessage(note.title, note.body, icon.icon(), SHOWN_MS)

    async def close(self) -> None:
        """Nothing is open."""


class Notifier:
    """One per app.  ``run`` it as a task; ``hear`` is what the feed heard."""

    def __init__(
        self,
        memory: QSettings,
        desktops: Callable[[], tuple[Desktop, ...]],
        *,
        screen: Callable[[], Look],
        wall_s: Callable[[], float],
    ) -> None:
        """``desktops`` are made for the first notification and tried one after the other.

        ``screen`` may block, even for ever, and is asked in a thread of its own.
        """
        self._memory = memory
        self._make_desktops = desktops
        self._desktops: tuple[Desktop, ...] = ()
        self._screen = Question(screen)
        self._wall_s = wall_s
        self._seen = Seen()
        self._waiting = Waiting()

    def hear(self, seen: Seen) -> None:
        self._seen = seen

    async def run(self) -> None:
        """Look again and again.  Cancel it to end it."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            for desktop in self._desktops:
                await desktop.close()

    async def look(self) -> None:
        """Tell what is worth telling now.  What could not be shown was not told."""
        told = _read(self._memory)
        seen = self._seen
        screen: Look = "unknown"
        if wanted(seen, self._wall_s(), told):  # else nobody need be asked
            screen = await self._screen.answer(otherwise="unknown", seconds=SCREEN_S_MAX)
        note, then, self._waiting = decide(seen, self._wall_s(), told, self._waiting, screen)
        if note is not None and not await self._show(note):
            return
        if then != told:
            self._memory.setValue(_MEMORY, msgspec.json.encode(then).decode())

    async def _show(self, note: Note) -> bool:
        self._desktops = self._desktops or self._make_desktops()
        for desktop in self._desktops:
            try:
                await desktop.show(note)
            except NothingShown:
                continue
            log.info("told kind=%s cause=%s", note.kind, note.cause)
            return True
        return False


def _read(memory: QSettings) -> Told:
    """What was told; a memory that makes no sense is none."""
    try:
        return msgspec.json.decode(str(memory.value(_MEMORY, "")), type=Told)
    except (msgspec.DecodeError, UnicodeError):
        return Told()


def desktops_here(
    icon: Callable[[], QSystemTrayIcon], on_click: Callable[[], None], picture: Path
) -> tuple[Desktop, ...]:
    """The ways to show a notification on this system, the best first."""
    if sys.platform != "linux":
        return (TrayNotes(icon),)
    # Other systems have no D-Bus and no package for it; here it is loaded only when there is something to tell.
    from gui.desktop_notes import DesktopNotes  # noqa: PLC0415

    return DesktopNotes(on_click, picture), TrayNotes(icon)
