"""A small network of farms, each with its own trial, book and rollout: what others say delays and does nothing else."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import median

import pytest

from node.trial import REAL
from node.trial.waves import DAY_S, ORDINARY, URGENT
from tests.farms.model import HomeTrial, Release
from tests.farms.network import Scenario, run

SMALL = Scenario(Release(), farms=120, book=100)
FIRST_WAVE = 20  # farms, about
BOMB = Release(bad_after_promotion_s=2 * DAY_S)


@pytest.mark.parametrize(
    ("release", "promoted", "refused", "hours"),
    [
        (Release(), 99.5, 0.0, 116), (Release(p50=1.1), 0.0, 100.0, 64), (Release(tail=1.25), 0.0, 98.8, 112),
        (Release(crashes_per_h=1 / 48), 12.0, 88.0, 35), (Release(wrong=0.0002), 13.5, 86.5, 35),
    ],
)  # fmt: skip
def test_a_trial_that_is_drawn_block_by_block_ends_as_the_specified_one_does(release, promoted, refused, hours):
    """The table of the decision rule, in percent, and the median hour; 100 trials may scatter by so much."""
    chance = Random(5)
    ended = [HomeTrial(release, REAL, chance, 0.0).hold() for _ in range(100)]

    assert sum(trial.outcome == "promote" for trial in ended) == pytest.approx(promoted, abs=6)
    assert sum(trial.outcome == "refuse" for trial in ended) == pytest.approx(refused, abs=6)
    assert median(trial.seconds for trial in ended) / 3600 == pytest.approx(hours, rel=0.25)


def test_an_equal_release_comes_to_all_farms_one_wave_after_the_other():
    outcome = run(SMALL, 1)

    assert outcome.promoted >= 0.95 * outcome.farms
    assert (outcome.refused, outcome.halted, outcome.waiting, outcome.hurt) == (0, 0, 0, 0)
    assert outcome.promoted_days is not None
    assert outcome.promoted_days > 10


def test_an_urgent_one_comes_in_days():
    outcome = run(replace(SMALL, plan=URGENT), 1)

    assert outcome.promoted == outcome.farms
    assert outcome.promoted_days is not None
    assert outcome.promoted_days < 5


def test_a_bad_release_is_promoted_by_none():
    for bad in (Release(p50=1.25), Release(wrong=0.01), Release(lost=0.01), Release(crashes_per_h=1 / 6)):
        outcome = run(replace(SMALL, release=bad, farms=40, book=40), 1)

        assert (outcome.promoted, outcome.hurt) == (0, 0)


def test_a_bomb_hurts_the_first_wave_and_the_developers_recall_it_before_the_second():
    bomb = replace(SMALL, release=BOMB, recall_s=5 * DAY_S)
    waves, at_once = run(bomb, 1), run(replace(bomb, is_all_at_once=True), 1)

    assert 0 < waves.hurt <= 1.5 * FIRST_WAVE
    assert at_once.hurt > 0.7 * at_once.farms


def test_liars_who_are_nearly_half_delay_a_good_release_and_do_not_keep_it_away():
    outcome = run(replace(SMALL, liars=0.45), 1)
    for_ever = run(replace(SMALL, liars=0.45, plan=replace(ORDINARY, halt_s=1000 * DAY_S)), 1)

    assert (outcome.refused, outcome.waiting) == (0, 0)
    assert outcome.halted > 0.5 * outcome.farms
    assert outcome.promoted + outcome.kept == outcome.farms  # their neighbours' lies make some trials prove nothing
    assert for_ever.waiting > 0.3 * for_ever.farms


def test_developers_who_stand_by_a_release_end_its_halt():
    outcome = run(replace(SMALL, liars=0.45), 1)
    reaffirmed = run(replace(SMALL, liars=0.45, reaffirm_s=DAY_S), 1)

    assert outcome.promoted_days is not None
    assert reaffirmed.promoted_days is not None
    assert reaffirmed.promoted_days < outcome.promoted_days - 7


def test_an_army_that_saw_the_release_first_counts_for_nothing():
    army = replace(SMALL, farms=60, book=60, sybils=40)
    late, early = run(army, 1), run(replace(army, sybil_age_s=8 * DAY_S), 1)
    ageless = run(replace(army, plan=replace(ORDINARY, age_s_min=-DAY_S)), 1)

    assert (late.sybils_counted, late.halted) == (0.0, 0)
    assert 0.2 < early.sybils_counted < 0.6  # its part of the network, and no more of the first wave than that
    assert ageless.sybils_counted > 0.6
    assert ageless.halted > 0.5 * ageless.farms


def test_the_same_seed_plays_the_same():
    played = replace(SMALL, farms=30, book=20, liars=0.2)

    assert run(played, 3) == run(played, 3)
    assert run(played, 3) != run(played, 4)
