"""The picture of Home: a garden at the time of day that tells the state, and under it the bed.

In bloom: fine.  Buds closed at dusk: paused.  Hanging leaves: it needs someone, or does not run.  A sprout at
dawn: starting.  A seedling beside the plant: a new version is being tried out.  The bed's filled part is the
space in use.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy

from gui.stories.home import Bed, Sign
from gui.tokens import RADIUS_PICTURE, Look, font
from gui.widgets import plant
from gui.widgets.land import Hour, draw_land
from gui.widgets.picture import Picture

# Time of day, how far the plant hangs its head, how far the flowers are open.
_SCENES: Final[dict[Sign, tuple[Hour, float, float]]] = {
    "fine": ("day", 0.0, 1.0),
    "trial": ("day", 0.0, 1.0),
    "paused": ("dusk", 0.0, 0.0),
    "attention": ("dull", 0.85, 0.0),
    "problem": ("dull", 1.0, 0.0),
    "starting": ("dawn", 0.0, 1.0),
}
_HANGING: Final = ("attention", "problem")
_SHADOW: Final = QColor(0, 0, 0, 34)


class Garden(Picture):
    def __init__(self) -> None:
        super().__init__()
        self._sign: Sign = "starting"
        self._bed = Bed(0.0, "", "")
        self._seedling = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_state(self, sign: Sign, bed: Bed, *, seedling: str, sentence: str) -> None:
        """Show a state; ``sentence`` is said by screen readers in place of the picture."""
        self._sign, self._bed, self._seedling = sign, bed, seedling
        self.describe(sentence, ". ".join(words for words in (bed.left, bed.right, seedling) if words))

    def wanted(self) -> QSize:
        return QSize(580, 240)

    def smallest(self) -> QSize:
        return QSize(340, 170)

    def paint(self, p: QPainter, c: Look) -> None:
        width, height = float(self.width()), float(self.height())
        hour, droop, bloom = _SCENES[self._sign]
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(0, 0, width, height), RADIUS_PICTURE, RADIUS_PICTURE)
        p.setClipPath(frame)
        bed = max(54.0, 2.4 * QFontMetricsF(font("small")).height() + 26)
        ground = height - bed
        draw_land(p, hour, width, ground, is_dark=c.is_dark)
        p.fillRect(QRectF(0, ground, width, bed), QColor(c.soil))
        self._paint_plants(p, c, width, ground, droop, bloom)
        self._paint_bed(p, c, width, ground, bed)

    def _paint_plants(self, p: QPainter, c: Look, width: float, ground: float, droop: float, bloom: float) -> None:
        root, tall = QPointF(width * 0.33, ground + 1), min(ground * 0.88, width * 0.5)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(_SHADOW)
        if self._sign == "starting":
            p.drawEllipse(root, 26, 4)
            plant.seedling(p, root, tall * 0.42, is_dark=c.is_dark, tones=plant.GREENS[c.is_dark])
        else:
            p.drawEllipse(root, 54, 6)
            tones = plant.WILTED[c.is_dark] if self._sign in _HANGING else None
            plant.grown(p, root, tall, is_dark=c.is_dark, droop=droop, bloom=bloom, tones=tones)
        if self._seedling:
            at = QPointF(width * 0.56, ground + 1)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(_SHADOW)
            p.drawEllipse(at, 22, 4)
            plant.seedling(p, at, tall * 0.40, is_dark=c.is_dark)
            beside = QPointF(at.x() + tall * 0.24, ground - tall * 0.30)
            self._paint_label(p, c, beside, top=ground - tall * 0.40)

    def _paint_label(self, p: QPainter, c: Look, at: QPointF, top: float) -> None:
        """The seedling's label, at its right side; ``top`` is that of its leaves."""
        face = font("small")
        metrics = QFontMetricsF(face)
        box = QRectF(
            at.x(),
            at.y() - metrics.height() / 2 - 5,
            metrics.horizontalAdvance(self._seedling) + 20,
            metrics.height() + 10,
        )
        if box.right() > self.width() - 14.0:  # no room beside the seedling: above it
            box.moveRight(self.width() - 14.0)
            box.moveBottom(top - 8.0)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.card))
        p.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        p.setFont(face)
        p.setPen(QColor(c.ink))
        p.drawText(box, Qt.AlignmentFlag.AlignCenter, self._seedling)

    def _paint_bed(self, p: QPainter, c: Look, width: float, ground: float, bed: float) -> None:
        face, pad = font("small"), 20.0
        metrics = QFontMetricsF(face)
        bar = QRectF(pad, ground + bed - 22, width - 2 * pad, 8)
        text = QRectF(pad, bar.top() - metrics.height() - 7, width - 2 * pad, metrics.height() + 2)
        middle = Qt.AlignmentFlag.AlignVCenter
        p.setFont(face)
        p.setPen(QColor(c.on_soil))
        p.drawText(text, Qt.AlignmentFlag.AlignLeft | middle, self._bed.left)
        needed = metrics.horizontalAdvance(self._bed.left) + metrics.horizontalAdvance(self._bed.right) + 24
        if needed < text.width():  # else it stays in the description
            p.drawText(text, Qt.AlignmentFlag.AlignRight | middle, self._bed.right)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.soil_track))
        p.drawRoundedRect(bar, 4, 4)
        if self._bed.used_ratio > 0:
            grey = QColor(c.on_soil).darker(135)
            p.setBrush(grey if self._sign in _HANGING else QColor(c.soil_fill))
            p.drawRoundedRect(QRectF(bar.left(), bar.top(), max(8, bar.width() * self._bed.used_ratio), 8), 4, 4)
