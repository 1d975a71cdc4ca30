"""How a release behaves, and what one home's trial makes of it.

Noise and faults are modelled, the rule and its profiles are the real ones.  A block is drawn as a whole: each metric is
its true value, plus the noise of its pairs, plus a slow drift of each twin.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from node.trial import METRICS, MetricName, Profile, Report
from node.trial.comparison import Comparison
from node.trial.evidence import LEAK_BLOCKS_MIN
from node.trial.peers import Neighbours, score
from node.trial.waves import DAY_S, HOUR_S
from node.update.trials.restarts import draw_restarts

STORED_MAX: Final = 4_000
# Homes that share chunks with both twins: of 48 drawn places in networks of 30 to 5,000 homes (2026-11-30).
NEIGHBOURS: Final = (4, 4, 4, 5, 5, 6, 7, 7, 7, 7, 7, 8, 8, 9, 10, 10, 10, 12)
NEIGHBOURS_HEARD: Final = 0.8  # the part of them that is at home, and has been known for long enough
NEIGHBOURS_MET_S: Final = DAY_S  # one by one, until all of them have rated both twins
NOISE_BLOCK_S: Final = 2 * HOUR_S  # what NOISE is of
NOISE_PAIRS: Final = 200
TRIALS_HELD: Final = 200  # of one kind in one run; each farm's is one of these
BOMB_WRONG: Final = 0.01  # share of wrong bytes once a bomb has gone off

Outcome = Literal["promote", "refuse", "keep"]
Side = Literal["for", "against"]


@dataclass(frozen=True)
class Load:
    """What the twins are asked in an hour."""

    pairs_per_h: float
    reads_per_h: float
    stored_per_h: float


ORDINARY_LOAD: Final = Load(100, 100, 20)  # that of the tables which specify the rule
URGENT_LOAD: Final = Load(720, 540, 180)  # the prober's own: of four pairs three read


@dataclass(frozen=True)
class Release:
    """Ratios against the current version, shares of all requests, and when it turns bad; 1 and 0 are as good as it."""

    p50: float = 1.0
    tail: float = 1.0
    cpu: float = 1.0
    fail: float = 0.0
    wrong: float = 0.0
    lost: float = 0.0  # of the stored chunks, at a restart
    leak_per_h: float = 0.0
    crashes_per_h: float = 0.0
    missed: float = 0.0  # the chance that a home's trial sees nothing of it at all
    bad_at_uptime_s: float = math.inf
    bad_on_day_s: float = math.inf  # since it was published
    bad_after_promotion_s: float = math.inf

    @property
    def is_seen_in_use(self) -> bool:
        """Whether the watch, which knows no twin, finds it out: by a proof or by failures close together."""
        return self.is_bomb() or max(self.wrong, self.lost) > 0.0

    @property
    def is_bad(self) -> bool:
        return replace(self, p50=max(1.0, self.p50)) != Release()

    def is_bomb(self) -> bool:
        return min(self.bad_at_uptime_s, self.bad_on_day_s, self.bad_after_promotion_s) < math.inf

    def hurts_from_s(self, promoted_s: float) -> float:
        """From when on it does harm on a farm that took it over at ``promoted_s``."""
        if not self.is_bad:
            return math.inf
        if not self.is_bomb():
            return promoted_s
        by_day_s = max(promoted_s, self.bad_on_day_s)
        return min(promoted_s + min(self.bad_at_uptime_s, self.bad_after_promotion_s), by_day_s)


@dataclass(frozen=True)
class Noise:
    """Of one metric, in a block of two hours: independent from block to block, and drifting slowly.

    The drift has the same spread and pace in shorter blocks, so that many of them in few hours tell little more.
    """

    white: float
    drift: float
    rho: float


NOISE: Final[dict[MetricName, Noise]] = {
    "p50": Noise(0.045, 0.028, 0.6),
    "tail": Noise(0.013, 0.003, 0.6),
    "cpu": Noise(0.0, 0.071, 0.4),
    "mem": Noise(0.0, 0.028, 0.7),
    "bytes": Noise(0.0, 0.028, 0.4),
    "fail": Noise(0.007, 0.0, 0.0),
}


@dataclass(frozen=True)
class Ended:
    outcome: Outcome
    seconds: float


class HomeTrial:
    """One trial on one home, begun ``begun_s`` after the release was published."""

    def __init__(self, release: Release, profile: Profile, chance: Random, begun_s: float) -> None:
        self.release, self.profile, self.chance, self.begun_s = release, profile, chance, begun_s
        self.load = ORDINARY_LOAD if profile.needs_proof else URGENT_LOAD
        self.comparison = Comparison()
        self.margins = profile.margins.by_name()
        self.drifts = dict.fromkeys(NOISE, 0.0)
        self.memory_sum, self.memory_count = 0.0, 0
        self.is_blind = chance.random() < release.missed
        self.restarts_s = [restart.ran_s for restart in draw_restarts(profile, chance)]
        self.neighbours = Neighbours()
        heard = sum(chance.random() < NEIGHBOURS_HEARD for _ in range(chance.choice(NEIGHBOURS)))
        self.met_s = sorted(chance.random() * NEIGHBOURS_MET_S for _ in range(heard))

    def hold(self, liars: float = 0.0, side: Side = "against") -> Ended:
        profile, block_s = self.profile, self.profile.block_s
        private_s = profile.duration_s(self.chance.random())
        candidate, control = self._told(liars, side)
        reads, met = 0.0, 0
        for block in range(1, int(profile.trial_s_max / block_s) + 1):
            seconds = block * block_s
            if self._shows_a_fault(seconds):
                return Ended("refuse", seconds)
            reads += self.load.reads_per_h * block_s / HOUR_S
            self._measure(seconds)
            if self.comparison.alarm(profile) is not None:
                return Ended("refuse", seconds)
            met_before, met = met, bisect_right(self.met_s, seconds)
            if met > met_before:
                self.neighbours.take(score(candidate[:met], control[:met], profile), None)
            is_enough = (
                block >= profile.blocks_min
                and reads >= profile.reads_min
                and seconds >= self.restarts_s[-1]
                and self.neighbours.rated >= self.neighbours.needed(profile, seconds)
            )
            if seconds < private_s or not is_enough or self.neighbours.hold:
                continue
            if not self.comparison.missing(profile):
                return Ended("promote", seconds)
        return Ended("keep", profile.trial_s_max)

    def _is_bad_now(self, seconds: float) -> bool:
        release = self.release
        return seconds >= release.bad_at_uptime_s or self.begun_s + seconds >= release.bad_on_day_s

    def _shows_a_fault(self, seconds: float) -> bool:
        if self.is_blind:
            return False
        release, block_h = self.release, self.profile.block_s / HOUR_S
        wrong = BOMB_WRONG if self._is_bad_now(seconds) else release.wrong
        sound = (1.0 - wrong) ** (self.load.reads_per_h * block_h) * math.exp(-release.crashes_per_h * block_h)
        for restarted_s in self.restarts_s:
            if release.lost and seconds - self.profile.block_s < restarted_s <= seconds:
                stored = min(STORED_MAX, self.load.stored_per_h * restarted_s / HOUR_S)
                sound *= (1.0 - release.lost) ** stored
        return bool(self.chance.random() >= sound)

    def _measure(self, seconds: float) -> None:
        release = self.release
        true: dict[MetricName, float] = {
            "p50": math.log(release.p50), "tail": 0.10 * math.log(release.tail), "cpu": math.log(release.cpu),
            "mem": release.leak_per_h * seconds / HOUR_S, "bytes": 0.0, "fail": release.fail,
        }  # fmt: skip
        if self.is_blind:
            true = dict.fromkeys(NOISE, 0.0)
        self.comparison.blocks += 1
        blocks = self.profile.block_s / NOISE_BLOCK_S
        fewer = math.sqrt(NOISE_PAIRS / (self.load.pairs_per_h * self.profile.block_s / HOUR_S))
        for name in METRICS:
            if name == "leak":
                continue
            noise = NOISE[name]
            rho = noise.rho**blocks
            kick = self.chance.gauss(0.0, noise.drift * math.sqrt(1.0 - rho**2))
            self.drifts[name] = rho * self.drifts[name] + kick
            x = true[name] + self.drifts[name] + self.chance.gauss(0.0, noise.white * fewer)
            self.comparison.gauges[name].add(x, self.margins[name])
            if name == "mem":
                if self.memory_count >= LEAK_BLOCKS_MIN:
                    leak = x - self.memory_sum / self.memory_count
                    self.comparison.gauges["leak"].add(leak, self.margins["leak"])
                self.memory_sum += x
                self.memory_count += 1

    def _told(self, liars: float, side: Side) -> tuple[list[Report], list[Report]]:
        """Of the candidate and of its twin; the same neighbours tell the same every day."""
        against = 1.0 if side == "against" else -1.0
        told: list[list[Report]] = []
        for lie in (against, -against):
            group = self.chance.gauss(0.0, 0.10)
            told.append([
                self._report(i, group, lie, is_liar=self.chance.random() < liars) for i in range(len(self.met_s))
            ])  # fmt: skip
        return told[0], told[1]

    def _report(self, number: int, group: float, lie: float, *, is_liar: bool) -> Report:
        ratio = lie if is_liar else group + self.chance.gauss(0.0, 0.35)
        faults = int(lie > 0) if is_liar else int(self.chance.random() < 0.01)
        return Report(bytes([number]) * 32, f"10.0.{number}.0/24", ratio, 50, faults, age_s=1e9)


class Homes:
    """The trials of all farms in one run.

    TRIALS_HELD are really held and every farm has one of them, drawn by chance, unless it matters when it began.
    """

    def __init__(self, release: Release, liars: float, side: Side, chance: Random) -> None:
        self.release, self.liars, self.side, self.chance = release, liars, side, chance
        self.held: dict[float, list[Ended]] = {}  # by the longest time that a trial may last

    def trial(self, profile: Profile, begun_s: float) -> Ended:
        held = self.held.setdefault(profile.trial_s_max, [])
        if self.release.bad_on_day_s < math.inf:
            return self._hold(profile, begun_s)
        if len(held) < TRIALS_HELD:
            held.append(self._hold(profile, begun_s))
            return held[-1]
        return self.chance.choice(held)

    def _hold(self, profile: Profile, begun_s: float) -> Ended:
        return HomeTrial(self.release, profile, self.chance, begun_s).hold(self.liars, self.side)
