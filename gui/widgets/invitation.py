"""Where an invitation is given that somebody has sent to this person, and what became of it is said."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.texts import welcome as words
from gui.tokens import GAP_8
from gui.widgets.basics import button, column, label, retone, row
from gui.widgets.rows import text_field


class InvitationRow(QWidget):
    """``given``: the text of an invitation; until ``say`` has told what became of it no other is taken."""

    given = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.field = text_field(words.INVITATION)
        self.take = button(words.TAKE)
        self.take.clicked.connect(self._take)
        self.field.returnPressed.connect(self._take)
        why = label(words.INVITED, "small", "faint")
        why.setBuddy(self.field)
        line = row(gap=GAP_8)
        line.addWidget(self.field, 1)
        line.addWidget(self.take)
        self.said = label("", "small")
        self.said.hide()
        self.setLayout(column(why, line, self.said, gap=GAP_8))

    def say(self, sentence: str, *, is_taken: bool) -> None:
        """What became of the invitation."""
        self.said.setText(sentence)
        self.said.show()
        retone(self.said, "leaf" if is_taken else "honey")
        self.take.setEnabled(True)
        if is_taken:
            self.field.clear()

    def forget(self) -> None:
        """Say no more what became of the last one."""
        self.said.setText("")
        self.said.hide()

    def _take(self) -> None:
        if not self.take.isEnabled():
            return
        if not (text := self.field.text().strip()):
            self.say(words.NO_INVITATION, is_taken=False)
            return
        self.take.setEnabled(False)
        self.given.emit(text)
