"""The network page: what is said and painted of it, how much at most, and that it asks only while it is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QPainter, QPicture
from PySide6.QtWidgets import QApplication

from gui import asking
from gui.asking import Asking
from gui.stories.home import tell
from gui.stories.network import (
    LIMIT_RATIO_MAX,
    MARKS_MAX,
    MINUTES,
    PLANTS_MAX,
    STATES,
    Hour,
    NetworkSeen,
    NetworkStory,
    ring,
    tell_network,
)
from gui.texts import network as network_texts
from gui.tokens import look
from gui.widgets.close_group import CloseGroup, NeighbourSign
from gui.widgets.picture import Picture
from gui.widgets.traffic import TrafficChart
from gui.window import Window
from node.api.client import NotRunning
from node.api.schema import NetworkView, Reach, Settings, Traffic
from tests.gui.conftest import dress
from tests.gui.fake_node import FakeNode
from tests.gui.gallery import dispose, window
from tests.gui.helper import on_loop, running, wait_until
from tests.gui.network_samples import LARGE, NETWORKS, neighbours, view
from tests.gui.samples import NOW, NOW_S, live, real, samples
from tests.gui.test_look import faults, settled

FINE = tell(samples()[3].seen, NOW)


def told(name: str) -> NetworkStory:
    return tell_network(NETWORKS[name], NOW)


def shown(name: str, size: tuple[int, int] | None = None) -> Window:
    one = window()
    one.show_main()
    one.show_story(FINE, FINE.sign)
    one.network.show_story(told(name))
    one.go(one.pages.indexOf(one.network))
    return settled(one, size)


class TestWhatIsSaid:
    def test_each_state_of_the_close_ones_is_counted_in_words(self):
        assert [text for _, text in told("large").counts] == ["18 answer", "1 is slow", "1 is silent"]
        assert [text for _, text in told("small").counts] == ["4 answer", "1 is slow"]

    def test_those_further_out_are_counted_apart_and_it_is_said_what_one_mark_stands_for(self):
        assert told("large").beyond == (
            "1,650 of the next 1,980 computers further out answer; each mark stands for up to 21."
        )
        assert told("small").beyond == "1 of the next 2 computers further out answers."
        whole = NetworkSeen(view("aaa", close=1, known=3, subnets=3), None, NOW_S, is_live=True)
        assert tell_network(whole, NOW).beyond == "The next 2 computers further out all answer."

    def test_it_is_said_that_the_picture_is_no_map(self, desk: QApplication):
        one = shown("small")

        assert "This is not a map" in one.network.group.accessibleDescription()
        dispose(one)

    def test_reachability_is_a_fact_with_the_time_of_the_last_contact(self):
        fact = told("small").facts[0]

        assert (fact.mark, fact.text) == ("ok", "Others on the internet reach this computer by themselves.")
        assert fact.under == "The last one came 40 seconds ago."

    def test_one_that_nobody_reaches_is_told_what_would_make_it_better_and_it_is_no_alarm(self):
        fact = told("closed").facts[0]

        assert (fact.mark, fact.text[:28]) == ("note", "Your router lets nobody in: ")
        assert fact.under.startswith("It helps all the same. If your provider offers IPv6")

    def test_what_was_heard_before_the_line_went_dead_is_said_to_be_old_and_not_ticked(self):
        assert told("lost").lead == "As it was when last heard, at 14:04:00."
        assert {fact.mark for fact in told("lost").facts} == {"wait"}
        assert told("never").lead == network_texts.NOT_HEARD

    def test_without_neighbours_nothing_is_counted(self):
        assert told("alone").lead == network_texts.NOBODY
        assert (told("alone").counts, len(told("alone").facts)) == ((), 1)

    def test_an_invitation_is_asked_for_while_nobody_answers_and_not_where_it_would_be_in_vain(self):
        silent = NetworkSeen(view("xxx", close=3, known=3, subnets=3), None, NOW_S, is_live=True)

        assert [name for name in NETWORKS if told(name).takes_invitation] == ["alone"]
        assert tell_network(silent, NOW).takes_invitation
        assert not tell_network(replace(silent, is_live=False), NOW).takes_invitation
        in_practice = tell_network(replace(NETWORKS["alone"], is_practice=True), NOW)
        assert (in_practice.lead, in_practice.takes_invitation) == (network_texts.NOBODY_IN_PRACTICE, False)

    def test_traffic_is_told_in_sum_at_its_highest_and_now(self):
        seen = NetworkSeen(
            replace_traffic(Traffic(NOW_S - 90, 6_000_000, 600), Traffic(NOW_S - 150, 120, 0)),
            None,
            NOW_S,
            is_live=True,
        )
        story = tell_network(seen, NOW)

        assert story.hour_told == "6.0 MB sent, 600 bytes received in this hour."
        assert story.peaks.startswith("At most 100 kB/s sent and 0.1 kB/s received")
        assert (story.sent, story.received) == ("100 kB/s", "0.1 kB/s")

    def test_an_hour_in_which_nothing_was_measured_is_not_said_to_be_quiet(self):
        assert told("never").hour_told == network_texts.NO_TRAFFIC
        quiet = NetworkSeen(replace_traffic(Traffic(NOW_S - 90, 0, 0)), None, NOW_S, is_live=True)
        assert tell_network(quiet, NOW).hour_told == network_texts.QUIET


def replace_traffic(*minutes: Traffic) -> NetworkView:
    return msgspec.structs.replace(LARGE, traffic=minutes)


class TestTheLastHour:
    def test_each_minute_has_its_place_and_a_gap_stays_one(self):
        minutes = tuple(Traffic(NOW_S - 60 * ago, ago * 60, 0) for ago in (60, 3, 1))
        hour = tell_network(NetworkSeen(replace_traffic(*minutes), None, NOW_S, is_live=True), NOW).hour

        assert (hour.sent[0], hour.sent[57], hour.sent[58], hour.sent[59]) == (60.0, 3.0, None, 1.0)

    def test_minutes_of_a_wrong_clock_are_left_out(self):
        minutes = tuple(Traffic(NOW_S + off_s, 60, 60) for off_s in (-1e9, -3700, 3600, 1e9))
        hour = tell_network(NetworkSeen(replace_traffic(*minutes), None, NOW_S, is_live=True), NOW).hour

        assert not hour.is_measured

    @pytest.mark.parametrize(("limit", "is_drawn"), [(0, False), (50, True), (600, True), (601, False)])
    def test_a_limit_is_drawn_unless_it_would_flatten_the_bars_and_said_in_any_case(self, limit: int, is_drawn: bool):
        settings = Settings(1 << 30, upload_bytes_per_s=limit)
        seen = NetworkSeen(replace_traffic(Traffic(NOW_S - 90, 6000, 0)), settings, NOW_S, is_live=True)
        story = tell_network(seen, NOW)

        assert LIMIT_RATIO_MAX == 6.0
        assert story.hour.sent_limit == (limit if is_drawn else 0)
        assert ("no limit set" in story.limits.split(",")[0]) == (limit == 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_cut_off_and_everything_has_a_name(desk: QApplication, name: str):
    one = shown(name, (720, 560) if name in ("large", "closed") else None)

    assert faults(one) == []
    dispose(one)


@pytest.mark.parametrize("points", [9.0, 14.0])
def test_it_fits_a_small_and_a_large_font(qapp: QApplication, points: float):
    dress(qapp, is_dark=False, points=points)

    one = shown("closed", (720, 560))

    assert faults(one) == []
    dispose(one)
    dress(qapp, is_dark=False)


def test_the_states_differ_in_shape_and_not_only_in_colour(desk: QApplication):
    covered = []
    for state in STATES:
        image = NeighbourSign(state, state).grab().toImage()
        ground = image.pixelColor(image.width() // 2, 4 if state != "silent" else 8)
        places = [(x, y) for x in range(image.width()) for y in range(image.height())]
        covered.append(
            {place for place in places if abs(image.pixelColor(*place).lightness() - ground.lightness()) > 60}
        )

    assert all(len(a ^ b) > 40 for i, a in enumerate(covered) for b in covered[i + 1 :])


def recorded(one: Picture) -> int:
    """How much is painted, as the length of the recorded strokes."""
    record = QPicture()
    painter = QPainter(record)
    one.paint(painter, look())
    painter.end()
    return int(record.size())


class TestHoweverMuchThereIs:
    def test_what_is_painted_of_two_thousand_is_no_more_than_of_a_hundred(self, desk: QApplication):
        sizes = []
        for far in (MARKS_MAX, 1980, 10_000):
            states = neighbours("a" * PLANTS_MAX + "a" * far, close=PLANTS_MAX)
            group = CloseGroup()
            group.resize(300, 300)
            group.show_ring(ring(states[:PLANTS_MAX], states[PLANTS_MAX:]), "", "")
            sizes.append(recorded(group))

        assert len(told("large").ring.plants) == 20
        assert max(sizes) <= sizes[0]

    def test_a_mark_shows_what_most_of_those_are_for_whom_it_stands(self):
        far = neighbours(("a" * 30 + "s" * 12) * MARKS_MAX, close=0)

        assert set(ring((), far).marks) == {"answers"}
        assert ring((), neighbours("s" * 90, close=0)).marks == ("slow",) * 90

    def test_close_ones_beyond_the_ring_are_said_to_be_not_drawn(self):
        story = tell_network(NetworkSeen(view("a" * 40, close=40, known=40, subnets=5), None, NOW_S, is_live=True), NOW)

        assert (len(story.ring.plants), story.beyond) == (PLANTS_MAX, "The nearest 24 of 40 are drawn.")

    def test_an_hour_is_sixty_bars_however_many_minutes_are_told(self, desk: QApplication):
        many = tuple(Traffic(NOW_S - 60 * (i % 70) - 30, i, i) for i in range(10_000))
        hour = tell_network(NetworkSeen(replace_traffic(*many), None, NOW_S, is_live=True), NOW).hour
        chart, full = TrafficChart(), TrafficChart()
        chart.show_hour(hour, "", "")
        full.show_hour(Hour((1.0,) * MINUTES, (1.0,) * MINUTES), "", "")

        assert (len(hour.sent), len(hour.received)) == (MINUTES, MINUTES)
        assert recorded(chart) <= recorded(full)

    def test_ten_thousand_events_paint_the_unchanged_page_no_more_than_once(
        self, desk: QApplication, monkeypatch: pytest.MonkeyPatch
    ):
        one = shown("large")
        painted: list[bool] = []
        monkeypatch.setattr(CloseGroup, "paint", lambda *_: painted.append(True))

        for i in range(10_000):
            one.network.show_story(told_once(one))
            if i % 500 == 0:
                settled(one)

        assert len(painted) <= 1
        dispose(one)


def told_once(one: Window) -> NetworkStory:
    story = one.network._story
    assert story is not None
    return replace(story)  # equal, but another one


class Talker:
    """A node that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_there = True
        self.closed = 0

    async def ask(self, _: object) -> str:
        self.asked += 1
        if not self.is_there:
            raise NotRunning
        return f"answer {self.asked}"

    async def close(self) -> None:
        self.closed += 1


