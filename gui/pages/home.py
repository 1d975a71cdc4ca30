"""Home: the garden, one sentence in large type, one line under it, and the proof of that sentence."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF

from gui import texts
from gui.release_story import Mark
from gui.story import Action, HomeStory, Proof, Sign
from gui.tokens import GAP_4, GAP_8, GAP_16, Tone, font, scale
from gui.widgets.basics import Page, button, card, column, empty, fill, label, row, rule
from gui.widgets.garden import Garden
from gui.widgets.icons import Glyph, Shape

MARKS: dict[Mark, tuple[Shape, Tone]] = {
    "ok": ("tick", "leaf"),
    "wait": ("dots", "dusk"),
    "note": ("bang", "dusk"),  # true, and nobody can do anything about it
    "bad": ("bang", "honey"),
    "fault": ("cross", "berry"),
}


class Home(Page):
    def __init__(self, on_action: Callable[[Action], None]) -> None:
        super().__init__(texts.HOME)
        self._on_action = on_action
        self._action: Action | None = None
        self._proofs: tuple[Proof, ...] = ()
        self.garden = Garden()
        self.headline = label("", "display")
        self.lead = label("", "lead")
        self.note = label("", "body", "faint")
        self.button = button("", is_main=True)
        self.button.clicked.connect(self._act)
        self._proof_row = row(gap=GAP_16)
        self._looked = label("", "small", "faint")
        self.body.addWidget(self.garden, 1)
        words = column(self.headline, self.lead, self.note, gap=GAP_4 + 2)
        fill(self.body, words, self.button, card(self._proof_row, rule(), self._looked))

    def show_story(self, story: HomeStory, sign: Sign) -> None:
        self.garden.show_state(sign, story.bed, seedling=story.seedling, sentence=story.headline)
        for one, text in ((self.headline, story.headline), (self.lead, story.lead), (self.note, story.note)):
            one.setText(text)
            one.setVisible(bool(text))
        self._looked.setText(story.looked)
        self._action = story.action
        self.button.setVisible(story.action is not None)
        self.button.setText(story.action_text)
        self.button.setAccessibleName(story.action_text)
        if story.proofs != self._proofs:
            self._proofs = story.proofs
            self._show_proofs()

    def _show_proofs(self) -> None:
        empty(self._proof_row)
        metrics = QFontMetricsF(font("body"))
        for proof in self._proofs:
            shape, tone = MARKS[proof.mark]
            cell = row(gap=GAP_8 + 2)
            cell.addWidget(Glyph(shape, tone), 0, Qt.AlignmentFlag.AlignVCenter)
            words = label(proof.text)
            words.setToolTip(proof.why)
            words.setAccessibleDescription(proof.why)
            cell.addWidget(words, 1)
            self._proof_row.addLayout(cell, round(34 * scale() + metrics.horizontalAdvance(proof.text)))

    def _act(self) -> None:
        if self._action is not None:
            self._on_action(self._action)
