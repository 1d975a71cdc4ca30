"""A slider on whose groove what is in use lies thick, so that nobody pulls the limit below it unnoticed.

It is a QSlider, so keyboard and mouse work as everywhere.  Its face is painted here, and screen readers are told the
value in words: the number that a QSlider would give them is the one of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAccessible, QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider

from gui.stories.resources import Scale
from gui.tokens import look, scale
from gui.widgets.spoken import Spoken, announce

_HEIGHT: Final = 30
_GROOVE: Final = 4.0
_THICK: Final = 10.0
_KNOB: Final = 8.0
_RING: Final = 3.0  # from the knob to the ring that shows where the keyboard is


class BedSlider(QSlider, Spoken):
    """Chooses one value of a scale.  ``on_move`` is given it whenever a person moves the knob."""

    spoken_role = QAccessible.Role.Slider
    has_steps = True

    def __init__(self, name: str, on_move: Callable[[int], None]) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._scale = Scale((0,))
        self._on_move = on_move
        self._is_showing = False
        self._words = ""
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(round(_HEIGHT * scale()))
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.valueChanged.connect(self._moved)

    def show_value(self, one: Scale, value: int, words: str, now: str = "") -> None:
        """Show a value on its scale; ``words`` is how screen readers say it, ``now`` what is so now."""
        self.setAccessibleDescription(f"{words}. {now}" if now else words)
        if words != self._words:
            self._words = words
            announce(self, words)
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

    def spoken_value(self) -> str:
        return self._words

    def step(self, steps: int) -> None:
        if self.isEnabled():
            self.setValue(self.value() + steps)

    def _radius(self) -> float:
        return _KNOB * scale()

    def _inset(self) -> float:
        return self._radius() + _RING + 1  # the ring round the knob has room at both ends

    def _x(self, ratio: float) -> float:
        """Where something so far along lies; from the right where people write from the right."""
        along = self._inset() + ratio * (self.width() - 2 * self._inset())
        return self.width() - along if self._is_mirrored() else along

    def _is_mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def _go_to(self, x: float) -> None:
        x = self.width() - x if self._is_mirrored() else x
        ratio = (x - self._inset()) / max(1.0, self.width() - 2 * self._inset())
        self.setValue(round(min(1.0, max(0.0, ratio)) * self.maximum()))

    # From here on the names are Qt's own.

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  (Qt's name)
        """The knob comes to where the groove is pressed: one place to hit, however small the steps are."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  (Qt's name)
        if self.isSliderDown():
            self._go_to(event.position().x())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802  (Qt's name)
        self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Whoever scrolls the page must not change a setting by the way."""
        event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        p, c = QPainter(self), look()
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone = QColor(c.leaf if self.isEnabled() else c.edge)
        at = self._x(self.value() / max(1, self.maximum()))
        self._paint_bar(p, QColor(c.edge if self.isEnabled() else c.line), _GROOVE, 1.0)
        self._paint_bar(p, tone, _GROOVE, self.value() / max(1, self.maximum()))
        if self._scale.used_ratio > 0:
            self._paint_bar(p, tone, _THICK, self._scale.used_ratio)
        middle, radius = self.height() / 2, self._radius()
        p.setBrush(QColor(c.card))
        p.setPen(QPen(tone, 2))
        p.drawEllipse(QRectF(at - radius, middle - radius, 2 * radius, 2 * radius))
        if self.hasFocus():
            ring = radius + _RING
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor(c.ink), 2))
            p.drawEllipse(QRectF(at - ring, middle - ring, 2 * ring, 2 * ring))

    def _paint_bar(self, p: QPainter, tone: QColor, thick: float, ratio: float) -> None:
        """A bar from the beginning of the groove to so far along."""
        margin = self._inset() - self._radius()  # so that the knob covers the end of the groove
        begin = self.width() - margin if self._is_mirrored() else margin
        end = self._x(ratio) if ratio < 1 else self.width() - begin
        bar = QRectF(min(begin, end), self.height() / 2 - thick / 2, abs(end - begin), thick)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(tone)
        p.drawRoundedRect(bar, thick / 2, thick / 2)
