"""Whatever happens in whatever order: a trial ends once, in time, and a reboot of its state changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.trial import (
    PRACTICE,
    Ask,
    ChunkLost,
    Denied,
    Event,
    HostFault,
    NewsAsked,
    Pair,
    PairMeasured,
    PeersRated,
    Report,
    Rescanned,
    Resumed,
    Started,
    Ticked,
    Trial,
    UnreadableTrial,
    Usage,
    UsageSampled,
    VaultExited,
    VaultStarted,
    Verdict,
)
from node.trial.peers import score
from tests.trial_world import World, told

# Blocks of a moment, so that a few dozen events close many of them.
QUICK = replace(
    PRACTICE,
    block_s=0.5,
    pairs_per_block_min=2,
    warmup_s=0.5,
    blocks_min=3,
    restarts_min=0,
    reads_min=5,
    trial_s_max=60.0,
    start_s_max=20.0,
)
times = st.floats(min_value=0.0, max_value=70.0, allow_nan=False)
twins = st.sampled_from(("candidate", "control"))
addresses = st.sampled_from([b"a" * 32, b"b" * 32])
texts = st.text(max_size=5)
asks = st.builds(
    told,
    st.sampled_from(("ok", "ok", "ok", "ok", "failed", "refused", "not_held", "wrong_bytes", "bad_signature")),
    st.floats(min_value=0.0, max_value=10.0),
    st.integers(min_value=0, max_value=10_000),
)
good_asks = st.builds(told, st.just("ok"), st.floats(min_value=0.001, max_value=0.1), st.just(1000))
usages = st.builds(Usage, st.integers(0, 10**12), st.integers(0, 10**9))
reports = st.lists(
    st.builds(
        Report,
        st.binary(min_size=1, max_size=1),
        st.sampled_from(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24"]),
        st.none() | st.floats(),
        st.integers(0, 100),
        st.integers(0, 3),
        st.booleans(),
        st.floats(min_value=0.0, max_value=1e7),
    ),
    max_size=8,
).map(tuple)


def pairs(of: st.SearchStrategy[Ask]) -> st.SearchStrategy[PairMeasured]:
    kinds = st.sampled_from(("put", "get", "audit"))
    return st.builds(PairMeasured, times, st.builds(Pair, times, kinds, addresses, of, of, st.booleans()))


harmless = st.one_of(
    pairs(good_asks),
    pairs(good_asks),
    st.builds(Ticked, times),
    st.builds(UsageSampled, times, usages, usages),
    st.builds(VaultExited, times, twins, st.integers(-15, 3), st.just(True)),
    st.builds(VaultStarted, times, twins),
    st.builds(HostFault, times, texts),
    st.builds(NewsAsked, times, st.just(True), st.booleans()),
    st.builds(Rescanned, times),
    st.builds(Started, times, st.floats(min_value=0.0, max_value=50.0)),
)
events = st.one_of(
    harmless,
    pairs(asks),
    st.builds(PeersRated, times, reports, reports, st.none() | st.integers(0, 20)),
    st.builds(NewsAsked, times, st.booleans(), st.booleans()),
    st.builds(ChunkLost, times, twins, addresses),
    st.builds(Denied, times, twins, texts),
    st.builds(VaultExited, times, twins, st.integers(-15, 3)),
    st.builds(Rescanned, times, st.lists(addresses, max_size=2).map(tuple), st.lists(addresses, max_size=2).map(tuple)),
    st.builds(Resumed, times),
)
# Mostly in the order of time, as events come, with a few late ones among them.
stories = st.tuples(
    st.lists(events, max_size=60).map(lambda drawn: sorted(drawn, key=lambda event: event.now_s)),
    st.lists(events, max_size=4),
).map(lambda drawn: [Started(0.0, 5.0), *drawn[0], *drawn[1]])


def play(story: list[Event], trial: Trial | None = None) -> tuple[Trial, list[Verdict]]:
    trial = trial or Trial(profile=QUICK)
    return trial, [verdict for verdict in map(trial.step, story) if verdict is not None]


@pytest.mark.long
@given(stories)
def test_storing_and_loading_at_any_point_changes_nothing(story: list[Event]) -> None:
    straight, verdicts = play(story)

    reloaded, reloaded_verdicts = Trial(profile=QUICK), []
    for event in story:
        reloaded = Trial.load(reloaded.dump())
        verdict = reloaded.step(event)
        if verdict is not None:
            reloaded_verdicts.append(verdict)

    assert reloaded_verdicts == verdicts
    assert reloaded.dump() == straight.dump()
    assert reloaded.progress() == straight.progress()


@pytest.mark.long
@given(stories)
def test_a_trial_is_decided_at_most_once_and_always_ends(story: list[Event]) -> None:
    trial, verdicts = play(story)
    assert len(verdicts) <= 1

    last_s = trial.clock.now_s or 0.0
    _, more = play([Ticked(last_s + s) for s in range(1, 62)], trial)

    assert len(verdicts) + len(more) == 1
    assert trial.verdict is not None
    assert 0 < len(trial.verdict.reason) < 300


@pytest.mark.long
@given(stories, st.data())
def test_repeating_an_event_brings_no_promotion(story: list[Event], data: st.DataObject) -> None:
    """A repeated event may count as less, never as more evidence for the candidate."""
    story = [event for event in story if not isinstance(event, Resumed)]  # no clock that starts anew,
    trial, _ = play(story, Trial(profile=replace(QUICK, gap_s_max=100.0)))  # nor one that is set anew
    repeated = data.draw(st.sampled_from(story))
    before = trial.progress()
    trial.step(repeated)
    after = trial.progress()

    assert (after.verified_reads, after.restarts, after.lost, after.wrong) == (
        before.verified_reads,
        before.restarts,
        before.lost,
        before.wrong,
    )
    assert after.pairs <= before.pairs


@pytest.mark.long
@given(stories)
def test_a_candidate_with_a_fault_of_its_own_is_never_promoted(story: list[Event]) -> None:
    _, verdicts = play([Started(0.0, 0.0), ChunkLost(0.0, "candidate", b"c" * 32), *story])

    assert not any(verdict.outcome == "promote" for verdict in verdicts)


@pytest.mark.long
@given(st.lists(harmless, max_size=60))
def test_without_a_fault_nor_an_alarm_nothing_is_refused(story: list[Event]) -> None:
    """All that went wrong here is the computer's: sleep, restarts, silence.  The twins are equally good."""
    story = sorted(
        (event for event in story if not isinstance(event, VaultExited | UsageSampled)), key=lambda e: e.now_s
    )
    equal = [
        PairMeasured(e.now_s, replace(e.pair, candidate=e.pair.control)) if isinstance(e, PairMeasured) else e
        for e in story
    ]
    _, verdicts = play([Started(0.0, 5.0), *equal])

    assert not any(verdict.outcome == "refuse" for verdict in verdicts)


