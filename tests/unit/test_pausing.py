"""When the node helps less: as people ask, as the computer stands, as the clock says, and never to and fro."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.api import pauses
from node.api.schema import PauseReason, Surroundings
from node.supervisor.pausing import HOUR_S, LOOK_S_MAX, SETTLE_S, Asked, Kept, Lasts, Look, Pausing, Verdict, Wishes

NOON_S = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
BATTERY, PLUGGED = Surroundings(is_on_battery=True), Surroundings(is_on_battery=False)


@dataclass
class Node:
    """One machine with its surroundings; ``zone`` is the computer's."""

    state: Pausing = field(default_factory=Pausing)
    steady_s: float = 1_000.0
    utc_s: float = NOON_S
    around: Surroundings | None = PLUGGED
    wishes: Wishes = field(default_factory=Wishes)
    zone: Any = UTC

    def look(self, seconds: float = 0.0, around: Surroundings | None = None) -> Verdict:
        """Let time pass, then look."""
        self.steady_s += seconds
        self.utc_s += seconds
        self.around = around or self.around
        self.state, verdict = self.state.looked(self._now(), self.wishes)
        return verdict

    def kinds(self, seconds: float = 0.0, around: Surroundings | None = None) -> list[str]:
        return [one.kind for one in self.look(seconds, around).reasons]

    def pause(self, lasts: Lasts) -> None:
        self.state = self.state.paused(lasts, self._now())

    def resume(self) -> None:
        self.state = self.state.resumed(self._now(), self.wishes)

    def restart(self) -> None:
        self.state = Pausing(self.state.kept)
        self.steady_s = 5.0

    def _now(self) -> Look:
        return Look(self.steady_s, self.utc_s, self.around, self.zone)


class TestWhatAPersonAsks:
    def test_an_hour_ends_by_itself_after_an_hour_and_says_when(self):
        node = Node()
        node.pause("1h")
        (reason,) = node.look(3590.0).reasons
        assert reason == PauseReason("asked", "Paused: as you asked. It goes on by itself at 13:00.", NOON_S + 3600)
        assert node.kinds(11.0) == []

    def test_until_resumed_lasts_until_it_is_resumed(self):
        node = Node()
        node.pause("until-resumed")
        assert node.look(30 * 86_400.0).reasons[0].sentence == "Paused: as you asked. It goes on when you say so."
        node.resume()
        assert node.kinds() == []

    @pytest.mark.parametrize(
        ("asked", "ends"),
        [("25 12:00", "26 06:00"), ("25 23:30", "26 06:00"), ("26 01:30", "26 06:00"), ("26 02:30", "27 06:00")],
    )
    def test_tomorrow_is_six_in_the_morning_of_the_computers_own_clock(self, asked: str, ends: str):
        zone = timezone(timedelta(hours=9))
        node = Node(zone=zone, utc_s=_at(asked, zone))
        node.pause("tomorrow")
        assert node.look().reasons[0].until_s == _at(ends, zone)

    def test_tomorrow_is_six_even_where_the_clock_is_changed_at_night(self):
        zone = ZoneInfo("Europe/Berlin")
        evening = datetime(2026, 10, 24, 22, tzinfo=zone).timestamp()
        node = Node(zone=zone, utc_s=evening)
        node.pause("tomorrow")
        assert node.look().reasons[0].until_s == evening + 9 * HOUR_S

    def test_a_pause_goes_on_after_a_restart_for_what_is_left_of_it(self):
        node = Node()
        node.pause("1h")
        node.look(1800.0)
        node.restart()
        assert node.kinds(1790.0) == ["asked"]
        assert node.kinds(20.0) == []

    @pytest.mark.parametrize("jump_s", [-2 * 365 * 86_400.0, -5.0, 5.0, 2 * 365 * 86_400.0])
    def test_a_clock_that_is_set_while_it_runs_changes_nothing_of_how_long_it_lasts(self, jump_s: float):
        node = Node()
        node.pause("1h")
        node.look(600.0)
        node.utc_s += jump_s
        assert node.kinds(2990.0) == ["asked"]
        assert node.kinds(20.0) == []

    @pytest.mark.parametrize("jump_s", [-2 * HOUR_S, 2 * HOUR_S])
    def test_a_clock_that_was_set_just_before_it_is_asked_for_changes_nothing_either(self, jump_s: float):
        node = Node()
        node.look()
        node.utc_s += jump_s
        node.pause("1h")
        assert node.look().reasons[0].until_s == node.utc_s + HOUR_S
        assert node.kinds(3590.0) == ["asked"]
        assert node.kinds(20.0) == []

    def test_a_clock_that_was_set_back_for_years_while_it_was_off_makes_no_pause_of_years(self):
        node = Node()
        node.pause("1h")
        node.look()
        node.restart()
        node.utc_s -= 2 * 365 * 86_400.0
        assert node.kinds() == ["asked"]
        assert node.kinds(3601.0) == []

    def test_what_was_kept_for_longer_than_anybody_can_ask_for_is_cut(self):
        node = Node()
        node.pause("tomorrow")
        asked = node.state.kept.asked
        assert asked is not None
        node.state = replace(node.state, kept=Kept(Asked(asked.asked_s, asked.asked_s + 1e9)))
        assert node.kinds(2 * 86_400.0) == []


