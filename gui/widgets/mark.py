"""The mark: two shoots from one root.  Also the icon of the app: the mark on evergreen.

The tall leaf is the version in use, the small one the version that may follow it; the line under
both is the ground, the data, which stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QLinearGradient, QPainter, QPainterPath, QPen, QPixmap

from gui.tokens import Look

ICON_SIZES: Final = (16, 22, 24, 32, 48, 64, 128, 256)
_EVERGREEN: Final = ("#2B6B4C", "#173F2F")


@dataclass(frozen=True, slots=True)
class MarkTones:
    big: str
    shaded: str
    small: str
    ground: str


_ON_EVERGREEN: Final = MarkTones("#F4F1E1", "#D9E4CB", "#A9D36F", "#8FB79B")
_ON_LIGHT: Final = MarkTones("#2C7A4C", "#226340", "#7DB34A", "#827D70")
_ON_DARK: Final = MarkTones("#7CC796", "#5BA877", "#B9E184", "#7C897F")


def tones_for(c: Look) -> MarkTones:
    return _ON_DARK if c.is_dark else _ON_LIGHT


def _curve(*points: tuple[float, float]) -> QPainterPath:
    """A closed outline: a start, then three points for each curve."""
    path = QPainterPath(QPointF(*points[0]))
    for i in range(1, len(points), 3):
        path.cubicTo(QPointF(*points[i]), QPointF(*points[i + 1]), QPointF(*points[i + 2]))
    return path


def draw_mark(p: QPainter, box: QRectF, tones: MarkTones, *, is_tiny: bool = False) -> None:
    """Draw the mark, made for a square of 64.  Below 32 px it has one tone per leaf and a thicker ground."""
    p.save()
    p.translate(box.topLeft())
    p.scale(box.width() / 64, box.height() / 64)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(QColor(tones.big))
    p.drawPath(_curve((29, 52), (4, 46), (4, 20), (25, 5), (40, 17), (42, 38), (29, 52)))
    if not is_tiny:
        p.setBrush(QColor(tones.shaded))
        p.drawPath(_curve((29, 52), (4, 46), (4, 20), (25, 5), (22, 22), (23, 38), (29, 52)))
    p.setBrush(QColor(tones.small))
    p.drawPath(_curve((34, 52), (36, 37), (45, 29), (59, 28), (60, 43), (50, 52), (34, 52)))
    p.setPen(QPen(QColor(tones.ground), 6 if is_tiny else 4.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.drawLine(QPointF(13, 59), QPointF(51, 59))
    p.restore()


def draw_app_icon(p: QPainter, size: float) -> None:
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.scale(size / 64, size / 64)
    ground = QLinearGradient(0, 0, 0, 64)
    ground.setColorAt(0, QColor(_EVERGREEN[0]))
    ground.setColorAt(1, QColor(_EVERGREEN[1]))
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(ground)
    p.drawRoundedRect(QRectF(2, 2, 60, 60), 15, 15)
    is_tiny = size < 32
    box = QRectF(4.2, 4.5, 53, 53) if is_tiny else QRectF(5.8, 6.2, 50, 50)
    draw_mark(p, box, _ON_EVERGREEN, is_tiny=is_tiny)
    p.restore()


def app_icon_pixmap(size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_app_icon(painter, size)
    painter.end()
    return pixmap


def app_icon() -> QIcon:
    icon = QIcon()
    for size in ICON_SIZES:
        icon.addPixmap(app_icon_pixmap(size))
    return icon
