"""The picture of the welcome: flowering plants whose roots meet below and carry the sealed pieces.

It says nothing that the words beside it do not say.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy

from gui import texts
from gui.tokens import Look
from gui.widgets import plant
from gui.widgets.land import draw_land
from gui.widgets.picture import Picture

_PLANTS: Final = ((0.22, 0.20), (0.80, 0.26), (0.50, 0.42))  # where across, how high
_ROOT_ENDS: Final = (-0.08, 0.10, 0.34, 0.50, 0.66, 0.90, 1.08)


class WelcomePicture(Picture):
    def __init__(self) -> None:
        super().__init__(texts.WELCOME_PICTURE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def wanted(self) -> QSize:
        return QSize(370, 560)

    def smallest(self) -> QSize:
        return QSize(220, 320)

    def paint(self, p: QPainter, c: Look) -> None:
        width, height = float(self.width()), float(self.height())
        ground = height * 0.74
        draw_land(p, "day", width, ground, is_dark=c.is_dark)
        p.fillRect(QRectF(0, ground, width, height - ground), QColor(c.soil))
        for x, tall in _PLANTS:
            plant.grown(p, QPointF(width * x, ground + 1), min(height, width * 1.6) * tall, is_dark=c.is_dark)
        self._paint_roots(p, c, width, height, ground)

    def _paint_roots(self, p: QPainter, c: Look, width: float, height: float, ground: float) -> None:
        """Roots that meet below and go on past the edge of the picture, with the pieces at their ends."""
        p.setBrush(Qt.BrushStyle.NoBrush)
        deep = height - ground
        knots: list[QPointF] = []
        for k, x in enumerate(sorted(place for place, _ in _PLANTS)):
            for j in range(-2, 3):
                i = max(0, min(6, 1 + 2 * k + j))
                end = QPointF(width * _ROOT_ENDS[i], ground + deep * (0.30 + 0.11 * ((i * 3 + k) % 4)))
                root = QPainterPath(QPointF(width * x, ground + 2))
                root.cubicTo(
                    QPointF(width * x + j * 4, ground + deep * 0.22),
                    QPointF(end.x() - j * 16, end.y() - deep * 0.10),
                    end,
                )
                tone = c.soil_track if j else c.soil_fill
                p.setPen(QPen(QColor(tone), 2.2 - 0.4 * abs(j), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                p.drawPath(root)
                if 0 < _ROOT_ENDS[i] < 1 and end not in knots:
                    knots.append(end)
        p.setPen(Qt.PenStyle.NoPen)
        for n, at in enumerate(knots):
            p.setBrush(QColor(c.soil_fill if n % 3 else c.on_soil))
            p.drawRoundedRect(QRectF(at.x() - 4, at.y() - 4, 8, 8), 2.4, 2.4)
