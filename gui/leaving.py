"""The ends that come from elsewhere: whoever ends the session ends the app, and not only its window; so does a signal.

A desktop that logs out and a macOS that is told to quit say so.  Qt's own answer is to close the windows: ours only
hides at that, which keeps the session from ending.  Where none is open it stops the loop, and with it the app before
it has ended in order what it started.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """The application as Qt has it, but for one event."""

    leave: Callable[[], None] | None = None  # how to end; None while nothing runs that has to end first

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit and self.leave is not None:
            event.accept()
            self.leave()
            return True
        return super().event(event)


def leave_by(qapp: QApplication, leave: Callable[[], None] | None) -> None:
    """Let the end of the session, and a polite signal, mean this from now on; None: what they mean else.

    Call it while the loop runs.
    """
    if isinstance(qapp, Application):
        qapp.leave = leave
    if sys.platform == "win32":
        return
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if leave is None:
            loop.remove_signal_handler(one)
        else:
            loop.add_signal_handler(one, leave)
