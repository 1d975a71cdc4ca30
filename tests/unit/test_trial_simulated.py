"""A few rows of the specification's table, with its model of a home: what becomes of each kind of release.

All of the table is a benchmark, ``python -m tests.benchmarks trial``.
"""

from __future__ import annotations

import pytest

from node.trial import Verdict
from node.trial.ratchet import Step, distances
from tests.homes import Home, Neighbours, Release, Surroundings

AT_HOME = Surroundings()
FIVE_WEEKS_S = 35 * 86_400.0


def hours(verdict: Verdict) -> float:
    return verdict.evidence.seconds / 3600.0


@pytest.mark.parametrize("seed", range(4))
def test_an_equal_release_is_promoted_after_days(seed: int) -> None:
    """The table: 99.5 % promoted, median 116 h."""
    verdict = Home(Release(), AT_HOME, seed).run()

    assert verdict.outcome == "promote", verdict.reason
    assert 48 <= hours(verdict) <= 336


@pytest.mark.parametrize("seed", range(3))
def test_a_release_ten_percent_slower_is_refused(seed: int) -> None:
    """The table: 100 % refused, median 64 h."""
    verdict = Home(Release(p50=1.10), AT_HOME, seed).run()

    assert (verdict.outcome, verdict.reason[:7]) == ("refuse", "slower:")


@pytest.mark.parametrize("seed", range(3))
def test_a_release_that_needs_ten_percent_more_processor_time_is_refused(seed: int) -> None:
    verdict = Home(Release(cpu=1.10), AT_HOME, seed).run()

    assert (verdict.outcome, "processor time" in verdict.reason) == ("refuse", True)


@pytest.mark.parametrize("seed", range(5))
def test_a_release_with_one_wrong_byte_in_a_thousand_reads_is_refused(seed: int) -> None:
    """The table: 100 % refused, median 9 h."""
    verdict = Home(Release(wrong=0.001), AT_HOME, seed).run()

    assert (verdict.outcome, verdict.reason[:17]) == ("refuse", "gave wrong bytes ")


@pytest.mark.parametrize("seed", range(3))
def test_a_release_that_loses_chunks_at_a_restart_is_refused(seed: int) -> None:
    verdict = Home(Release(lost=0.005), AT_HOME, seed).run()

    assert (verdict.outcome, verdict.reason[:5]) == ("refuse", "lost ")


@pytest.mark.parametrize("seed", range(3))
def test_a_release_whose_slowest_requests_are_a_quarter_slower_is_refused(seed: int) -> None:
    verdict = Home(Release(tail=1.25), AT_HOME, seed).run()

    assert (verdict.outcome, "late requests" in verdict.reason) == ("refuse", True)


def test_one_honest_neighbour_with_a_signed_wrong_answer_is_enough_however_many_lie() -> None:
    lied_for = Surroundings(neighbours=Neighbours(liars=0.45, are_against=False, wrong=0.005))

    verdict = Home(Release(), lied_for, 1).run()

    assert (verdict.outcome, "neighbour" in verdict.reason) == ("refuse", True)


@pytest.mark.long
@pytest.mark.parametrize("release", [Release(), Release(p50=1.10), Release(tail=1.25), Release(lost=0.005)])
def test_a_trial_that_is_told_all_pairs_of_a_block_at_once_ends_as_one_that_is_told_each(release: Release) -> None:
    at_once = Home(release, Surroundings(pairs_per_h=40), 5).run()
    pair_by_pair = Home(release, Surroundings(pairs_per_h=40), 5, is_pair_by_pair=True).run()

    told = [(verdict.outcome, verdict.reason, verdict.blocks) for verdict in (at_once, pair_by_pair)]
    assert told[0] == told[1]


def ten_releases(p50: float, *, is_remembered: bool = True) -> list[Step]:
    """One after the other within a year, each so much slower than what is in use; those that were taken into use."""
    taken: list[Step] = []
    in_use = "v0"
    for number in range(10):
        now_s = number * FIVE_WEEKS_S
        home = Home(Release(p50=p50), AT_HOME, number)
        if is_remembered:
            home.trial.distances = distances(in_use, taken, now_s)
        if home.run().outcome == "promote":
            taken.append(Step(f"v{number + 1}", in_use, now_s, home.trial.comparison.estimates()))
            in_use = f"v{number + 1}"
    return taken


@pytest.mark.long
def test_ten_releases_each_within_the_margin_do_not_add_up() -> None:
    """Each 3 % slower: nearly every one alone is proven to be within 5 %, and all together they would make 34 %."""
    assert len(ten_releases(1.03, is_remembered=False)) >= 8
    assert 1 <= len(ten_releases(1.03)) <= 3


@pytest.mark.long
def test_ten_releases_each_four_percent_slower_do_not_all_pass() -> None:
    assert len(ten_releases(1.04)) <= 2


@pytest.mark.long
def test_ten_equal_releases_all_pass() -> None:
    assert len(ten_releases(1.0)) == 10
