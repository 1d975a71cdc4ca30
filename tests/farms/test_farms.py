"""A small network of farms, each with its own trial, book and rollout: what others say delays and does nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from statistics import median
from unittest.mock import patch

import pytest

from node.trial import REAL, Profile, membership
from node.trial.profile import URGENT as URGENT_TRIAL
from node.trial.waves import DAY_S, ORDINARY, URGENT
from tests.farms import model
from tests.farms.model import Ended, Homes, HomeTrial, Release
from tests.farms.network import CHAIN, Farm, Network, Outcome, Scenario, run

SMALL = Scenario(Release(), farms=60, book=50, days=100.0)
LIED = replace(SMALL, farms=80, book=60, liars=0.45, days=160.0)
FIRST_WAVE = 20  # farms, about
BOMB = Release(bad_after_promotion_s=2 * DAY_S)


class NothingProven(Homes):
    def trial(self, profile: Profile, begun_s: float) -> Ended:
        return Ended("keep", profile.trial_s_max)


@pytest.fixture(autouse=True)
def _few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost most: each farm has one of these."""
    monkeypatch.setattr(model, "TRIALS_HELD", 15)


@cache
def played(scenario: Scenario, homes: type[Homes] = Homes) -> tuple[Outcome, tuple[Farm, ...]]:
    """How a run ended, and its honest farms."""
    with patch.object(membership, "CHAIN_LENGTH", CHAIN):
        network = Network(scenario, 1)
        network.homes = homes(scenario.release, scenario.liars, scenario.side, network.chance)
        outcome = network.run()
    return outcome, tuple(farm for farm in network.farms if not farm.is_liar)


def ended(scenario: Scenario) -> Outcome:
    return played(scenario)[0]


@pytest.mark.parametrize(
    ("release", "trials", "promoted", "refused", "hours"),
    [
        (Release(), 50, 99.5, 0.0, 116), (Release(p50=1.1), 50, 0.0, 100.0, 64),
        (Release(tail=1.25), 50, 0.0, 98.8, 112),
        (Release(crashes_per_h=1 / 48), 120, 12.0, 88.0, 35), (Release(wrong=0.0002), 120, 13.5, 86.5, 35),
    ],
)  # fmt: skip
def test_a_trial_that_is_drawn_block_by_block_ends_as_the_specified_one_does(release, trials, promoted, refused, hours):
    """The table of the decision rule, in percent, and the median hour; so many trials may scatter by so much."""
    chance = Random(5)
    held = [HomeTrial(release, REAL, chance, 0.0).hold() for _ in range(trials)]

    assert sum(trial.outcome == "promote" for trial in held) * 100 / trials == pytest.approx(promoted, abs=6)
    assert sum(trial.outcome == "refuse" for trial in held) * 100 / trials == pytest.approx(refused, abs=6)
    assert median(trial.seconds for trial in held) / 3600 == pytest.approx(hours, rel=0.25)


@pytest.mark.parametrize(
    ("release", "promoted_min", "promoted_max"),
    [
        (Release(), 90, 100), (Release(lost=0.01), 0, 0), (Release(wrong=0.002), 0, 5),
        (Release(wrong=0.0002), 15, 60), (Release(leak_per_h=0.0025), 90, 100),
    ],
)  # fmt: skip
def test_an_urgent_trial_takes_hours_and_sees_what_hours_can_show(release, promoted_min, promoted_max):
    chance = Random(5)
    held = [HomeTrial(release, URGENT_TRIAL, chance, 0.0).hold() for _ in range(40)]
    hours = [trial.seconds / 3600 for trial in held if trial.outcome == "promote"]

    assert promoted_min <= sum(trial.outcome == "promote" for trial in held) / 0.4 <= promoted_max
    assert all(6 <= hour <= 72 for hour in hours)
    assert not hours or median(hours) < 16


def test_an_equal_release_comes_to_all_farms_one_wave_after_the_other():
    outcome = ended(SMALL)

    assert outcome.promoted >= 0.95 * outcome.farms
    assert (outcome.refused, outcome.halted, outcome.waiting, outcome.hurt) == (0, 0, 0, 0)
    assert outcome.promoted_days is not None
    assert outcome.promoted_days > 10


