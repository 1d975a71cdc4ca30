"""Whatever others say, and whenever they say it, a rollout comes to every farm in a time that can be told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.trial.notes import State
from node.trial.waves import DAY_S, GAP_S_MAX, HOUR_S, ORDINARY, Rollout
from tests.unit.test_waves import HEARD_S, LONG_AGO_S, WEEK_S, seen

STATES: tuple[State, ...] = ("on_trial", "pass", "fail", "not_proven", "void")
LONGEST_S = 2 * 2 * ORDINARY.silence_s + ORDINARY.report_s_min + ORDINARY.halt_s

sights = st.builds(
    seen,
    st.integers(0, 80), st.sampled_from(STATES), st.integers(0, 2), st.sampled_from(["", "a", "b"]),
    st.sampled_from([LONG_AGO_S, LONG_AGO_S - 1, HEARD_S - WEEK_S + 1]),
)  # fmt: skip
crowds = st.builds(
    lambda count, state, wave: [seen(1000 * wave + i, state, wave) for i in range(count)],
    st.integers(0, 60), st.sampled_from(STATES), st.integers(0, 2),
)  # fmt: skip
looks = st.tuples(st.floats(-5 * DAY_S, 5 * DAY_S), st.one_of(st.lists(sights, max_size=8), crowds))


@pytest.mark.long
@settings(deadline=None, max_examples=40)
@given(st.lists(looks, max_size=30))
def test_every_wait_has_an_end_and_nothing_is_counted_twice(story):
    rollout = Rollout(plan=ORDINARY, shares=ORDINARY.shares, position=0.6, heard_s=HEARD_S)
    now_s, passed_s = HEARD_S, 0.0
    rollout.step(now_s)
    for wait_s, notes in story:
        now_s, passed_s = now_s + wait_s, passed_s + min(GAP_S_MAX, max(0.0, wait_s))
        standing = rollout.step(now_s, notes)

        states = [vote.state for vote in rollout.votes.values()]
        assert standing.enrolled == len(states) - states.count("void")
        assert (standing.passes, standing.fails) == (states.count("pass"), states.count("fail"))
        assert {vault: vote.subnet for vault, vote in rollout.votes.items()} == {
            vault: subnet for subnet, vault in rollout.voters.items()
        }
        rollout = Rollout.load(rollout.dump())

    while passed_s < LONGEST_S + 6 * HOUR_S:  # each change of state is seen one look late
        now_s, passed_s = now_s + 2 * HOUR_S, passed_s + 2 * HOUR_S
        standing = rollout.step(now_s)
    assert standing.may_begin
    assert standing.may_promote