@pytest.mark.long
@given(reports, reports)
def test_neighbours_alone_can_never_promote(ours: tuple[Report, ...], theirs: tuple[Report, ...]) -> None:
    trial = Trial(profile=QUICK)
    story: list[Event] = [Started(0.0, 0.0), *(PeersRated(float(s), ours, theirs, 0) for s in range(70))]
    _, verdicts = play(story, trial)

    assert [verdict.outcome for verdict in verdicts] in (["keep"], ["refuse"], ["void"])


@pytest.mark.long
@given(reports, reports)
def test_reports_are_summed_up_whatever_they_contain(ours: tuple[Report, ...], theirs: tuple[Report, ...]) -> None:
    peers = score(ours, theirs, QUICK)

    assert 0 <= peers.rated <= 5
    assert peers.hold in (None, "", "slower", "faults")


@given(st.binary(max_size=400))
def test_bytes_that_are_no_trial_are_refused(content: bytes) -> None:
    try:
        Trial.load(content)
    except UnreadableTrial:
        return
    raise AssertionError("loaded")


@settings(max_examples=50)
@given(st.data())
def test_a_stored_trial_with_a_flipped_byte_is_refused_or_is_a_trial(data: st.DataObject) -> None:
    content = bytearray(World().start().rate().go_on(9.0).trial.dump())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        trial = Trial.load(bytes(content))
    except UnreadableTrial:
        return

    assert isinstance(trial, Trial)
