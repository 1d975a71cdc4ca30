"""The app starts itself anew once another version of it is in use on this computer, when nobody sees it.

    another app is in use than at first  ->  nothing of this one is shown  ->  it ends with RESTART_CODE  ->  its
    launcher starts the one that is in use, into the tray, which takes the node over

The node goes on all the while.  Only what a launcher has started can be started anew.
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


class Renewal:
    """One per app.  ``end`` ends the app; ``code`` is its exit code then."""

    def __init__(self, memory: QSettings, window: Window, keeper: Keeper, end: Callable[[], None]) -> None:
        self._memory = memory
        self._window = window
        self._keeper = keeper
        self._end = end
        self._first_app: str | None = None
        self.code = 0

    def take_over(self, home: Path) -> bool:
        """At the start: whether an app before ended for this one, which then takes over the node that it started."""
        said = self._memory.value(_RENEWED)
        self._memory.remove(_RENEWED)
        if said == _WITH_NODE:
            self._keeper.adopt(home)
        return said is not None

    def hear(self, seen: Seen) -> None:
        """What the feed heard.  Other than the first version in use is the newer one, whatever this app itself is."""
        if seen.link != "connected" or seen.status is None or seen.status.is_practice or seen.status.program is None:
            return
        app = seen.status.program.app
        if self._first_app is None:
            self._first_app = app
        if app != self._first_app and self.code == 0 and os.environ.get(LAUNCHER) and self._is_unseen():
            self._memory.setValue(_RENEWED, _WITH_NODE if self._keeper.is_running else _WITHOUT_NODE)
            self._memory.sync()
            self._keeper.let_go()
            self.code = RESTART_CODE
            self._end()

    def _is_unseen(self) -> bool:
        return not (self._window.isVisible() or self._keeper.is_asking or QApplication.activeModalWidget())
