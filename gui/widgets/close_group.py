"""The neighbours as a ring of plants round the own one: answers = leaf, slow = bud, silent = a bare line.

The order on the ring is the network's own, the nearest first and clockwise from the top; it is no map.  Outside of the
ring small marks stand for those further out.  However many they are, what is painted is bounded by the ``Ring``.
"""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy

from gui.stories.network import Ring
from gui.tokens import Look, scale
from gui.widgets import plant
from gui.widgets.evidence import dotted
from gui.widgets.picture import Picture
from node.api.schema import NeighbourState

_RADIUS: Final = 16.0  # of one neighbour's disc, where there is room for it
_MARK: Final = 2.6


def draw_neighbour(p: QPainter, c: Look, at: QPointF, radius: float, state: NeighbourState) -> None:
    """One neighbour on the disc of its state."""
    p.save()
    p.translate(at)
    p.scale(radius / _RADIUS, radius / _RADIUS)
    if state == "silent":
        p.setBrush(QColor(c.card))
        p.setPen(dotted(c.edge, 1.7, 1.9))
        p.drawEllipse(QPointF(0, 0), _RADIUS - 1, _RADIUS - 1)
        p.setPen(QPen(QColor(c.edge), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.drawLine(QPointF(-5, 0), QPointF(5, 0))
        p.restore()
        return
    tone = c.leaf if state == "answers" else c.honey
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(QColor(c.leaf_soft if state == "answers" else c.honey_soft))
    p.drawEllipse(QPointF(0, 0), _RADIUS, _RADIUS)
    p.setBrush(QColor(tone))
    if state == "answers":
        p.drawPath(plant.leaf_path(QPointF(-0.5, 9), QPointF(-3.5, -9.5), 5)[0])
        p.drawPath(plant.leaf_path(QPointF(0.5, 9), QPointF(8.5, -3.5), 3.2)[0])
    else:
        p.drawPath(plant.leaf_path(QPointF(0, 9), QPointF(0, -9), 3.6)[0])
    p.restore()


def _draw_mark(p: QPainter, c: Look, at: QPointF, state: NeighbourState) -> None:
    """One of those further out, or several: full = answers, hollow = slow, a line = silent."""
    if state == "answers":
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.leaf))
        p.drawEllipse(at, _MARK, _MARK)
    elif state == "slow":
        p.setPen(QPen(QColor(c.honey), 1.5))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawEllipse(at, _MARK, _MARK)
    else:
        p.setPen(QPen(QColor(c.edge), 1.7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.drawLine(at - QPointF(_MARK, 0), at + QPointF(_MARK, 0))


def _round(centre: QPointF, radius: float, count: int) -> list[QPointF]:
    """So many places on a circle, clockwise from the top."""
    turns = [2 * math.pi * (i + 0.5) / count for i in range(count)]
    return [QPointF(centre.x() + math.sin(turn) * radius, centre.y() - math.cos(turn) * radius) for turn in turns]


class CloseGroup(Picture):
    def __init__(self) -> None:
        super().__init__()
        self._ring = Ring()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_ring(self, ring: Ring, name: str, description: str) -> None:
        self._ring = ring
        self.describe(name, description)

    def wanted(self) -> QSize:
        return QSize(280, 264)

    def smallest(self) -> QSize:
        return QSize(236, 236)

    def paint(self, p: QPainter, c: Look) -> None:
        plants, marks = self._ring.plants, self._ring.marks
        centre = QPointF(self.width() / 2, self.height() / 2)
        room = min(self.width(), self.height()) / 2 - 2
        outer = room - _MARK - 1
        radius = room - _RADIUS - (20 if marks else 0)
        disc = min(_RADIUS, math.pi * radius / max(1, len(plants)) * 0.86)
        for at, state in zip(_round(centre, outer, len(marks)), marks, strict=True):
            _draw_mark(p, c, at, state)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.setPen(dotted(c.edge, 1.5, 4))
        p.drawEllipse(centre, radius, radius)
        places = _round(centre, radius, len(plants))
        own = radius * 0.38
        p.setPen(QPen(QColor(c.leaf), 1.3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for at, state in zip(places, plants, strict=True):
            if state != "silent":
                p.drawPath(_root(centre, at, own, disc))
        for at, state in zip(places, plants, strict=True):
            draw_neighbour(p, c, at, disc, state)
        self._paint_own(p, c, centre, own)

    @staticmethod
    def _paint_own(p: QPainter, c: Look, centre: QPointF, radius: float) -> None:
        p.setPen(QPen(QColor(c.leaf), 2.4))
        p.setBrush(QColor(c.leaf_soft))
        p.drawEllipse(centre, radius, radius)
        inside = QPainterPath()
        inside.addEllipse(centre, radius - 1, radius - 1)
        p.save()
        p.setClipPath(inside)
        ground = centre.y() + radius * 0.55
        p.fillRect(QRectF(centre.x() - radius, ground, 2 * radius, radius), QColor(c.soil))
        plant.grown(p, QPointF(centre.x(), ground + 1), radius * 1.3, is_dark=c.is_dark)
        p.restore()


def _root(centre: QPointF, at: QPointF, own: float, disc: float) -> QPainterPath:
    """The root line from the own plant to a neighbour, a little bent as roots are."""
    way = at - centre
    length = math.hypot(way.x(), way.y()) or 1.0
    aside = QPointF(-way.y(), way.x()) * 0.08
    path = QPainterPath(centre + way * (own / length))
    path.quadTo(centre + way * 0.6 + aside, at - way * (disc / length))
    return path


class NeighbourSign(Picture):
    """One neighbour of the ring, in the legend beside its word."""

    def __init__(self, state: NeighbourState, text: str) -> None:
        super().__init__(text)
        self._state: NeighbourState = state
        side = round(2 * _RADIUS * scale())
        self.setFixedSize(side, side)

    def paint(self, p: QPainter, c: Look) -> None:
        draw_neighbour(p, c, QPointF(self.width() / 2, self.height() / 2), self.width() / 2, self._state)
