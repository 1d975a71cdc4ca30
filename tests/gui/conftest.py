"""Offscreen, with one font, before Qt is imported: the same pixels on every machine."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from gui.tokens import use


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["perennial"]


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
