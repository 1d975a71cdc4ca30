"""Every page opened once, for whoever wants to know whether this app can: with what the node of a home tells now.

``python -m gui --check-pages`` ends with 0 if nothing failed.  It shows nothing to anybody.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QWidget

from gui.clock import HERE
from gui.stories.details import DetailsSeen, tell_details
from gui.stories.home import Seen, tell
from gui.stories.network import NetworkSeen, tell_network
from gui.window import Window, Wishes
from node.api.client import Client

TURNS: Final = 4  # of Qt's queue, in which what was laid out is painted


def check_pages(qapp: QApplication, home: Path, now_s: float) -> int:
    """Open all pages; return 0, or 1 with what failed on standard error.  Blocking."""
    failures: list[BaseException] = []

    def failed(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        failures.append(error)  # what Qt calls cannot raise it to whoever made it call

    before, sys.excepthook = sys.excepthook, failed
    try:
        seen, network = asyncio.run(_heard(home, now_s))
        for one in (Seen(), seen, Seen("lost", seen.heard_s, seen.status)):
            _open_all(qapp, one, network, home, datetime.fromtimestamp(now_s, HERE))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was to be found out
        failures.append(error)
    finally:
        sys.excepthook = before
    for failure in failures:
        sys.stderr.write("".join(traceback.format_exception(failure)))
    return 1 if failures else 0


async def _heard(home: Path, now_s: float) -> tuple[Seen, NetworkSeen]:
    """What a node tells that runs.  Raises ApiError or NotRunning."""
    async with Client(home) as client:
        status, updates = await client.status(), await client.updates()
        seen = Seen("connected", now_s, status, updates, await client.trial(), await client.settings())
        return seen, NetworkSeen(await client.network(), seen.settings, now_s, is_live=True)


def _open_all(qapp: QApplication, seen: Seen, network: NetworkSeen, home: Path, now: datetime) -> None:
    wishes = Wishes(
        act=_nothing, grow=_nothing, close=_nothing, seen=_nothing, pause=_nothing, resume=_nothing, change=_nothing
    )
    window = Window(wishes)
    try:
        story = tell(seen, now)
        window.show_story(story, story.sign)
        window.network.show_story(tell_network(network, now))
        window.details.show_story(tell_details(seen, DetailsSeen(), (), str(home), now))
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.show()
        for open_one in (window.show_welcome, window.show_passphrase, window.show_main):
            _paint(qapp, window, open_one)
        for number in range(window.pages.count()):
            _paint(qapp, window, partial(window.pages.setCurrentIndex, number))
        for number, _ in enumerate(window.sidebar.group.buttons()):
            _paint(qapp, window, partial(window.go, number))
    finally:
        window.hide()
        window.deleteLater()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # there is no loop that would do it


def _paint(qapp: QApplication, window: QWidget, open_one: Callable[[], None]) -> None:
    open_one()
    for _ in range(TURNS):
        qapp.processEvents()
    window.grab()


def _nothing(*_: object) -> None:
    """A wish that nobody has."""
