"""The pictures of the first run; they say nothing that the words beside them do not say.

1  flowering plants whose roots meet below and carry the pieces
2  a seed under its label, in a bed as full as what would be lent
3  the plant that comes by itself, and the bar in which the app is to be found
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy

from gui.stories.first_run import Place
from gui.texts import app as texts
from gui.texts import welcome as welcome_texts
from gui.tokens import DARK, LIGHT, Look
from gui.widgets import plant
from gui.widgets.land import Hour, draw_land
from gui.widgets.mark import draw_mark, tones_for
from gui.widgets.picture import Picture
from gui.widgets.signs import draw_sign

_PLANTS: Final = ((0.22, 0.20), (0.80, 0.26), (0.50, 0.42))  # where across, how high
_ROOT_ENDS: Final = (-0.08, 0.10, 0.34, 0.50, 0.66, 0.90, 1.08)
_HOURS: Final[tuple[Hour, ...]] = ("day", "dawn", "day")
_OTHERS_ON_BAR: Final = QColor(255, 255, 255, 70)
_LABEL: Final = (
    (-9, -10),
    (-26, -10),
    (-26, -62),
    (26, -62),
    (26, -10),
    (9, -10),
    (5, 26),
)  # of the seed, on its stick


class WelcomePicture(Picture):
    def __init__(self) -> None:
        super().__init__(texts.WELCOME_PICTURE)
        self._page = 0
        self._share = 0.0
        self._place: Place = "none"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_page(self, page: int) -> None:
        """The picture of a page, from 0 on."""
        self._page = page
        names = (texts.WELCOME_PICTURE, welcome_texts.CHOICE_PICTURE, welcome_texts.TRAY_PICTURES[self._place])
        self.describe(names[page])

    def show_share(self, share: float) -> None:
        """How much of what is free would be lent, from 0 to 1."""
        self._share = share
        self.update()

    def show_place(self, place: Place) -> None:
        """Where the app is to be found."""
        self._place = place
        self.show_page(self._page)

    def wanted(self) -> QSize:
        return QSize(370, 560)

    def smallest(self) -> QSize:
        return QSize(220, 320)

    def paint(self, p: QPainter, c: Look) -> None:
        width, height = float(self.width()), float(self.height())
        ground = height * 0.74
        draw_land(p, _HOURS[self._page], width, ground, is_dark=c.is_dark)
        p.fillRect(QRectF(0, ground, width, height - ground), QColor(c.soil))
        (self._paint_promises, self._paint_choice, self._paint_arrival)[self._page](p, c, width, height, ground)

    def _paint_promises(self, p: QPainter, c: Look, width: float, height: float, ground: float) -> None:
        for x, tall in _PLANTS:
            plant.grown(p, QPointF(width * x, ground + 1), min(height, width * 1.6) * tall, is_dark=c.is_dark)
        self._paint_roots(p, c, width, height, ground)

    def _paint_choice(self, p: QPainter, c: Look, width: float, height: float, ground: float) -> None:
        stick = QPointF(width * 0.62, ground)
        outline = QPainterPath(QPointF(stick.x() - 5, stick.y() + 26))
        for x, y in _LABEL:
            outline.lineTo(stick.x() + x, stick.y() + y)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.on_soil))
        p.drawPath(outline)
        draw_mark(p, QRectF(stick.x() - 18, ground - 55, 36, 36), tones_for(LIGHT))
        seed = QPointF(width * 0.36, ground + (height - ground) * 0.32)
        plant.seed(p, seed, 13, c.soil_fill)
        shoot = QPainterPath(seed + QPointF(5, -11))
        shoot.quadTo(seed + QPointF(11, -19), seed + QPointF(6, -28))
        p.setPen(QPen(QColor(c.soil_fill), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(shoot)
        bar = QRectF(24, height - 44, width - 48, 12)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.soil_track))
        p.drawRoundedRect(bar, 6, 6)
        if self._share > 0:
            p.setBrush(QColor(c.soil_fill))
            p.drawRoundedRect(QRectF(bar.left(), bar.top(), max(12.0, bar.width() * self._share), 12), 6, 6)

    def _paint_arrival(self, p: QPainter, c: Look, width: float, height: float, ground: float) -> None:
        plant.grown(p, QPointF(width * 0.36, ground + 1), min(height, width * 1.6) * 0.36, is_dark=c.is_dark)
        plant.seedling(p, QPointF(width * 0.70, ground + 1), min(height, width * 1.6) * 0.13, is_dark=c.is_dark)
        if self._place != "none":
            self._paint_bar(p, c, QRectF(width * 0.12, height - 66 if self._place == "bottom" else 22, width, 44))

    @staticmethod
    def _paint_bar(p: QPainter, c: Look, bar: QRectF) -> None:
        """A bar that goes on past the edge, with the small plant in a ring among others of its kind."""
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.shade if c.is_dark else c.ink))
        p.drawRoundedRect(bar, 10, 10)
        ring = QRectF(bar.left() + bar.width() * 0.46, bar.top() + 5, 38, 34)
        for k in (-2, -1, 1, 2):
            p.setBrush(_OTHERS_ON_BAR)
            p.drawRoundedRect(QRectF(ring.center().x() - 8 + 36 * k, bar.center().y() - 7, 16, 14), 4, 4)
        p.setPen(QPen(QColor(c.soil_fill), 2))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(ring, 8, 8)
        p.save()
        p.translate(ring.center() - QPointF(11, 11))
        draw_sign(p, "fine", 22, DARK.leaf)
        p.restore()

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
