"""Lets Python clear its garbage away on the window's thread alone.

By itself it does so on whichever thread makes something while it is due.  What belongs to Qt may end only on the thread
of the window: ended on another, its timers stay in Qt's list, and the loop's next look at them ends the app.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

EVERY_S: Final = 20.0  # a window makes little of it


def clear_here(qapp: QApplication) -> None:
    """Let no other thread do it from now on.  Call it on the window's thread, before there are windows."""
    gc.disable()
    gc.freeze()  # what is there now lives as long as the app: it need not be looked through every time
    timer = QTimer(qapp)
    timer.timeout.connect(gc.collect)
    timer.start(int(EVERY_S * 1000))
