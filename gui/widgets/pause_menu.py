"""The three ways to pause, as a menu: in the tray and on Home.  Its last line says what a pause holds back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from gui.texts import app as texts
from node.api.schema import PauseLasts


def pause_menu(on_choose: Callable[[PauseLasts], None], parent: QWidget) -> QMenu:
    menu = QMenu(texts.PAUSE, parent)
    for lasts, text in texts.PAUSE_LASTS.items():
        menu.addAction(text).triggered.connect(partial(_choose, on_choose, lasts))
    menu.addSeparator()
    menu.addAction(texts.PAUSE_HOLDS).setEnabled(False)
    return menu


def _choose(on_choose: Callable[[PauseLasts], None], lasts: PauseLasts, _is_checked: bool = False) -> None:  # noqa: FBT001, FBT002  (Qt says it so)
    on_choose(lasts)
