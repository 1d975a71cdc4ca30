"""The hours of the day in which the computer helps: 24 beds in a row, tall where it helps, and a marker at now.

A click turns an hour, dragging on does the same to the next ones.  On the keyboard the arrows go from hour to hour and
space turns it.  Each hour is a QCheckBox without a face, so that screen readers find, tell and turn it as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QCheckBox, QWidget

from gui.texts import resources as words
from gui.tokens import Look, font, scale
from gui.widgets.picture import Picture
from gui.widgets.spoken import Spoken

_HOURS: Final = 24
_TOP: Final = 14.0  # the marker stands here
_TALL: Final = 26.0
_LOW: Final = 9.0
_MARKED: Final = (0, 6, 12, 18, 24)


class _Hour(QCheckBox):
    """One hour: it has the keyboard, and the strip under it the face, the mouse and the keys."""

    told = Signal(int, bool)  # a screen reader turned it

    def __init__(self, hour: int, strip: QWidget) -> None:
        super().__init__(strip)
        self._hour = hour
        self.setAccessibleName(words.span(hour, hour + 1))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.toggled.connect(self._tell)

    def _tell(self, is_helping: bool) -> None:  # noqa: FBT001  (Qt's own way of saying it)
        self.told.emit(self._hour, is_helping)

    # From here on the names are Qt's own.

    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        return QSize(0, 0)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        pass

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  (Qt's name)
        event.ignore()


class DayStrip(Picture, Spoken):
    """``on_choose`` is given all the hours whenever a person has turned one."""

    spoken_role = QAccessible.Role.Grouping

    def __init__(self, on_choose: Callable[[tuple[int, ...]], None]) -> None:
        super().__init__(words.HOURS)
        self._on_choose = on_choose
        self._hours: tuple[int, ...] = ()
        self._now_hour = 0.0
        self._text = ""
        self._at = 0  # where the keyboard stands
        self._is_planting = True  # what dragging does
        self.boxes = tuple(_Hour(hour, self) for hour in range(_HOURS))
        for box in self.boxes:
            box.told.connect(self._told_to_turn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._stand_at(0)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.fix_height()

    def show_hours(self, hours: tuple[int, ...], now_hour: float, text: str) -> None:
        """``now_hour``: the time of day, as hours; ``text`` says which hours these are."""
        self._hours, self._now_hour, self._text = hours, now_hour, text
        self._say()

    def wanted(self) -> QSize:
        return QSize(420, round(_TOP + _TALL * scale() + 10 + QFontMetricsF(font("small")).height()))

    def smallest(self) -> QSize:
        return QSize(260, self.wanted().height())

    def paint(self, p: QPainter, c: Look) -> None:
        bed, ground = self.width() / _HOURS, _TOP + _TALL * scale()
        for hour in range(_HOURS):
            is_helping = hour in self._hours
            tall = (_TALL if is_helping else _LOW) * scale()
            box = QRectF(self._left(hour) + 1.5, ground - tall, bed - 3, tall)
            tone = QColor(c.leaf if is_helping and self.isEnabled() else c.edge)
            p.setPen(QPen(tone, 1.3))
            p.setBrush(tone if is_helping else Qt.BrushStyle.NoBrush)
            p.drawRoundedRect(box.adjusted(0.65, 0.65, -0.65, -0.65), 3, 3)
            if self.hasFocus() and hour == self._at:
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.setPen(QPen(QColor(c.ink), 2))
                p.drawRoundedRect(self._ring(hour).intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1)), 5, 5)
        self._paint_now(p, c)
        self._paint_figures(p, c, ground + 5)

    def _paint_now(self, p: QPainter, c: Look) -> None:
        x = min(self.width() - 6.0, max(6.0, self._x(self._now_hour)))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.honey if self.isEnabled() else c.edge))
        p.drawPolygon(QPolygonF([QPointF(x - 5, 1), QPointF(x + 5, 1), QPointF(x, 9)]))

    def _paint_figures(self, p: QPainter, c: Look, top: float) -> None:
        face = font("small")
        metrics = QFontMetricsF(face)
        p.setFont(face)
        p.setPen(QColor(c.faint))
        for hour in _MARKED:
            wide = metrics.horizontalAdvance(str(hour)) + 4
            left = min(self.width() - wide, max(0.0, self._x(hour) - wide / 2))
            p.drawText(QRectF(left, top, wide, metrics.height() + 2), Qt.AlignmentFlag.AlignCenter, str(hour))

    def _is_mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def _x(self, hour: float) -> float:
        along = hour / _HOURS * self.width()
        return self.width() - along if self._is_mirrored() else along

    def _left(self, hour: int) -> float:
        return self._x(hour + 1) if self._is_mirrored() else self._x(hour)

    def _hour_at(self, x: float) -> int:
        hour = int(x / self.width() * _HOURS)
        hour = min(_HOURS - 1, max(0, hour))
        return _HOURS - 1 - hour if self._is_mirrored() else hour

    def _stand_at(self, hour: int) -> None:
        """Have the keyboard there: one stop for all the hours."""
        had_focus = self.hasFocus()
        self.boxes[self._at].setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._at = hour
        self.boxes[hour].setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.boxes[hour])
        if had_focus:
            self.boxes[hour].setFocus(Qt.FocusReason.OtherFocusReason)

    def _told_to_turn(self, hour: int, is_helping: bool) -> None:  # noqa: FBT001  (Qt's own way of saying it)
        self._turn(hour, is_helping=is_helping)

    def _turn(self, hour: int, *, is_helping: bool) -> None:
        self._stand_at(hour)
        if (hour in self._hours) != is_helping:
            others = {one for one in self._hours if one != hour}
            self._hours = tuple(sorted(others | {hour} if is_helping else others))
            self._on_choose(self._hours)
        self._say()

    def _say(self) -> None:
        for hour, box in enumerate(self.boxes):
            with QSignalBlocker(box):
                box.setChecked(hour in self._hours)
        here = words.hour(self._at, is_helping=self._at in self._hours)
        self.describe(words.HOURS, f"{self._text} {here}")

    def _place_boxes(self) -> None:
        for hour, box in enumerate(self.boxes):
            place = self._ring(hour).adjusted(-2, -2, 2, 2).toAlignedRect()  # what comes and goes with the keyboard
            box.setGeometry(place.intersected(self.rect()))

    def _ring(self, hour: int) -> QRectF:
        bed, tall = self.width() / _HOURS, _TALL * scale()
        return QRectF(self._left(hour) - 1, _TOP - 3, bed + 2, tall + 6)

    # From here on the names are Qt's own.

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  (Qt's name)
        hour = self._hour_at(event.position().x())
        self._is_planting = hour not in self._hours
        self._turn(hour, is_helping=self._is_planting)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  (Qt's name)
        self._turn(self._hour_at(event.position().x()), is_helping=self._is_planting)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  (Qt's name)
        step = 1 if not self._is_mirrored() else -1
        match event.key():
            case Qt.Key.Key_Right:
                self._stand_at((self._at + step) % _HOURS)
            case Qt.Key.Key_Left:
                self._stand_at((self._at - step) % _HOURS)
            case Qt.Key.Key_Home:
                self._stand_at(0)
            case Qt.Key.Key_End:
                self._stand_at(_HOURS - 1)
            case Qt.Key.Key_Space:
                self._turn(self._at, is_helping=self._at not in self._hours)
            case _:
                super().keyPressEvent(event)
                return
        self._say()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  (Qt's name)
        if event.type() == QEvent.Type.EnabledChange:
            self.update()
        elif event.type() == QEvent.Type.LayoutDirectionChange:
            self._place_boxes()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        super().resizeEvent(event)
        self._place_boxes()
