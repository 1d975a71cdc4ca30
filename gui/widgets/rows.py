"""The rows in which something is set: a slider with its value, a switch with what is so now, a field with its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QLineEdit

from gui.stories.resources import Scale, SwitchStory
from gui.tokens import GAP_4, GAP_8, GAP_16, font
from gui.widgets.basics import column, label, row
from gui.widgets.bed_slider import BedSlider
from gui.widgets.icons import Pictogram, Shape
from gui.widgets.switch import Switch

FIELD_CHARACTERS_MAX: Final = 2_000  # more than anything that is asked for, so that the node can say what is too long


class SliderRow:
    """Name, what is so now, the value, and under them the slider."""

    def __init__(self, shape: Shape, name: str, on_move: Callable[[int], None]) -> None:
        self.slider = BedSlider(name, on_move)
        self.now = label("", "small", "faint")
        self.value = label("", "head", wrap=False)
        head = row(Pictogram(shape), label(name, "head", wrap=False), gap=GAP_8 + 2)
        head.addWidget(self.now, 1)
        head.addWidget(self.value)
        self.layout: QLayout = column(head, self.slider, gap=GAP_4)

    def show_value(self, one: Scale, value: int, text: str, now: str = "") -> None:
        self.value.setText(text)
        self.now.setText(now)
        self.slider.show_value(one, value, text, now)


class SwitchRow:
    """A choice in words, under it what is so now, and the switch."""

    def __init__(self, name: str, on_choose: Callable[[bool], None]) -> None:
        self.switch = Switch(name, on_choose)
        self.truth = label("", "small", "faint")
        line = row(gap=GAP_16)
        line.addLayout(column(label(name), self.truth, gap=2), 1)
        line.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignVCenter)
        self.layout: QLayout = line

    def show_choice(self, one: SwitchStory) -> None:
        self.truth.setText(one.truth)
        self.truth.setVisible(bool(one.truth))
        self.switch.show_choice(is_on=one.is_on, words=one.truth, can_change=one.can_change)


def text_field(name: str, *, is_secret: bool = False) -> QLineEdit:
    """A line to be typed.  What is secret is shown as dots, and no keyboard learns it."""
    result = QLineEdit()
    result.setFont(font("body"))
    result.setAccessibleName(name)
    result.setMaxLength(FIELD_CHARACTERS_MAX)
    if is_secret:
        result.setEchoMode(QLineEdit.EchoMode.Password)
        result.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
    return result
