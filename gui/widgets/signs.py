"""The six signs of the tray: the plant at the left, the sign at the right; shape and colour both tell.

One set of mid-tones keeps 3:1 on a light and on a dark bar, since no desktop tells an app the colour
of its panel.  All shapes lie on a grid of 16, so that 16 px is the drawing itself and not a scaled one.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from gui.stories.home import Sign
from gui.tokens import Look, scale
from gui.widgets.picture import Picture

SIGNS: Final[tuple[Sign, ...]] = ("fine", "trial", "paused", "attention", "problem", "starting")
TONES: Final[dict[Sign, str]] = {
    "fine": "#2F8C57",
    "trial": "#3F83CB",
    "paused": "#7B8790",
    "attention": "#B67A12",
    "problem": "#D0483E",
    "starting": "#7B8790",
}
_SIZES: Final = (16, 20, 22, 24, 32, 40, 44, 48, 64)


def _leaf(*points: tuple[float, float]) -> QPainterPath:
    base, out_1, out_2, tip, back_1, back_2 = (QPointF(*point) for point in points)
    path = QPainterPath(base)
    path.cubicTo(out_1, out_2, tip)
    path.cubicTo(back_1, back_2, base)
    return path


def _slim_leaf() -> QPainterPath:
    return _leaf((4.6, 13), (-0.6, 11), (-0.2, 4.4), (4.4, 0.2), (8.4, 4), (8.6, 9.6))


def _draw_fine(p: QPainter, _colour: QColor) -> None:
    p.drawPath(_leaf((7.2, 13), (-0.2, 11.6), (0.2, 4.2), (6, 0.2), (10.6, 3.8), (10.8, 9.4)))
    p.drawPath(_leaf((9.2, 13), (9.4, 9.2), (11.2, 6.8), (15.4, 6.4), (15.6, 11), (13.2, 13)))


def _draw_trial(p: QPainter, _colour: QColor) -> None:
    """A second shoot with its own stem, beside the leaf."""
    p.drawPath(_slim_leaf())
    p.drawRect(QRectF(12, 8, 2, 6))
    p.drawPath(_leaf((13, 10), (10, 9.8), (9.2, 7.4), (9.3, 5.4), (11.4, 5.4), (13, 7.2)))
    p.drawPath(_leaf((13, 8.6), (12.4, 5), (13.6, 3), (15.5, 2.6), (15.8, 6), (14.8, 8)))


def _draw_paused(p: QPainter, _colour: QColor) -> None:
    p.drawPath(_slim_leaf())
    p.drawRect(QRectF(10, 4, 2, 8))
    p.drawRect(QRectF(13, 4, 2, 8))


def _draw_attention(p: QPainter, _colour: QColor) -> None:
    p.drawPath(_slim_leaf())
    p.drawRoundedRect(QRectF(11, 1, 3, 7), 1, 1)
    p.drawRoundedRect(QRectF(11, 10, 3, 3), 1, 1)


def _draw_problem(p: QPainter, colour: QColor) -> None:
    """A stem that hangs its head, with one leaf, and a cross."""
    p.setPen(QPen(colour, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.drawLine(QPointF(9.8, 4.6), QPointF(14.6, 9.4))
    p.drawLine(QPointF(14.6, 4.6), QPointF(9.8, 9.4))
    bow = QPainterPath(QPointF(7, 14))
    bow.cubicTo(QPointF(7.4, 5), QPointF(6.4, 1.4), QPointF(3, 4))
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(colour, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.drawPath(bow)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(colour)
    p.drawPath(_leaf((3.4, 2.8), (-0.6, 4.4), (-0.4, 9), (1.8, 12.4), (5, 9.6), (6, 5.4)))


def _draw_starting(p: QPainter, _colour: QColor) -> None:
    """A sprout just through, and three dots of soil still to be crossed."""
    p.drawRect(QRectF(7, 5, 2, 7))
    p.drawPath(_leaf((8, 7.4), (3.4, 7), (2.4, 3.6), (2.4, 1.6), (6, 1.6), (8.6, 4)))
    p.drawPath(_leaf((8, 6), (8.2, 2.2), (10.8, 0.4), (13.6, 0.4), (13.6, 4), (11.6, 6)))
    for x in (1, 7, 13):
        p.drawRect(QRectF(x, 14, 2, 2))


_DRAW: Final = {
    "fine": _draw_fine,
    "trial": _draw_trial,
    "paused": _draw_paused,
    "attention": _draw_attention,
    "problem": _draw_problem,
    "starting": _draw_starting,
}


def draw_sign(p: QPainter, sign: Sign, size: float, tone: str) -> None:
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.scale(size / 16, size / 16)
    colour = QColor(tone)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(colour)
    _DRAW[sign](p, colour)
    if sign != "starting":
        p.drawRoundedRect(QRectF(1, 14, 14, 2), 1, 1)
    p.restore()


def sign_pixmap(sign: Sign, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_sign(painter, sign, size, TONES[sign])
    painter.end()
    return pixmap


def sign_icon(sign: Sign) -> QIcon:
    icon = QIcon()
    for size in _SIZES:
        icon.addPixmap(sign_pixmap(sign, size))
    return icon


class StateSign(Picture):
    """The tray's own picture inside the window, so that people learn to know it."""

    def __init__(self, sign: Sign = "starting") -> None:
        super().__init__()
        self._sign: Sign = sign
        self.setFixedSize(self.wanted())

    def show_sign(self, sign: Sign, sentence: str) -> None:
        self._sign = sign
        self.describe(sentence)

    def paint(self, p: QPainter, c: Look) -> None:
        tone = {
            "fine": c.leaf,
            "trial": c.sky,
            "paused": c.dusk,
            "attention": c.honey,
            "problem": c.berry,
            "starting": c.dusk,
        }[self._sign]
        p.translate(1, 1)
        draw_sign(p, self._sign, self.width() - 2, tone)

    def wanted(self) -> QSize:
        side = round(24 * scale())
        return QSize(side, side)
