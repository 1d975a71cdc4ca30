"""The first run, when there is no home yet: picture left, words right, one main button; three pages and no way round.

What it does and never does -> where and how much -> where it lives.  Or, quietly, a practice network to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from gui.pages.welcome_arrival import ArrivalPage
from gui.pages.welcome_choice import ChoicePage
from gui.stories.first_run import Place
from gui.texts import app as texts
from gui.texts import welcome as words
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_16, GAP_24, GAP_32, Look
from gui.widgets.basics import Page, button, column, fill, label, row
from gui.widgets.icons import Glyph
from gui.widgets.picture import Picture
from gui.widgets.welcome_picture import WelcomePicture
from node.api.schema import SettingsPatch

PROMISES, CHOICE, ARRIVAL = range(3)
_MAIN: Final = (words.GO_ON, words.JOIN, words.DONE)
_DOT: Final = 8
_PILL: Final = 22


class Steps(Picture):
    """Which of the three pages this is: a pill among dots."""

    def __init__(self) -> None:
        super().__init__(words.step(1, len(_MAIN)))
        self._at = 0
        self.setFixedSize(self.wanted())

    def show_step(self, at: int) -> None:
        self._at = at
        self.describe(words.step(at + 1, len(_MAIN)))

    def wanted(self) -> QSize:
        return QSize(_PILL + (len(_MAIN) - 1) * (_DOT + GAP_8), 2 * _DOT)

    def paint(self, p: QPainter, c: Look) -> None:
        p.setPen(Qt.PenStyle.NoPen)
        is_mirrored, x = self.layoutDirection() == Qt.LayoutDirection.RightToLeft, 0.0
        for i in range(len(_MAIN)):
            wide = _PILL if i == self._at else _DOT
            left = self.width() - x - wide if is_mirrored else x
            p.setBrush(QColor(c.leaf if i == self._at else c.edge))
            p.drawRoundedRect(QRectF(left, _DOT / 2, wide, _DOT), _DOT / 2, _DOT / 2)
            x += wide + GAP_8


class PromisesPage(Page):
    """What it does, and what it never does."""

    def __init__(self) -> None:
        super().__init__(words.TITLE)
        points = column(gap=GAP_12 + 2)
        for is_promise, text in (*((True, text) for text in words.DOES), *((False, text) for text in words.NEVER)):
            line = row(Glyph("tick", "leaf", 26) if is_promise else Glyph("cross", "dusk", 26))
            line.addWidget(label(text), 1)
            points.addLayout(line)
        fill(
            self.body,
            label(words.TITLE, "display"),
            label(words.LEAD, "lead", "faint"),
            GAP_4,
            points,
            None,
            label(words.PRACTICE_MEANS, "small", "faint"),
        )


class Welcome(QWidget):
    looked = Signal()  # the computer is to be looked at, again
    started = Signal(object)  # the Choice with which the home is to be made
    done = Signal()

    def __init__(self, on_grow: Callable[[], None], on_change: Callable[[SettingsPatch], None]) -> None:
        super().__init__()
        self.setObjectName("page")
        self._is_busy, self._sentence = False, ""
        self.picture = WelcomePicture()
        self.promises = PromisesPage()
        self.choice = ChoicePage(self._show_ready_or_not, self.picture.show_share)
        self.choice.again.clicked.connect(self.looked)
        self.arrival = ArrivalPage(on_change)
        self.pages = QStackedWidget()
        for page in (self.promises, self.choice, self.arrival):
            page.body.setContentsMargins(GAP_32 + GAP_4, GAP_32, GAP_32 - GAP_8, GAP_16)
            self.pages.addWidget(page)
        self._steps = Steps()
        self.grow = button(texts.GROW)
        self.grow.setAccessibleDescription(words.PRACTICE_MEANS)
        self.grow.clicked.connect(on_grow)
        self.back = button(words.BACK)
        self.back.clicked.connect(lambda: self.go(PROMISES))
        self.main = button(words.GO_ON, is_main=True)
        self.main.clicked.connect(self._go_on)
        self._glyph = Glyph("dots", "dusk", 24)
        self.said = label("", "body", "faint")
        saying = row(gap=GAP_12)
        saying.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        saying.addWidget(self.said, 1)
        foot = column(saying, row(self._steps, None, self.grow, self.back, self.main, gap=GAP_12), gap=GAP_12)
        foot.setContentsMargins(GAP_32 + GAP_4, GAP_8, GAP_32, GAP_24)
        right = column(gap=0)
        right.addWidget(self.pages, 1)
        right.addLayout(foot)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.picture, 38)
        box.addLayout(right, 62)
        self.go(PROMISES)

    def go(self, page: int) -> None:
        """Turn to a page, with its own buttons and nothing said."""
        self.pages.setCurrentIndex(page)
        self.picture.show_page(page)
        self._steps.show_step(page)
        self.grow.setVisible(page == PROMISES)
        self.back.setVisible(page == CHOICE)
        self.main.setText(_MAIN[page])
        self.main.setAccessibleName(_MAIN[page])
        self.show_ready()

    def show_ready(self) -> None:
        self._say("", is_busy=False)

    def show_growing(self) -> None:
        self._say(texts.GROWING, is_busy=True)

    def show_starting(self) -> None:
        """What was chosen is being carried out."""
        self._say(words.STARTING, is_busy=True)

    def show_failure(self, sentence: str) -> None:
        """It did not work: say why, and let it be tried again."""
        self._say(sentence, is_busy=False)
        self._glyph.show_shape("bang", "honey")

    def show_arrival(self, place: Place) -> None:
        """The home is made and its node runs: say where it lives."""
        self.go(ARRIVAL)
        self.picture.show_place(place)
        self.arrival.show_place(place)

    def _go_on(self) -> None:
        match self.pages.currentIndex():
            case 0:
                self.go(CHOICE)
                self.looked.emit()
            case 1:
                chosen = self.choice.choice()
                self.show_starting()  # at once, so that nobody starts it twice
                self.started.emit(chosen)
            case _:
                self.done.emit()

    def _say(self, sentence: str, *, is_busy: bool) -> None:
        self._is_busy, self._sentence = is_busy, sentence
        self._glyph.show_shape("dots", "dusk")
        self._show_ready_or_not()

    def _show_ready_or_not(self) -> None:
        """What can be pressed now, and why the main button cannot."""
        hindrance = self.choice.hindrance if self.pages.currentIndex() == CHOICE else ""
        can_go_on = not self._is_busy and not hindrance
        self._keep_focus(can_go_on=can_go_on)
        for one in (self.grow, self.back, self.choice):
            one.setEnabled(not self._is_busy)
        self.main.setEnabled(can_go_on)
        self.main.setAccessibleDescription(hindrance)
        said = self._sentence or hindrance
        self.said.setText(said)
        self.said.setVisible(bool(said))
        self._glyph.setVisible(bool(said))
        if can_go_on and self.window().focusWidget() is None:
            self.main.setFocus(Qt.FocusReason.OtherFocusReason)

    def _keep_focus(self, *, can_go_on: bool) -> None:
        """Let no other button take the focus from one that cannot be pressed for a moment: Enter would press that."""
        held = self.window().focusWidget()
        if (held is self.main and not can_go_on) or (held in (self.grow, self.back) and self._is_busy):
            held.clearFocus()
