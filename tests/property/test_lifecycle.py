"""Whatever happens to a release, in whatever order: what must hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.update.events import (
    CleanUp,
    ContentRefused,
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

LIMITS = Limits(
    fetch_s=100.0,
    trial_s=200.0,
    trial_tries_max=3,
    trial_cuts_max=3,
    rehearsal_s=50.0,
    switch_s=20.0,
    probation_s=60.0,
)
NEW, OLD = "a" * 64, "b" * 64

Maker = Callable[[float], Event]
History = tuple[int, list[tuple[Maker, float]]]

MAKERS: st.SearchStrategy[Maker] = st.sampled_from(
    [
        lambda now_s: TurnCame(now_s, OLD),
        Fetched,
        lambda now_s: FetchFailed(now_s, "no peer"),
        lambda now_s: ContentRefused(now_s, "hash"),
        lambda now_s: TrialEnded(now_s, "promote", "good"),
        lambda now_s: TrialEnded(now_s, "refuse", "bad"),
        lambda now_s: TrialEnded(now_s, "keep", "quiet"),
        lambda now_s: TrialEnded(now_s, "void", "disk"),
        lambda now_s: Rehearsed(now_s, 5, 0, 0),
        lambda now_s: Rehearsed(now_s, 5, 1, 0),
        lambda now_s: RehearsalFailed(now_s, "no start"),
        Switched,
        lambda now_s: SwitchFailed(now_s, "port"),
        lambda now_s: SwitchFailed(now_s, "a slot is damaged", is_hosts_fault=True),
        lambda now_s: SwitchFailed(now_s, "no answer", is_late=True),
        lambda now_s: VaultFailed(now_s, "exit 1"),
        lambda now_s: VaultFailed(now_s, "not reachable", is_late=True),
        lambda now_s: Vetoed(now_s, "wrong bytes"),
        Returned,
        lambda now_s: ReturnFailed(now_s, "port"),
        lambda now_s: Superseded(now_s, "vault/3"),
        Withdrawn,
        Halted,
        lambda now_s: Recalled(now_s, OLD),
        lambda now_s: Recalled(now_s, ""),
        Unseen,
        lambda now_s: Held(now_s, "its turn has not come"),
        Ticked,
        lambda now_s: Ticked(now_s, is_idle=True),
        Resumed,
    ]
)
# Chance alone hardly ever finds the straight way, so some steps of it are mixed in.
STRAIGHT: list[Maker] = [
    lambda now_s: TurnCame(now_s, OLD),
    Fetched,
    Ticked,
    lambda now_s: TrialEnded(now_s, "promote", "good"),
    lambda now_s: Rehearsed(now_s, 5, 0, 0),
    Switched,
]
HISTORIES = st.tuples(
    st.integers(0, len(STRAIGHT)), st.lists(st.tuples(MAKERS, st.sampled_from([0.0, 1.0, 30.0, 300.0])), max_size=40)
)


def events_of(history: History) -> list[Event]:
    straight, rest = history
    now_s = 0.0
    events: list[Event] = []
    for make, passed_s in [*((make, 10.0) for make in STRAIGHT[:straight]), *rest]:
        now_s += passed_s
        events.append(make(now_s))
    return events


@pytest.mark.long
@given(HISTORIES)
@settings(max_examples=400, deadline=None)
def test_it_is_promoted_once_for_each_verdict_and_clean_rehearsal_at_most(history: History):
    state = Lifecycle("vault/2", NEW, 5.0, since_s=0.0)
    promotions, has_verdict, is_rehearsed = 0, False, False

    for event in events_of(history):
        after, effects = state.step(event, LIMITS)
        has_verdict |= state.phase == "on_trial" and isinstance(event, TrialEnded) and event.outcome == "promote"
        is_rehearsed |= state.phase == "rehearsing" and isinstance(event, Rehearsed) and not event.missing
        if Switch(NEW) in effects:
            promotions += not isinstance(event, Resumed)  # only a restart may ask for it again
            assert has_verdict
            assert is_rehearsed
            assert not state.is_going_back
            assert promotions <= 1
        if state.is_going_back and after.phase == "fetching":  # this computer could not take it into use
            promotions, has_verdict, is_rehearsed = 0, False, False
        if state.is_going_back and after.is_waiting:  # it was only too late: it takes over after another rehearsal
            promotions, is_rehearsed = 0, False
        assert after.late_switches <= LIMITS.switch_tries_max
        assert after.phase != "confirmed" or state.phase in ("probation", "confirmed")
        state = after


@pytest.mark.long
@given(HISTORIES)
@settings(max_examples=400, deadline=None)
def test_it_ends_once_in_one_phase_and_stays_there(history: History):
    state, ends = Lifecycle("vault/2", NEW, 5.0, since_s=0.0), []

    for event in events_of(history):
        after, effects = state.step(event, LIMITS)
        if CleanUp() in effects:
            ends.append(after.phase)
        if state.is_over and state.watch is None:
            assert (after, effects) == (state, ())
        state = after

    assert ends[:-1] in ([], ["confirmed"])  # what is confirmed may still be left while it is watched
    assert ends[-1:] == [state.phase] if state.is_over else ends in ([], ["confirmed"])


@pytest.mark.long
@given(HISTORIES)
@settings(max_examples=200, deadline=None)
def test_it_ends_by_itself_when_it_has_its_turn_and_its_files_come(history: History):
    state = Lifecycle("vault/2", NEW, 5.0, since_s=0.0)
    for event in [TurnCame(0.0, OLD), *events_of(history)]:
        state, _ = state.step(event, LIMITS)

    for _ in range(100):
        if state.is_over:
            break
        comes: dict[str, Event] = {"announced": TurnCame(state.since_s, OLD), "fetching": Fetched(state.since_s)}
        back = ReturnFailed(state.since_s, "port") if state.is_going_back else None  # it never just stays in use
        state, _ = state.step(back or comes.get(state.phase) or Ticked(state.due_s(LIMITS)), LIMITS)

    assert state.is_over


THIS_COMPUTER_FAILED: History = (
    5,
    [
        (lambda now_s: SwitchFailed(now_s, "a slot is damaged", is_hosts_fault=True), 0.0),
        (Returned, 0.0),
        (lambda now_s: Superseded(now_s, "vault/3"), 0.0),
    ],
)


@pytest.mark.long
@given(HISTORIES)
@example(THIS_COMPUTER_FAILED)
@settings(max_examples=200, deadline=None)
def test_once_promoted_it_is_confirmed_or_gone_back_from_never_just_left(history: History):
    state, is_switched, is_back = Lifecycle("vault/2", NEW, 5.0, since_s=0.0), False, False

    for event in events_of(history):
        before = state
        state, effects = state.step(event, LIMITS)
        is_switched |= Switch(NEW) in effects
        is_back |= SwitchBack(OLD) in effects
        if before.is_hosts_fault and not state.is_going_back:  # it was gone back from, and all begins anew
            assert is_back
            is_switched = is_back = False

    if is_switched and state.is_over:
        assert is_back == (state.phase in ("rolled_back", "recalled"))
        assert state.phase in ("confirmed", "rolled_back", "recalled")


ANSWERS: dict[type, Maker] = {
    Fetch: Fetched,
    StartTrial: lambda now_s: TrialEnded(now_s, "promote", "good"),
    Rehearse: lambda now_s: Rehearsed(now_s, 5, 0, 0),
    Switch: Switched,
}


@given(st.integers(0, 12), st.booleans())
def test_a_crash_at_any_point_leads_to_the_same_end(crash_at: int, is_veto: bool):
    """The world answers every effect; the crash falls between a persisted state and its effects."""
    state, now_s, steps = Lifecycle("vault/2", NEW, 5.0, since_s=0.0), 0.0, 0
    event: Event = TurnCame(0.0, OLD)

    while not state.is_over:
        state, effects = state.step(event, LIMITS)
        if steps == crash_at:
            state, effects = state.step(Resumed(now_s), LIMITS)
        answers = [ANSWERS[type(effect)] for effect in effects if type(effect) in ANSWERS]
        back = [effect for effect in effects if isinstance(effect, SwitchBack)]
        if answers:
            now_s += 1.0
            event = answers[0](now_s)
        elif back or (state.is_going_back and not effects):
            event = Returned(now_s)
        elif is_veto and state.phase == "probation":
            event = Vetoed(now_s, "wrong bytes")
        else:
            now_s = state.due_s(LIMITS)
            event = Ticked(now_s)
        steps += 1
        assert steps < 50

    assert state.phase == ("rolled_back" if is_veto else "confirmed")
