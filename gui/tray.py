"""The icon in the tray and its menu.  Nothing moves; a calm sign stands for a while before it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from gui import texts
from gui.story import Sign
from gui.widgets.signs import SIGNS, sign_icon

DWELL_S: Final = 30.0  # a calm sign stands at least so long; a flickering icon says nothing
DWELL_PRACTICE_S: Final = 3.0  # in a practice network days are seconds
_CALM: Final = ("fine", "trial", "paused")


@dataclass(slots=True)
class Steady:
    """Keeps calm signs from flickering.  Trouble, its end, and the end of starting are shown at once.

    Pure: times are seconds of any one clock.
    """

    shown: Sign = "starting"
    since_s: float = 0.0

    def take(self, wanted: Sign, now_s: float, dwell_s: float) -> float:
        """Take the sign that is right now; return after how many seconds to ask again, 0 for not at all."""
        if wanted == self.shown:
            return 0.0
        left_s = self.since_s + dwell_s - now_s
        if wanted in _CALM and self.shown in _CALM and left_s > 0:
            return left_s
        self.shown, self.since_s = wanted, now_s
        return 0.0


class Tray:
    """Holds the icon and the menu; Qt's icon does not own its menu."""

    def __init__(self, on_open: Callable[[], None], on_quit: Callable[[], None]) -> None:
        self._icons = {sign: sign_icon(sign) for sign in SIGNS}
        self._sign: Sign = "starting"
        self.icon = QSystemTrayIcon(self._icons[self._sign])
        self.menu = QMenu()
        self.line = QAction(texts.STARTING.rstrip("."), self.menu)
        self.line.setEnabled(False)
        self.open = QAction(texts.OPEN, self.menu)
        self.quit = QAction(texts.QUIT, self.menu)
        self.menu.addAction(self.line)
        self.menu.addSeparator()
        self.menu.addAction(self.open)
        self.menu.addSeparator()
        self.menu.addAction(self.quit)
        self.open.triggered.connect(on_open)
        self.quit.triggered.connect(on_quit)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(lambda reason: self._activated(reason, on_open))

    @property
    def is_available(self) -> bool:
        """Whether this desktop shows tray icons at all, now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def sign(self) -> Sign:
        return self._sign

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
            self.icon.setToolTip(f"{texts.APP}\n{line}")
        if quit_text != self.quit.text():
            self.quit.setText(quit_text)

    @staticmethod
    def _activated(reason: QSystemTrayIcon.ActivationReason, on_open: Callable[[], None]) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            on_open()
