"""Network: the ring of neighbours with its legend, whether others reach this computer, and the traffic of an hour."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gui.pages.home import MARKS
from gui.stories.network import Fact, NetworkStory
from gui.texts import network as words
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_24, Tone
from gui.widgets.basics import Page, card, column, empty, fill, label, row, rule, show_or_hide
from gui.widgets.close_group import CloseGroup, NeighbourSign
from gui.widgets.icons import Glyph, Shape
from gui.widgets.invitation import InvitationRow
from gui.widgets.traffic import TrafficChart


class _FactLine:
    """One fact with its mark, and what belongs to it."""

    def __init__(self) -> None:
        self._glyph = Glyph("dots", "dusk", 26)
        self._text, self._under = label("", "head"), label("", "small", "faint")
        self.layout = row(gap=GAP_12)
        self.layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        self.layout.addLayout(column(self._text, self._under, None, gap=2), 1)
        self._parts: tuple[QWidget, ...] = (self._glyph, self._text, self._under)

    def show_fact(self, fact: Fact | None) -> None:
        for one in self._parts:
            one.setVisible(fact is not None)
        if fact is not None:
            self._glyph.show_shape(*MARKS[fact.mark])
            self._text.setText(fact.text)
            self._under.setText(fact.under)
            self._under.setVisible(bool(fact.under))


class _Rate(QWidget):
    """What is sent or received now, beside the arrow in the colour of its bars."""

    def __init__(self, shape: Shape, tone: Tone, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = label("", "small", wrap=False)
        self.setLayout(row(Glyph(shape, tone, 20), self._text, gap=GAP_8))

    def show_rate(self, rate: str) -> None:
        self._text.setText(f"{self._name} {rate}")
        self.setVisible(bool(rate))


class NetworkPage(Page):
    shown = Signal(bool)  # it came into sight, or left it

    def __init__(self) -> None:
        super().__init__(words.NETWORK)
        self._story: NetworkStory | None = None
        self.lead = label("", "lead", "faint")
        self.group = CloseGroup()
        self._legend = column(gap=GAP_8)
        self._beyond = label("", "small", "faint")
        self._facts = (_FactLine(), _FactLine())
        self._order = label(words.NO_MAP, "small", "faint")
        self._rule = rule()
        side = column(None, self._legend, self._beyond, self._rule, self._order, None, gap=GAP_12)
        self._both = row(gap=GAP_24)
        self._both.addWidget(self.group, 10)
        self._both.addLayout(side)
        self.chart = TrafficChart()
        self._sent, self._received = _Rate("up", "leaf", words.SENT), _Rate("down", "sky", words.RECEIVED)
        self.invitation = InvitationRow()
        self._invitation_card = card(self.invitation)
        self._told, self._limits = label("", "small", "faint"), label("", "small", "faint")
        rates = row(self._sent, self._received, None, gap=GAP_24)
        head = column(label(words.LAST_HOUR, "title", wrap=False), rates, gap=GAP_8)
        below = column(self._told, self._limits, gap=2)
        title = column(label(words.TITLE, "display"), self.lead, gap=GAP_4 + 2)
        self._facts_card = card(*(fact.layout for fact in self._facts), gap=GAP_12 + 2)
        hour_card = card(head, self.chart, below, gap=GAP_12)
        fill(self.body, title, self._invitation_card, card(self._both), self._facts_card, hour_card, None)
        self._show_invitation(is_shown=False)

    def show_story(self, story: NetworkStory) -> None:
        if story == self._story:
            return
        if self._story is None or story.counts != self._story.counts:
            self._show_legend(story)
        self._story = story
        self.lead.setText(story.lead)
        counts = ", ".join(text for _, text in story.counts)
        name = f"{words.TITLE}: {counts}." if counts else words.TITLE
        self.group.show_ring(story.ring, name, f"{story.beyond} {words.NO_MAP}".strip())
        for one, text in ((self._beyond, story.beyond), (self._told, story.hour_told), (self._limits, story.limits)):
            one.setText(text)
            one.setVisible(bool(text))
        for line, fact in zip(self._facts, (*story.facts, None, None), strict=False):
            line.show_fact(fact)
        self._facts_card.setVisible(bool(story.facts))
        self._both.setStretch(1, 11 if story.counts else 0)  # with nothing beside it the picture stands in the middle
        self._rule.setVisible(bool(story.counts))
        self._order.setVisible(bool(story.counts))
        self._sent.show_rate(story.sent)
        self._received.show_rate(story.received)
        name = f"{words.LAST_HOUR}: {story.hour_told}"
        self.chart.show_hour(story.hour, name, story.peaks)
        self._show_invitation(is_shown=story.takes_invitation)

    def _show_invitation(self, *, is_shown: bool) -> None:
        if not is_shown:
            self.invitation.forget()
        show_or_hide(self._invitation_card, is_shown=is_shown)

    def _show_legend(self, story: NetworkStory) -> None:
        empty(self._legend)
        for state, text in story.counts:
            line = row(NeighbourSign(state, text), gap=GAP_12)
            line.addWidget(label(text), 1)
            self._legend.addLayout(line)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  (Qt's name)
        super().showEvent(event)
        self.shown.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  (Qt's name)
        super().hideEvent(event)
        self.shown.emit(False)
