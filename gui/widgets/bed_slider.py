"""A slider on whose groove what is in use lies thick, so that nobody pulls the limit below it unnoticed.

It is a QSlider, so keyboard, mouse and screen readers work as everywhere; only its face is painted here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QStyle, QStyleOptionSlider

from gui.resources_story import Scale
from gui.tokens import look, scale

_HEIGHT: Final = 30
_GROOVE: Final = 4.0
_THICK: Final = 10.0
_KNOB: Final = 10.0


class BedSlider(QSlider):
    """Chooses one value of a scale.  ``on_move`` is given it whenever a person moves the knob."""

    def __init__(self, name: str, on_move: Callable[[int], None]) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._scale = Scale((0,))
        self._on_move = on_move
        self._is_showing = False
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(round(_HEIGHT * scale()))
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.valueChanged.connect(self._moved)

    def show_value(self, one: Scale, value: int, words: str) -> None:
        """Show a value on its scale; ``words`` is how screen readers say it."""
        self.setAccessibleDescription(words)
        if self.isSliderDown():
            return  # the hand at the knob knows better
        self._scale, self._is_showing = one, True
        self.setRange(0, len(one.values) - 1)
        self.setPageStep(max(1, len(one.values) // 10))
        self.setValue(one.place(value))
        self._is_showing = False
        self.update()

    def _moved(self, place: int) -> None:
        if not self._is_showing:
            self._on_move(self._scale.values[place])

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Whoever scrolls the page must not change a setting by the way."""
        event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        p, c = QPainter(self), look()
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        knob = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        middle, at, radius = self.height() / 2, knob.center().x() + 0.5, _KNOB * scale() - 2
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            p.translate(self.width(), 0)  # the groove fills from the right there
            p.scale(-1, 1)
            at = self.width() - at
        tone = QColor(c.leaf if self.isEnabled() else c.edge)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.edge if self.isEnabled() else c.hair))
        p.drawRoundedRect(QRectF(1, middle - _GROOVE / 2, self.width() - 2, _GROOVE), _GROOVE / 2, _GROOVE / 2)
        p.setBrush(tone)
        p.drawRoundedRect(QRectF(1, middle - _GROOVE / 2, at, _GROOVE), _GROOVE / 2, _GROOVE / 2)
        if self._scale.used_ratio > 0:
            begin, end = radius, self.width() - radius
            used = begin + self._scale.used_ratio * (end - begin)
            p.drawRoundedRect(QRectF(1, middle - _THICK / 2, used, _THICK), _THICK / 2, _THICK / 2)
        p.setBrush(QColor(c.card))
        p.setPen(QPen(tone, 2))
        p.drawEllipse(QRectF(at - radius, middle - radius, 2 * radius, 2 * radius))
        if self.hasFocus():
            ring = radius + 3.5
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor(c.ink), 2))
            p.drawEllipse(QRectF(at - ring, middle - ring, 2 * ring, 2 * ring))
