"""Home: the garden, one sentence in large type, one line under it, and the proof of that sentence.

While it is paused the reasons stand in the place of the proof, unless that says more than that all is well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from gui.stories.checks import ChecksStory
from gui.stories.evidence import Mark
from gui.stories.home import Action, HomeStory, Sign
from gui.stories.pause import PauseControl, PauseStory
from gui.texts import app as texts
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_16, Tone
from gui.widgets.basics import Page, button, card, column, empty, fill, label, row, rule, show_or_hide
from gui.widgets.garden import Garden
from gui.widgets.icons import Glyph, Shape
from gui.widgets.pause_menu import pause_menu
from node.api.schema import PauseKind, PauseLasts

MARKS: dict[Mark, tuple[Shape, Tone]] = {
    "ok": ("tick", "leaf"),
    "wait": ("dots", "dusk"),
    "note": ("bang", "dusk"),  # true, and nobody can do anything about it
    "bad": ("bang", "honey"),
    "fault": ("cross", "berry"),
}
_REASONS: Final[dict[PauseKind, Shape]] = {
    "asked": "bars",
    "battery": "battery",
    "metered": "meter",
    "hours": "clock",
}
_PROOFS_BESIDE: Final = 3


class ChecksCard(QWidget):
    """What was looked at, each with its mark, and when."""

    def __init__(self) -> None:
        super().__init__()
        self._told: ChecksStory | None = None
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP_16)
        self._grid.setVerticalSpacing(GAP_8)
        for i in range(_PROOFS_BESIDE):
            self._grid.setColumnStretch(i, 1)
        self._remarks = label("", "small")
        self.looked = label("", "small", "faint")
        inside = card(self._grid, rule(), column(self._remarks, self.looked, gap=GAP_4))
        self.setLayout(column(inside, gap=0))

    def show_checks(self, told: ChecksStory) -> None:
        self.looked.setText(told.looked)
        self._remarks.setText("\n".join(told.remarks))
        self._remarks.setVisible(bool(told.remarks))
        if self._told is None or told.proofs != self._told.proofs:
            self._show_proofs(told)
        self._told = told

    def _show_proofs(self, told: ChecksStory) -> None:
        empty(self._grid)
        for i, proof in enumerate(told.proofs):
            shape, tone = MARKS[proof.mark]
            cell = row(gap=GAP_8 + 2)
            cell.addWidget(Glyph(shape, tone), 0, Qt.AlignmentFlag.AlignVCenter)
            words = label(proof.text)
            words.setToolTip(proof.why)
            words.setAccessibleDescription(proof.why)
            cell.addWidget(words, 1)
            self._grid.addLayout(cell, i // _PROOFS_BESIDE, i % _PROOFS_BESIDE)


class ReasonsCard(QWidget):
    """Each reason for the pause that holds, and what ends it."""

    def __init__(self) -> None:
        super().__init__()
        self._told: PauseStory | None = None
        self._lines = column(gap=GAP_12)
        self._rule = rule()
        self._after = label("", "small", "faint")
        self.setLayout(column(card(self._lines, self._rule, self._after), gap=0))

    def show_pause(self, told: PauseStory) -> None:
        self._after.setText(told.after)
        for one in (self._rule, self._after):
            one.setVisible(bool(told.after))
        if self._told is None or told.reasons != self._told.reasons:
            self._show_reasons(told)
        self._told = told

    def _show_reasons(self, told: PauseStory) -> None:
        empty(self._lines)
        for reason in told.reasons:
            line = row(gap=GAP_12)
            line.addWidget(Glyph(_REASONS[reason.kind], "dusk"), 0, Qt.AlignmentFlag.AlignVCenter)
            words, ends = label(reason.text, "head"), label(reason.ends)
            words.setToolTip(reason.why)
            words.setAccessibleDescription(reason.why)
            ends.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            line.addWidget(words, 1)
            line.addWidget(ends, 1)
            self._lines.addLayout(line)


class Home(Page):
    def __init__(
        self,
        on_action: Callable[[Action], None],
        on_pause: Callable[[PauseLasts], None],
        on_resume: Callable[[], None],
    ) -> None:
        super().__init__(texts.HOME)
        self._on_action = on_action
        self._on_resume = on_resume
        self._action: Action | None = None
        self._control: PauseControl = "none"
        self.garden = Garden()
        self.headline = label("", "display")
        self.lead = label("", "lead")
        self.note = label("", "body", "faint")
        self.refusal = label("", "body", "honey")
        self.button = button("", is_main=True)
        self.button.clicked.connect(self._act)
        self.side = button(texts.PAUSE)
        self.side.clicked.connect(self._pause_or_go_on)
        self.pause_menu = pause_menu(on_pause, self.side)
        self.reasons, self.checks = ReasonsCard(), ChecksCard()
        self.body.addWidget(self.garden, 1)
        line = row(gap=GAP_16)
        line.addWidget(self.headline, 1)
        line.addWidget(self.side, 0, Qt.AlignmentFlag.AlignTop)
        words = column(line, self.lead, self.note, self.refusal, gap=GAP_4 + 2)
        fill(self.body, words, self.button, self.reasons, self.checks)

    def show_story(self, story: HomeStory, sign: Sign) -> None:
        self.garden.show_state(sign, story.bed, seedling=story.seedling, sentence=story.headline)
        for one, text in (
            (self.headline, story.headline),
            (self.lead, story.lead),
            (self.note, story.note),
            (self.refusal, story.refusal),
        ):
            one.setText(text)
            one.setVisible(bool(text))
        self._action = story.action
        show_or_hide(self.button, is_shown=story.action is not None)
        self.button.setText(story.action_text)
        self.button.setAccessibleName(story.action_text)
        self._show_side(story.pause.control)
        self.reasons.setVisible(bool(story.pause.reasons))
        self.reasons.show_pause(story.pause)
        is_to_be_said = any(proof.mark in ("bad", "fault", "note") for proof in story.checks.proofs)
        self.checks.setVisible(is_to_be_said or not story.pause.reasons)
        self.checks.show_checks(story.checks)

    def _show_side(self, control: PauseControl) -> None:
        self._control = control
        text = texts.RESUME if control == "resume" else texts.PAUSE
        if text != self.side.text():
            self.side.setText(text)
            self.side.setAccessibleName(text)
        self.side.setAccessibleDescription("" if control == "resume" else texts.PAUSE_EXPLAINED)
        self.side.setToolTip(self.side.accessibleDescription())
        show_or_hide(self.side, is_shown=control != "none")

    def _pause_or_go_on(self) -> None:
        if self._control == "resume":
            self._on_resume()
        else:
            self.pause_menu.popup(self.side.mapToGlobal(QPoint(0, self.side.height() + GAP_4)))

    def _act(self) -> None:
        if self._action is not None:
            self._on_action(self._action)
