"""Shows a chapter of the handbook: Markdown in our type, sizes and colours, in a column that is easy to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser

from gui.handbook import slug
from gui.tokens import GAP_4, GAP_8, GAP_12, GAP_16, GAP_24, Look, Role, fixed_font, font, look

_SIGNS: Final = 66  # of an average letter's width; of a real text about 60 fit
_LINE_PERCENT: Final = 122.0
_HEADINGS: Final[dict[int, tuple[Role, int]]] = {1: ("display", 0), 2: ("title", GAP_24), 3: ("lead", GAP_16)}
_PROPORTIONAL: Final = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value


class Reader(QTextBrowser):
    """Links are told to ``on_link`` and never followed by themselves; nothing is loaded that the text names."""

    def __init__(self, on_link: Callable[[str], None]) -> None:
        super().__init__()
        self._markdown = ""
        self._look = look()  # the one in which it was rendered
        self.setOpenLinks(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)  # rather than to cut a long command
        # One that comes and goes would take its width from lines that are laid out already.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.anchorClicked.connect(lambda url: on_link(url.toString()))
        self.setMaximumWidth(round(QFontMetricsF(font("body")).averageCharWidth() * _SIGNS) + GAP_24)

    def show_text(self, markdown: str, name: str) -> None:
        self._markdown = markdown
        self.setAccessibleName(name)
        self._render()

    def go_to(self, heading: str) -> bool:
        """Scroll to a heading, given as in a link; return whether it is there."""
        for block in _blocks(self):
            if block.blockFormat().headingLevel() and slug(block.text()) == heading:
                cursor = QTextCursor(block)
                self.setTextCursor(cursor)
                top = self.document().documentLayout().blockBoundingRect(block).top()
                self.verticalScrollBar().setValue(round(top))
                return True
        return False

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: N802  (Qt's name)
        """Nothing: the handbook is text, and a text names no files to be loaded."""
        return None

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  (Qt's name)
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._markdown and look() != self._look:
            at = self.verticalScrollBar().value()
            self._render()
            self.verticalScrollBar().setValue(at)

    def _render(self) -> None:
        document, c = self.document(), look()
        self._look = c
        document.setDefaultFont(font("body"))
        document.setDocumentMargin(GAP_4)
        document.setIndentWidth(GAP_24)
        self.setMarkdown(self._markdown)
        document.setUndoRedoEnabled(False)
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        for block in list(_blocks(self)):
            _dress(QTextCursor(block), block, c)
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                _dress_table(frame, c)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)


def _blocks(reader: QTextBrowser) -> Iterator[QTextBlock]:
    block = reader.document().begin()
    while block.isValid():
        yield block
        block = block.next()


def _dress(cursor: QTextCursor, block: QTextBlock, c: Look) -> None:
    shape = block.blockFormat()
    level = shape.headingLevel()
    is_code = shape.hasProperty(QTextBlockFormat.Property.BlockCodeLanguage) or shape.nonBreakableLines()
    is_in_table = cursor.currentTable() is not None
    shape.setLineHeight(100.0 if level or is_code or is_in_table else _LINE_PERCENT, _PROPORTIONAL)
    shape.setNonBreakableLines(False)  # a long command wraps rather than to be cut
    shape.setTopMargin(_HEADINGS.get(level, ("head", GAP_12))[1] if level else 0)
    shape.setBottomMargin(0 if is_in_table or is_code else GAP_4 if block.textList() else GAP_8 + 2)
    if is_code:
        shape.setBackground(QColor(c.shade))
        shape.setLeftMargin(GAP_8)
        following = block.next()
        if not following.isValid() or not following.blockFormat().nonBreakableLines():
            shape.setBottomMargin(GAP_12)
    cursor.setBlockFormat(shape)
    for piece in _pieces(block):
        face = QTextCharFormat()
        whole = QTextCursor(block)
        whole.setPosition(piece.position())
        whole.setPosition(piece.position() + piece.length(), QTextCursor.MoveMode.KeepAnchor)
        was = piece.charFormat()
        if level:
            face.setFont(font(_HEADINGS.get(level, ("head", 0))[0]))
        elif is_code or was.fontFixedPitch():
            face.setFont(fixed_font())
        elif is_in_table:
            small = font("small")
            small.setBold(was.fontWeight() > 500)
            face.setFont(small)
        face.setForeground(QColor(c.leaf if was.isAnchor() else c.ink))
        whole.mergeCharFormat(face)


def _pieces(block: QTextBlock) -> list[Any]:
    """The pieces of one format; Qt's own iterator ends where the block changes, so they are taken out first."""
    found, walk = [], block.begin()
    while not walk.atEnd():
        found.append(walk.fragment())
        walk += 1
    return found


def _dress_table(table: QTextTable, c: Look) -> None:
    shape = table.format()
    shape.setBorder(1)
    shape.setBorderBrush(QColor(c.line))
    shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    shape.setBorderCollapse(True)
    shape.setCellPadding(GAP_4 + 2)
    shape.setTopMargin(GAP_8)
    shape.setBottomMargin(GAP_12)
    shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table.setFormat(shape)
