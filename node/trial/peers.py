"""What neighbours say about the twins.  Proofs refuse; votes only hold; none of it can promote.

A report compares a vault with the reporter's own other neighbours, so that the twins may sit in different close
groups.  One subnet has one vote.  Up to ``liar_share_max`` of the votes may be lies: the honest median then
still lies between two quantiles of what was received, and "slower" is said only if it holds for every
choice of liars.  Of few votes chance makes more of them lies than that, so one more is not believed.

In a network of any size only five to ten homes share chunks with both twins, and some of them are off, or too young to
have a vote.  Their silence delays: after ``reporters_s`` what was said by then is all that counts.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import msgspec

from node.trial.profile import Profile

REPORTS_MAX: Final = 4096  # of one twin; later ones are not read
VOTES_MANY: Final = 12  # of fewer, one more is taken for a lie

Hold = Literal["", "slower", "faults"]


@dataclass(frozen=True, slots=True)
class Report:
    """What one neighbour saw of one twin, from its signed rank table.

    ``log_ratio``: ln(its latency to the twin / its own median to its other neighbours), None when it has none.
    ``has_proof``: an answer signed by the twin itself shows the fault; whoever makes the report has checked it.
    ``age_s``: by how much the reporter's identity is older than the release's announcement.
    """

    reporter: bytes
    subnet: str
    log_ratio: float | None
    answers: int
    faults: int
    has_proof: bool = False
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PeerScore:
    """``rated``: subnets that can say how fast both twins are.  ``hold`` is None when too few can for an opinion."""

    rated: int
    proofs: int
    control_proofs: int
    hold: Hold | None


class Neighbours(msgspec.Struct):
    """What the neighbours have said so far.  ``subnets_known``: how many subnets the network has, if known."""

    rated: int = 0
    subnets_known: int | None = None
    hold: Hold = ""

    def take(self, peers: PeerScore, subnets_known: int | None) -> None:
        self.rated = max(self.rated, peers.rated)
        if subnets_known is not None:
            self.subnets_known = max(self.subnets_known or 0, subnets_known)
        if peers.hold is not None:  # without an opinion the last one stands: silence lifts no hold
            self.hold = peers.hold

    def needed(self, profile: Profile, ran_s: float) -> int:
        """How many must have rated a release, of which the trial ran for ``ran_s``.

        0 in a network that has fewer subnets than that: nobody could rate it, ever.  0, too, when they had their time:
        no peer can stop a release for ever, least of all by saying nothing.
        """
        needed = profile.reporters_min
        are_too_few = self.subnets_known is not None and self.subnets_known < needed
        had_their_time = self.rated < needed and ran_s >= profile.reporters_s
        return 0 if are_too_few or had_their_time else needed


@dataclass(frozen=True, slots=True)
class _Vote:
    """One subnet's opinion of one twin."""

    log_ratio: float | None
    is_faulty: bool


def score(candidate: Iterable[Report], control: Iterable[Report], profile: Profile) -> PeerScore:
    """Sum up the reports on both twins."""
    of_candidate, of_control = list(islice(candidate, REPORTS_MAX)), list(islice(control, REPORTS_MAX))
    votes, control_votes = _votes(of_candidate, profile), _votes(of_control, profile)
    fast, control_fast = _ratios(votes), _ratios(control_votes)
    rated = len(fast.keys() & control_fast.keys())
    proofs = len({report.reporter for report in of_candidate if report.has_proof})
    control_proofs = len({report.reporter for report in of_control if report.has_proof})
    hold: Hold | None = None
    if votes and min(len(votes), len(control_votes)) >= profile.reporters_min:
        fault_share = max(0, sum(vote.is_faulty for vote in votes.values()) - _spared(votes)) / len(votes)
        hold = "faults" if fault_share > profile.fault_share_max else None
    if fast and min(len(fast), len(control_fast)) >= profile.reporters_min:
        slower_by = _slower_by(fast.values(), control_fast.values(), profile)
        hold = "slower" if slower_by > profile.peer_margin else hold or ""
    return PeerScore(rated, proofs, control_proofs, hold)


def _votes(reports: list[Report], profile: Profile) -> dict[str, _Vote]:
    """One vote per subnet: the median ratio, and the majority on faults, of those that are old enough."""
    by_subnet: dict[str, list[Report]] = {}
    for report in {report.reporter: report for report in reports}.values():  # of each reporter, its last report
        has_seen_it = report.answers > 0 or report.faults > 0
        if has_seen_it and report.age_s >= profile.reporter_age_s_min:
            by_subnet.setdefault(report.subnet, []).append(report)
    return {
        subnet: _Vote(
            _median([r.log_ratio for r in together if r.log_ratio is not None and math.isfinite(r.log_ratio)]),
            2 * sum(report.faults > 0 for report in together) > len(together),
        )
        for subnet, together in by_subnet.items()
    }


def _ratios(votes: dict[str, _Vote]) -> dict[str, float]:
    """The log ratio of each subnet that has one; who has hardly met a twin knows nothing of its speed."""
    return {subnet: vote.log_ratio for subnet, vote in votes.items() if vote.log_ratio is not None}


def _slower_by(ratios: Collection[float], control_ratios: Collection[float], profile: Profile) -> float:
    """The ln of a ratio: it is slower at least by so much, whoever lies."""
    low, high = (1.0 - profile.liar_share_max) / 2.0, (1.0 + profile.liar_share_max) / 2.0
    spared, control_spared = _spared(ratios), _spared(control_ratios)
    return _order_statistic(ratios, low, -spared) - _order_statistic(control_ratios, high, control_spared)


def _spared(votes: Collection[object]) -> int:
    """How many votes more than ``liar_share_max`` of them are not believed."""
    return int(len(votes) < VOTES_MANY)


def _median(values: list[float]) -> float | None:
    return _order_statistic(values, 0.5) if values else None


def _order_statistic(values: Collection[float], share: float, beyond: int = 0) -> float:
    """A value that someone really reported: a mean of two could be half a lie.  ``beyond``: so many ranks farther."""
    return sorted(values)[max(0, min(len(values) - 1, int(share * len(values)) + beyond))]
