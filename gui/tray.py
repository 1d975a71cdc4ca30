"""The icon in the tray and its menu.  Nothing moves; a sign stands for a while before it changes."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from gui.stories.first_run import Place
from gui.stories.home import Sign
from gui.stories.pause import PauseControl
from gui.texts import app as texts
from gui.widgets.pause_menu import pause_menu
from gui.widgets.signs import SIGNS, sign_icon
from node.api.schema import PauseLasts

DWELL_S: Final = 30.0  # a sign stands at least so long; a flickering icon says nothing
DWELL_PRACTICE_S: Final = 3.0  # in a practice network days are seconds
LOOK_S: Final = 0.5  # before the first look for a tray that is not there yet; from one to the next half as long more
LOOK_S_MAX: Final = 20.0  # many a desktop never has one
_USUAL: Final[dict[str, Place]] = {"win32": "bottom", "darwin": "top"}  # where the desktop puts it by itself
_TROUBLE: Final = ("attention", "problem")


@dataclass(slots=True)
class Steady:
    """Keeps signs from flickering: each stands for a while before the next.

    Trouble is shown at once, whatever stands; so is the end of a problem, and of a start that was waited for: the
    first one, and one out of a problem.  Pure: times are seconds of any one clock.
    """

    shown: Sign = "starting"
    since_s: float = 0.0
    is_awaited: bool = True  # whether what is shown is a start, or the end of a problem, that somebody waits for

    def take(self, wanted: Sign, now_s: float, dwell_s: float) -> float:
        """Take the sign that is right now; return after how many seconds to ask again, 0 for not at all."""
        if wanted == self.shown:
            return 0.0
        left_s = self.since_s + dwell_s - now_s
        is_over = self.shown == "problem" or (self.shown == "starting" and self.is_awaited)
        if left_s > 0 and wanted not in _TROUBLE and not is_over:
            return left_s
        self.shown, self.since_s, self.is_awaited = wanted, now_s, self.shown == "problem"
        return 0.0

    def let_go(self) -> None:
        """Show the next sign at once: it is what a person has just asked for."""
        self.since_s = -math.inf


@dataclass(frozen=True, slots=True)
class TrayWishes:
    """What may be asked for in the menu."""

    open: Callable[[], None]
    pause: Callable[[PauseLasts], None]
    resume: Callable[[], None]
    settings: Callable[[], None]
    quit: Callable[[], None]


class Tray:
    """Holds the icon and the menu; Qt's icon does not own its menu.

    Qt decides when an icon is made how it will be shown, and one that was made before this desktop had a tray is never
    shown there.  So ``seek`` makes it anew then.  A tray that goes and comes back is found by Qt itself.
    """

    def __init__(self, wishes: TrayWishes) -> None:
        self._icons = {sign: sign_icon(sign) for sign in SIGNS}
        self._sign: Sign = "starting"
        self._on_open = wishes.open
        self.menu = QMenu()
        self.line = QAction(texts.STARTING.rstrip("."), self.menu)
        self.line.setEnabled(False)
        self.open = QAction(texts.OPEN, self.menu)
        self.pause = pause_menu(wishes.pause, self.menu)
        self.resume = QAction(texts.RESUME, self.menu)
        self.settings = QAction(texts.SETTINGS, self.menu)
        self.quit = QAction(texts.QUIT, self.menu)
        self._fill()
        self.open.triggered.connect(wishes.open)
        self.resume.triggered.connect(wishes.resume)
        self.settings.triggered.connect(wishes.settings)
        self.quit.triggered.connect(wishes.quit)
        self.show_pause("none")
        self._is_in_tray = self._has_tray()  # before the icon is made: rather made once more than never seen
        self.icon = self._made()

    def _fill(self) -> None:
        self.menu.addAction(self.line)
        self.menu.addSeparator()
        self.menu.addAction(self.open)
        self.menu.addMenu(self.pause)
        self.menu.addAction(self.resume)
        self.menu.addAction(self.settings)
        self.menu.addSeparator()
        self.menu.addAction(self.quit)

    @property
    def is_available(self) -> bool:
        """Whether this desktop shows the icon now."""
        return self._is_in_tray and self._has_tray()

    @property
    def place(self) -> Place:
        """Where on the screen it is, as far as the desktop says it."""
        if not self.is_available:
            return "none"
        icon, screen = self.icon.geometry(), QGuiApplication.primaryScreen().geometry()
        if icon.isEmpty():
            return _USUAL.get(sys.platform, "bar")
        return "top" if icon.center().y() < screen.center().y() else "bottom"

    @property
    def sign(self) -> Sign:
        return self._sign

    async def seek(self) -> None:
        """Wait until there is a tray that shows the icon; for ever, where there is none.  Cancellation-safe."""
        pause_s = LOOK_S
        while not self.is_available:
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, LOOK_S_MAX)
            if not self._is_in_tray and self._has_tray():
                self._make_anew()

    def show(self) -> None:
        self.icon.show()

    def hide(self) -> None:
        self.icon.hide()

    def show_state(self, sign: Sign, line: str, quit_text: str) -> None:
        if sign != self._sign:
            self._sign = sign
            self.icon.setIcon(self._icons[sign])
        if line != self.line.text():
            self.line.setText(line)
            self.icon.setToolTip(self._tip())
        if quit_text != self.quit.text():
            self.quit.setText(quit_text)

    def show_pause(self, control: PauseControl) -> None:
        """Offer what can be asked for now: a pause, its end, or neither while nothing answers."""
        self.pause.menuAction().setVisible(control != "resume")
        self.pause.menuAction().setEnabled(control == "pause")
        self.resume.setVisible(control == "resume")

    def _made(self) -> QSystemTrayIcon:
        icon = QSystemTrayIcon(self._icons[self._sign])
        icon.setToolTip(self._tip())
        icon.setContextMenu(self.menu)
        icon.activated.connect(self._activated)
        icon.messageClicked.connect(self._on_open)
        return icon

    def _make_anew(self) -> None:
        old, self.icon = self.icon, self._made()
        self.icon.setVisible(old.isVisible())
        old.hide()
        old.deleteLater()
        self._is_in_tray = True

    def _tip(self) -> str:
        return f"{texts.APP}\n{self.line.text()}"

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self._on_open()

    @staticmethod
    def _has_tray() -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()
