"""Help: contents at the left, a reading column at the right.  It shows the handbook's own files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from gui.handbook import DECISIONS, Chapter, contents, follow, slug, text_of
from gui.texts import app as texts
from gui.texts import help as words
from gui.tokens import GAP_8, GAP_12, GAP_16, GAP_24, font, scale
from gui.widgets.basics import button, column, label, row, show_or_hide
from gui.widgets.reader import Reader

_WIDE: Final = 184
_PLACE: Final = Qt.ItemDataRole.UserRole  # of an entry: (chapter, heading)


class HelpPage(QWidget):
    def __init__(self, folder: Path, on_details: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAccessibleName(words.HELP)
        self._folder = folder
        self._chapters: tuple[Chapter, ...] = ()
        self._here = ""
        self._is_filling = False
        self.contents = QTreeWidget()
        self.contents.setObjectName("contents")
        self.contents.setAccessibleName(words.CONTENTS)
        self.contents.setHeaderHidden(True)
        self.contents.setRootIsDecorated(False)
        self.contents.setItemsExpandable(False)
        self.contents.setIndentation(GAP_12)
        self.contents.setWordWrap(True)
        self.contents.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.contents.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.contents.setFixedWidth(round(_WIDE * scale()))
        self.contents.currentItemChanged.connect(self._choose)
        self.reader = Reader(self.follow)
        self.details = button(words.DETAILS)
        self.details.clicked.connect(on_details)
        self.save = button(words.SAVE)
        self.save.setAccessibleDescription(words.SAVE_WHY)
        self.save.setToolTip(words.SAVE_WHY)
        self.leave = button(texts.QUIT)
        self.leave.hide()
        self.said = label("", "small", "faint")
        self._copy = button(words.COPY)
        self._copy.clicked.connect(self._copy_address)
        self._address = ""
        said = row(gap=GAP_12)
        said.addWidget(self.said, 1)
        said.addWidget(self._copy)
        self._say("", "")
        both = row(gap=GAP_16)
        both.addWidget(self.contents)
        both.addWidget(self.reader, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(GAP_12, GAP_24, GAP_16, GAP_16)
        box.setSpacing(GAP_12)
        box.addLayout(both, 1)
        foot = row(self.details, self.save, None, self.leave, gap=GAP_12)
        foot.setContentsMargins(GAP_12, 0, 0, 0)
        box.addLayout(column(said, foot, gap=GAP_8))

    def showEvent(self, _event: object) -> None:  # noqa: N802  (Qt's name)
        """The files are read when they are first wanted, not when the app starts."""
        if not self._chapters:
            self._chapters = contents(self._folder)
            if self._chapters:
                self.go(self._chapters[0].name)
            else:
                self.reader.show_text(words.no_handbook(str(self._folder)), words.HELP)

    def go(self, chapter: str, heading: str = "") -> bool:
        """Open a chapter, at a heading given as in a link; return whether there is such a chapter."""
        text = text_of(self._folder, chapter)
        if not text:
            return False
        if chapter != self._here:
            self._here = chapter
            title = next((one.title for one in self._chapters if one.name == chapter), chapter)
            self.reader.show_text(text, title)
            self._fill()
        self._say("", "")
        if heading:
            return self.reader.go_to(heading)
        self.reader.verticalScrollBar().setValue(0)
        return True

    def follow(self, target: str) -> None:
        """Go where a link leads, if that is in the handbook; else only say where it leads."""
        link = follow(self._here, target)
        if link.address:
            self._say(words.leads_out(link.address), link.address)
        elif not self.go(link.chapter or self._here, link.heading):
            self._say(words.not_there(target), "")

    def say(self, sentence: str) -> None:
        """What became of saving the file."""
        self._say(sentence, "")

    def offer_quit(self, what: str) -> None:
        """Offer to quit, or not for "": where there is a tray icon its menu does.  ``what``: all that it means."""
        show_or_hide(self.leave, is_shown=bool(what))
        self.leave.setAccessibleDescription(what)
        self.leave.setToolTip(what)

    def show_saving(self, *, is_saving: bool) -> None:
        """The button says that the file is on its way; it stays where the keyboard is."""
        self.save.setText(words.SAVING if is_saving else words.SAVE)
        self.save.setAccessibleName(self.save.text())
        if is_saving:
            self.say("")  # what became of the one before

    def hide_save(self) -> None:
        """The node that runs makes no such file."""
        self.save.hide()

    def _fill(self) -> None:
        """List the chapters, and the sections of the one that is open."""
        self._is_filling = True
        self.contents.clear()
        for chapter in self._chapters:
            entry = self._entry(chapter.title, chapter.name, "")
            self.contents.addTopLevelItem(entry)
            if chapter.name == self._here or (chapter.name == DECISIONS and self._here.startswith(DECISIONS)):
                self.contents.setCurrentItem(entry)
                entry.addChildren([self._entry(one, chapter.name, slug(one)) for one in chapter.sections])
                entry.setExpanded(True)
        self._is_filling = False

    def _entry(self, text: str, chapter: str, heading: str) -> QTreeWidgetItem:
        entry = QTreeWidgetItem([text])
        entry.setData(0, _PLACE, (chapter, heading))
        face = font("small" if heading else "body")
        entry.setFont(0, face)
        # The tree does not grow its lines by itself.
        room = QRect(0, 0, self.contents.width() - (56 if heading else 36), 400)
        tall = QFontMetrics(face).boundingRect(room, int(Qt.TextFlag.TextWordWrap), text).height()
        entry.setSizeHint(0, QSize(0, max(round(26 * scale()), tall + GAP_12)))
        return entry

    def _choose(self, entry: QTreeWidgetItem | None) -> None:
        if entry is not None and not self._is_filling:
            chapter, heading = entry.data(0, _PLACE)
            self.go(chapter, heading)

    def _say(self, sentence: str, address: str) -> None:
        self._address = address
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))
        self._copy.setText(words.COPY)
        self._copy.setVisible(bool(address))

    def _copy_address(self) -> None:
        QGuiApplication.clipboard().setText(self._address)
        self._copy.setText(words.COPIED)
