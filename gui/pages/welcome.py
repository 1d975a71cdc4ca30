"""The welcome, when no network was joined: what this is, and one main button that grows a practice network."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui import texts
from gui.tokens import GAP_4, GAP_12, GAP_16, GAP_24, GAP_32, GAP_48
from gui.widgets.basics import button, column, fill, label, row
from gui.widgets.icons import Glyph
from gui.widgets.welcome_picture import WelcomePicture


class Welcome(QWidget):
    def __init__(self, on_grow: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.button = button(texts.GROW, is_main=True)
        self.button.clicked.connect(on_grow)
        self._glyph = Glyph("dots", "dusk", 24)
        self.said = label("", "body", "faint")
        points = column(gap=GAP_12 + 2)
        for is_promise, text in texts.WELCOME_POINTS:
            glyph = Glyph("tick", "leaf", 26) if is_promise else Glyph("cross", "dusk", 26)
            line = row(glyph)
            line.addWidget(label(text), 1)
            points.addLayout(line)
        saying = row(self._glyph, gap=GAP_12)
        saying.setAlignment(self._glyph, Qt.AlignmentFlag.AlignTop)
        saying.addWidget(self.said, 1)
        words = column(gap=GAP_16)
        words.setContentsMargins(GAP_32 + GAP_4, GAP_48, GAP_32, GAP_24)
        title, lead = label(texts.WELCOME_TITLE, "display"), label(texts.WELCOME_LEAD, "lead", "faint")
        fill(words, title, lead, GAP_4, points, None, saying, row(None, self.button))
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(WelcomePicture(), 43)
        box.addLayout(words, 57)
        self.show_ready()

    def show_ready(self) -> None:
        self._say("", is_growing=False)

    def show_growing(self) -> None:
        self._say(texts.GROWING, is_growing=True)

    def show_failure(self, sentence: str) -> None:
        """It did not work: say why, and let it be tried again."""
        self._say(sentence, is_growing=False)
        self._glyph.show_shape("bang", "honey")

    def _say(self, sentence: str, *, is_growing: bool) -> None:
        self.said.setText(sentence)
        self._glyph.show_shape("dots", "dusk")
        self._glyph.setVisible(bool(sentence))
        self.button.setEnabled(not is_growing)
