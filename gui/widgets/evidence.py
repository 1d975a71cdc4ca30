"""What was seen of a new version, as three pictures: a band of data, leaves of neighbours, a range of speed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from gui.stories.evidence import Range
from gui.texts import release as words
from gui.tokens import Look, font
from gui.widgets.picture import Picture
from gui.widgets.plant import leaf_path

_BAND_BLOCKS: Final = 12  # so many blocks of time fill the band at first; later it is divided anew
_LEAVES_MAX: Final = 24


def dotted(colour: str, width: float, gap: float) -> QPen:
    pen = QPen(QColor(colour), width, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.RoundCap)
    pen.setDashPattern([0.1, gap])
    return pen


class Band(Picture):
    """Pieces asked for, block of time by block, as one band that grows; a lost or wrong piece is a red notch.

    While it goes on the band ends in dots: nobody knows where it ends.
    """

    def __init__(self) -> None:
        super().__init__()
        self._blocks = self._faults = 0
        self._is_open = True
        self.fix_height()

    def show_data(self, blocks: int, faults: int, sentence: str, *, is_open: bool) -> None:
        self._blocks, self._faults, self._is_open = blocks, faults, is_open
        self.describe(sentence)

    def wanted(self) -> QSize:
        return QSize(200, 24)

    def smallest(self) -> QSize:
        return QSize(100, 24)

    def paint(self, p: QPainter, c: Look) -> None:
        room = self.width() * 0.86
        step = room / max(_BAND_BLOCKS, self._blocks)
        gap = 3.0 if step > 8 else 0.0
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.leaf))
        if gap:
            for i in range(self._blocks):
                p.drawRoundedRect(QRectF(i * step, 7, step - gap, 10), 3, 3)
        elif self._blocks:
            p.drawRoundedRect(QRectF(0, 7, self._blocks * step, 10), 3, 3)
        end = self._blocks * step
        if self._is_open:
            p.setPen(dotted(c.edge, 2, 3))
            p.drawLine(QPointF(end + 4, 12), QPointF(min(end + 32, self.width() - 3), 12))
        p.setPen(QPen(QColor(c.berry), 2.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for i in range(min(self._faults, 8)):
            x = max(4.0, end - 6 - i * 6)
            p.drawLine(QPointF(x, 3), QPointF(x, 21))


class Votes(Picture):
    """How many neighbours have rated it: a row of small leaves, filled = has rated, outline = still needed."""

    def __init__(self) -> None:
        super().__init__()
        self._rated = self._needed = 0
        self.fix_height()

    def show_votes(self, rated: int, needed: int, sentence: str) -> None:
        self._rated, self._needed = rated, needed
        self.describe(sentence)

    def wanted(self) -> QSize:
        return QSize(200, 24)

    def smallest(self) -> QSize:
        return QSize(100, 24)

    def paint(self, p: QPainter, c: Look) -> None:
        count = min(_LEAVES_MAX, max(self._rated, self._needed))
        step = min(18.0, (self.width() - 8) / max(1, count))
        for i in range(count):
            x = 3 + i * step
            outline = leaf_path(QPointF(x, 20), QPointF(x + step * 0.55, 4), step * 0.3, 1.4)[0]
            if i < self._rated:
                p.setPen(QPen(QColor(c.leaf), 1.3))
                p.setBrush(QColor(c.leaf))
            else:
                p.setPen(QPen(QColor(c.edge), 1.3))
                p.setBrush(Qt.BrushStyle.NoBrush)
            p.drawPath(outline)


class Interval(Picture):
    """Speed against today's version.

    The bar is what is probable, the diamond the best guess, the pale field what is allowed.  The bar is green
    only when it is proven to lie in the field.
    """

    def __init__(self) -> None:
        super().__init__()
        self._range: Range | None = None
        self.fix_height()

    def show_range(self, found: Range | None, sentence: str) -> None:
        self._range = found
        self.describe(sentence, "" if found is None else words.limit(1 - found.limit / 100))

    def wanted(self) -> QSize:
        return QSize(420, round(46 + QFontMetricsF(font("small")).height()))

    def smallest(self) -> QSize:
        return QSize(240, self.wanted().height())

    def paint(self, p: QPainter, c: Look) -> None:
        if (found := self._range) is None:
            return
        wide, top, tall = float(self.width()), 4.0, 34.0
        reach = max(8.0, abs(found.limit) * 1.5, min(300.0, max(abs(found.low), abs(found.high)) * 1.15))

        def x(percent: float) -> float:
            return 2 + (min(reach, max(-reach, percent)) + reach) / (2 * reach) * (wide - 4)

        at_limit = x(found.limit)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.berry_soft))
        p.drawRoundedRect(QRectF(2, top, at_limit + 4, tall), 6, 6)
        p.setBrush(QColor(c.leaf_soft))
        p.drawRoundedRect(QRectF(at_limit, top, wide - 2 - at_limit, tall), 6, 6)
        p.fillRect(QRectF(at_limit, top, 8, tall), QColor(c.leaf_soft))
        p.setPen(QPen(QColor(c.berry), 2))
        p.drawLine(QPointF(at_limit, top - 2), QPointF(at_limit, top + tall + 3))
        p.setPen(QPen(QColor(c.edge), 1.4, Qt.PenStyle.DashLine))
        p.drawLine(QPointF(x(0), top), QPointF(x(0), top + tall + 3))
        best = max(12.0, min(wide - 12, x(found.best)))  # the diamond is never cut off
        self._paint_bar(p, c, x(found.low), best, x(found.high), top + tall / 2)
        self._paint_words(p, c, at_limit, x(0), top + tall + 4)

    def _paint_bar(self, p: QPainter, c: Look, low: float, best: float, high: float, y: float) -> None:
        tone = QColor(c.leaf if self._range is not None and self._range.is_proven else c.dusk)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(tone)
        p.drawRoundedRect(QRectF(QPointF(low, y - 4), QPointF(high, y + 4)), 4, 4)
        p.setBrush(QColor(c.card))
        p.setPen(QPen(tone, 2.4))
        corners = [QPointF(best, y - 9), QPointF(best + 9, y), QPointF(best, y + 9), QPointF(best - 9, y)]
        p.drawPolygon(QPolygonF(corners))

    def _paint_words(self, p: QPainter, c: Look, at_limit: float, at_zero: float, y: float) -> None:
        assert self._range is not None
        face, wide = font("small"), float(self.width())
        metrics = QFontMetricsF(face)
        p.setFont(face)
        p.setPen(QColor(c.faint))
        taken: list[QRectF] = []
        for at, text in (
            (at_limit, words.limit(1 - self._range.limit / 100)),
            (at_zero, words.SAME),
            (wide, words.FASTER),
        ):
            room = metrics.horizontalAdvance(text) + 4
            box = QRectF(max(0.0, min(at - room / 2, wide - room)), y, room, metrics.height() + 2)
            if not any(box.intersects(other) for other in taken):  # the sentence above says it all the same
                p.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
                taken.append(box)
