"""Asks for the passphrase of the key, without which the node of this home does not start.  One field, one button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.stories.first_run import passphrase_trouble
from gui.texts import welcome as words
from gui.tokens import GAP_4, GAP_8, GAP_24, GAP_32, GAP_48
from gui.widgets.basics import button, column, fill, label, row
from gui.widgets.rows import text_field
from gui.widgets.welcome_picture import WelcomePicture
from node.api.schema import PASSPHRASE_CHARACTERS_MAX


class PassphrasePage(QWidget):
    given = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self._is_new = False
        self.lead, self.said = label("", "lead", "faint"), label("", "body", "honey")
        self.field = text_field(words.PHRASE, is_secret=True)
        self.repeated = text_field(words.REPEAT, is_secret=True)
        self._repeat_name = label(words.REPEAT, "small", "faint")
        self.start = button(words.START, is_main=True)
        self.start.clicked.connect(self._give)
        for one in (self.field, self.repeated):
            one.setMaxLength(PASSPHRASE_CHARACTERS_MAX)
            one.textChanged.connect(self._show_ready_or_not)
            one.returnPressed.connect(self.start.click)
        name = label(words.PHRASE, "small", "faint")
        name.setBuddy(self.field)
        self._repeat_name.setBuddy(self.repeated)
        asked = column(name, self.field, self._repeat_name, self.repeated, gap=GAP_4)
        kept = label(words.NOT_KEPT, "small", "faint")
        right = column(gap=GAP_8 + 4)
        right.setContentsMargins(GAP_32 + GAP_4, GAP_48, GAP_32, GAP_24)
        title = label(words.ASK_TITLE, "display")
        fill(right, title, self.lead, GAP_8, asked, kept, self.said, None, row(None, self.start))
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(WelcomePicture(), 38)
        box.addLayout(right, 62)
        self.ask(is_new=False, is_again=False)

    def ask(self, *, is_new: bool, is_again: bool) -> None:
        """Ask for it.  ``is_new``: it is chosen now, so twice; ``is_again``: what was given does not open the key."""
        self._is_new = is_new
        self.forget()
        self.lead.setText(words.ASK_NEW_LEAD if is_new else words.ASK_LEAD)
        for one in (self._repeat_name, self.repeated):
            one.setVisible(is_new)
        self._say(words.WRONG if is_again and not is_new else "", is_waiting=False)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def forget(self) -> None:
        """Keep nothing of what was typed."""
        for one in (self.field, self.repeated):
            one.clear()

    def _give(self) -> None:
        passphrase = self.field.text()
        self.forget()
        self._say(words.OPENING, is_waiting=True)
        self.given.emit(passphrase)

    def _say(self, sentence: str, *, is_waiting: bool) -> None:
        self.said.setText(sentence)
        for one in (self.field, self.repeated):
            one.setEnabled(not is_waiting)
        self._show_ready_or_not()

    def _show_ready_or_not(self) -> None:
        passphrase = self.field.text()
        trouble = passphrase_trouble(passphrase, self.repeated.text()) if self._is_new else ""
        self.start.setEnabled(bool(passphrase) and not trouble and self.field.isEnabled())
        self.start.setAccessibleDescription(trouble)
        if self._is_new and self.field.isEnabled():
            self.said.setText(trouble if passphrase else "")
