"""How screen readers are told of controls that are painted by hand.

Qt tells of its own controls.  Of ours it knows too little: of a slider only the number of its place, of a picture
that holds controls not even that.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QAccessibleWidget, QWidget

_MORE, _LESS = QAccessibleActionInterface.increaseAction(), QAccessibleActionInterface.decreaseAction()


class Spoken:
    """A widget that says how it is told.  It may be asked as soon as it has a name."""

    spoken_role: ClassVar[QAccessible.Role]
    has_steps: ClassVar[bool] = False

    def spoken_value(self) -> str:
        """Its value in words."""
        return ""

    def step(self, steps: int) -> None:
        """Go so many steps on, or back."""


class _Interface(QAccessibleWidget):
    """PySide can hand no numbers on to Qt, so a value is words only, and is changed by the two actions."""

    def _spoken(self) -> Spoken:
        widget = self.widget()
        assert isinstance(widget, Spoken)
        return widget

    def text(self, what: QAccessible.Text) -> str:
        return self._spoken().spoken_value() if what == QAccessible.Text.Value else super().text(what)

    def actionNames(self) -> list[str]:  # noqa: N802  (Qt's name)
        return [*((_MORE, _LESS) if self._spoken().has_steps else ()), *super().actionNames()]

    def doAction(self, name: str) -> None:  # noqa: N802  (Qt's name)
        if self._spoken().has_steps and name in (_MORE, _LESS):
            self._spoken().step(1 if name == _MORE else -1)
        else:
            super().doAction(name)


def announce(widget: QWidget, words: str) -> None:
    """Let it be said now what has changed where the keyboard is."""
    if widget.hasFocus():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))


def _tell(_name: str, one: QObject) -> QAccessibleWidget | None:
    """Qt asks this of everything before it tells of it by itself."""
    if not isinstance(one, Spoken) or not isinstance(one, QWidget):
        return None
    made = _Interface(one, one.spoken_role)
    # Qt ends it with the widget but does not keep it till then: the connection does.
    one.destroyed.connect(partial(_keep, made))
    return made


def _keep(_made: QAccessibleWidget, _widget: object = None) -> None:
    pass


QAccessible.installFactory(_tell)