class TestWhatTheComputerSays:
    def test_on_battery_at_the_start_is_a_pause_at_once(self):
        assert Node(around=BATTERY).kinds() == ["battery"]

    def test_it_begins_and_ends_only_after_it_has_been_so_for_some_minutes(self):
        node = Node()
        assert node.kinds() == []
        assert node.kinds(1.0, BATTERY) == []
        assert node.kinds(SETTLE_S - 1) == []
        assert node.kinds(1.0) == ["battery"]
        assert node.kinds(1.0, PLUGGED) == ["battery"]
        assert node.kinds(SETTLE_S - 1) == ["battery"]
        assert node.kinds(1.0) == []

    def test_a_plug_that_is_loose_changes_nothing(self):
        node = Node()
        node.look()
        for _ in range(50):
            assert node.kinds(1.0, BATTERY) == []
            assert node.kinds(SETTLE_S - 1) == []
            assert node.kinds(1.0, PLUGGED) == []

    def test_what_cannot_be_told_is_no_reason(self):
        assert Node(around=Surroundings()).kinds() == []

    def test_who_does_not_want_it_has_no_pause(self):
        node = Node(around=Surroundings(is_on_battery=True, is_metered=True), wishes=Wishes(pauses_on_battery=False))
        assert node.kinds() == ["metered"]
        node.wishes = Wishes(pauses_on_metered=False)
        assert node.kinds() == ["battery"]

    def test_a_practice_home_never_pauses_or_eases_by_itself_but_when_it_is_asked(self):
        around = Surroundings(is_on_battery=True, is_metered=True, is_in_use=True)
        node = Node(around=around, wishes=Wishes(are_any=False, hours=(1,)))
        assert (node.kinds(), node.look().is_eased) == ([], False)
        node.pause("1h")
        assert node.kinds() == ["asked"]

    def test_somebody_who_works_here_eases_it_unless_that_is_not_wanted(self):
        node = Node(around=Surroundings(is_in_use=True))
        assert node.look().is_eased
        node.wishes = Wishes(eases_in_use=False)
        assert not node.look().is_eased

    def test_it_is_looked_at_again_when_something_is_due_and_every_few_seconds_in_any_case(self):
        node = Node()
        assert node.look().look_in_s == LOOK_S_MAX
        node.look(0.0, BATTERY)
        assert node.look(SETTLE_S - 4).look_in_s == 4.0
        node.pause("1h")
        assert node.look(HOUR_S - 3).look_in_s == 3.0


class TestTheHours:
    def test_outside_of_them_it_pauses_until_the_next_one_begins(self):
        node = Node(wishes=Wishes(hours=(12, 20)))
        assert node.kinds() == []
        (reason,) = node.look(3600.0).reasons
        assert (reason.kind, reason.until_s) == ("hours", NOON_S + 8 * HOUR_S)
        assert node.kinds(7 * HOUR_S) == []

    def test_the_next_one_may_be_tomorrow(self):
        node = Node(wishes=Wishes(hours=(3,)))
        assert node.look().reasons[0].sentence.endswith("It goes on by itself tomorrow at 03:00.")


class TestGoingOn:
    def test_on_battery_goes_on_until_the_computer_was_plugged_in_and_then_pauses_again(self):
        node = Node(around=BATTERY)
        node.look()
        node.resume()
        assert node.kinds(10 * SETTLE_S) == []
        assert node.kinds(1.0, PLUGGED) == []
        assert node.kinds(SETTLE_S) == []
        assert node.kinds(1.0, BATTERY) == []
        assert node.kinds(SETTLE_S) == ["battery"]

    def test_it_is_remembered_over_a_restart_even_before_the_first_look_around(self):
        node = Node(around=BATTERY)
        node.look()
        node.resume()
        node.restart()
        node.around = None
        node.look()
        assert node.kinds(1.0, BATTERY) == []

    def test_a_reason_that_comes_later_is_a_new_one(self):
        node = Node(around=BATTERY)
        node.look()
        node.resume()
        node.look(1.0, Surroundings(is_on_battery=True, is_metered=True))
        assert node.kinds(SETTLE_S) == ["metered"]

    def test_whoever_switches_the_pause_off_and_on_again_has_it_again(self):
        node = Node(around=BATTERY)
        node.look()
        node.resume()
        node.wishes = Wishes(pauses_on_battery=False)
        node.look()
        node.wishes = Wishes()
        assert node.kinds() == ["battery"]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(0.0, 400.0), st.sampled_from([True, False, None]), st.sampled_from([True, False, None])),
        max_size=40,
    )
)
def test_no_automatic_pause_ever_begins_or_ends_faster_than_some_minutes_after_the_last_time(steps: list[Any]):
    node = Node()
    held = set(node.kinds())
    changed_s = dict.fromkeys(("battery", "metered"), node.steady_s - SETTLE_S)
    for seconds, is_on_battery, is_metered in steps:
        now = set(node.kinds(seconds, Surroundings(is_on_battery, is_metered)))
        for kind in held ^ now:
            assert node.steady_s - changed_s[kind] >= SETTLE_S
            changed_s[kind] = node.steady_s
        held = now


def test_several_reasons_are_one_sentence():
    two = [pauses.reason("battery", None, NOON_S, UTC), pauses.reason("hours", NOON_S + 60, NOON_S, UTC)]
    assert pauses.sentence(two) == (
        "Paused: on battery, outside the hours that you chose. It goes on by itself when none of this holds any longer."
    )
    assert "when you say so" in pauses.sentence([pauses.reason("asked", None, NOON_S, UTC), *two])
    for_an_hour = pauses.reason("asked", NOON_S + HOUR_S, NOON_S, UTC)
    assert "by itself when none" in pauses.sentence([for_an_hour, *two])
    assert pauses.sentence([]) == ""


def _at(text: str, zone: Any) -> float:
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=zone).timestamp()
