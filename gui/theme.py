"""Light or dark: as a person asked for, or as the desktop says, also when it changes."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from gui.tokens import use

Theme = Literal["system", "light", "dark"]


def follow_theme(qapp: QApplication, theme: Theme) -> None:
    """Put the look in force."""
    hints = qapp.styleHints()
    was_dark = qapp.palette().color(QPalette.ColorRole.Window).lightness() < 128

    def apply(scheme: Qt.ColorScheme) -> None:
        is_dark = was_dark if scheme == Qt.ColorScheme.Unknown else scheme == Qt.ColorScheme.Dark
        use(qapp, is_dark=is_dark)

    if theme == "system":
        hints.colorSchemeChanged.connect(apply)
        apply(hints.colorScheme())
    else:
        use(qapp, is_dark=theme == "dark")
