"""Where it lives, what its signs mean, who else was found, and whether it starts by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from gui.stories.first_run import ArrivalStory, Place
from gui.texts import resources as resources_texts
from gui.texts import welcome as words
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_24
from gui.widgets.basics import Page, card, column, fill, label, row
from gui.widgets.invitation import InvitationRow
from gui.widgets.rows import SwitchRow
from gui.widgets.signs import StateSign
from node.api.schema import SettingsPatch

_BESIDE = 2


class ArrivalPage(Page):
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
        self.invitation = InvitationRow()
        self.login = SwitchRow(resources_texts.LOGIN, lambda is_on: on_change(SettingsPatch(starts_at_login=is_on)))
        self.refused = label("", "small", "honey")
        self.refused.hide()
        fill(
            self.body, column(self.title, self.lead, gap=GAP_4 + 2), card(signs),
            card(now, self.invitation, gap=GAP_8), card(self.login.layout, self.refused, gap=GAP_8), None,
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
