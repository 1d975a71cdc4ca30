"""Light, dark or of high contrast: as a person asked for, or as the desktop says, also when it changes."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessibilityHints, QPalette
from PySide6.QtWidgets import QApplication

from gui.tokens import use, use_system

Theme = Literal["system", "light", "dark"]


def follow_theme(qapp: QApplication, theme: Theme, contrast: QAccessibilityHints | None = None) -> None:
    """Put the look in force.  ``contrast``: who says whether high contrast is asked for; None: the desktop."""
    if theme != "system":
        use(qapp, is_dark=theme == "dark")
        return
    hints = qapp.styleHints()  # held below: what it hands out lives no longer than it
    wanted = contrast or hints.accessibility()
    was_dark = qapp.palette().color(QPalette.ColorRole.Window).lightness() < 128

    def apply() -> None:
        scheme = hints.colorScheme()
        if wanted.contrastPreference() == Qt.ContrastPreference.HighContrast:
            use_system(qapp)
        else:
            use(qapp, is_dark=was_dark if scheme == Qt.ColorScheme.Unknown else scheme == Qt.ColorScheme.Dark)

    hints.colorSchemeChanged.connect(apply)
    wanted.contrastPreferenceChanged.connect(apply)
    apply()
