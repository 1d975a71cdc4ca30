"""The whole app against a node that talks: its story on screen, its going and coming back, its end."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from gui import clock, feed
from gui.stories.home import Seen
from gui.texts import app as texts
from node.api.schema import Phase, Said
from tests.gui.fake_node import FakeNode
from tests.gui.helper import fake_process, on_loop, running, said, wait_until
from tests.gui.samples import EARLY, LATE, NEXT, PROMOTED, live, samples, status, update

BY_NAME = {sample.name: sample.seen for sample in samples()}


async def changed(one: QLabel) -> None:
    before = one.text()
    await wait_until(lambda: one.text() != before)


def test_the_events_of_a_release_are_told_from_announced_to_promoted(desk: QApplication, tmp_path: Path):
    titles: list[str] = []

    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: app.window.home.headline.text() == "Everything is fine.")
            phases: tuple[Phase, ...] = (
                "announced",
                "fetching",
                "staged",
                "on_trial",
                "rehearsing",
                "promoting",
                "probation",
            )
            for phase in phases:
                node.say(
                    live(status("trial" if phase == "on_trial" else "fine"), (update("0.1.1", NEXT, phase),), EARLY)
                )
                await changed(app.window.updates.title)
                titles.append(app.window.updates.title.text())
            confirmed = update("0.1.1", NEXT, "confirmed", PROMOTED)
            node.say(live(status(version="0.1.1", tree_hash=NEXT), (confirmed,), LATE))
            await wait_until(lambda: app.window.updates.title.text() == "You are using 0.1.1")
            assert "took over" in app.window.updates.lead.text()
        await node.stop()

    on_loop(desk, play())

    assert titles == [
        "Version 0.1.1 was announced",
        "Version 0.1.1 is being fetched",
        "Version 0.1.1 waits for its trial",
        "Version 0.1.1 is being tried out",
        "The way back from 0.1.1 is rehearsed",
        "Version 0.1.1 is taking over",
        "Version 0.1.1 took over",
    ]


@pytest.mark.parametrize("is_shown", [True, False], ids=["window open", "window closed"])
def test_a_supervisor_that_dies_is_said_to_be_gone_within_two_seconds_and_found_again(
    desk: QApplication, tmp_path: Path, is_shown: bool
):
    async def play() -> tuple[float, float]:
        home, clock = tmp_path / "home", asyncio.get_running_loop().time
        child = await fake_process(home, "fine")
        async with running(desk, home, tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            app.window.setVisible(is_shown)
            child.kill()
            gone_s = clock()
            await wait_until(lambda: said(app)[2] == "It does not run.")
            gone_s = clock() - gone_s
            assert said(app)[:2] == ("problem", "Practice: it does not run")
            assert {one.mark for one in app.story().home.checks.proofs} == {"wait"}
            await child.communicate()
            child = await fake_process(home, "fine")
            back_s = clock()
            await wait_until(lambda: said(app)[2] == "Everything is fine.")
            back_s = clock() - back_s
            assert app.tray.sign == "fine"
        child.kill()
        await child.communicate()
        return gone_s, back_s

    gone_s, back_s = on_loop(desk, play())

    assert gone_s < 2.0
    assert back_s < 2.0


def test_a_home_that_goes_with_its_disk_is_missed_and_found_again(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        home = tmp_path / "home"
        child = await fake_process(home, "fine-real")
        async with running(desk, home, tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            home.rename(tmp_path / "unplugged")  # while its node goes on answering
            await wait_until(lambda: said(app)[2] == "The folder of Perennial is not there.")
            assert said(app)[:2] == ("attention", "The folder of Perennial is not there")
            (tmp_path / "unplugged").rename(home)
            await wait_until(lambda: said(app)[2] == "Everything is fine.")
            home.rename(tmp_path / "unplugged")
            child.kill()
            await child.communicate()
            await wait_until(lambda: said(app)[2] == "The folder of Perennial is not there.")
            (tmp_path / "unplugged").rename(home)
            await wait_until(lambda: said(app)[2] == "It does not run.")
            child = await fake_process(home, "fine-real")
            await wait_until(lambda: said(app)[2] == "Everything is fine.")
        child.kill()
        await child.communicate()

    on_loop(desk, play())


def test_a_restart_that_is_over_at_once_is_not_worth_a_word(desk: QApplication, tmp_path: Path):
    heard: list[str] = []

    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            feed_now = app._feed
            assert feed_now is not None
            tell = feed_now._on_change

            def listen(seen: Seen) -> None:
                heard.append(seen.link)
                tell(seen)

            feed_now._on_change = listen
            await node.stop()
            await wait_until(lambda: feed_now._since_s is not None)  # it has found nobody there
            node.say(BY_NAME["paused"])
            await node.start()
            await wait_until(lambda: said(app)[2] == "Paused: on battery.")
        await node.stop()

    on_loop(desk, play())

    assert set(heard) == {"connected"}


def test_a_node_that_hangs_is_not_taken_for_a_quiet_one(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed, "LOOK_SHOWN_S", 0.1)
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 0.3)

    async def play() -> None:
        child = await fake_process(tmp_path / "home")
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[2] == "Starting up." and app.story().is_practice)
            child.send_signal(19)  # stops it without ending it
            await wait_until(lambda: said(app)[2] == "It does not run.")
            child.send_signal(18)
            await wait_until(lambda: said(app)[2] == "Starting up.")
        child.kill()
        await child.communicate()

    on_loop(desk, play())


def test_missed_events_make_it_read_everything_anew(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            node.say(BY_NAME["attention"])
            node.events.forget()
            await wait_until(lambda: said(app)[0] == "attention")
        await node.stop()

    on_loop(desk, play())


def test_practice_is_to_be_seen_in_window_title_sidebar_and_tray(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            assert app.window.sidebar.badge.isVisible()
            assert "practice" in app.window.windowTitle()
            assert app.tray.line.text().startswith("Practice")
            assert app.tray.quit.text() == texts.QUIT_WINDOW_ONLY  # the node is not the app's own
            node.say(BY_NAME["fine-real"])
            await wait_until(lambda: not app.window.sidebar.badge.isVisible())
            assert app.window.windowTitle() == "Perennial"
        await node.stop()

    on_loop(desk, play())


def test_many_events_at_once_are_shown_as_the_last_of_them(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            for chunks in range(1, 400):
                node.say(live(status(chunks=chunks)))
                if chunks % 40 == 0:
                    await asyncio.sleep(0)
            await wait_until(lambda: "399 pieces" in app.window.home.lead.text())
        await node.stop()

    on_loop(desk, play())


def test_five_thousand_calls_from_another_thread_do_not_abort_the_process(desk: QApplication):
    async def play() -> int:
        loop, count = asyncio.get_running_loop(), 0

        def one() -> None:
            nonlocal count
            count += 1

        def work() -> None:
            for _ in range(5000):
                loop.call_soon_threadsafe(one)

        await loop.run_in_executor(None, work)
        await wait_until(lambda: count == 5000)
        return count

    assert on_loop(desk, play()) == 5000


class TestTheWindowsCloseButton:
    def test_without_a_tray_it_is_made_small_and_that_is_said_once(self, desk: QApplication, tmp_path: Path):
        async def play() -> None:
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                assert not app.tray.is_available  # offscreen there is none
                app.window.close()
                assert app.box is not None
                assert app.box.text() == texts.NO_TRAY
                app.box.buttons()[0].click()
                await wait_until(app.window.isMinimized)
                app.open()
                await wait_until(lambda: not app.window.isMinimized())
                app.window.close()
                assert app.box is None
                await wait_until(app.window.isMinimized)

        on_loop(desk, play())

    def test_with_a_tray_it_goes_into_the_tray_and_comes_back_from_there(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: True))

        async def play() -> None:
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                app.window.close()
                assert not app.window.isVisible()
                assert app.box is None
                app.tray.open.trigger()
                assert app.window.isVisible()

        on_loop(desk, play())

    def test_at_login_only_the_icon_is_there_and_without_a_tray_the_window(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        has_tray = True
        monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: has_tray))
        monkeypatch.setattr("gui.app.TRAY_S_MAX", 0.01)

        async def play() -> bool:
            node = FakeNode(tmp_path / "home")
            node.say(BY_NAME["fine"])
            await node.start()
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini", is_hidden=True) as app:
                await wait_until(lambda: said(app)[0] == "fine")
                is_visible = app.window.isVisible()
            await node.stop()
            return is_visible

        hidden = on_loop(desk, play())
        has_tray = False

        assert (hidden, on_loop(desk, play())) == (False, True)

    def test_the_button_under_the_sentence_leads_where_something_can_be_done(
        self, desk: QApplication, qtbot: QtBot, tmp_path: Path
    ):
        async def play() -> None:
            node = FakeNode(tmp_path / "home")
            over = msgspec.structs.replace(status("attention", "Too much is in use."), said=(Said("space.over"),))
            node.say(live(over))
            await node.start()
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                await wait_until(app.window.home.button.isVisible)
                assert app.window.home.button.text() == "Show Resources"
                qtbot.mouseClick(app.window.home.button, Qt.MouseButton.LeftButton)
                assert app.window.pages.currentWidget() is app.window.resources
            await node.stop()

        on_loop(desk, play())

    def test_the_keyboard_reaches_pages_and_their_entries(self, desk: QApplication, qtbot: QtBot, tmp_path: Path):
        async def play() -> None:
            node = FakeNode(tmp_path / "home")
            await node.start()
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                window = app.window
                first, second, *_ = window.sidebar.group.buttons()
                await wait_until(window.isActiveWindow)  # before that it hears no keys
                qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
                assert window.pages.currentWidget() is window.resources
                qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
                assert window.pages.currentWidget() is window.updates
                second.setFocus()
                qtbot.keyClick(second, Qt.Key.Key_Up)
                assert window.focusWidget() is first
                assert window.pages.currentWidget() is window.home
                await wait_until(window.home.side.isVisible)
                qtbot.keyClick(first, Qt.Key.Key_Tab)  # one stop for the whole sidebar, then the page
                assert window.focusWidget() is window.home.side
                for page in (window.network, window.help):
                    number = str(window.pages.indexOf(page) + 1)
                    qtbot.keyClick(window, number, Qt.KeyboardModifier.ControlModifier)
                    assert window.pages.currentWidget() is page
            await node.stop()

        on_loop(desk, play())


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system tells of a new time zone by itself")
def test_times_are_told_in_the_time_zone_into_which_the_computer_was_carried(monkeypatch: pytest.MonkeyPatch):
    offsets = []
    try:
        for zone in ("UTC", "Asia/Tokyo"):
            monkeypatch.setenv("TZ", zone)
            offsets.append(clock.now().utcoffset())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert offsets == [timedelta(0), timedelta(hours=9)]


def test_a_moment_of_another_season_or_year_is_told_as_the_clock_on_the_wall_showed_it(monkeypatch: pytest.MonkeyPatch):
    winter, summer = datetime(2026, 12, 9, 8, tzinfo=UTC), datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp()
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()  # half past two, when it was that twice
    try:
        monkeypatch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        here = winter.astimezone(clock.HERE)
        told = [texts.at(at_s, here) for at_s in (summer, twice, twice + 3600, summer - 365 * 86_400)]
        assert datetime.fromtimestamp(twice + 3600, clock.HERE).timestamp() == twice + 3600
        assert clock.now().timestamp() == pytest.approx(time.time(), abs=5)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert told == ["1 Jul 12:00", "25 Oct 02:30", "25 Oct 02:30", "1 Jul 2025 12:00"]


def test_what_the_node_says_is_looked_at_for_something_to_tell_and_listed_among_the_last_events(
    desk: QApplication, tmp_path: Path
):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine-real"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await wait_until(lambda: said(app)[0] == "fine")
            app.window.show_details()
            node.say(BY_NAME["problem"])
            await wait_until(lambda: "problem: The disk cannot be written" in app.window.details.events.toPlainText())
            await wait_until(lambda: said(app)[0] == "problem")
            assert app._notifier._seen.status is not None
            assert app._notifier._seen.status.state == "problem"
            assert app._notifier._seen.settings == node.settings()
        await node.stop()

    on_loop(desk, play())
