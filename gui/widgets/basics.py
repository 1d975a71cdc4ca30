"""The few building blocks of every page: label, card, button, row, column, a page that scrolls.

They carry the type scale and the spacing ladder, so that a page never sets a font or a margin itself.
"""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_16, GAP_24, Role, Tone, font

Item = QWidget | QLayout | int | None  # a widget, a layout, a gap in pixels, or None: what room is left

# A word of more signs has places to break at: after each slash, and after so many signs without one.
_WORD_SIGNS_MAX: Final = 24
_LONG_WORD: Final = re.compile(rf"\S{{{_WORD_SIGNS_MAX + 1},}}")
_PIECE: Final = re.compile(rf"([/\\]|[^\s/\\]{{{_WORD_SIGNS_MAX}}})(?=\S)")
_BREAK: Final = "\N{ZERO WIDTH SPACE}"


class Label(QLabel):
    """A text as wide as its page, and never wider: the path of a file or a hash breaks where it has to.

    ``text`` is what was given.  What can be selected does not break within a word, as it is copied as it stands.
    """

    def __init__(self, text: str, *, is_selectable: bool) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)  # words of a node are never taken for markup
        if is_selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._is_exact = is_selectable
        self.setText(text)

    def setText(self, text: str, /) -> None:  # noqa: N802  (Qt's name)
        self._text = text
        super().setText(text if self._is_exact else _LONG_WORD.sub(_in_pieces, text))

    def text(self) -> str:
        return self._text


def _in_pieces(word: re.Match[str]) -> str:
    return _PIECE.sub(rf"\1{_BREAK}", word[0])


def label(
    text: str = "", role: Role = "body", tone: Tone = "ink", *, wrap: bool = True, is_selectable: bool = False
) -> Label:
    result = Label(text, is_selectable=is_selectable)
    result.setFont(font(role))
    result.setWordWrap(wrap)
    result.setProperty("tone", tone)
    policy = result.sizePolicy()
    policy.setVerticalPolicy(QSizePolicy.Policy.Minimum if wrap else QSizePolicy.Policy.Fixed)
    policy.setHeightForWidth(wrap)
    result.setSizePolicy(policy)
    return result


def retone(one: QLabel, tone: Tone) -> None:
    """Change the colour of a label that is already shown."""
    if one.property("tone") != tone:
        one.setProperty("tone", tone)
        one.style().unpolish(one)
        one.style().polish(one)


def button(text: str, *, is_main: bool = False) -> QPushButton:
    result = QPushButton(text)
    result.setFont(font("body"))
    result.setProperty("kind", "main" if is_main else "")
    result.setAccessibleName(text)
    result.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    result.setCursor(Qt.CursorShape.PointingHandCursor)
    return result


def show_or_hide(one: QWidget, *, is_shown: bool) -> None:
    """Show or hide it; the keyboard does not go on from it to a neighbour that nobody has chosen."""
    held = one.window().focusWidget()
    if not is_shown and held is not None and (held is one or one.isAncestorOf(held)):
        held.clearFocus()
    one.setVisible(is_shown)


def rule() -> QFrame:
    result = QFrame()
    result.setObjectName("rule")
    return result


def fill(box: QBoxLayout, *items: Item) -> None:
    for item in items:
        if item is None:
            box.addStretch(1)
        elif isinstance(item, int):
            box.addSpacing(item)
        elif isinstance(item, QWidget):
            box.addWidget(item)
        else:
            box.addLayout(item)


def column(*items: Item, gap: int = GAP_8) -> QVBoxLayout:
    box = QVBoxLayout()
    box.setSpacing(gap)
    box.setContentsMargins(0, 0, 0, 0)
    fill(box, *items)
    return box


def row(*items: Item, gap: int = GAP_12) -> QHBoxLayout:
    box = QHBoxLayout()
    box.setSpacing(gap)
    box.setContentsMargins(0, 0, 0, 0)
    fill(box, *items)
    return box


def card(*items: Item, gap: int = GAP_12) -> QFrame:
    frame = QFrame()
    frame.setObjectName("card")
    box = column(*items, gap=gap)
    box.setContentsMargins(GAP_16 + GAP_4, GAP_16, GAP_16 + GAP_4, GAP_16)
    frame.setLayout(box)
    return frame


def empty(layout: QLayout) -> None:
    """Take everything out of a layout that is filled anew."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()  # deleteLater alone leaves it visible for one more turn
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            empty(inner)


class _Inner(QWidget):
    """What a page scrolls.  As high as its texts are at this width, not as they would be in a narrow column."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        return QSize(super().minimumSizeHint().width(), 0)


class Page(QScrollArea):
    """A page.  It scrolls when the window is too low for it, rather than to cut."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.verticalScrollBar().rangeChanged.connect(self._let_keyboard_scroll)
        inner = _Inner()
        inner.setObjectName("page")
        self.body = QVBoxLayout(inner)
        self.body.setContentsMargins(GAP_24, GAP_24, GAP_24, GAP_24)
        self.body.setSpacing(GAP_16)
        self.setWidget(inner)
        self.setAccessibleName(name)

    def _let_keyboard_scroll(self, _least: int, most: int) -> None:
        """Be a stop of the keyboard where there is something to scroll; else a frame would go round it for nothing."""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if most > 0 else Qt.FocusPolicy.NoFocus)
