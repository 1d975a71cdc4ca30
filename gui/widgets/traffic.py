"""The last hour, minute by minute: what was sent grows up, what was received hangs down, a limit is dashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from gui.stories.network import MINUTES, Hour
from gui.texts import network as words
from gui.tokens import Look, font
from gui.widgets.picture import Picture

_TALL: Final = 112.0  # of both halves together
_SHARE_MIN: Final = 0.3  # of the height, for the half in which less happens
_GAP: Final = 2.0
_DOT: Final = 2.0  # a minute in which next to nothing happened is still seen to have been measured


class TrafficChart(Picture):
    def __init__(self) -> None:
        super().__init__()
        self._hour = Hour()
        self.fix_height()

    def show_hour(self, hour: Hour, name: str, description: str) -> None:
        self._hour = hour
        self.describe(name, description)

    def wanted(self) -> QSize:
        return QSize(420, round(_TALL + 12 + QFontMetricsF(font("small")).height()))

    def smallest(self) -> QSize:
        return QSize(260, self.wanted().height())

    def paint(self, p: QPainter, c: Look) -> None:
        hour, wide = self._hour, float(self.width())
        sent, received = _top(hour.sent, hour.sent_limit), _top(hour.received, hour.received_limit)
        share = sent / (sent + received) if sent + received else 0.6
        share = min(1 - _SHARE_MIN, max(_SHARE_MIN, share))
        line = 4 + (_TALL - 8) * share
        up, down = -(line - 5) / (sent or 1.0), (_TALL - 5 - line) / (received or 1.0)
        self._paint_half(p, c.leaf, hour.sent, line - 1, up, wide)
        self._paint_half(p, c.sky, hour.received, line + 1, down, wide)
        p.setPen(QPen(QColor(c.edge), 1.2))
        p.drawLine(QPointF(0, line), QPointF(wide, line))
        p.setPen(QPen(QColor(c.berry), 1.5, Qt.PenStyle.DashLine))
        for limit, per_byte in ((hour.sent_limit, up), (hour.received_limit, down)):
            if limit:
                p.drawLine(QPointF(0, line + limit * per_byte), QPointF(wide, line + limit * per_byte))
        self._paint_words(p, c, wide)

    @staticmethod
    def _paint_half(
        p: QPainter, colour: str, values: Sequence[float | None], line: float, per_byte: float, wide: float
    ) -> None:
        step = wide / MINUTES
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(colour))
        for i, value in enumerate(values):
            if value is None:
                continue
            tall = value * per_byte
            if abs(tall) < _DOT:
                tall = _DOT if per_byte > 0 else -_DOT
            bar = QRectF(
                QPointF(i * step + _GAP / 2, line), QPointF((i + 1) * step - _GAP / 2, line + tall)
            ).normalized()
            round_by = min(2.4, bar.width() / 2, bar.height() / 2)
            p.drawRoundedRect(bar, round_by, round_by)

    @staticmethod
    def _paint_words(p: QPainter, c: Look, wide: float) -> None:
        p.setFont(font("small"))
        p.setPen(QColor(c.faint))
        box = QRectF(0, _TALL + 4, wide, QFontMetricsF(font("small")).height() + 4)
        p.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words.HOUR_AGO)
        p.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words.NOW)


def _top(values: Sequence[float | None], limit: int) -> float:
    return max([float(limit), *(value for value in values if value is not None)])
