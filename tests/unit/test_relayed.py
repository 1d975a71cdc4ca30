"""Reads by way of the own vault: what they can hold back, and what they cannot."""

from __future__ import annotations

import pytest

from node.trial.evidence import Ask, Pair
from node.trial.relayed import Relayed
from tests.trial_world import GOOD, LATE, World, running, told


def counted(both: int, only_candidate: int, only_control: int) -> Relayed:
    relayed = Relayed()
    answers = ((both, GOOD, GOOD), (only_candidate, GOOD, LATE), (only_control, LATE, GOOD), (7, LATE, LATE))
    for count, candidate, control in answers:
        for _ in range(count):
            relayed.count(Pair(1.0, "get", b"a", candidate, control, is_relayed=True))
    return relayed


@pytest.mark.parametrize(
    ("both", "only_candidate", "only_control", "is_held"),
    [
        (100, 0, 0, False),
        (80, 10, 10, False),
        (100, 0, 9, False),  # three deviations of nine coins
        (100, 0, 10, True),
        (0, 0, 100, True),
        (0, 0, 29, False),  # too few to say
        (0, 100, 0, False),
        (60, 40, 61, False),
        (60, 40, 80, True),
    ],
)
def test_a_candidate_that_answers_vaults_worse_than_chance_explains_is_held_back(
    both: int, only_candidate: int, only_control: int, is_held: bool
):
    assert bool(counted(both, only_candidate, only_control).missing(30)) is is_held


def test_the_reason_names_both_numbers():
    assert counted(3, 1, 40).missing(30) == ["it gave another vault 4 right answers where its twin gave 43"]


def relay(world: World, candidate: Ask, count: int = 60) -> World:
    for _ in range(count):
        world.pair(candidate=candidate, is_relayed=True)
    return world


def test_an_equal_candidate_is_promoted_with_them():
    world = relay(World().start().rate(), GOOD).go_on(100.0)
    assert world.outcome == "promote"


def test_a_candidate_that_does_not_answer_vaults_is_neither_promoted_nor_refused_for_it():
    world = relay(running(), LATE).go_on(300.0)
    assert world.outcome == "keep"
    assert "gave another vault" in world.reason


def test_it_is_no_hang_when_a_vault_says_that_nothing_came():
    world = World().start().rate()
    for _ in range(40):
        world.now_s += 1.0
        relay(world, LATE, 5)
    assert world.verdicts == []


def test_their_times_are_compared_with_nothing():
    world = running()
    pairs = world.trial.progress().pairs
    relay(world, told("ok", latency_s=3.0))
    assert world.trial.progress().pairs == pairs


def test_they_are_checked_reads_like_all_others():
    world = running()
    reads = world.trial.progress().verified_reads
    assert relay(world, GOOD).trial.progress().verified_reads == reads + 60


def test_a_silent_candidate_is_still_found_hanging_between_them():
    world = World().start().rate()
    for _ in range(60):
        world.now_s += 1.0
        world.pair(candidate=LATE)
        relay(world, GOOD, 1)
    assert world.outcome == "refuse"
    assert "stopped answering" in world.reason
