"""The application as Qt has it, but for one event: whoever ends the session ends the app, and not only its window.

A desktop that logs out and a macOS that is told to quit say so.  Qt's own answer is to close the windows: ours only
hides at that, which keeps the session from ending.  Where none is open it stops the loop, and with it the app before
it has ended in order what it started.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    leave: Callable[[], None] | None = None  # how to end; None while nothing runs that has to end first

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit and self.leave is not None:
            event.accept()
            self.leave()
            return True
        return super().event(event)


def leave_by(qapp: QApplication, leave: Callable[[], None] | None) -> None:
    """Let the end of the session mean this from now on; None: what it means to Qt."""
    if isinstance(qapp, Application):
        qapp.leave = leave
