"""The table of the decision rule: each kind of release, and what became of 400 trials of it with the reference rule.

Source: the specification of the rule, its simulation of the trial (2026-11-22).  ``tests.homes`` is its model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from tests.homes import Neighbours, Release, Surroundings


@dataclass(frozen=True, slots=True)
class Scenario:
    """``promoted`` and ``refused``: of 100 trials with the reference rule; the others kept the current version."""

    name: str
    promoted: float
    refused: float
    release: Release = field(default_factory=Release)
    around: Surroundings = field(default_factory=Surroundings)


def _rated(**about: float | bool) -> Surroundings:
    return Surroundings(neighbours=Neighbours(**about))  # type: ignore[arg-type]  # the names are those of its fields


_STRONG: Final = Surroundings(drift_sd=0.04, drift_rho=0.8)
_NOISY: Final = Surroundings(noise=0.8)

SCENARIOS: Final = (
    Scenario("equal", 99.5, 0.0),
    Scenario("10 % better", 100.0, 0.0, Release(p50=0.9, tail=0.95, cpu=0.9)),
    Scenario("3 % slower (inside the margin)", 77.0, 0.0, Release(p50=1.03)),
    Scenario("at the margin (5 % slower)", 1.2, 4.5, Release(p50=1.05)),
    Scenario("10 % slower", 0.0, 100.0, Release(p50=1.10)),
    Scenario("25 % slower", 0.0, 100.0, Release(p50=1.25)),
    Scenario("tail 5 % slower", 80.5, 0.0, Release(tail=1.05)),
    Scenario("tail 10 % slower", 10.0, 4.0, Release(tail=1.10)),
    Scenario("tail 25 % slower", 0.0, 98.8, Release(tail=1.25)),
    Scenario("10 % more processor time", 0.0, 100.0, Release(cpu=1.10)),
    Scenario("leak of 0.25 % an hour", 0.0, 100.0, Release(leak=0.0025)),
    Scenario("leak of 0.1 % an hour", 27.3, 72.8, Release(leak=0.001)),
    Scenario("0.1 % wrong bytes", 0.0, 100.0, Release(wrong=0.001)),
    Scenario("0.02 % wrong bytes", 13.5, 86.5, Release(wrong=0.0002)),
    Scenario("loses 0.5 % at a restart", 0.0, 100.0, Release(lost=0.005)),
    Scenario("loses 0.05 % at a restart", 6.5, 93.5, Release(lost=0.0005)),
    Scenario("crash every 6 h", 0.0, 100.0, Release(crash_per_h=1 / 6)),
    Scenario("crash every 48 h", 12.0, 88.0, Release(crash_per_h=1 / 48)),
    Scenario("2 % more failures", 0.0, 100.0, Release(fail=0.02)),
    Scenario("equal, 40 pairs an hour", 96.0, 0.0, around=Surroundings(pairs_per_h=40)),
    Scenario("equal, 300 pairs an hour", 99.2, 0.0, around=Surroundings(pairs_per_h=300)),
    Scenario("equal, 15 pairs an hour", 62.3, 0.0, around=Surroundings(pairs_per_h=15)),
    Scenario("10 % slower, 15 pairs an hour", 0.0, 91.8, Release(p50=1.10), Surroundings(pairs_per_h=15)),
    Scenario("0.1 % wrong bytes, 15 pairs an hour", 2.0, 98.0, Release(wrong=0.001), Surroundings(pairs_per_h=15)),
    Scenario("equal, both 30 % slower while cold", 99.8, 0.0, around=Surroundings(cold=0.3, cold_twin=0.3)),
    Scenario("equal, 30 % slower while cold, no twin", 99.5, 0.0, around=Surroundings(cold=0.3)),
    Scenario("equal, 100 % slower while cold, no twin", 23.8, 41.5, around=Surroundings(cold=1.0)),
    Scenario("the same, a day discarded", 99.5, 0.0, around=Surroundings(cold=1.0, discarded_h=24.0)),
    Scenario("equal, strong slow drift", 93.2, 0.8, around=_STRONG),
    Scenario("at the margin, strong slow drift", 12.0, 50.5, Release(p50=1.05), _STRONG),
    Scenario("10 % slower, strong slow drift", 0.0, 99.8, Release(p50=1.10), _STRONG),
    Scenario("equal, noisier", 93.2, 0.0, around=_NOISY),
    Scenario("10 % slower, noisier", 0.0, 97.8, Release(p50=1.10), _NOISY),
    Scenario("equal, 20 neighbours", 99.0, 0.0, around=_rated()),
    Scenario("equal, 33 % lie against it", 84.2, 0.0, around=_rated(liars=0.33)),
    Scenario("equal, 45 % lie against it", 53.8, 0.0, around=_rated(liars=0.45)),
    Scenario("0.5 % wrong to neighbours, signed; 33 % lie for it", 0.2, 99.8,
             around=_rated(liars=0.33, are_against=False, wrong=0.005)),
    Scenario("0.5 % wrong to neighbours, signed; 45 % lie for it", 0.2, 99.8,
             around=_rated(liars=0.45, are_against=False, wrong=0.005)),
    Scenario("5 % wrong to neighbours, unsigned; 33 % lie for it", 11.2, 0.0,
             around=_rated(liars=0.33, are_against=False, wrong=0.05, is_signed=False)),
    Scenario("5 % wrong to neighbours, unsigned; 45 % lie for it", 52.8, 0.0,
             around=_rated(liars=0.45, are_against=False, wrong=0.05, is_signed=False)),
    Scenario("3 x slower to neighbours; 20 % lie for it", 49.8, 0.0,
             around=_rated(liars=0.20, are_against=False, slower=math.log(3))),
)  # fmt: skip
