"""The way of one release: what each event leads to."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from node.trial.profile import PRACTICE, PRACTICE_URGENT, REAL, URGENT, Profile
from node.update.events import PRACTICE as PRACTICE_LIMITS
from node.update.events import REAL as REAL_LIMITS
from node.update.events import (
    CleanUp,
    ContentRefused,
    Effect,
    Event,
    Fetch,
    Fetched,
    FetchFailed,
    Halted,
    Held,
    Limits,
    Recalled,
    RehearsalFailed,
    Rehearse,
    Rehearsed,
    Resumed,
    Returned,
    ReturnFailed,
    StartTrial,
    Stop,
    Superseded,
    Switch,
    SwitchBack,
    Switched,
    SwitchFailed,
    Ticked,
    TrialEnded,
    TurnCame,
    Unseen,
    VaultFailed,
    Vetoed,
    Withdrawn,
)
from node.update.lifecycle import Lifecycle
from node.update.reasons import RECALLED, UNSEEN, WITHDRAWN
from node.update.records import known_as_bad

LIMITS = Limits(
    fetch_s=100.0, fetch_pause_s=1.0, fetch_pause_s_max=1.5, trial_s=1000.0, trial_tries_max=2,
    trial_cuts_max=3, void_pause_s=0.0,
    rehearsal_s=50.0, rehearsal_tries_max=2, switch_s=20.0, switch_tries_max=2, switch_pause_s=600.0,
    late_starts_max=4, probation_s=60.0,
    watch_s=1000.0, watch_failures_s=100.0,
)  # fmt: skip
NEW, OLD = "a" * 64, "b" * 64
INSISTED = SwitchBack(OLD, is_insisted=True)
STAGGER_S = 5.0

TO_FETCHING = (TurnCame(0.0, OLD),)
TO_STAGED = (*TO_FETCHING, Fetched(1.0))
TO_TRIAL = (*TO_STAGED, Ticked(6.0))
TO_REHEARSING = (*TO_TRIAL, TrialEnded(100.0, "promote", "as fast"))
TO_PROMOTING = (*TO_REHEARSING, Rehearsed(110.0, checked=7, missing=0, corrupt=0))
TO_PROBATION = (*TO_PROMOTING, Switched(112.0))


def play(*events: Event) -> tuple[Lifecycle, list[Effect]]:
    state = Lifecycle("vault/2", NEW, STAGGER_S, since_s=0.0)
    done: list[Effect] = []
    for event in events:
        state, effects = state.step(event, LIMITS)
        done += effects
    return state, done


def last(*events: Event) -> tuple[str, tuple[Effect, ...]]:
    """The phase after the events, and the effects of the last one."""
    before, _ = play(*events[:-1])
    state, effects = before.step(events[-1], LIMITS)
    return state.phase, effects


class TestTheStraightWay:
    def test_a_good_release_is_fetched_tried_rehearsed_switched_to_and_confirmed(self):
        state, effects = play(*TO_PROBATION, Ticked(172.0))

        assert (state.phase, state.verdict, state.reason) == ("confirmed", "promoted", "as fast")
        assert effects == [Fetch(), StartTrial(), Rehearse(), Switch(NEW), Stop(), CleanUp()]

    def test_the_time_in_each_phase_is_kept(self):
        state, _ = play(*TO_PROBATION, Ticked(172.0))

        assert state.seconds == {
            "announced": 0.0, "fetching": 1.0, "staged": 5.0, "on_trial": 94.0, "rehearsing": 10.0, "promoting": 2.0,
            "probation": 60.0,
        }  # fmt: skip

    def test_the_trial_does_not_start_before_the_private_wait_is_over(self):
        assert last(*TO_STAGED, Ticked(5.9)) == ("staged", ())
        assert last(*TO_STAGED, Ticked(6.0)) == ("on_trial", (StartTrial(),))

    def test_every_phase_but_the_first_ends_by_itself(self):
        for length in range(1, len(TO_PROBATION) + 1):
            state, _ = play(*TO_PROBATION[:length])
            assert state.due_s(LIMITS) < math.inf
            after, _ = state.step(Ticked(state.due_s(LIMITS)), LIMITS)
            assert after.phase != state.phase or after.is_going_back or after.tries > state.tries


class TestFetching:
    def test_a_failed_fetch_is_tried_again_after_a_growing_pause(self):
        _, effects = play(*TO_FETCHING, FetchFailed(1.0, "no peer"), FetchFailed(2.0, "no peer"))
        assert effects == [Fetch(), Fetch(1.0), Fetch(1.5)]

    def test_what_nobody_has_waits_for_its_turn_again(self):
        state, effects = play(*TO_FETCHING, *[FetchFailed(1.0, "no peer")] * 3, Ticked(LIMITS.fetch_s + 1.0))
        assert (state.phase, state.reason) == ("announced", "it could not be fetched: no peer")
        assert effects[-1] == Stop()

    def test_content_that_nobody_signed_is_refused(self):
        state, effects = play(*TO_FETCHING, ContentRefused(1.0, "tree hash"))
        assert (state.phase, effects[-2:]) == ("refused", [Stop(), CleanUp()])


class TestTheTrial:
    @pytest.mark.parametrize(
        ("limits", "profile"),
        [(Limits(), REAL), (Limits(), URGENT), (PRACTICE_LIMITS, PRACTICE), (PRACTICE_LIMITS, PRACTICE_URGENT)],
        ids=["real", "urgent", "practice", "urgent practice"],
    )
    def test_is_never_cut_off_before_its_own_end(self, limits: Limits, profile: Profile):
        assert limits.trial_s > profile.start_s_max + profile.trial_s_max

    def test_a_refused_release_goes_no_further(self):
        state, effects = play(*TO_TRIAL, TrialEnded(50.0, "refuse", "lost a chunk"))
        assert (state.phase, state.reason) == ("refused", "lost a chunk")
        assert Switch(NEW) not in effects

    def test_a_release_that_is_not_proven_gets_a_second_trial_and_is_not_taken_after_that(self):
        keep = TrialEnded(50.0, "keep", "too quiet")
        assert last(*TO_TRIAL, keep) == ("staged", (Stop(),))
        state, effects = play(*TO_TRIAL, keep, Ticked(55.0), keep)
        assert (state.phase, state.reason) == ("not_proven", "too quiet")
        assert Switch(NEW) not in effects

    def test_a_void_trial_is_tried_again_after_the_private_wait(self):
        assert last(*TO_TRIAL, TrialEnded(50.0, "void", "disk full")) == ("staged", (Stop(),))
        assert last(*TO_TRIAL, TrialEnded(50.0, "void", "disk full"), Ticked(55.0)) == ("on_trial", (StartTrial(),))

    def test_void_trials_are_not_tried_for_ever(self):
        void = TrialEnded(50.0, "void", "disk full")
        state, _ = play(*TO_TRIAL, void, Ticked(55.0), void)
        assert (state.phase, state.reason) == ("not_proven", "no trial could be held: disk full")

    def test_a_trial_that_hangs_is_stopped(self):
        assert last(*TO_TRIAL, Ticked(1006.0)) == ("staged", (Stop(),))


class TestTheRehearsal:
    def test_one_missing_chunk_closes_the_way(self):
        state, effects = play(*TO_REHEARSING, Rehearsed(110.0, checked=7, missing=1, corrupt=0))
        assert state.phase == "refused"
        assert state.reason == "the way back is not open: 1 of 7 chunks missing, 0 damaged"
        assert Switch(NEW) not in effects

    def test_one_damaged_chunk_closes_the_way(self):
        assert last(*TO_REHEARSING, Rehearsed(110.0, checked=7, missing=0, corrupt=1))[0] == "refused"

    def test_a_rehearsal_that_cannot_be_held_is_tried_again_and_then_closes_the_way(self):
        failed = RehearsalFailed(110.0, "it did not start")
        assert last(*TO_REHEARSING, failed) == ("rehearsing", (Rehearse(),))
        assert last(*TO_REHEARSING, failed, failed)[0] == "refused"

    def test_what_this_computer_keeps_from_being_rehearsed_is_tried_out_again_and_never_refused(self):
        failed = RehearsalFailed(110.0, "No space left on device", is_hosts_fault=True)
        assert last(*TO_REHEARSING, failed, failed) == ("staged", (Stop(),))
        assert last(*TO_REHEARSING, Resumed(3.0), Resumed(4.0)) == ("staged", (Stop(),))

    def test_a_power_cut_neither_makes_one_failure_a_refusal_nor_excuses_two(self):
        failed = RehearsalFailed(110.0, "it did not start")
        assert last(*TO_REHEARSING, Resumed(3.0), failed) == ("rehearsing", (Rehearse(),))
        assert last(*TO_REHEARSING, failed, Resumed(3.0)) == ("rehearsing", (Rehearse(),))
        assert last(*TO_REHEARSING, failed, Resumed(3.0), failed)[0] == "refused"

    def test_a_clean_one_whose_head_too_few_show_waits_for_them_and_no_limit_passes_meanwhile(self):
        unseen = [kind(110.0 + 10.0 * n) for n in range(20) for kind in (Unseen, Ticked)]
        state, _ = play(*TO_REHEARSING, *unseen)
        assert (state.phase, state.reason) == ("rehearsing", UNSEEN)
        assert last(*TO_REHEARSING, *unseen, Rehearsed(320.0, 7, 0, 0)) == ("promoting", (Switch(NEW),))
        assert last(*TO_REHEARSING, *unseen, Halted(320.0)) == ("announced", (Stop(),))


class TestProbation:
    def test_a_version_that_does_not_take_over_is_gone_back_from(self):
        state, effects = play(*TO_PROMOTING, SwitchFailed(115.0, "port in use"), Returned(116.0))
        assert (state.phase, state.reason) == ("rolled_back", "it did not take over: port in use")
        assert effects[-3:] == [SwitchBack(OLD), Stop(), CleanUp()]

    def test_what_this_computer_could_not_take_into_use_comes_anew_and_is_tried_out_again(self):
        failed = SwitchFailed(115.0, "a slot is damaged", is_hosts_fault=True)
        state, effects = play(*TO_PROMOTING, failed, Returned(116.0))

        assert (state.phase, state.voids, state.is_going_back, state.is_hosts_fault) == ("fetching", 1, False, False)
        assert effects[-3:] == [SwitchBack(OLD), Stop(), Fetch()]

    def test_it_is_not_tried_out_for_ever_on_a_computer_that_never_takes_it_into_use(self):
        state, _ = play(TO_PROMOTING[0])
        for _ in range(LIMITS.trial_tries_max):
            assert state.phase == "fetching"
            state, _ = state.step(Fetched(state.since_s), LIMITS)
            state, _ = state.step(Ticked(state.due_s(LIMITS)), LIMITS)
            for event in (
                TrialEnded(state.since_s, "promote", "as fast"),
                Rehearsed(state.since_s, checked=7, missing=0, corrupt=0),
                SwitchFailed(state.since_s, "a slot is damaged", is_hosts_fault=True),
                Returned(state.since_s),
            ):
                state, _ = state.step(event, LIMITS)

        assert (state.phase, state.is_going_back) == ("not_proven", False)
        assert state.reason == "it did not take over: a slot is damaged"  # trials of it were held, and good

    @pytest.mark.parametrize(("event", "reason"), [(Withdrawn(115.5), WITHDRAWN), (Recalled(115.5, OLD), RECALLED)])
    def test_what_was_taken_back_meanwhile_is_not_tried_out_again(self, event: Event, reason: str):
        failed = SwitchFailed(115.0, "a slot is damaged", is_hosts_fault=True)
        state, _ = play(*TO_PROMOTING, failed, event, Returned(116.0))

        assert (state.phase, state.reason) == ("rolled_back", reason)

    @pytest.mark.parametrize("late", [SwitchFailed(115.0, "no answer", is_late=True), Ticked(130.0)])
    def test_what_was_only_too_late_waits_is_rehearsed_anew_and_tried_again(self, late: Event):
        events = (*TO_PROMOTING, late, Returned(131.0))
        state, effects = play(*events)
        assert (state.phase, state.is_waiting, state.is_going_back) == ("rehearsing", True, False)
        assert state.reason == "as fast"
        assert effects[-2:] == [SwitchBack(OLD), Stop()]
        assert state.due_s(LIMITS) == 131.0 + LIMITS.switch_pause_s
        assert last(*events, Ticked(730.0)) == ("rehearsing", ())
        again = (*events, Ticked(731.0))
        assert last(*again) == ("rehearsing", (Rehearse(),))
        assert last(*again, Rehearsed(740.0, 7, 0, 0)) == ("promoting", (Switch(NEW),))
        assert last(*again, Rehearsed(740.0, 7, 0, 0), Switched(745.0), Ticked(805.0))[0] == "confirmed"

    def test_it_is_its_own_fault_when_that_happens_too_often_on_its_whole_way(self):
        late = SwitchFailed(115.0, "no answer", is_late=True)
        again = (Returned(116.0), Ticked(716.0), Rehearsed(720.0, 7, 0, 0))
        state, effects = play(*TO_PROMOTING, late, *again, SwitchFailed(725.0, "no answer", is_late=True))
        assert effects[-1] == SwitchBack(OLD)
        state, _ = state.step(Returned(726.0), LIMITS)
        assert (state.phase, state.reason) == ("rolled_back", "it did not take over: no answer")
        assert effects.count(Switch(NEW)) == LIMITS.switch_tries_max

    def test_one_that_ends_at_a_later_try_is_left_at_once(self):
        late = SwitchFailed(115.0, "no answer", is_late=True)
        again = (Returned(116.0), Ticked(716.0), Rehearsed(720.0, 7, 0, 0))
        state, _ = play(*TO_PROMOTING, late, *again, SwitchFailed(725.0, "exit code 1"), Returned(726.0))
        assert (state.phase, state.reason) == ("rolled_back", "it did not take over: exit code 1")

    def test_while_it_waits_for_that_only_running_time_counts_and_a_power_cut_changes_nothing(self):
        events = (*TO_PROMOTING, SwitchFailed(115.0, "no answer", is_late=True), Returned(116.0), Ticked(416.0))
        assert last(*events, Resumed(5.0)) == ("rehearsing", ())
        assert last(*events, Resumed(5.0), Ticked(300.0)) == ("rehearsing", ())
        assert last(*events, Resumed(5.0), Ticked(305.0)) == ("rehearsing", (Rehearse(),))
        assert last(*events[:-2], Resumed(5.0)) == ("promoting", (INSISTED,))

    def test_what_holds_a_release_off_does_so_while_it_waits_for_that(self):
        events = (*TO_PROMOTING, SwitchFailed(115.0, "no answer", is_late=True))
        waiting = (*events, Returned(116.0))
        assert last(*waiting, Halted(120.0)) == ("announced", (Stop(),))
        assert last(*waiting, Recalled(120.0, OLD))[0] == "refused"
        assert last(*waiting, Rehearsed(120.0, 7, 0, 0)) == ("rehearsing", ())
        state, _ = play(*events, Withdrawn(115.5), Returned(116.0))
        assert (state.phase, state.reason) == ("rolled_back", WITHDRAWN)

    def test_it_is_not_tried_again_where_the_version_from_before_does_not_come_back(self):
        events = (*TO_PROMOTING, SwitchFailed(115.0, "no answer", is_late=True))
        state, _ = play(*events, ReturnFailed(116.0, "port in use"), ReturnFailed(117.0, "port in use"))
        assert (state.phase, state.reason) == ("rolled_back", "it did not take over in time; then port in use")

    def test_starts_that_are_too_late_end_probation_only_when_none_is_in_time_for_long(self):
        late = VaultFailed(115.0, "not reachable", is_late=True)
        state, _ = play(*TO_PROBATION, *[late] * 3, Ticked(116.0), *[late] * 3)
        assert (state.phase, state.is_going_back, state.late_starts) == ("probation", False, 3)
        state, _ = play(*TO_PROBATION, *[late] * 3, Ticked(116.0, is_idle=True), late)
        assert (state.is_going_back, state.reason) == (True, "it started too late 4 times in a row: not reachable")

    def test_a_handover_that_hangs_is_gone_back_from(self):
        assert last(*TO_PROMOTING, Ticked(130.0)) == ("promoting", (SwitchBack(OLD),))

    def test_the_third_failed_start_ends_it(self):
        failed = VaultFailed(115.0, "exit code 1")
        assert last(*TO_PROBATION, failed, failed) == ("probation", ())
        assert last(*TO_PROBATION, failed, failed, failed) == ("probation", (SwitchBack(OLD),))

    def test_one_veto_ends_it(self):
        state, effects = play(*TO_PROBATION, Vetoed(115.0, "wrong bytes"), Returned(117.0))
        assert (state.phase, state.verdict, state.reason) == ("rolled_back", "rolled back", "wrong bytes")
        assert SwitchBack(OLD) in effects

    def test_it_is_never_confirmed_while_it_is_gone_back_from(self):
        assert last(*TO_PROBATION, Vetoed(115.0, "wrong bytes"), Ticked(134.0)) == ("probation", ())
        assert last(*TO_PROBATION, Vetoed(115.0, "wrong bytes"), Switched(134.0)) == ("probation", ())

    def test_a_handover_that_succeeds_too_late_is_gone_back_from_all_the_same(self):
        assert last(*TO_PROMOTING, Ticked(130.0), Switched(131.0)) == ("promoting", ())

    def test_a_way_back_that_fails_is_tried_again_and_then_insisted_on_with_the_last_try(self):
        failed = ReturnFailed(120.0, "port in use")
        assert last(*TO_PROBATION, Vetoed(115.0, "wrong bytes"), failed) == ("probation", (INSISTED,))
        state, _ = play(*TO_PROBATION, Vetoed(115.0, "wrong bytes"), failed, failed)
        assert (state.phase, state.reason) == ("rolled_back", "wrong bytes; then port in use")

    def test_neither_time_nor_power_cuts_end_a_way_back_that_did_not_come_to_its_end(self):
        veto = Vetoed(115.0, "wrong bytes")
        late = [Ticked(135.0 + 20.0 * n) for n in range(9)]
        assert last(*TO_PROBATION, veto, *late) == ("probation", (INSISTED,))
        assert last(*TO_PROBATION, veto, *[Resumed(1.0)] * 9) == ("probation", (INSISTED,))
        assert last(*TO_PROBATION, veto, *late, Returned(400.0))[0] == "rolled_back"

    def test_a_failure_after_the_end_changes_nothing(self):
        state, _ = play(*TO_PROBATION, Vetoed(115.0, "wrong bytes"), Returned(117.0))
        assert state.step(Vetoed(180.0, "late"), LIMITS) == (state, ())


class TestAVoidTrial:
    @pytest.mark.parametrize(("is_urgent", "pause_s"), [(False, 86_400.0), (True, 3_600.0)])
    def test_is_held_again_the_next_day_and_of_an_urgent_release_after_an_hour(self, is_urgent: bool, pause_s: float):
        limits = REAL_LIMITS.stretched(1, is_urgent=is_urgent)
        way = Lifecycle("vault/2", NEW, STAGGER_S, 0.0)
        for event in (TurnCame(0.0, OLD), Fetched(1.0), Ticked(6.0), TrialEnded(10.0, "void", "the disk was full")):
            way, _ = way.step(event, limits)
        assert (way.phase, way.due_s(limits)) == ("staged", 10.0 + pause_s)


class TestTheWaitForATrial:
    @pytest.mark.parametrize(("lent_h", "voids"), [(4.0, 0), (20.0, 1)], ids=["at night", "after a void one"])
    def test_is_over_within_days_on_a_computer_that_pauses_each_day(self, lent_h: float, voids: int):
        limits, way, now_s = Limits(), Lifecycle("vault/2", NEW, 6 * 3600.0, 0.0, voids=voids), 0.0
        for _ in range(3):
            for event in (TurnCame(now_s, OLD), Fetched(now_s), Ticked(now_s + lent_h * 3600.0)):
                way, _ = way.step(event, limits)
            if way.phase == "staged":
                way, _ = way.step(Held(now_s + lent_h * 3600.0, "paused"), limits)
            now_s += 86_400.0
        assert way.phase == "on_trial"

    def test_goes_on_where_it_was_after_a_halt_and_counts_no_time_of_it(self):
        halted = (*TO_STAGED, Halted(4.0), Ticked(100.0), TurnCame(200.0, OLD), Fetched(201.0))
        assert last(*halted, Ticked(202.9)) == ("staged", ())
        assert last(*halted, Ticked(203.0)) == ("on_trial", (StartTrial(),))

    def test_begins_anew_for_the_next_trial(self):
        held = (*TO_TRIAL, TrialEnded(50.0, "void", "disk full"), Held(51.0, "paused"), TurnCame(60.0, OLD))
        assert last(*held, Fetched(61.0), Ticked(64.9)) == ("staged", ())
        assert last(*held, Fetched(61.0), Ticked(65.0)) == ("on_trial", (StartTrial(),))


class TestAnotherRelease:
    def test_a_newer_one_takes_the_place_of_one_that_waits(self):
        for events in ((), TO_FETCHING, TO_STAGED):
            state, _ = play(*events, Superseded(1.0, "vault/3"))
            assert (state.phase, state.reason) == ("not_proven", "vault/3 came first")

    def test_a_newer_one_waits_for_a_trial_to_end(self):
        assert last(*TO_TRIAL, Superseded(50.0, "vault/3")) == ("on_trial", ())

    def test_a_withdrawn_release_is_refused_or_gone_back_from(self):
        assert last(*TO_TRIAL, Withdrawn(50.0))[0] == "refused"
        assert last(*TO_PROBATION, Withdrawn(120.0)) == ("probation", (SwitchBack(OLD),))

    def test_files_known_as_bad_are_refused_at_once(self):
        bad = known_as_bad("vault/4", NEW, 0.0, "refused before")
        assert (bad.phase, bad.verdict, bad.is_over) == ("refused", "refused", True)


class TestAHalt:
    def test_a_release_on_its_way_waits_for_its_turn_again_and_may_still_be_promoted_later(self):
        for events in (TO_FETCHING, TO_STAGED, TO_TRIAL, TO_REHEARSING):
            assert last(*events, Halted(200.0)) == ("announced", (Stop(),))
        state, _ = play(*TO_REHEARSING, Halted(200.0), Rehearsed(201.0, checked=7, missing=0, corrupt=0))
        assert state.phase == "announced"
        assert last(*TO_TRIAL, Halted(200.0), TurnCame(900.0, OLD)) == ("fetching", (Fetch(),))

    def test_what_is_being_taken_into_use_or_is_in_use_stays(self):
        for events in ((), TO_PROMOTING, TO_PROBATION):
            before, _ = play(*events)
            assert last(*events, Halted(112.0)) == (before.phase, ())


class TestAfterARestart:
    def test_what_was_under_way_is_asked_for_again(self):
        resumed = Resumed(3.0)
        assert last(*TO_FETCHING, resumed) == ("fetching", (Fetch(),))
        assert last(*TO_STAGED, resumed) == ("staged", ())
        assert last(*TO_TRIAL, resumed) == ("on_trial", (StartTrial(),))
        assert last(*TO_REHEARSING, resumed) == ("rehearsing", (Rehearse(),))
        assert last(*TO_PROMOTING, resumed) == ("promoting", (Switch(NEW),))
        assert last(*TO_PROBATION, resumed) == ("probation", ())
        assert last(*TO_PROBATION, Vetoed(115.0, "x"), resumed) == ("probation", (INSISTED,))

    def test_the_time_in_which_the_computer_was_off_does_not_count_as_watched(self):
        state, _ = play(*TO_PROBATION, Ticked(152.0), Resumed(100_000.0))
        assert state.due_s(LIMITS) == 100_020.0

    def test_a_clock_that_starts_anew_takes_no_time_back(self):
        state, _ = play(*TO_PROBATION, Ticked(152.0), Resumed(0.0), Ticked(19.0))
        assert state.phase == "probation"
        assert state.step(Ticked(20.0), LIMITS)[0].phase == "confirmed"

    def test_no_step_after_fetching_is_cut_off_for_ever(self):
        for events in (TO_TRIAL, TO_REHEARSING, TO_PROMOTING):
            state, _ = play(*events, *[event for _ in range(10) for event in (Resumed(1.0), Ticked(1.0 + STAGGER_S))])
            assert state.is_over or state.is_going_back

    def test_a_trial_that_was_cut_off_goes_on_and_counts_as_no_failed_one(self):
        state, effects = play(*TO_TRIAL, Ticked(50.0), Resumed(3.0), Ticked(10.0))
        assert (state.phase, state.voids, state.trials) == ("on_trial", 0, 1)
        assert (effects[-1], state.spent_s) == (StartTrial(), 44.0 + 7.0)

    def test_a_trial_that_is_cut_off_again_and_again_is_void(self):
        state, effects = play(*TO_TRIAL, Resumed(1.0), Resumed(2.0), Resumed(3.0))
        assert (state.phase, state.voids, effects[-1]) == ("staged", 1, Stop())
        assert state.reason == "the computer stopped meanwhile, again and again"

    def test_but_not_on_a_computer_that_is_on_for_half_an_hour_at_a_time(self):
        limits = Limits(trial_tries_max=2)
        state = Lifecycle("vault/2", NEW, STAGGER_S, since_s=0.0)
        for event in TO_TRIAL:
            state, _ = state.step(event, limits)
        on_s, sessions = 1800.0 + 60.0, 0
        while state.phase == "on_trial" and state.voids == 0:
            state, _ = state.step(Resumed(0.0), limits)
            state, _ = state.step(Ticked(on_s), limits)
            sessions += 1

        assert sessions == math.ceil(limits.trial_s / on_s)
        assert state.reason == "the trial did not come to an end"

    def test_each_new_trial_has_a_number_of_its_own(self):
        void = TrialEnded(50.0, "void", "disk full")
        assert play(*TO_TRIAL, void, Ticked(55.0))[0].trials == 2
        assert play(*TO_TRIAL, Halted(50.0), TurnCame(51.0, OLD), Fetched(52.0), Ticked(57.0))[0].trials == 2

    def test_the_next_state_is_a_new_object(self):
        before, _ = play(*TO_TRIAL)
        copy = replace(before, seconds=dict(before.seconds))
        before.step(Ticked(900.0), LIMITS)
        assert before == copy