def test_it_asks_at_once_when_it_is_shown_again_and_again_while_it_is_and_not_after(
    desk: QApplication, monkeypatch: pytest.MonkeyPatch
):
    talker, heard = Talker(), list[str | None]()

    async def play() -> None:
        one = Asking(Path(), talker.ask, heard.append, connect=lambda _: talker)  # type: ignore[arg-type, return-value]
        job = asyncio.create_task(one.run())
        await asyncio.sleep(0)
        assert talker.asked == 0
        one.show(True)
        await wait_until(lambda: talker.asked == 1)  # and then only after a while
        one.show(False)
        one.show(True)
        await wait_until(lambda: talker.asked == 2)
        monkeypatch.setattr(asking, "ASK_S", 0.0)
        one.show(True)
        talker.is_there = False
        await wait_until(lambda: talker.asked >= 6)
        one.show(False)
        await wait_until(lambda: not one._again.is_set())
        for _ in range(3):
            await asyncio.sleep(0)
        asked = talker.asked
        for _ in range(20):
            await asyncio.sleep(0)
        assert talker.asked == asked
        job.cancel()
        await asyncio.wait([job])

    on_loop(desk, play())

    assert heard[:2] == ["answer 1", "answer 2"]
    assert heard[-1] is None
    assert talker.closed == 1


