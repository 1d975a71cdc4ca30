"""What neighbours say about the twins.  Proofs refuse; votes only hold; none of it can promote.

A report compares a vault with the reporter's own other neighbours, so that the twins may sit in different close
groups.  One subnet has one vote.  Up to ``liar_share_max`` of the votes may be lies: the honest median then
still lies between two quantiles of what was received, and "slower" is said only if it holds for every
choice of liars.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import msgspec

from node.trial.profile import Profile

REPORTS_MAX: Final = 4096  # of one twin; later ones are not read

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
    """``rated``: subnets that rated both twins.  ``hold`` is None when there are too few for an opinion."""

    rated: int
    proofs: int
    control_proofs: int
    hold: Hold | None
    slower_by: float  # ln of a ratio: at least by so much, whoever lies; 0 without an opinion
    fault_share: float


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

    def needed(self, profile: Profile) -> int:
        """0 in a network that has fewer subnets than that: nobody could rate it, ever."""
        needed = profile.reporters_min
        return 0 if self.subnets_known is not None and self.subnets_known < needed else needed


@dataclass(frozen=True, slots=True)
class _Vote:
    """One subnet's opinion of one twin."""

    log_ratio: float | None
    is_faulty: bool


def score(candidate: Iterable[Report], control: Iterable[Report], profile: Profile) -> PeerScore:
    """Sum up the reports on both twins."""
    of_candidate, of_control = list(islice(candidate, REPORTS_MAX)), list(islice(control, REPORTS_MAX))
    votes, control_votes = _votes(of_candidate, profile), _votes(of_control, profile)
    rated = sum(subnet in control_votes for subnet in votes)
    proofs = len({report.reporter for report in of_candidate if report.has_proof})
    control_proofs = len({report.reporter for report in of_control if report.has_proof})
    if min(len(votes), len(control_votes)) < profile.reporters_min or not votes:
        return PeerScore(rated, proofs, control_proofs, None, 0.0, 0.0)

    slower_by = _slower_by(votes, control_votes, profile)
    fault_share = sum(vote.is_faulty for vote in votes.values()) / len(votes)
    hold: Hold = "slower" if slower_by > profile.peer_margin else ""
    if not hold and fault_share > profile.fault_share_max:
        hold = "faults"
    return PeerScore(rated, proofs, control_proofs, hold, slower_by, fault_share)


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


def _slower_by(votes: dict[str, _Vote], control_votes: dict[str, _Vote], profile: Profile) -> float:
    ratios = [vote.log_ratio for vote in votes.values() if vote.log_ratio is not None]
    control_ratios = [vote.log_ratio for vote in control_votes.values() if vote.log_ratio is not None]
    if not ratios or min(len(ratios), len(control_ratios)) < profile.reporters_min:
        return 0.0
    low, high = (1.0 - profile.liar_share_max) / 2.0, (1.0 + profile.liar_share_max) / 2.0
    return _order_statistic(ratios, low) - _order_statistic(control_ratios, high)


def _median(values: list[float]) -> float | None:
    return _order_statistic(values, 0.5) if values else None


def _order_statistic(values: list[float], share: float) -> float:
    """A value that someone really reported: a mean of two could be half a lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
