"""What is lent and when: the words and steps, the controls by hand and by keyboard, and the way of a change."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui.app import App
from gui.changes import REST_S, Changes
from gui.patching import applied, fields, merged, without
from gui.stories.home import tell
from gui.stories.resources import hours_said, rate_scale, space_scale
from gui.texts import app as texts
from gui.texts import resources as resources_texts
from gui.widgets.day_strip import DayStrip
from node.api.client import Client
from node.api.schema import Settings, SettingsPatch, Space, Surroundings
from tests.gui.conftest import dress
from tests.gui.fake_node import FakeNode
from tests.gui.gallery import dispose, nothing
from tests.gui.helper import on_loop, running, said, wait_until
from tests.gui.samples import NOW, Sample, live, real, samples
from tests.gui.test_look import faults, settled, shown

BY_NAME: dict[str, Sample] = {sample.name: sample for sample in samples()}
GB = 10**9


@asynccontextmanager
async def living(desk: QApplication, folder: Path) -> AsyncIterator[tuple[App, FakeNode]]:
    """The app on its Resources page, and a node that is fine."""
    node = FakeNode(folder / "home")
    node.say(BY_NAME["fine-real"].seen)
    await node.start()
    async with running(desk, folder / "home", folder / "tray.ini") as app:
        await wait_until(lambda: said(app)[0] == "fine")
        app.window.go(2)
        yield app, node
    await node.stop()


# Steps and words.


def test_the_slider_reaches_from_little_to_all_that_is_free():
    scale = space_scale(670 * GB, Space(412 * GB, 670 * GB, 9, free_bytes=488 * GB))

    assert (scale.values[0], scale.values[-1]) == (5 * GB, 895 * GB)
    assert {late - early for early, late in zip(scale.values, scale.values[1:], strict=False)} == {5 * GB}
    assert scale.values[scale.place(670 * GB)] == 670 * GB
    assert scale.used_ratio == pytest.approx((412 - 5) / 890)


@pytest.mark.parametrize(
    ("quota", "space"),
    [
        (800 * GB, Space(1 * GB, 800 * GB, 9, free_bytes=3 * GB)),  # the disk was larger once
        (800 * GB, Space(900 * GB, 800 * GB, 9, free_bytes=None)),
        (16 << 20, Space(0, 16 << 20, 0, free_bytes=0)),
        (1 << 50, None),
    ],
)
def test_what_is_set_is_always_on_the_slider(quota: int, space: Space | None):
    scale = space_scale(quota, space)

    step = max(scale.values[0], scale.values[-1] - scale.values[-2] if len(scale.values) > 1 else 0)
    assert abs(scale.values[scale.place(quota)] - quota) <= step
    assert len(scale.values) <= 210
    assert 0 <= scale.used_ratio <= 1


def test_a_practice_farm_needs_no_whole_disk():
    scale = space_scale(256_000_000, Space(0, 256_000_000, 0, free_bytes=500 * GB), is_practice=True)

    assert scale.values[-1] == 1 * GB


def test_rates_end_in_no_limit():
    scale = rate_scale()

    assert scale.values[0] == 200_000
    assert list(scale.values[:-1]) == sorted(set(scale.values[:-1]))
    assert scale.place(0) == len(scale.values) - 1
    assert resources_texts.per_second(scale.values[-1]) == "no limit"
    assert resources_texts.per_second(scale.values[scale.place(499_000)]) == "at most 500 kB per second"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (range(24), "Helps all day."),
        ((), "Helps at no hour of the day."),
        ((0, 1, 22, 23), "Helps from 22:00 to 2:00."),
        ((12, *range(19, 24), *range(8)), "Helps from 12:00 to 13:00 and 19:00 to 8:00."),
        (range(18, 24), "Helps from 18:00 to 24:00."),
        ((0,), "Helps from 0:00 to 1:00."),
    ],
)
def test_hours_are_told_as_spans_that_may_go_over_midnight(hours: range, words: str):
    assert hours_said(hours) == words


@pytest.mark.parametrize(
    ("known", "is_eased", "words"),
    [
        (
            Surroundings(True, True, True),
            True,
            ("You are working now: it is holding back", "On battery now", "This connection is metered"),
        ),
        (
            Surroundings(False, False, False),
            False,
            ("Nobody works here now", "Plugged in now", "This connection is not metered"),
        ),
        (
            Surroundings(),
            False,
            (resources_texts.USE_UNKNOWN, resources_texts.BATTERY_UNKNOWN, resources_texts.METERED_UNKNOWN),
        ),
    ],
)
def test_each_switch_says_what_is_true_now(known: Surroundings, is_eased: bool, words: tuple[str, str, str]):
    told = tell(live(real(surroundings=known, is_eased=is_eased)), NOW).resources

    assert (told.eases.truth, told.battery.truth, told.metered.truth) == words


def test_in_practice_nothing_pauses_by_itself_and_that_is_said():
    told = tell(BY_NAME["practice"].seen, NOW).resources

    assert {told.battery.truth, told.metered.truth} == {resources_texts.NEVER_IN_PRACTICE}
    assert told.hours_text == "A practice network never pauses by itself."
    assert (told.login.can_change, told.login.truth) == (False, "A practice network ends when you quit")


def test_it_holds_back_only_when_it_does():
    assert tell(live(real(is_eased=False)), NOW).resources.eases.truth == "You are working now"


def test_a_limit_below_what_is_in_use_is_told_as_shrinking_till_it_is_done():
    told = tell(BY_NAME["shrinking"].seen, NOW).resources
    done = tell(live(real(space=Space(90 * GB, 670 * GB, 9, free_bytes=10 * GB))), NOW).resources

    assert told.space_now == "shrinking 132 GB → 100 GB"
    assert done.space_now == "now 90 GB in use"
    assert told.space_note.startswith("32 GB of what is kept here go to other computers first")


def test_what_is_left_of_the_disk_is_told():
    assert tell(BY_NAME["lent"].seen, NOW).resources.space_note == "Leaves you 230 GB of this disk."


def test_a_limit_that_the_disk_cannot_give_leaves_its_last_bytes_to_the_person_all_the_same():
    space = Space(90 * GB, 670 * GB, 9, free_bytes=10 * GB)

    assert tell(live(real(space=space)), NOW).resources.space_note == "Leaves you 1.1 GB of this disk."
    assert space_scale(95 * GB, space).values[-1] == 98_500_000_000


def test_changes_are_put_together_and_what_changed_again_is_left():
    first, later = SettingsPatch(quota_bytes=5, eases_in_use=False), SettingsPatch(quota_bytes=7)

    both = merged(first, later)

    assert (both.quota_bytes, both.eases_in_use) == (7, False)
    assert without(both, first) == SettingsPatch(quota_bytes=7)
    assert fields(both) == {"quota_bytes", "eases_in_use"}
    assert applied(Settings(quota_bytes=1), both) == Settings(quota_bytes=7, eases_in_use=False)


# The controls.


def test_a_slider_goes_where_it_is_pressed_and_is_not_moved_by_scrolling(desk: QApplication, qtbot: QtBot):
    one = shown(BY_NAME["lent"])
    changed: list[SettingsPatch] = []
    one.resources._on_change = changed.append
    slider = one.resources.upload.slider
    slider._on_move = lambda rate: changed.append(SettingsPatch(upload_bytes_per_s=rate))
    before = slider.value()

    wheel = QWheelEvent(
        QPointF(50, 10), slider.mapToGlobal(QPointF(50, 10)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    slider.setFocus()
    QApplication.sendEvent(slider, wheel)
    still = slider.value()
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 3, slider.height() // 2))
    most = slider.value()
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(2, slider.height() // 2))
    slider.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(2, slider.height() // 2))

    assert slider._x(1.0) < slider._x(0.0)  # painted as it is pressed
    assert (still, most, slider.value()) == (before, slider.maximum(), slider.maximum())
    assert [patch.upload_bytes_per_s for patch in changed] == [0, 200_000, 0]
    dispose(one)


def test_showing_anew_what_holds_is_no_change(desk: QApplication):
    one = shown(BY_NAME["lent"])
    changed: list[object] = []
    for slider in (one.resources.space, one.resources.upload, one.resources.download):
        slider.slider._on_move = changed.append
    one.resources.day._on_choose = changed.append

    for name in ("shrinking", "practice", "lent", "silent"):
        one.show_story(tell(BY_NAME[name].seen, NOW), "fine")

    assert changed == []
    dispose(one)


def test_the_hours_are_turned_by_arrows_and_space(desk: QApplication, qtbot: QtBot):
    chosen: list[tuple[int, ...]] = []
    strip = DayStrip(chosen.append)
    strip.show_hours((0, 1), 12.0, "Helps from 0:00 to 2:00.")
    keys = Qt.Key

    for key in (keys.Key_Right, keys.Key_Space, keys.Key_End, keys.Key_Space, keys.Key_Right, keys.Key_Space):
        qtbot.keyClick(strip, key)

    assert chosen == [(0,), (0, 23), (23,)]
    assert strip.accessibleDescription().endswith("0:00 to 1:00: does not help")
    dispose(strip)


def test_the_hours_are_turned_by_hand_and_dragging_does_the_same_to_the_next(desk: QApplication, qtbot: QtBot):
    chosen: list[tuple[int, ...]] = []
    strip = DayStrip(chosen.append)
    strip.resize(480, strip.wanted().height())
    strip.show_hours((5,), 12.0, "")
    left = Qt.MouseButton.LeftButton

    qtbot.mousePress(strip, left, pos=QPoint(4 * 20 + 10, 20))
    for hour in (5, 6):
        qtbot.mouseMove(strip, QPoint(hour * 20 + 10, 20))
    qtbot.mouseRelease(strip, left, pos=QPoint(-40, 20))

    assert chosen[0] == (4, 5)
    assert chosen[-1] == (4, 5, 6)
    dispose(strip)


def test_every_control_has_a_name_and_says_what_is_so_now(desk: QApplication):
    one = shown(BY_NAME["lent"])
    page = one.resources

    assert page.space.slider.accessibleName() == "Disk space to lend"
    assert page.space.slider.accessibleDescription() == "670 GB. now 412 GB in use"
    assert page.battery.switch.accessibleName() == "Pause on battery"
    assert page.battery.switch.accessibleDescription() == "Plugged in now"
    assert page.day.accessibleDescription().startswith("Helps from 12:00 to 13:00")
    dispose(one)


def test_tab_goes_through_the_page_from_top_to_bottom(desk: QApplication, qtbot: QtBot):
    one = shown(BY_NAME["lent"])
    page = one.resources
    wanted: list[QWidget] = [
        page.space.slider,
        page.upload.slider,
        page.download.slider,
        page.eases.switch,
        page.battery.switch,
        page.metered.switch,
        page.login.switch,
        page.day.boxes[0],  # one stop for all the hours
        page.notify.buttons()[0],  # one stop for the three, arrows inside
    ]
    page.setFocus()
    found = []

    for _ in wanted:
        qtbot.keyClick(one.focusWidget(), Qt.Key.Key_Tab)
        found.append(one.focusWidget())

    assert found == wanted
    dispose(one)


@pytest.mark.parametrize("name", ["space", "eases", "day", "notify"])
def test_where_the_keyboard_is_can_be_seen(desk: QApplication, name: str):
    one = shown(BY_NAME["lent"])
    page = one.resources
    control: QWidget = {
        "space": page.space.slider,
        "eases": page.eases.switch,
        "day": page.day,
        "notify": page.notify.buttons()[0],
    }[name]
    page.setFocus()
    before = control.grab().toImage()

    control.setFocus(Qt.FocusReason.TabFocusReason)

    assert control.grab().toImage() != before
    dispose(one)


# How it looks.


def lengthened(word: str) -> str:
    """A word as long as it may be in other languages."""
    return re.sub(r"[A-Za-z]{4,}", lambda found: found[0] + found[0][-(len(found[0]) // 2) :], word)


@pytest.mark.parametrize("points", [10.5, 13.125], ids=["100 %", "125 %"])
@pytest.mark.parametrize("name", ["shrinking", "not-said", "silent", "paused-many", "paused-broken", "disk"])
def test_it_fits_with_long_words_in_the_smallest_window(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, name: str, points: float
):
    dress(qapp, is_dark=False, points=points)
    for module in (texts, resources_texts):
        for key, value in list(vars(module).items()):
            if isinstance(value, str) and key.isupper():
                monkeypatch.setattr(module, key, lengthened(value))
            elif isinstance(value, dict) and key.isupper():
                monkeypatch.setattr(module, key, {one: lengthened(text) for one, text in value.items()})

    one = shown(BY_NAME[name], (round(720 * points / 10.5), 560))

    assert faults(one) == []
    dispose(one)
    dress(qapp, is_dark=False)


def test_nothing_can_be_changed_while_nothing_answers_and_that_is_said(desk: QApplication):
    one = shown(BY_NAME["silent"])

    assert one.resources.hindrance.text() == resources_texts.NO_ANSWER
    assert not any(card.isEnabled() for card in one.resources.cards)
    one.show_story(tell(BY_NAME["lent"].seen, NOW), "fine")
    assert all(card.isEnabled() for card in settled(one).resources.cards)
    assert not one.resources.hindrance.isVisible()
    dispose(one)


# The way of a change.


class Keeper(Client):
    """Holds settings, and notes what it was sent; ``meanwhile`` happens while the first is on its way."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.held = Settings(quota_bytes=5 * GB)
        self.sent: list[SettingsPatch] = []
        self.meanwhile: Callable[[], None] = nothing

    async def patch_settings(self, patch: SettingsPatch) -> Settings:
        self.sent.append(patch)
        meanwhile, self.meanwhile = self.meanwhile, nothing
        meanwhile()
        self.held = applied(self.held, patch)
        return self.held


