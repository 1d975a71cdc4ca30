"""Where and how much; and, only where it must be asked, which network, and where the key lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QRadioButton, QWidget

from gui.stories.first_run import Choice, Found, tell_choice
from gui.texts import welcome as words
from gui.texts.app import amount
from gui.tokens import GAP_4, GAP_8, GAP_12, fixed_font, font, scale
from gui.widgets.basics import Page, button, card, column, fill, label, row, rule
from gui.widgets.icons import Pictogram
from gui.widgets.rows import SliderRow, text_field
from node.api.schema import PASSPHRASE_CHARACTERS_MAX


class ChoicePage(Page):
    """Its fields are the choice: nothing of it is kept elsewhere.

    ``on_change`` is called whenever something was chosen, ``on_share`` with the part of the free space that would be
    lent.
    """

    def __init__(self, on_change: Callable[[], None], on_share: Callable[[float], None]) -> None:
        super().__init__(words.CHOICE_TITLE)
        self._on_change = on_change
        self._on_share = on_share
        self._found: Found | None = None
        self._quota_bytes = 0
        self._network = ""
        self.hindrance = words.LOOKING
        self.dialog: QFileDialog | None = None
        self._lent, self._net, self._key = self._make_lent(), self._make_network(), self._make_key()
        self.again = button(words.LOOK_AGAIN)
        title, lead = label(words.CHOICE_TITLE, "display"), label(words.CHOICE_LEAD, "lead", "faint")
        head = column(title, lead, gap=GAP_4 + 2)
        fill(self.body, head, self._lent, self._net, self._key, self.again, None)
        self.body.setSpacing(GAP_12)

    def choice(self) -> Choice:
        """What is chosen now."""
        return Choice(
            quota_bytes=self._quota_bytes,
            network=self._network,
            fingerprint=self.fingerprint.text(),
            key_place="unprotected" if self.unprotected.isChecked() else "passphrase",
            passphrase=self.passphrase.text(),
            repeated=self.repeated.text(),
        )

    def show_home(self, folder: str) -> None:
        self.folder.setText(folder)

    def show_found(self, seen: Found | None) -> None:
        """What the computer offers; None: it is being looked at."""
        self._found = seen
        self._show()

    def forget_passphrase(self) -> None:
        """Once it was handed on, it is kept nowhere."""
        for one in (self.passphrase, self.repeated):
            one.clear()

    def take_network(self, path: str) -> None:
        """Take the file of a network.  What its fingerprint is, only a person can say."""
        self._network = path
        self.fingerprint.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show()

    def _make_lent(self) -> QWidget:
        self.folder = label("", "small", is_selectable=True)
        self.free = label("", "small", "faint")
        where = row(Pictogram("home"), gap=GAP_8 + 2)
        where.addLayout(column(label(words.FOLDER, "small", "faint"), self.folder, self.free, gap=2), 1)
        self.space = SliderRow("disk", words.SPACE, self._move)
        return card(where, rule(), self.space.layout, label(words.SLOWLY, "small", "faint"), gap=GAP_8)

    def _make_network(self) -> QWidget:
        self.network = label("", "small")
        self.choose = button(words.CHOOSE)
        self.choose.clicked.connect(self._choose)
        self.fingerprint = text_field(words.FINGERPRINT)
        self.fingerprint.setFont(fixed_font())
        self.fingerprint.setAccessibleDescription(words.FINGERPRINT_WHY)
        self.fingerprint.textChanged.connect(self._show)
        file = row(gap=GAP_12)
        file.addWidget(self.network, 1)
        file.addWidget(self.choose)
        name = label(words.FINGERPRINT, "small", "faint")
        name.setBuddy(self.fingerprint)
        why = label(words.FINGERPRINT_WHY, "small", "faint")
        self._ask_network = QWidget()
        self._ask_network.setLayout(column(column(name, self.fingerprint, gap=GAP_4), why, gap=GAP_8))
        return card(row(Pictogram("network"), label(words.NETWORK, "head"), gap=GAP_8 + 2), file, self._ask_network)

    def _make_key(self) -> QWidget:
        self.behind = QRadioButton(words.KEY_PLACES["passphrase"])
        self.unprotected = QRadioButton(words.KEY_PLACES["unprotected"])
        self.behind.setChecked(True)
        places, self._places = column(gap=GAP_4), QButtonGroup(self)
        for one in (self.behind, self.unprotected):
            one.setFont(font("body"))
            one.setMinimumHeight(round(28 * scale()))
            one.toggled.connect(self._show)
            self._places.addButton(one)
            places.addWidget(one, 0, Qt.AlignmentFlag.AlignLeading)
        self.passphrase = text_field(words.PHRASE, is_secret=True)
        self.repeated = text_field(words.REPEAT, is_secret=True)
        fields = column(gap=GAP_4)
        for field, name in ((self.passphrase, words.PHRASE), (self.repeated, words.REPEAT)):
            field.setMaxLength(PASSPHRASE_CHARACTERS_MAX)
            field.textChanged.connect(self._show)
            named = label(name, "small", "faint")
            named.setBuddy(field)
            fill(fields, named, field)
        self._ask_passphrase = QWidget()
        self._ask_passphrase.setLayout(fields)
        self.keyring = label("", "small", "honey")
        self.key_means = label("", "small", "faint")
        title = label(words.KEY, "head")
        return card(
            title, label(words.KEY_WHY, "small", "faint"), self.keyring, places, self.key_means, self._ask_passphrase,
            gap=GAP_8,
        )  # fmt: skip

    def _move(self, quota_bytes: int) -> None:
        self._quota_bytes = quota_bytes
        self._show()

    def _choose(self) -> None:
        if self.dialog is None:
            self.dialog = QFileDialog(self, words.CHOOSE_TITLE)
            self.dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            self.dialog.fileSelected.connect(self.take_network)
        self.dialog.open()

    def _show(self) -> None:
        """Show what follows from what was found and what is chosen."""
        story = tell_choice(self._found, self.choice())
        self.hindrance = story.hindrance
        self._lent.setEnabled(story.has_room)
        self.free.setText(story.free)
        self.free.setVisible(bool(story.free))
        self.space.show_value(
            story.space,
            story.quota_bytes,
            amount(story.quota_bytes) if story.has_room else "",
            story.leaves if story.has_room else "",
        )
        self._net.setVisible(not story.is_looking)
        self.network.setText(PurePath(story.network).name if self._network else story.network)
        self.network.setToolTip(self._network)
        for one in (self._ask_network, self.choose):
            one.setVisible(story.asks_for_network)
        self._key.setVisible(story.asks_for_key)
        self.keyring.setText(story.keyring)
        self.key_means.setText(story.key_means)
        self._ask_passphrase.setVisible(story.asks_for_passphrase)
        self.again.setVisible(story.can_look_again)
        self._on_share(story.quota_bytes / story.space.values[-1] if story.has_room else 0.0)
        self._on_change()
