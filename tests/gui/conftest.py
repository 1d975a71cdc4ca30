"""Offscreen, with one font, before Qt is imported: the same pixels on every machine."""

from __future__ import annotations

import gc
import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from gui.leaving import Application
from gui.tokens import use


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    return Application


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["perennial"]


@pytest.fixture(scope="package", autouse=True)
def no_other_thread_clears_garbage_away() -> Iterator[None]:
    """As in the app: see gui/garbage.py."""
    gc.disable()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture(autouse=True)
def no_window_is_left() -> Iterator[None]:
    """A window that is left to the garbage collector is taken apart at any moment, in any order: Qt crashes then."""
    before = set(QApplication.topLevelWidgets()) if QCoreApplication.instance() else set()  # what more tests look at
    yield
    if QCoreApplication.instance() is None:
        return
    for widget in QApplication.topLevelWidgets():
        if widget not in before and widget.parent() is None:
            widget.hide()
            widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


@pytest.fixture
def desk(qapp: QApplication) -> QApplication:
    """The application as the tray app makes it, in the light look."""
    dress(qapp, is_dark=False)
    return qapp


def dress(qapp: QApplication, *, is_dark: bool, points: float = 10.5) -> None:
    qapp.setStyle("Fusion")
    qapp.setQuitOnLastWindowClosed(False)
    font = QFont("DejaVu Sans")
    font.setPointSizeF(points)
    qapp.setFont(font)
    use(qapp, is_dark=is_dark)
