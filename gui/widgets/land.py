"""Sky, sun, hills and turf: the ground of every garden picture.  The time of day tells the state of the node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath

Hour = Literal["day", "dusk", "dull", "dawn"]


@dataclass(frozen=True, slots=True)
class Sky:
    top: str
    bottom: str
    disc: str  # sun or moon
    far_hill: str
    near_hill: str
    grass: str


SKIES: Final[dict[tuple[Hour, bool], Sky]] = {
    ("day", False): Sky("#CFE3EA", "#F6F1DF", "#FFF6D6", "#C9DAC0", "#AFCBA2", "#86B17A"),
    ("dusk", False): Sky("#C5C9D9", "#EFDCCB", "#F6E3C4", "#C6C8C9", "#B7C1B5", "#8FA28D"),
    ("dull", False): Sky("#D3D9D8", "#EFE7D6", "#F5EBD0", "#C8CDBC", "#B4BDA2", "#99A686"),
    ("dawn", False): Sky("#D6DFEA", "#FBE6D2", "#FFEFC9", "#CDD6C9", "#B7CAAE", "#92B486"),
    ("day", True): Sky("#16242C", "#28403F", "#E9E4C8", "#233A34", "#1F3229", "#2A4332"),
    ("dusk", True): Sky("#191D2A", "#36333A", "#CFC6B4", "#2A2F33", "#23292A", "#2C3833"),
    ("dull", True): Sky("#1B2122", "#363327", "#CFC39C", "#2B302A", "#262B24", "#333A2C"),
    ("dawn", True): Sky("#1A2230", "#46383A", "#EBCFA0", "#2A3436", "#242E2B", "#2D4033"),
}
_DISC_AT: Final[dict[Hour, tuple[float, float]]] = {
    "day": (0.80, 0.30),
    "dusk": (0.86, 0.60),
    "dull": (0.76, 0.30),
    "dawn": (0.70, 0.52),
}
_STARS: Final = (
    (0.12, 0.2, 1.3),
    (0.24, 0.1, 1.0),
    (0.36, 0.26, 1.1),
    (0.52, 0.12, 1.4),
    (0.63, 0.24, 0.9),
    (0.9, 0.12, 1.2),
    (0.95, 0.36, 0.9),
)


def draw_land(p: QPainter, hour: Hour, width: float, ground: float, *, is_dark: bool) -> None:
    """Everything above ``ground``: sky, light, two hills and a strip of grass."""
    sky = SKIES[hour, is_dark]
    air = QLinearGradient(0, 0, 0, ground)
    air.setColorAt(0, QColor(sky.top))
    air.setColorAt(1, QColor(sky.bottom))
    p.fillRect(QRectF(0, 0, width, ground + 2), air)
    _draw_light(p, hour, width, ground, is_dark=is_dark)
    for colour, left, middle, right in ((sky.far_hill, 0.62, 0.36, 0.52), (sky.near_hill, 0.80, 0.70, 0.58)):
        hill = QPainterPath(QPointF(0, ground))
        hill.lineTo(0, ground * left)
        hill.cubicTo(
            width * 0.28, ground * (middle - 0.1), width * 0.55, ground * (right + 0.28), width, ground * right
        )
        hill.lineTo(width, ground)
        p.fillPath(hill, QColor(colour))
    turf = QPainterPath(QPointF(0, ground + 2))
    turf.lineTo(0, ground - 12)
    turf.cubicTo(width * 0.3, ground - 26, width * 0.6, ground - 2, width, ground - 16)
    turf.lineTo(width, ground + 2)
    p.fillPath(turf, QColor(sky.grass))


def _draw_light(p: QPainter, hour: Hour, width: float, ground: float, *, is_dark: bool) -> None:
    x, y = _DISC_AT[hour]
    centre, radius = QPointF(width * x, ground * y), 22.0
    disc = QColor(SKIES[hour, is_dark].disc)
    p.setPen(Qt.PenStyle.NoPen)
    for grow, alpha in ((1.9, 30),) if hour == "dull" else ((2.6, 26), (1.8, 42)):
        halo = QColor(disc)
        halo.setAlpha(alpha // 2 if is_dark else alpha)
        p.setBrush(halo)
        p.drawEllipse(centre, radius * grow, radius * grow)
    p.setBrush(disc)
    p.drawEllipse(centre, radius, radius)
    if is_dark:
        star = QColor(disc)
        star.setAlpha(150)
        p.setBrush(star)
        for star_x, star_y, size in _STARS:
            p.drawEllipse(QPointF(width * star_x, ground * star_y), size, size)