@pytest.mark.parametrize("has_rested", [False, True], ids=["still resting", "rested"])
def test_a_change_rests_before_it_is_sent_and_one_made_meanwhile_follows(
    monkeypatch: pytest.MonkeyPatch, has_rested: bool
):
    keeper, jobs = Keeper(), list[Coroutine[Any, Any, None]]()
    first, second = SettingsPatch(quota_bytes=6 * GB), SettingsPatch(quota_bytes=7 * GB, eases_in_use=False)

    async def play() -> tuple[list[float], Settings | None]:
        loop, timers = asyncio.get_running_loop(), list[tuple[float, asyncio.TimerHandle, Callable[[], None]]]()

        def call_later(delay_s: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
            timers.append((delay_s, asyncio.TimerHandle(0.0, callback, (), loop), callback))
            return timers[-1][1]

        changes = Changes(connect=lambda _: keeper, spawn=jobs.append, tell=lambda: None, take=lambda _: None)
        changes.attach(Path("/nowhere"))
        changes.hear(keeper.held)
        monkeypatch.setattr(loop, "call_later", call_later)

        def meanwhile() -> None:
            changes.change(second)
            if has_rested:
                timers[-1][2]()

        keeper.meanwhile = meanwhile
        for patch in (SettingsPatch(quota_bytes=9 * GB), first):
            changes.change(patch)
        assert [timer.cancelled() for _, timer, _ in timers] == [True, False]
        timers[-1][2]()
        await jobs.pop(0)
        assert changes.settings == applied(keeper.held, second)  # what is not sent yet is shown, too
        if not has_rested:
            timers[-1][2]()
            await jobs.pop(0)
        assert jobs == []  # never two on their way
        return [delay_s for delay_s, *_ in timers], changes.settings

    delays, shown_at_last = asyncio.run(play())

    assert delays == [REST_S] * 3
    assert keeper.sent == [first, second]
    assert shown_at_last == keeper.held


def test_a_change_is_shown_at_once_and_sent_once_the_last_of_each(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.changes.REST_S", 0.05)

    async def play() -> list[object]:
        async with living(desk, tmp_path) as (app, node):
            page = app.window.resources
            for place in (3, 5, 2):
                page.upload.slider.setValue(place)
            page.eases.switch.click()
            assert page.upload.value.text() == "at most 400 kB per second"
            assert node.wishes == []
            await wait_until(lambda: bool(node.wishes))
            await wait_until(lambda: app._seen.settings is not None and not app._seen.settings.eases_in_use)
            assert page.upload.value.text() == "at most 400 kB per second"
            return node.wishes

    assert on_loop(desk, play()) == [SettingsPatch(upload_bytes_per_s=400_000, eases_in_use=False)]


def test_a_change_that_is_refused_goes_back_and_the_nodes_sentence_stands_where_it_was_made(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.changes.REST_S", 0.05)

    async def play() -> None:
        async with living(desk, tmp_path) as (app, node):
            page = app.window.resources
            node.refuses = "At least one hour must be left."
            page.day.setFocus()
            page.day._turn(3, is_helping=False)
            assert page.hours_text.text() == "Helps from 4:00 to 8:00, 12:00 to 13:00 and 19:00 to 3:00."
            await wait_until(page.refused[2].isVisible)
            assert page.refused[2].text() == "At least one hour must be left."
            assert page.hours_text.text() == "Helps from 12:00 to 13:00 and 19:00 to 8:00."
            assert not page.refused[0].isVisible()
            node.refuses = ""
            page.day._turn(3, is_helping=False)
            await wait_until(lambda: node.settings().hours == (*range(3), *range(4, 8), 12, *range(19, 24)))
            assert not page.refused[2].isVisible()

    on_loop(desk, play())


def test_what_was_moved_just_before_the_end_is_sent(desk: QApplication, tmp_path: Path):
    async def play() -> list[object]:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine-real"].seen)
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            app.window.resources.notify.buttons()[2].click()
        await node.stop()
        return node.wishes

    assert on_loop(desk, play()) == [SettingsPatch(notifications="never")]


def test_what_another_window_or_command_changes_is_shown(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        async with living(desk, tmp_path) as (app, node):
            await node.patch_settings(SettingsPatch(download_bytes_per_s=1_500_000, notifications="news"))
            page = app.window.resources
            await wait_until(lambda: page.download.value.text() == "at most 1.5 MB per second")
            assert page.notify.buttons()[1].isChecked()

    on_loop(desk, play())
