"""The one hand that draws everything green: leaf, bloom, grown plant, seedling, seed.

All of it grows upwards from a root point.  ``droop`` from 0 to 1 lets a plant hang its head, ``bloom``
from 0 to 1 opens its flowers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen


@dataclass(frozen=True, slots=True)
class Greens:
    deep: str
    bright: str
    stem: str


# Each in the light and in the dark look.
GREENS: Final = {False: Greens("#276D45", "#479560", "#1F5A39"), True: Greens("#4F9B6C", "#76BE8C", "#3A7A55")}
SPRING: Final = {False: Greens("#3C7420", "#8DC64F", "#3C7420"), True: Greens("#86BE5F", "#B9E184", "#6FA64C")}
WILTED: Final = {False: Greens("#5C6647", "#8B9368", "#525B40"), True: Greens("#8E9873", "#B0B88F", "#757E5F")}
PENCILLED: Final = {False: Greens("#9AA69C", "#B5BFB5", "#8B978D"), True: Greens("#56635B", "#6B786F", "#4C5850")}
_PETALS: Final = {False: ("#F3C9C4", "#E2A19C", "#D79A2B"), True: ("#F0C4BE", "#CF8D88", "#E3AE4A")}

_STEMS: Final = ((-17.0, 112.0, -10.0, 15.0), (19.0, 96.0, 12.0, 13.0), (2.0, 138.0, 0.0, 19.0))
_STEM_LEAVES: Final = ((0.46, -1, 30.0), (0.6, 1, 26.0), (0.76, -1, 18.0))
_BASE_LEAVES: Final = ((-66.0, 58.0), (64.0, 60.0), (-38.0, 66.0), (40.0, 60.0), (-10.0, 50.0), (14.0, 46.0))


def leaf_path(base: QPointF, tip: QPointF, width: float, bend: float = 0.0) -> tuple[QPainterPath, QPainterPath]:
    """The outline of a leaf, and that of its shaded half.  ``width`` is half the greatest width."""
    along = tip - base
    length = math.hypot(along.x(), along.y()) or 1.0
    across = QPointF(-along.y() / length, along.x() / length)
    bow = across * bend
    far_1, far_2 = base + along * 0.22 + across * width + bow, base + along * 0.68 + across * (width * 0.85) + bow
    near_1, near_2 = base + along * 0.68 - across * (width * 0.85) + bow, base + along * 0.22 - across * width + bow
    whole = QPainterPath(base)
    whole.cubicTo(far_1, far_2, tip)
    whole.cubicTo(near_1, near_2, base)
    half = QPainterPath(base)
    half.cubicTo(far_1, far_2, tip)
    half.cubicTo(base + along * 0.7 + bow, base + along * 0.35 + bow, base)
    return whole, half


def leaf(p: QPainter, base: QPointF, tip: QPointF, width: float, tones: Greens, bend: float = 0.0) -> None:
    whole, half = leaf_path(base, tip, width, bend)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(QColor(tones.bright))
    p.drawPath(whole)
    p.setBrush(QColor(tones.deep))
    p.drawPath(half)


def polar(origin: QPointF, angle_deg: float, length: float) -> QPointF:
    """0 is straight up, positive leans right."""
    angle = math.radians(angle_deg)
    return QPointF(origin.x() + math.sin(angle) * length, origin.y() - math.cos(angle) * length)


def _bud(p: QPainter, radius: float, light: str, shadow: str) -> None:
    foot = QPointF(0, radius * 0.35)
    for angle, tone in ((-16.0, shadow), (16.0, shadow), (0.0, light)):
        leaf(p, foot, polar(foot, angle, radius * 1.15), radius * 0.34, Greens(tone, tone, tone))


def _flower(p: QPainter, at: QPointF, radius: float, bloom: float, *, is_dark: bool, lean: float) -> None:
    light, shadow, heart = _PETALS[is_dark]
    p.save()
    p.translate(at)
    p.rotate(lean)
    if bloom < 0.15:  # closed, not dead
        _bud(p, radius, light, shadow)
    else:
        p.setPen(Qt.PenStyle.NoPen)
        centre = QPointF(0, 0)
        for i in range(9):
            tip = polar(centre, i * 40 + 8, radius * (0.55 + 0.45 * bloom))
            p.setBrush(QColor(light if i % 2 else shadow).lighter(100 if i % 2 else 108))
            p.drawPath(leaf_path(centre, tip, radius * 0.34)[0])
        p.setBrush(QColor(heart))
        p.drawEllipse(centre, radius * 0.34, radius * 0.34)
        p.setBrush(QColor(255, 255, 255, 60))
        p.drawEllipse(QPointF(-radius * 0.08, -radius * 0.1), radius * 0.16, radius * 0.14)
    p.restore()


def grown(
    p: QPainter,
    root: QPointF,
    height: float,
    *,
    is_dark: bool,
    droop: float = 0.0,
    bloom: float = 1.0,
    tones: Greens | None = None,
) -> None:
    """The plant that stands for the version in use: basal leaves and three flowering stems."""
    tones = tones or GREENS[is_dark]
    p.save()
    p.translate(root)
    p.scale(height / 150, height / 150)
    origin = QPointF(0, 0)
    for lean, tall, bow, radius in _STEMS:
        sag = droop * (34 if lean >= 0 else -34)
        tip = polar(origin, lean + sag, tall * (1 - 0.18 * droop))
        stem = QPainterPath(origin)
        stem.quadTo(polar(origin, lean * 0.35, tall * 0.55) + QPointF(-bow * 0.5, 0), tip)
        p.setPen(QPen(QColor(tones.stem), 3.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(stem)
        for share, side, size in _STEM_LEAVES:
            base = stem.pointAtPercent(share)
            leaf(p, base, polar(base, side * (52 + 78 * droop) + lean, size), size * 0.2, tones, bend=-side * 3)
        _flower(p, tip, radius, bloom, is_dark=is_dark, lean=lean + sag * 1.6)
    for angle, size in _BASE_LEAVES:
        side = 1 if angle > 0 else -1
        tip = polar(origin, angle + side * droop * min(22.0, 82 - abs(angle)), size)
        leaf(p, origin, tip, size * 0.19, tones, bend=-side * 6)
    p.restore()


def seedling(p: QPainter, root: QPointF, height: float, *, is_dark: bool, tones: Greens | None = None) -> None:
    """The new version beside it: one stem, two young leaves and a tip, in the colour of spring."""
    tones = tones or SPRING[is_dark]
    p.save()
    p.translate(root)
    p.scale(height / 60, height / 60)
    top = QPointF(1, -34)
    stem = QPainterPath(QPointF(0, 0))
    stem.quadTo(QPointF(-3, -16), top)
    p.setPen(QPen(QColor(tones.stem), 3.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawPath(stem)
    leaf(p, top, QPointF(-26, -48), 9.5, tones, bend=4)
    leaf(p, top, QPointF(27, -52), 9.5, tones, bend=-4)
    leaf(p, top, QPointF(2, -58), 5, tones)
    p.restore()


def seed(p: QPainter, at: QPointF, radius: float, tone: str) -> None:
    p.save()
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(QColor(tone))
    p.translate(at)
    p.rotate(-28)
    p.drawEllipse(QRectF(-radius * 0.72, -radius, radius * 1.44, radius * 2))
    p.restore()
