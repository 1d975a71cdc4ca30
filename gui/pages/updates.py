"""Updates: where the release stands, what has been seen of it, and what became of the earlier ones.

No bar that runs to its end and no date.  Each piece of evidence is a picture, a sentence with its figures, and a
verdict in words.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLayout, QWidget

from gui.pages.home import MARKS
from gui.stories.checks import Proof
from gui.stories.evidence import Also, Evidence, Finding
from gui.stories.releases import HistoryRow, Kind, ReleaseStory
from gui.stories.rollouts import Notice
from gui.texts import app as texts
from gui.texts import release as words
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_16, GAP_24, Tone
from gui.widgets.basics import Page, button, card, column, empty, fill, label, retone, row, rule
from gui.widgets.evidence import Band, Interval, Votes
from gui.widgets.icons import Glyph, Shape
from gui.widgets.release_path import ReleasePath

ROWS_AT_FIRST: Final = 12
_KINDS: dict[Kind, tuple[Shape, Tone]] = {
    "in_use": ("tick", "leaf"),
    "took_over": ("tick", "leaf"),
    "thrown_away": ("cross", "berry"),
    "not_proven": ("equal", "dusk"),
    "taken_back": ("back", "honey"),
    "turned_away": ("cross", "dusk"),
}


class _Tile:
    """One piece of proof: name, figure, picture, verdict with its mark."""

    def __init__(self, name: str, picture: QWidget) -> None:
        self._figure = label("", "head")
        self._glyph = Glyph("dots", "dusk", 20)
        self._verdict = label("", "small")
        verdict = row(self._glyph, gap=GAP_8)
        verdict.addWidget(self._verdict, 1)
        self.picture = picture
        self.layout: QLayout = column(
            label(name, "small", "faint"), self._figure, picture, None, verdict, gap=GAP_4 + 2
        )

    def show_finding(self, finding: Finding) -> None:
        self._figure.setText(finding.figure)
        self._verdict.setText(finding.verdict)
        self._glyph.show_shape(*MARKS[finding.mark])


class EvidenceCard(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "title")
        self._band, self._votes, self._interval = Band(), Votes(), Interval()
        self._data = _Tile(words.DATA, self._band)
        self._rated = _Tile(words.NEIGHBOURS, self._votes)
        self._speed = _Tile(words.SPEED, self._interval)
        self._also: tuple[Also, ...] = ()
        self._also_grid = QGridLayout()
        self._also_grid.setHorizontalSpacing(GAP_12)
        self._also_grid.setVerticalSpacing(GAP_8)
        self._also_grid.setColumnStretch(2, 1)
        self._also_rule, self._also_title = rule(), label(words.ALSO, "small", "faint")
        self._chance_rule, self._chance = rule(), label(words.NO_COUNTDOWN, "small", "faint")
        pair = row(gap=GAP_24)
        pair.addLayout(self._data.layout, 1)
        pair.addLayout(self._rated.layout, 1)
        also = column(self._also_title, self._also_grid)
        inside = card(
            self._title, pair, rule(), self._speed.layout, self._also_rule, also, self._chance_rule, self._chance,
            gap=GAP_16,
        )  # fmt: skip
        self.setLayout(column(inside, gap=0))

    def show_evidence(self, evidence: Evidence) -> None:
        self._title.setText(evidence.title)
        self._data.show_finding(evidence.data)
        self._rated.show_finding(evidence.votes)
        self._speed.show_finding(evidence.speed)
        self._band.show_data(
            evidence.blocks,
            evidence.faults,
            f"{words.DATA}: {evidence.data.figure}. {evidence.data.verdict}",
            is_open=evidence.is_open,
        )
        sentence = f"{words.NEIGHBOURS}: {evidence.votes.figure}. {evidence.votes.verdict}"
        self._votes.show_votes(evidence.rated, evidence.needed, sentence)
        self._interval.show_range(evidence.speed_range, f"{words.SPEED}: {evidence.speed.figure}")
        self._interval.setVisible(evidence.speed_range is not None)
        for one in (self._also_rule, self._also_title):
            one.setVisible(bool(evidence.also))
        for one in (self._chance_rule, self._chance):
            one.setVisible(evidence.is_open)
        if evidence.also != self._also:
            self._also = evidence.also
            self._show_also()

    def _show_also(self) -> None:
        empty(self._also_grid)
        for i, one in enumerate(self._also):
            shape, tone = MARKS[one.mark]
            self._also_grid.addWidget(Glyph(shape, tone, 20), i, 0, Qt.AlignmentFlag.AlignVCenter)
            self._also_grid.addWidget(label(one.name, "small", wrap=False), i, 1, Qt.AlignmentFlag.AlignVCenter)
            self._also_grid.addWidget(label(one.text, "small", "faint"), i, 2, Qt.AlignmentFlag.AlignVCenter)


class NoticeCard(QWidget):
    """What holds up all updates."""

    def __init__(self) -> None:
        super().__init__()
        self._text = label("", "small")
        line = row(Glyph("bang", "honey", 26), gap=GAP_12)
        line.addLayout(column(label(words.UPDATES_WAIT, "head"), self._text, gap=2), 1)
        self.setLayout(column(card(line), gap=0))

    def show_notice(self, notice: Notice | None) -> None:
        self.setVisible(notice is not None and notice.is_grave)
        self._text.setText("" if notice is None else notice.text)


class UpdatesPage(Page):
    def __init__(self) -> None:
        super().__init__(texts.UPDATES)
        self.title = label("", "display")
        self.lead = label("", "lead", "faint")
        self.path = ReleasePath()
        self.notice = NoticeCard()
        self.turn = label("", "small", "faint")
        self._way = card(self.path, self.turn)
        self._new_title = label(words.WHATS_NEW, "small", "faint")
        self._new = label("", "body")
        self._news = card(self._new_title, self._new, gap=GAP_4)
        self.evidence = EvidenceCard()
        self._held_mark = Glyph("dots", "dusk")
        self._held = label("", "body")
        self._held_why = label("", "small", "faint")
        held = row(gap=GAP_12)
        held.addWidget(self._held_mark, 0, Qt.AlignmentFlag.AlignVCenter)
        held.addLayout(column(label(texts.SHUT_OFF_WHAT, "small", "faint"), self._held, self._held_why, gap=2), 1)
        self._history_title = label(words.HISTORY, "title")
        self._rows: tuple[HistoryRow, ...] = ()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP_12)
        self._grid.setVerticalSpacing(GAP_12)
        self._grid.setColumnStretch(2, 1)
        self._is_all_shown = False
        self.all = button("")
        self.all.clicked.connect(self._show_all)
        self._history = card(self._grid, row(self.all, None))
        self._last_news = label("", "small", "faint")
        head = column(self.title, self.lead, gap=GAP_4 + 2)
        fill(
            self.body, self.notice, head, self._way, self._news, self.evidence, card(held),
            self._history_title, self._history, self._last_news, None,
        )  # fmt: skip

    def show_story(self, story: ReleaseStory, held: Proof) -> None:
        """Show how the release stands, and how what runs is shut off."""
        self._held_mark.show_shape(*MARKS[held.mark])
        self._held.setText(held.text)
        self._held_why.setText(held.why)
        self._held_why.setVisible(bool(held.why))
        self.title.setText(story.title)
        self.notice.show_notice(story.notice)
        quiet = "" if story.notice is None or story.notice.is_grave else story.notice.text
        for one, text in (
            (self.lead, story.lead), (self.turn, story.turn), (self._new, story.notes), (self._last_news, quiet),
        ):  # fmt: skip
            one.setText(text)
            one.setVisible(bool(text))
        self._news.setVisible(bool(story.notes))
        self._way.setVisible(story.way is not None)
        self.path.show_way(story.way)
        self.evidence.setVisible(story.evidence is not None)
        if story.evidence is not None:
            self.evidence.show_evidence(story.evidence)
        self._history_title.setVisible(bool(story.history))
        self._history.setVisible(bool(story.history))
        if story.history != self._rows:
            self._rows = story.history
            self._show_history()

    def _show_all(self) -> None:
        self._is_all_shown = True
        self._show_history()

    def _show_history(self) -> None:
        empty(self._grid)
        rows = self._rows if self._is_all_shown else self._rows[:ROWS_AT_FIRST]
        self.all.setVisible(len(rows) < len(self._rows))
        self.all.setText(words.show_all(len(self._rows)))
        self.all.setAccessibleName(words.show_all(len(self._rows)))
        for i, one in enumerate(rows):
            shape, tone = _KINDS[one.kind]
            verdict = label(one.verdict, "head", wrap=False)
            retone(verdict, tone)
            said: list[QLabel] = [verdict, label(one.reason, "small")]
            if one.notes:
                said.append(label(words.new_in(one.notes), "small"))
            if one.details:
                said.append(label(one.details, "small", "faint"))
            version = column(
                label(one.version, "head", wrap=False), label(one.when, "small", "faint", wrap=False), None, gap=0
            )
            self._grid.addWidget(Glyph(shape, tone), 2 * i, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addLayout(version, 2 * i, 1)
            self._grid.addLayout(column(*said, gap=2), 2 * i, 2)
            if i + 1 < len(rows):
                self._grid.addWidget(rule(), 2 * i + 1, 1, 1, 2)
