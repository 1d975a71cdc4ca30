"""Neighbours' reports: proofs refuse, votes only hold, one vote per subnet."""

import math
import random
from dataclasses import replace

import pytest

from node.trial import PRACTICE, REAL, Report
from node.trial.peers import REPORTS_MAX, score
from tests.trial_world import reports

SLOW = math.log(3.0)


def test_good_reports_hold_nothing() -> None:
    peers = score(reports(20), reports(20), REAL)

    assert (peers.rated, peers.hold, peers.proofs) == (20, "", 0)


def test_slower_for_every_choice_of_liars_holds() -> None:
    assert score(reports(20, log_ratio=SLOW), reports(20), REAL).hold == "slower"


@pytest.mark.parametrize(("liars", "hold"), [(5, ""), (14, "slower")])
def test_a_minority_that_calls_a_good_release_slow_holds_nothing(liars: int, hold: str) -> None:
    lied = tuple(replace(report, log_ratio=SLOW) for report in reports(20)[:liars]) + reports(20)[liars:]

    assert score(lied, reports(20), REAL).hold == hold


@pytest.mark.parametrize(("alleging", "hold"), [(10, ""), (11, "faults")])
def test_more_than_half_of_the_subnets_must_allege_faults(alleging: int, hold: str) -> None:
    alleged = tuple(replace(report, faults=1) for report in reports(20)[:alleging]) + reports(20)[alleging:]

    assert score(alleged, reports(20), REAL).hold == hold


@pytest.mark.parametrize(("votes", "liars_max"), [(4, 3), (5, 4), (6, 5), (7, 5), (8, 6), (11, 8)])
def test_of_few_votes_one_more_may_be_a_lie(votes: int, liars_max: int) -> None:
    """Of seven neighbours a third of liars are three or more in four of nine trials, and those hold nothing."""
    for liars in range(votes + 1):
        lied = tuple(replace(report, log_ratio=SLOW) for report in reports(votes)[:liars]) + reports(votes)[liars:]
        alleged = tuple(replace(report, faults=1) for report in reports(votes)[:liars]) + reports(votes)[liars:]

        assert (score(lied, reports(votes), REAL).hold == "slower") is (liars > liars_max)
        assert (score(alleged, reports(votes), REAL).hold == "faults") is (liars - 1 > votes / 2)


def test_all_of_a_few_hold_what_is_slower_for_each_of_them() -> None:
    for votes in range(REAL.reporters_min, 12):
        assert score(reports(votes, log_ratio=SLOW), reports(votes), REAL).hold == "slower"


@pytest.mark.parametrize(("voters", "share", "held_max"), [(4, 0.20, 4), (7, 0.20, 6), (4, 0.33, 10), (7, 0.33, 15)])
def test_liars_among_few_hold_a_good_release_no_more_often_than_among_twenty(
    voters: int, share: float, held_max: float
) -> None:
    """Among twenty a fifth of them holds 3 % of good releases, and a third 15.7 % (2000 draws)."""
    chance, held, days = random.Random(7), 0, 1000
    for _ in range(days):
        held += bool(score(*told(chance, voters, share), REAL).hold)

    assert 100 * held / days <= held_max


def told(chance: random.Random, voters: int, share: float) -> tuple[tuple[Report, ...], tuple[Report, ...]]:
    """A day's reports on a good release and on its twin, of which this share are lies against it."""
    sides = []
    for lie in (1.0, -1.0):
        group = chance.gauss(0.0, 0.10)
        sides.append(
            tuple(
                replace(report, log_ratio=lie, faults=int(lie > 0))
                if chance.random() < share
                else replace(report, log_ratio=group + chance.gauss(0.0, 0.35), faults=int(chance.random() < 0.01))
                for report in reports(voters)
            )
        )
    return sides[0], sides[1]