def test_an_urgent_one_comes_in_days():
    outcome = ended(replace(SMALL, plan=URGENT))

    assert outcome.promoted >= 0.95 * outcome.farms
    assert outcome.promoted_days is not None
    assert outcome.promoted_90_days is not None
    assert 1 < outcome.promoted_days <= outcome.promoted_90_days < 4


def test_what_hours_do_not_show_is_taken_and_nobody_sees_it_in_use():
    """A leak: no watch has a twin to compare with, so nobody takes it back, and it is counted as hurt."""
    _, found = played(replace(SMALL, release=Release(leak_per_h=0.0025), plan=URGENT))
    promoted = [farm for farm in found if farm.ending == "promote"]

    assert len(promoted) >= 0.9 * len(found)
    assert {farm.author.said for farm in promoted} == {"pass"}
    assert all(farm.hurt_s == farm.promoted_s for farm in promoted)


def test_a_trial_that_proves_nothing_is_held_a_second_time_and_no_third():
    _, found = played(replace(SMALL, farms=20, book=19), NothingProven)  # one wave

    assert {(farm.ending, farm.full_trials, farm.author.said) for farm in found} == {("keep", 2, "not_proven")}


def test_a_halt_ends_the_trials_that_run_and_they_begin_anew():
    """Each farm holds one trial, unless that proved nothing; one that was ended is counted at its end too."""
    found = [farm for farm in played(LIED)[1] if not farm.full_trials]

    assert {farm.trials for farm in found if not farm.was_halted} == {1}
    assert any(farm.trials >= 3 for farm in found if farm.was_halted)


def test_a_bad_release_is_promoted_by_none():
    for bad in (Release(p50=1.25), Release(wrong=0.01), Release(lost=0.01), Release(crashes_per_h=1 / 6)):
        outcome = ended(replace(SMALL, release=bad, farms=15, book=14))

        assert (outcome.promoted, outcome.hurt) == (0, 0)


def test_a_bomb_hurts_the_first_wave_and_the_developers_recall_it_before_the_second():
    bomb = replace(SMALL, release=BOMB, recall_s=5 * DAY_S)
    waves, at_once = ended(bomb), ended(replace(bomb, is_all_at_once=True))

    assert 0 < waves.hurt <= 1.5 * FIRST_WAVE
    assert at_once.hurt > 0.7 * at_once.farms


def test_liars_who_are_nearly_half_delay_a_good_release_and_do_not_keep_it_away():
    outcome = ended(LIED)
    for_ever = ended(replace(LIED, days=80.0, plan=replace(ORDINARY, halt_s=1000 * DAY_S)))

    assert (outcome.refused, outcome.waiting) == (0, 0)
    assert outcome.halted > 0.3 * outcome.farms
    assert outcome.promoted + outcome.kept == outcome.farms  # their neighbours' lies make some trials prove nothing
    assert for_ever.waiting > 0.3 * for_ever.farms


def test_developers_who_stand_by_a_release_end_its_halt():
    outcome = ended(LIED)
    reaffirmed = ended(replace(LIED, reaffirm_s=DAY_S))

    assert outcome.promoted_90_days is not None
    assert reaffirmed.promoted_90_days is not None
    assert reaffirmed.promoted_90_days < outcome.promoted_90_days - 7


def test_an_army_that_saw_the_release_first_counts_for_nothing():
    army = replace(SMALL, farms=30, book=29, sybils=20, days=6.0)
    late, early = ended(army), ended(replace(army, sybil_age_s=8 * DAY_S))
    ageless = ended(replace(army, plan=replace(ORDINARY, age_s_min=-DAY_S)))

    assert (late.sybils_counted, late.halted) == (0.0, 0)
    assert 0.2 < early.sybils_counted < 0.6  # its part of the network, and no more of the first wave than that
    assert ageless.sybils_counted > 0.5
    assert ageless.halted > 0.5 * ageless.farms


def test_the_same_seed_plays_the_same():
    played = replace(SMALL, farms=12, book=8, liars=0.2, days=20.0)

    assert run(played, 3) == run(played, 3)
    assert run(played, 3) != run(played, 4)
