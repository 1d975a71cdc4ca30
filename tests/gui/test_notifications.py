"""What is worth a notification: what needs a person, rarely; good news for those who want them; nothing else."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from gui.stories.home import Seen
from gui.stories.notifications import (
    CAUSE_S,
    CAUSES_MAX,
    FIRST_START_S,
    HOLD_S,
    NEWS_S,
    Look,
    Note,
    Told,
    Waiting,
    decide,
)
from node.api.schema import Check, Notifications, PauseReason, Said, Settings, Status, Update
from tests.gui.samples import BASE, LOSSY, NEXT, NOW_S, PROMOTED, live, status, update

LONG_AGO = Told(first_s=NOW_S - 1e6, release="vault/0.1.0")
REAL = status(is_practice=False)
MISSING = Check("disk", "bad", 'The disk "Archive" is missing.', NOW_S, "Plug it back in when you can.")
FULL = Check("disk", "bad", "The disk is full.", NOW_S, "Make room on it.")
CLOSED = Check("reach", "bad", "Your router lets nobody in.", NOW_S, "Let UDP port 4711 through.")
CLOCK = Check("clock", "bad", "The clock of this computer is wrong by 3 days.", NOW_S, "Set it right.")


def seen(one: Status = REAL, *updates: Update, setting: Notifications = "act") -> Seen:
    return replace(live(one, updates), settings=Settings(1 << 30, notifications=setting))


def needing(*checks: Check, setting: Notifications = "act") -> Seen:
    return seen(msgspec.structs.replace(REAL, state="attention", checks=checks), setting=setting)


def promoted(version: str = "0.1.1", *, setting: Notifications = "news", exception: str = "") -> Seen:
    taken = update(version, NEXT, "confirmed", PROMOTED, ago_s=60)
    taken = msgspec.structs.replace(taken, exception=exception, seconds={"on_trial": 9 * 86_400.0})
    newer = status(is_practice=False, version=version, tree_hash=NEXT)
    return seen(newer, taken, setting=setting)


def play(*moments: tuple[float, Seen], told: Told = LONG_AGO, screen: Look = "free") -> tuple[list[Note], Told]:
    """What is told when these are seen at these seconds from now on."""
    waiting, notes = Waiting(), []
    for at_s, one in moments:
        note, told, waiting = decide(one, NOW_S + at_s, told, waiting, screen)
        notes += [note] if note is not None else []
    return notes, told


def held(one: Seen, at_s: float = 0.0) -> tuple[tuple[float, Seen], ...]:
    return (at_s, one), (at_s + HOLD_S, one)


class TestWhatNeedsAPerson:
    def test_it_is_told_with_what_there_is_to_do(self):
        (note,), _ = play(*held(needing(MISSING)))

        assert (note.title, note.body) == (
            'The disk "Archive" is missing',
            "Plug it back in when you can. Everything else goes on by itself.",
        )

    def test_what_mends_itself_soon_is_not_told(self):
        assert play((0, needing(MISSING)), (HOLD_S / 2, seen()), (HOLD_S, needing(MISSING)))[0] == []

    def test_it_is_told_once_a_day_for_each_cause_however_often_it_comes_and_goes(self):
        moments = [moment for hour in range(47) for moment in (*held(needing(MISSING), hour * 3600), (0, seen()))]

        notes, _ = play(*((max(at_s, 0.0), one) for at_s, one in moments))

        assert [note.cause for note in notes] == ["disk", "disk"]

    def test_a_line_that_is_down_must_be_so_for_an_hour_and_a_router_is_told_of_once_a_month(self):
        alone = needing(Check("exchange", "bad", "No other computer answers.", None, "Look whether there is a line."))
        closed = needing(CLOSED)

        assert play((0, alone), (3599, alone))[0] == []
        assert len(play((0, alone), (3600, alone))[0]) == 1
        days = [moment for day in range(31) for moment in held(closed, day * 86_400.0)]
        assert len(play(*days)[0]) == 2

    def test_another_cause_is_told_all_the_same(self):
        notes, told = play(*held(needing(MISSING)), *held(needing(CLOCK), 600))

        assert [note.cause for note in notes] == ["disk", "clock"]
        assert set(told.causes) == {"disk", "clock"}

    def test_what_was_told_and_lasts_silences_nothing_else(self):
        day_s = 86_400.0
        both = needing(CLOSED, CLOCK)
        broken = msgspec.structs.replace(
            REAL, state="problem", sentence="The vault does not keep running.", checks=(CLOSED, CLOCK)
        )

        notes, _ = play(
            *held(needing(CLOSED)), *held(both, 600), *held(both, 2 * day_s), *held(seen(broken), 2 * day_s + 600)
        )

        assert [note.cause for note in notes] == ["reach", "clock", "clock", "The vault does not keep running."]

    def test_what_goes_on_beside_it_is_timed_on_its_own(self):
        notes, _ = play((0, needing(CLOSED)), (60, needing(MISSING, CLOSED)), (HOLD_S, needing(MISSING, CLOSED)))

        assert [note.cause for note in notes] == ["reach"]

    def test_a_problem_that_a_check_tells_of_is_told_once(self):
        gone = msgspec.structs.replace(REAL, state="problem", sentence="It cannot be written.", checks=(MISSING,))

        notes, _ = play(*held(seen(gone)), *held(seen(gone), 600))

        assert [note.cause for note in notes] == ["disk"]

    def test_a_new_sentence_on_the_same_check_is_the_same_cause(self):
        assert len(play(*held(needing(MISSING)), *held(needing(FULL), 600))[0]) == 1

    def test_what_nobody_can_do_anything_about_is_not_told(self):
        alone = msgspec.structs.replace(REAL, state="attention", sentence="No other vault can be reached.")
        hopeless = needing(msgspec.structs.replace(MISSING, advice=""))

        assert play(*held(seen(alone)), *held(hopeless, 600))[0] == []

    def test_a_problem_of_which_no_check_tells_is_told(self):
        broken = status("problem", "The vault does not keep running (exit code 3); it is started again and again.")
        (note,), _ = play(*held(seen(msgspec.structs.replace(broken, is_practice=False))))

        assert note.title == "Perennial does not keep running; it is started again and again"
        assert note.body == "It keeps trying by itself. Open Perennial to see what can be done."

    def test_of_two_computers_with_one_key_it_is_told_once_and_no_trying_that_could_help_is_promised(self):
        alone = Check("exchange", "bad", "XX.", None, "YY.", advised=(Said("exchange.end_other"),))
        both = msgspec.structs.replace(REAL, state="problem", sentence="ZZ.", said=(Said("vault.doubled"),))
        doubled = seen(msgspec.structs.replace(both, checks=(alone, CLOCK)))

        first, second = play((0, doubled), *((3600.0 + 60 * i, doubled) for i in range(5)))[0]

        assert (first.title, first.body) == (
            "Another computer runs with the key of this one",
            "Others count only one of the two. Open Perennial to see what can be done.",
        )
        assert second.cause == "clock"

    def test_an_urgent_version_that_a_pause_without_an_end_holds_back_is_told_once_a_week(self):
        urgent = msgspec.structs.replace(update("0.1.1", NEXT, "announced"), is_urgent=True)

        def forgotten(until_s: float | None) -> Seen:
            asked = PauseReason("asked", "Paused: as you asked.", until_s)
            return seen(msgspec.structs.replace(REAL, state="paused", pauses=(asked,)), urgent)

        days = [moment for day in range(8) for moment in held(forgotten(None), day * 86_400.0)]
        notes, _ = play(*days)

        assert [note.title for note in notes] == ["An urgent update waits, because you have paused Perennial"] * 2
        assert play(*held(forgotten(NOW_S + 3600)))[0] == []

    def test_numbers_in_a_sentence_make_no_new_cause(self):
        silent = [
            seen(msgspec.structs.replace(REAL, state="problem", sentence=f"No answer for {n} seconds."))
            for n in (21, 22)
        ]
        assert len(play(*held(silent[0]), *held(silent[1], 600))[0]) == 1

    def test_a_node_that_is_gone_is_told_and_one_that_restarts_is_not(self):
        lost = replace(seen(), link="lost")

        assert play((0, lost), (5, seen()), (HOLD_S, lost))[0] == []
        assert [note.title for note in play(*held(lost))[0]] == ["Perennial does not run"]

    def test_a_node_that_does_not_even_start_is_told_but_to_whoever_never_wanted_to_hear_anything(self):
        never_heard = Seen(link="lost")

        assert [note.title for note in play(*held(never_heard))[0]] == ["Perennial does not run"]
        _, remembered = play((0, seen(setting="never")))
        assert play(*held(never_heard), told=remembered)[0] == []

    def test_before_it_is_known_whether_one_runs_nothing_is_told(self):
        assert play(*held(Seen()))[0] == []

    def test_no_start_is_promised_to_help_where_perhaps_none_can(self):
        (note,), _ = play(*held(replace(seen(), link="lost")))

        assert (
            note.body == "Your computer does not help at the moment. Open Perennial to see why, or to start it again."
        )

    def test_a_folder_that_is_missing_is_told_as_that(self):
        missing = replace(seen(), link="lost", is_home_missing=True)

        (note,) = play(*held(missing))[0]

        assert (note.cause, note.title) == ("disk", "The folder of Perennial is not there")
        assert note.body == (
            "If it lies on a disk that can be unplugged, plug that back in. Open Perennial to see what else can be"
            " done."
        )

    def test_good_news_wait_behind_it(self):
        one = promoted()
        assert one.status is not None
        both = replace(one, status=msgspec.structs.replace(one.status, state="attention", checks=(CLOCK,)))

        assert [note.kind for note in play(*held(both))[0]] == ["act"]

    def test_good_news_are_told_once_what_needs_a_person_was(self):
        one = promoted()
        assert one.status is not None
        both = replace(one, status=msgspec.structs.replace(one.status, state="attention", checks=(CLOSED,)))

        assert [note.kind for note in play(*held(both), (600, both))[0]] == ["act", "news"]


class TestGoodNews:
    def test_that_a_version_took_over_is_told_to_those_who_want_good_news(self):
        (note,), _ = play((0, promoted()))

        assert (note.title, note.body) == (
            "A new version took over",
            "Version 0.1.1 did well for 9 days and is now in use. There is nothing you need to do.",
        )
        assert play((0, promoted(setting="act")))[0] == []

    def test_they_are_told_once_and_at_most_once_a_week(self):
        first, second = promoted(), promoted("0.1.2")

        notes, told = play((0, first), (3600, first), (3 * 86_400, second))

        assert [note.body.split()[1] for note in notes] == ["0.1.1"]
        assert told.news_s == NOW_S
        assert play((NEWS_S, promoted("0.1.2")), told=replace(told, news_s=NOW_S))[0] == []  # by then it is old

    def test_what_had_taken_over_before_the_app_was_ever_started_is_no_news(self):
        assert play((0, promoted()), (FIRST_START_S + 1, promoted()), told=Told())[0] == []

    def test_a_version_taken_without_a_proof_is_not_said_to_have_done_well(self):
        (note,), _ = play((0, promoted(exception="no trial can run here")))

        assert note.body == "Version 0.1.1 is now in use. There is nothing you need to do."

    def test_what_was_thrown_away_or_taken_back_is_no_news(self):
        for phase in ("refused", "not_proven", "rolled_back", "recalled"):
            assert play((0, seen(REAL, update("0.1.3", LOSSY, phase), setting="news")))[0] == []

    def test_nor_is_one_that_took_over_and_is_not_in_use_any_more(self):
        assert play((0, seen(status(is_practice=False, tree_hash=BASE), update("0.1.1", NEXT, "confirmed"))))[0] == []


@pytest.mark.parametrize("one", [needing(MISSING), promoted()], ids=["needs you", "good news"])
class TestNothingIsTold:
    def test_in_the_first_hour_of_the_first_start(self, one: Seen):
        told = Told(release="vault/0.1.0")

        assert play(*held(one), (FIRST_START_S - 1, one), told=told)[0] == []
        assert len(play(*held(one), (FIRST_START_S, one), told=told)[0]) == 1

    def test_to_those_who_want_to_hear_nothing(self, one: Seen):
        assert one.settings is not None
        never = replace(one, settings=msgspec.structs.replace(one.settings, notifications="never"))

        assert play(*held(never))[0] == []

    def test_while_something_fills_the_screen_but_after_it(self, one: Seen):
        _, told = play(*held(one), screen="full")

        assert play(*held(one), screen="full")[0] == []
        assert len(play(*held(one, 600), told=told)[0]) == 1

    def test_in_a_practice_network(self, one: Seen):
        assert one.status is not None
        practice = replace(one, status=msgspec.structs.replace(one.status, is_practice=True))

        assert play(*held(practice))[0] == []


def test_where_the_screen_is_unknown_good_news_wait_and_what_needs_a_person_does_not():
    assert play(*held(promoted()), screen="unknown")[0] == []
    assert len(play(*held(needing(MISSING)), screen="unknown")[0]) == 1


def test_without_the_nodes_settings_only_what_needs_a_person_is_told():
    assert play(*held(replace(promoted(), settings=None)))[0] == []
    assert len(play(*held(replace(needing(MISSING), settings=None)))[0]) == 1


def test_what_is_remembered_of_causes_is_bounded_and_ends():
    many = Told(first_s=1.0, release="", causes={str(i): NOW_S - i for i in range(90)} | {"old": NOW_S - CAUSE_S})

    _, told = play(*held(needing(MISSING)), told=many)

    assert len(told.causes) == CAUSES_MAX
    assert "disk" in told.causes
    assert "old" not in told.causes


def test_a_clock_that_was_ahead_at_the_first_start_silences_nothing_once_it_is_right():
    future = replace(LONG_AGO, first_s=NOW_S + 1e7)

    (note,), told = play((0, needing(MISSING)), (FIRST_START_S, needing(MISSING)), told=future)

    assert note.cause == "disk"
    assert told.first_s == NOW_S
    notes, _ = play((1e7, needing(MISSING)), *held(needing(MISSING)))  # set right while it waits
    assert len(notes) == 1


def test_a_clock_that_was_set_back_silences_nothing():
    future = replace(LONG_AGO, causes={"disk": NOW_S + 1e7}, news_s=NOW_S + 1e7)

    assert len(play(*held(needing(MISSING)), told=future)[0]) == 1
    assert len(play((0, promoted()), told=future)[0]) == 1
