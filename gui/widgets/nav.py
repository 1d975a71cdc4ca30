"""The sidebar: mark and name, the pages, and at the foot the same sign and sentence that the tray shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from gui.stories.home import Sign
from gui.texts import app as texts
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_16, RADIUS_CONTROL, Look, font, look, scale
from gui.widgets.basics import column, label, row
from gui.widgets.icons import Shape, draw_shape
from gui.widgets.mark import draw_mark, tones_for
from gui.widgets.picture import Picture
from gui.widgets.signs import StateSign

_BY_KEYBOARD: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


def beside(one: QWidget, margin: float, side: float, gap: float) -> tuple[QRectF, QRectF]:
    """Where a widget paints its picture and the words beside it; mirrored where people write from the right."""
    wide, tall = float(one.width()), float(one.height())
    picture = QRectF(margin, (tall - side) / 2, side, side)
    words = QRectF(picture.right() + gap, 0, wide - picture.right() - gap, tall)
    if one.layoutDirection() == Qt.LayoutDirection.RightToLeft:
        for box in (picture, words):
            box.moveLeft(wide - box.right())
    return picture, words


class NavItem(QAbstractButton):
    """One page's entry: an exclusive button; the chosen one is marked by a pill and by weight."""

    def __init__(self, shape: Shape, text: str) -> None:
        super().__init__()
        self._shape: Shape = shape
        self._is_by_keyboard = False
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        widest = QFontMetricsF(font("head")).horizontalAdvance(self.text())  # as wide as when it is chosen
        return QSize(round(3 * GAP_12 + 20 * scale() + widest), round(38 * scale()))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        p, c = QPainter(self), look()
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        is_chosen = self.isChecked()
        if is_chosen or self.underMouse():
            p.setPen(QPen(QColor(c.line), 1.6) if c.is_of_system else Qt.PenStyle.NoPen)
            p.setBrush(QColor(c.card if is_chosen else c.hair))
            p.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        if self.hasFocus() and self._is_by_keyboard:
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor(c.leaf), 2))
            p.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        icon, text = beside(self, GAP_12, 20 * scale(), GAP_12 - 2)
        draw_shape(p, self._shape, icon, c.leaf if is_chosen else c.faint)
        face = font("body")
        face.setWeight(QFont.Weight.DemiBold if is_chosen else QFont.Weight.Normal)
        p.setFont(face)
        p.setPen(QColor(c.ink if is_chosen else c.faint))
        p.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  (Qt's name)
        # The ring is for the keyboard; a window that comes back to the front keeps what it showed.
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self._is_by_keyboard = event.reason() in _BY_KEYBOARD
        super().focusInEvent(event)


class Brand(Picture):
    """The mark and the name."""

    def __init__(self) -> None:
        super().__init__(texts.APP)
        self.fix_height()

    def wanted(self) -> QSize:
        side = round(34 * scale())
        return QSize(side + round(QFontMetricsF(font("title")).horizontalAdvance(texts.APP)) + 2 * GAP_8, side)

    def paint(self, p: QPainter, c: Look) -> None:
        mark, text = beside(self, GAP_8, self.height() - 6.0, GAP_8)
        draw_mark(p, mark, tones_for(c))
        p.setFont(font("title"))
        p.setPen(QColor(c.ink))
        p.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, texts.APP)


class PracticeBadge(Picture):
    """Says that all of this is practice: a glass house over what would else be open land."""

    def __init__(self) -> None:
        super().__init__(texts.PRACTICE, texts.PRACTICE_EXPLAINED)
        self.setToolTip(texts.PRACTICE_EXPLAINED)
        self.fix_height()

    def wanted(self) -> QSize:
        wide = QFontMetricsF(font("small")).horizontalAdvance(texts.PRACTICE)
        return QSize(round(2 * GAP_12 + 16 * scale() + GAP_8 + wide), round(30 * scale()))

    def paint(self, p: QPainter, c: Look) -> None:
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        p.setPen(QPen(QColor(c.dusk), 1.2))
        p.setBrush(QColor(c.dusk_soft))
        p.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        icon, text = beside(self, GAP_12, 16 * scale(), GAP_8)
        draw_shape(p, "house", icon, c.dusk, 1.7)
        p.setFont(font("small"))
        p.setPen(QColor(c.ink))
        p.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, texts.PRACTICE)


class Sidebar(QWidget):
    def __init__(self, entries: Sequence[tuple[Shape, str]], on_choose: Callable[[int], None]) -> None:
        super().__init__()
        self.group = QButtonGroup(self)
        self.badge = PracticeBadge()
        self.badge.hide()
        self._sign = StateSign()
        self._sentence = label("", "small")
        self._version = label("", "small", "faint")
        self._farm = label("", "small", "faint")
        box = QVBoxLayout(self)
        box.setContentsMargins(GAP_12, GAP_16 + 2, GAP_12, GAP_16)
        box.setSpacing(2)
        box.addWidget(Brand())
        box.addSpacing(GAP_16)
        for i, (shape, text) in enumerate(entries):
            item = NavItem(shape, text)
            self.group.addButton(item, i)
            box.addWidget(item)
        box.addStretch(1)
        box.addWidget(self.badge)
        box.addSpacing(GAP_12)
        foot = row(gap=GAP_8 + 2)
        foot.setContentsMargins(GAP_8, 0, 0, 0)
        foot.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        foot.addLayout(column(self._sentence, self._version, self._farm, gap=GAP_4), 1)
        box.addLayout(foot)
        self.group.idClicked.connect(on_choose)
        widest = max(entry.sizeHint().width() for entry in [*self.group.buttons(), self.badge]) + 2 * GAP_12
        self.setFixedWidth(max(round(188 * scale()), widest))

    def show_state(self, sign: Sign, sentence: str, version: str, farm: str, *, is_practice: bool) -> None:
        self._sign.show_sign(sign, sentence)
        for one, text in ((self._sentence, sentence), (self._version, version), (self._farm, farm)):
            one.setText(text)
            one.setVisible(bool(text))
        self.badge.setVisible(is_practice)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        QPainter(self).fillRect(self.rect(), QColor(look().shade))