def test_a_thousand_reporters_of_one_subnet_have_one_vote() -> None:
    crowd = tuple(
        Report(i.to_bytes(32, "big"), "10.0.0.0/24", SLOW, 50, 1, age_s=1e9) for i in range(1000)
    )  # its own subnet's honest vote is outvoted, no other one is
    peers = score(crowd + reports(20), reports(20), REAL)

    assert (peers.rated, peers.hold) == (20, "")


def test_half_of_a_subnet_makes_no_allegation() -> None:
    doubled = tuple(replace(report, reporter=report.reporter + b"2", faults=1) for report in reports(20))

    assert score(reports(20) + doubled, reports(20), REAL).hold == ""


def test_a_reporter_that_reports_twice_counts_once_with_its_last_report() -> None:
    first = tuple(replace(report, log_ratio=SLOW) for report in reports(20))

    assert score(first + reports(20), reports(20), REAL).hold == ""


def test_one_proof_counts_however_young_and_few_its_reporters_are() -> None:
    proof = (Report(b"p" * 32, "10.9.9.0/24", None, 0, 1, has_proof=True, age_s=0.0),)
    peers = score(proof, (), REAL)

    assert (peers.proofs, peers.hold) == (1, None)


def test_a_proof_is_not_hidden_by_a_later_report_of_the_same_neighbour() -> None:
    proof = Report(b"p" * 32, "10.9.9.0/24", None, 0, 1, has_proof=True)

    assert score((proof, replace(proof, has_proof=False)), (), REAL).proofs == 1


def test_identities_younger_than_the_release_have_no_vote() -> None:
    young = tuple(replace(report, age_s=REAL.reporter_age_s_min - 1) for report in reports(20))

    assert score(young, reports(20), REAL).rated == 0


def test_fewer_subnets_than_the_minimum_on_either_side_are_no_opinion() -> None:
    assert score(reports(20, log_ratio=SLOW), reports(3), REAL).hold is None
    assert score(reports(3, log_ratio=SLOW), reports(20), REAL).hold is None
    assert score((), (), PRACTICE).hold is None


def test_only_subnets_that_rated_both_twins_are_counted() -> None:
    assert score(reports(10), reports(20)[7:], PRACTICE).rated == 3


def test_a_neighbour_that_has_asked_nothing_has_rated_nothing() -> None:
    silent = tuple(replace(report, answers=0) for report in reports(20))

    assert score(silent, reports(20), REAL).rated == 0


def test_reports_without_a_latency_vote_on_faults_only() -> None:
    peers = score(reports(20, log_ratio=None, faults=2), reports(20), REAL)

    assert (peers.rated, peers.hold) == (0, "faults")


def test_neighbours_that_cannot_say_how_fast_it_is_let_nothing_pass() -> None:
    """Whoever has asked it once or twice has an answer of it, and no median."""
    hasty = reports(9, log_ratio=None) + tuple(replace(r, subnet=f"s{r.subnet}") for r in reports(3, log_ratio=SLOW))

    peers = score(hasty, hasty, PRACTICE)

    assert (peers.rated, peers.hold) == (3, None)


@pytest.mark.parametrize("foreign", [math.nan, math.inf, -math.inf])
def test_a_latency_that_is_no_number_is_as_good_as_none(foreign: float) -> None:
    peers = score(reports(20, log_ratio=foreign), reports(20), REAL)

    assert peers.hold is None


def test_no_more_than_a_bounded_number_of_reports_is_read() -> None:
    flood = tuple(Report(i.to_bytes(32, "big"), f"{i}", 0.0, 1, 0, age_s=1e9) for i in range(REPORTS_MAX + 1))
    beyond = (flood[-1], *flood[:20])

    assert score(flood, beyond, REAL).rated == 20


def test_liars_hold_a_good_release_about_as_often_as_simulated() -> None:
    """The specification's table: 20 peers, 20 % liars against a good release: 3.1 % of days (2000 draws)."""
    chance, held, days = random.Random(7), 0, 600
    for _ in range(days):
        held += bool(score(*told(chance, 20, 0.20), REAL).hold)

    assert 0.01 < held / days < 0.06
