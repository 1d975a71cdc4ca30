"""Where it lives, what its signs mean, who else was found, and whether it starts by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout

from gui.stories.first_run import ArrivalStory, Place
from gui.texts import resources as resources_texts
from gui.texts import welcome as words
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_24
from gui.widgets.basics import Page, button, card, column, fill, label, retone, row
from gui.widgets.rows import SwitchRow, text_field
from gui.widgets.signs import StateSign
from node.api.schema import SettingsPatch

_BESIDE = 2


class ArrivalPage(Page):
    invited = Signal(str)  # the text of an invitation that somebody gave to this person

    def __init__(self, on_change: Callable[[SettingsPatch], None]) -> None:
        super().__init__(words.TITLES["none"])
        self.title, self.lead = label("", "display"), label("", "lead", "faint")
        signs = QGridLayout()
        signs.setHorizontalSpacing(GAP_24)
        signs.setVerticalSpacing(GAP_8)
        for i, (sign, text) in enumerate(words.SIGNS):
            picture = StateSign(sign)
            picture.describe(text)
            line = row(picture)
            line.addWidget(label(text), 1)
            signs.addLayout(line, i // _BESIDE, i % _BESIDE)
        self._sign = StateSign()
        self.sentence, self.others = label("", "head"), label("", "small", "faint")
        now = row(gap=GAP_12)
        now.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        now.addLayout(column(self.sentence, self.others, gap=2), 1)
        self.invitation = text_field(words.INVITATION)
        self.take = button(words.TAKE)
        self.take.clicked.connect(self._take)
        self.invitation.returnPressed.connect(self._take)
        why = label(words.INVITED, "small", "faint")
        why.setBuddy(self.invitation)
        invited = row(gap=GAP_8)
        invited.addWidget(self.invitation, 1)
        invited.addWidget(self.take)
        self.said = label("", "small")
        self.said.hide()
        self.login = SwitchRow(resources_texts.LOGIN, lambda is_on: on_change(SettingsPatch(starts_at_login=is_on)))
        self.refused = label("", "small", "honey")
        self.refused.hide()
        fill(
            self.body, column(self.title, self.lead, gap=GAP_4 + 2), card(signs),
            card(now, why, invited, self.said, gap=GAP_8), card(self.login.layout, self.refused, gap=GAP_8), None,
        )  # fmt: skip
        self.body.setSpacing(GAP_12)
        self.show_place("none")

    def show_place(self, place: Place) -> None:
        self.title.setText(words.TITLES[place])
        self.lead.setText(words.NO_TRAY if place == "none" else words.IN_TRAY)

    def show_story(self, story: ArrivalStory) -> None:
        self._sign.show_sign(story.sign, story.sentence)
        self.sentence.setText(story.sentence)
        self.others.setText(story.others)
        self.login.show_choice(story.login)
        self.refused.setText(story.refused)
        self.refused.setVisible(bool(story.refused))

    def say(self, sentence: str, *, is_taken: bool) -> None:
        """What became of the invitation."""
        self.said.setText(sentence)
        self.said.show()
        retone(self.said, "leaf" if is_taken else "honey")
        self.take.setEnabled(True)
        if is_taken:
            self.invitation.clear()

    def _take(self) -> None:
        if not (text := self.invitation.text().strip()):
            self.say(words.NO_INVITATION, is_taken=False)
            return
        self.take.setEnabled(False)
        self.invited.emit(text)
