"""Releases must not drift: the candidate beside every version of the last year, not only beside the current one.

Ten releases, each 4 % slower than the one before and so within a margin of 5 %, make 48 %.  Each trial measures one
such step.  Steps are in margins, which are logarithms, so they can be summed up, and their variances too:

    version a year ago --step--> ... --step--> version in use --the running trial--> candidate
    `---------------- distance of the version in use ------------'
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import msgspec

from node.trial.profile import MetricName

YEAR_S: Final = 365 * 86_400.0
STEPS_MAX: Final = 64  # versions that are looked back at; more than one a week


class Estimate(msgspec.Struct, frozen=True, array_like=True):
    """By how much one version is worse than another, in margins: the mean, and the variance of that mean."""

    mean: float
    variance: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.mean + other.mean, self.variance + other.variance)

    def at_least(self, alpha: float) -> float:
        """What it is at least, but for a chance of ``alpha``."""
        return self.mean - NormalDist().inv_cdf(1.0 - alpha) * math.sqrt(self.variance)


Estimates = dict[MetricName, Estimate]


@dataclass(frozen=True, slots=True)
class Step:
    """A version that was taken into use, beside the one that it replaced, as its trial saw them."""

    version: str
    replaced: str
    taken_s: float  # UTC
    estimates: Mapping[MetricName, Estimate]


def distances(in_use: str, steps: Iterable[Step], utc_s: float) -> tuple[Estimates, ...]:
    """The version in use beside each one that was in use within the last year, newest first.

    What one step did not measure is unknown across it, and so is what lies before a version that came without a trial.
    A version may have been in use more than once: what it replaced then is looked back at, too.
    """
    by_version: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.taken_s):
        by_version.setdefault(step.version, []).append(step)
    found: list[Estimates] = []
    version = in_use
    while len(found) < STEPS_MAX and by_version.get(version):
        step = by_version[version].pop()
        if not step.estimates or step.taken_s < utc_s - YEAR_S:
            break
        nearer: Estimates = found[-1] if found else {name: Estimate(0.0, 0.0) for name in step.estimates}
        found.append({name: nearer[name] + one for name, one in step.estimates.items() if name in nearer})
        version = step.replaced
    return tuple(found)


def worst(of_candidate: Estimates, distances: Iterable[Estimates], alpha: float) -> dict[MetricName, float]:
    """For each metric that is proven to have become worse by more than a margin: by how many, estimated.

    Of all versions looked back at, the one counts beside which that is proven most clearly.
    """
    found: dict[MetricName, tuple[float, float]] = {}
    for distance in distances:
        for name, one in of_candidate.items():
            if name in distance:
                total = distance[name] + one
                found[name] = max(found.get(name, (-math.inf, 0.0)), (total.at_least(alpha), total.mean))
    return {name: mean for name, (least, mean) in found.items() if least > 1.0}
