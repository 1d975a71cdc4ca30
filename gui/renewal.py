"""The app starts itself anew once another version of it is in use on this computer, when nobody sees it.

    another app is in use than at first  ->  nothing of this one is seen  ->  it ends with RESTART_CODE  ->  its
    launcher starts the one that is in use, which shows as much of itself as was shown, and takes the node over

It does so also while it is seen, if it does not understand that other one: then there is nothing to disturb.  The
node goes on all the while.  Only what a launcher has started can be started anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from gui.children import LAUNCHER
from gui.keeper import Keeper
from gui.stories.home import Seen
from gui.window import Window

RESTART_CODE: Final = 75
_RENEWED: Final = "renewed"
_WITHOUT_NODE, _WITH_NODE = "1", "2"  # whether the app before had started the node, and is to end it at its own end
_SHOWN: Final = "renewed_shown"  # how its window was
_SMALL, _OPEN = "small", "open"


class Renewal:
    """One per app.  ``end`` ends the app; ``code`` is its exit code then."""

    def __init__(self, memory: QSettings, window: Window, keeper: Keeper, end: Callable[[], None]) -> None:
        self._memory = memory
        self._window = window
        self._keeper = keeper
        self._end = end
        self._first_app: str | None = None
        self.code = 0

    def take_over(self, home: Path, *, is_hidden: bool) -> bool:
        """At the start: take over the node and the place of an app that ended for this one.

        Returns whether the window is to be opened also where there is a tray.  ``is_hidden``: not if there was no app
        before.
        """
        said, shown = self._memory.value(_RENEWED), self._memory.value(_SHOWN)
        self._memory.remove(_RENEWED)
        self._memory.remove(_SHOWN)
        if said is None:
            return not is_hidden
        if said == _WITH_NODE:
            self._keeper.adopt(home)
        if shown == _SMALL:
            self._window.showMinimized()
        return bool(shown == _OPEN)

    def hear(self, seen: Seen) -> None:
        """What the feed heard.  Other than the first version in use is the newer one, whatever this app itself is."""
        app = _app_in(seen)
        if app is None:
            return
        if self._first_app is None:
            self._first_app = app
        if app != self._first_app and self.code == 0 and os.environ.get(LAUNCHER) and self._is_free(seen):
            self._memory.setValue(_RENEWED, _WITH_NODE if self._keeper.is_running else _WITHOUT_NODE)
            if self._window.isVisible():
                self._memory.setValue(_SHOWN, _OPEN if self._window.is_seen else _SMALL)
            self._memory.sync()
            self._keeper.let_go()
            self.code = RESTART_CODE
            self._end()

    def _is_free(self, seen: Seen) -> bool:
        """Whether nobody would miss what is shown."""
        is_in_use = self._window.is_seen and seen.link == "connected"
        return not (is_in_use or self._keeper.is_asking or QApplication.activeModalWidget())


def _app_in(seen: Seen) -> str | None:
    """Which app a real node runs; None where that is not known."""
    if seen.link != "connected":
        return seen.app
    if seen.status is None or seen.status.is_practice or seen.status.program is None:
        return None
    return seen.status.program.app
