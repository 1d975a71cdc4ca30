"""A switch: a QCheckBox, so that keyboard and screen readers know it.  The knob carries a tick, not only a colour."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from gui.tokens import look, scale
from gui.widgets.icons import draw_shape


class Switch(QCheckBox):
    """``on_choose`` is called when a person turns it, not when it is shown anew."""

    def __init__(self, name: str, on_choose: Callable[[bool], None]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(self.sizeHint())
        self.clicked.connect(on_choose)

    def show_choice(self, *, is_on: bool, words: str, can_change: bool) -> None:
        """``words``: what is so now."""
        self.setChecked(is_on)
        self.setAccessibleDescription(words)
        self.setEnabled(can_change)

    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        return QSize(round(46 * scale()), round(28 * scale()))

    def hitButton(self, position: QPoint) -> bool:  # noqa: N802  (Qt's name)
        return self.rect().contains(position)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        p, c = QPainter(self), look()
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        radius, is_on = box.height() / 2, self.isChecked()
        tone = QColor((c.leaf if is_on else c.edge) if self.isEnabled() else c.edge)
        p.setPen(QPen(tone, 1.6))
        p.setBrush(tone if is_on else QColor(c.card))
        p.drawRoundedRect(box, radius, radius)
        is_right = is_on != (self.layoutDirection() == Qt.LayoutDirection.RightToLeft)
        middle = box.right() - radius if is_right else box.left() + radius
        knob = QRectF(middle - radius + 3, box.top() + 3, 2 * radius - 6, 2 * radius - 6)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.card) if is_on else tone)
        p.drawEllipse(knob)
        if is_on:
            draw_shape(p, "tick", knob.adjusted(1.5, 1.5, -1.5, -1.5), tone.name(), 2.8)
        if self.hasFocus():
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor(c.ink), 2))
            p.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius + 2, radius + 2)