def test_a_reach_that_is_not_known_is_told_as_such():
    waiting = Reach("unknown", "Nobody had the time yet.")
    one = NetworkSeen(view("aa", close=2, known=2, subnets=1, reach=waiting), None, NOW_S, is_live=True)
    facts = tell_network(one, NOW).facts

    assert (facts[0].mark, facts[0].text, facts[0].under) == (
        "wait",
        "Nobody had the time yet.",
        "",
    )
    assert (facts[1].mark, facts[1].text) == ("wait", "Neighbours on 1 network.")


def test_whoever_has_no_neighbours_gives_an_invitation_here_until_there_are_some(desk: QApplication, tmp_path: Path):
    node = Lonely(tmp_path / "home")

    async def play() -> None:
        await node.start()
        node.say(live(real()))
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            app.open_page(app.window.network)
            row = app.window.network.invitation
            await wait_until(row.isVisible)
            node.refuses = "This is no invitation: one starts with PERENNIAL-1-."
            row.field.setText("hello")
            row.take.click()
            await wait_until(lambda: row.said.text() == node.refuses)
            assert row.field.text() == "hello"
            node.refuses = ""
            row.field.setText(" PERENNIAL-1-ABC ")
            row.take.click()
            await wait_until(lambda: "tries to meet 2 computers" in row.said.text())
            assert node.wishes == ["hello", "PERENNIAL-1-ABC"]
            node.view = view("aa", close=2, known=2, subnets=2)
            app._closer._asking["network"].show(True)
            await wait_until(lambda: not row.isVisible())
            assert not row.said.text()
        await node.stop()

    on_loop(desk, play())


class Lonely(FakeNode):
    """Has no neighbours, until it is given some."""

    view = NETWORKS["alone"].view

    async def network(self) -> NetworkView:
        assert self.view is not None
        return self.view
