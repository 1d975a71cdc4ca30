"""Resources: what is lent, and when.  Name and what is so now left, the limit right, the slider below them.

Nothing is asked and nothing is confirmed: what is moved is sent after a moment.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QLabel, QRadioButton, QWidget

from gui.stories.resources import ResourcesStory
from gui.texts import app as texts
from gui.texts import resources as words
from gui.tokens import GAP_4, GAP_8, font, scale
from gui.widgets.basics import Page, card, column, fill, label, rule
from gui.widgets.day_strip import DayStrip
from gui.widgets.rows import SliderRow, SwitchRow
from node.api.schema import SettingsPatch

Change = Callable[[SettingsPatch], None]


class _Refused(QLabel):
    """Why a change of what this card sets was not taken."""

    def __init__(self, *fields: str) -> None:
        super().__init__()
        self._fields = frozenset(fields)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(font("small"))
        self.setProperty("tone", "honey")
        self.hide()

    def show_refused(self, story: ResourcesStory) -> None:
        is_here = bool(self._fields & story.refused.fields)
        self.setText(story.refused.sentence if is_here else "")
        self.setVisible(is_here)


class ResourcesPage(Page):
    def __init__(self, on_change: Change) -> None:
        super().__init__(texts.RESOURCES)
        self._on_change = on_change
        self.hindrance = label("", "body", "honey")
        self.refused = (
            _Refused("quota_bytes", "upload_bytes_per_s", "download_bytes_per_s"),
            _Refused("eases_in_use", "pauses_on_battery", "pauses_on_metered", "starts_at_login"),
            _Refused("hours"),
            _Refused("notifications"),
        )
        self.cards = (self._lent(), self._rules(), self._hours(), self._messages())
        head = column(label(texts.RESOURCES, "display"), label(words.LEAD, "lead", "faint"), gap=GAP_4 + 2)
        fill(self.body, head, self.hindrance, *self.cards, None)

    def _lent(self) -> QWidget:
        change = self._on_change
        self.space = SliderRow("disk", words.SPACE, lambda size: change(SettingsPatch(quota_bytes=size)))
        self.upload = SliderRow("up", words.UPLOAD, lambda rate: change(SettingsPatch(upload_bytes_per_s=rate)))
        self.download = SliderRow("down", words.DOWNLOAD, lambda rate: change(SettingsPatch(download_bytes_per_s=rate)))
        self.note = label("", "small", "faint")
        disk = column(self.space.layout, self.note, gap=GAP_4)
        return card(disk, rule(), self.upload.layout, self.download.layout, self.refused[0])

    def _rules(self) -> QWidget:
        change = self._on_change
        self.eases = SwitchRow(words.EASES, lambda is_on: change(SettingsPatch(eases_in_use=is_on)))
        self.battery = SwitchRow(words.BATTERY, lambda is_on: change(SettingsPatch(pauses_on_battery=is_on)))
        self.metered = SwitchRow(words.METERED, lambda is_on: change(SettingsPatch(pauses_on_metered=is_on)))
        self.login = SwitchRow(words.LOGIN, lambda is_on: change(SettingsPatch(starts_at_login=is_on)))
        return card(
            self.eases.layout,
            rule(),
            self.battery.layout,
            rule(),
            self.metered.layout,
            rule(),
            self.login.layout,
            self.refused[1],
        )

    def _hours(self) -> QWidget:
        self.day = DayStrip(lambda hours: self._on_change(SettingsPatch(hours=hours)))
        self.hours_text = label("", "body")
        hint = label(words.HOURS_HINT, "small", "faint")
        below = column(self.hours_text, hint, gap=GAP_4)
        return card(label(words.HOURS, "head"), self.day, below, self.refused[2], gap=GAP_8 + 2)

    def _messages(self) -> QWidget:
        self.notify = QButtonGroup(self)
        choices = column(gap=GAP_4)
        for i, (name, text) in enumerate(words.NOTIFICATIONS.items()):
            choice = QRadioButton(text)
            choice.setFont(font("body"))
            choice.setMinimumHeight(round(28 * scale()))
            choice.setCursor(Qt.CursorShape.PointingHandCursor)
            choice.clicked.connect(lambda _, name=name: self._on_change(SettingsPatch(notifications=name)))
            self.notify.addButton(choice, i)
            choices.addWidget(choice, 0, Qt.AlignmentFlag.AlignLeading)
        return card(label(words.NOTIFY, "head"), choices, self.refused[3], gap=GAP_8)

    def show_story(self, story: ResourcesStory) -> None:
        settings, rates = story.settings, story.rates
        self.hindrance.setText(story.hindrance)
        self.hindrance.setVisible(bool(story.hindrance))
        for one in self.cards:
            one.setEnabled(not story.hindrance)
        self.space.show_value(story.space, settings.quota_bytes, texts.amount(settings.quota_bytes), story.space_now)
        self.note.setText(story.space_note)
        self.note.setVisible(bool(story.space_note))
        for slider, rate in (
            (self.upload, settings.upload_bytes_per_s),
            (self.download, settings.download_bytes_per_s),
        ):
            slider.show_value(rates, rate, words.per_second(rate))
        self.eases.show_choice(story.eases)
        self.battery.show_choice(story.battery)
        self.metered.show_choice(story.metered)
        self.login.show_choice(story.login)
        self.day.show_hours(settings.hours, story.now_hour, story.hours_text)
        self.hours_text.setText(story.hours_text)
        for choice, name in zip(self.notify.buttons(), words.NOTIFICATIONS, strict=True):
            choice.setChecked(name == settings.notifications)
        for refused in self.refused:
            refused.show_refused(story)
