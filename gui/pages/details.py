"""Details, for the curious: exact words, what happened last, the log, and where programs can ask."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit

from gui.stories.details import DetailsStory
from gui.texts import details as words
from gui.texts import help as help_texts
from gui.tokens import GAP_4, GAP_8, GAP_16, fixed_font
from gui.widgets.basics import Page, button, card, column, empty, fill, label, row


class ExactText(QPlainTextEdit):
    """Text to be read and copied as it stands; it keeps the place at which someone reads when it is renewed."""

    def __init__(self, name: str, lines: int) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setFont(fixed_font())
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFixedHeight(round(QFontMetrics(fixed_font()).lineSpacing() * lines) + 2 * GAP_8 + GAP_4)

    def show_text(self, text: str, *, is_end_first: bool = False) -> None:
        if text == self.toPlainText():
            return
        bar = self.verticalScrollBar()
        was_at_end, at = bar.value() >= bar.maximum(), bar.value()
        self.setPlainText(text)
        bar.setValue(bar.maximum() if is_end_first and was_at_end else at)


class DetailsPage(Page):
    shown = Signal(bool)  # it came into sight, or left it

    def __init__(self, on_back: Callable[[], None]) -> None:
        super().__init__(words.DETAILS)
        self._facts: tuple[tuple[str, str], ...] = ()
        self.lead = label("", "lead", "faint")
        self.back = button(help_texts.BACK)
        self.back.clicked.connect(on_back)
        self.save = button(help_texts.SAVE)
        self.save.setAccessibleDescription(help_texts.SAVE_WHY)
        self.save.setToolTip(help_texts.SAVE_WHY)
        self._why = label(help_texts.SAVE_WHY, "small", "faint")
        self.said = label("", "small")
        self.said.hide()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP_16)
        self._grid.setVerticalSpacing(GAP_8)
        self._grid.setColumnStretch(1, 1)
        self.events = ExactText(words.EVENTS, 6)
        self.log = ExactText(words.LOG, 9)
        self.commands = ExactText(words.API, 7)
        title = row(label(words.DETAILS, "display"), None, self.back, gap=GAP_8)
        saving = row(self.save, gap=GAP_16)
        saving.addWidget(self._why, 1)
        head = column(title, self.lead, saving, self.said, gap=GAP_8)
        fill(
            self.body, head, card(label(words.NODE, "title"), self._grid),
            card(label(words.EVENTS, "title"), self.events), card(label(words.LOG, "title"), self.log),
            card(label(words.API, "title"), label(words.API_LEAD, "small", "faint"), self.commands), None,
        )  # fmt: skip

    def show_story(self, story: DetailsStory) -> None:
        self.lead.setText(story.lead)
        self.events.show_text(story.events)
        self.log.show_text(story.log, is_end_first=True)
        self.commands.show_text(story.commands)
        if story.facts != self._facts:
            self._facts = story.facts
            self._show_facts()

    def say(self, sentence: str) -> None:
        """What became of saving the file."""
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))

    def show_saving(self, *, is_saving: bool) -> None:
        """The button says that the file is on its way; it stays where the keyboard is."""
        self.save.setText(help_texts.SAVING if is_saving else help_texts.SAVE)
        self.save.setAccessibleName(self.save.text())
        if is_saving:
            self.say("")  # what became of the one before

    def hide_save(self) -> None:
        """The node that runs makes no such file."""
        self.save.hide()
        self._why.hide()

    def _show_facts(self) -> None:
        empty(self._grid)
        for i, (name, text) in enumerate(self._facts):
            said = label(text, "small", is_selectable=True)
            if name == words.TREE:
                said.setFont(fixed_font())
                said.setText(f"{text[:32]}\n{text[32:]}")
            self._grid.addWidget(label(name, "small", "faint", wrap=False), i, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(said, i, 1)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  (Qt's name)
        super().showEvent(event)
        self.shown.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  (Qt's name)
        super().hideEvent(event)
        self.shown.emit(False)
