"""How a release behaves, and what one home's trial makes of it.

Noise and faults are modelled, the rule is the real one.  A block is drawn as a whole: each metric is its true value,
plus the noise of 200 pairs, plus a slow drift of each twin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from node.trial import METRICS, REAL, MetricName, Profile, Report
from node.trial.comparison import Comparison
from node.trial.evidence import LEAK_BLOCKS_MIN
from node.trial.peers import score

READS_PER_BLOCK: Final = 200
RESTART_BLOCKS: Final = (8, 16, 24)
URGENT_RESTART_BLOCKS: Final = (1, 2, 3)
STORED_PER_H: Final = 20
STORED_MAX: Final = 4_000
NEIGHBOURS: Final = 20
TRIALS_HELD: Final = 200  # of one kind in one run; each farm's is one of these
NEIGHBOUR_BLOCK: Final = 12  # after a day the neighbours have rated both twins
BOMB_WRONG: Final = 0.01  # share of wrong bytes once a bomb has gone off

Outcome = Literal["promote", "refuse", "keep"]
Side = Literal["for", "against"]

# Urgent: no alarm is enough, nothing is to be proven.
URGENT: Final = replace(
    REAL, trial_s_min=6 * 3600.0, trial_s_mean=6 * 3600.0, blocks_min=3, reads_min=600, alpha=math.inf
)


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
    """Of one metric: independent from block to block, and drifting slowly."""

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
        self.comparison = Comparison()
        self.margins = profile.margins.by_name()
        self.drifts = dict.fromkeys(NOISE, 0.0)
        self.memory_sum, self.memory_count = 0.0, 0
        self.is_blind = chance.random() < release.missed
        self.restart_blocks = URGENT_RESTART_BLOCKS if profile.alpha == math.inf else RESTART_BLOCKS

    def hold(self, liars: float = 0.0, side: Side = "against") -> Ended:
        profile, block_s = self.profile, self.profile.block_s
        private_s = profile.duration_s(self.chance.random())
        held, reads = False, 0
        for block in range(1, int(profile.trial_s_max / block_s) + 1):
            seconds = block * block_s
            if self._shows_a_fault(seconds, block):
                return Ended("refuse", seconds)
            reads += READS_PER_BLOCK
            self._measure(seconds)
            if self.comparison.alarm(profile) is not None:
                return Ended("refuse", seconds)
            if block == NEIGHBOUR_BLOCK:
                held = self._is_held_by_neighbours(liars, side)
            is_enough = block >= max(profile.blocks_min, self.restart_blocks[-1]) and reads >= profile.reads_min
            if seconds >= private_s and is_enough and not held and not self.comparison.missing(profile):
                return Ended("promote", seconds)
        return Ended("keep", profile.trial_s_max)

    def _is_bad_now(self, seconds: float) -> bool:
        release = self.release
        return seconds >= release.bad_at_uptime_s or self.begun_s + seconds >= release.bad_on_day_s

    def _shows_a_fault(self, seconds: float, block: int) -> bool:
        if self.is_blind:
            return False
        release, chance = self.release, self.chance
        wrong = BOMB_WRONG if self._is_bad_now(seconds) else release.wrong
        sound = (1.0 - wrong) ** READS_PER_BLOCK * math.exp(-release.crashes_per_h * self.profile.block_s / 3600.0)
        if release.lost and block in self.restart_blocks:
            sound *= (1.0 - release.lost) ** min(STORED_MAX, STORED_PER_H * seconds / 3600.0)
        return chance.random() >= sound

    def _measure(self, seconds: float) -> None:
        release = self.release
        true: dict[MetricName, float] = {
            "p50": math.log(release.p50), "tail": 0.10 * math.log(release.tail), "cpu": math.log(release.cpu),
            "mem": release.leak_per_h * seconds / 3600.0, "bytes": 0.0, "fail": release.fail,
        }  # fmt: skip
        if self.is_blind:
            true = dict.fromkeys(NOISE, 0.0)
        self.comparison.blocks += 1
        for name in METRICS:
            if name == "leak":
                continue
            noise = NOISE[name]
            kick = self.chance.gauss(0.0, noise.drift * math.sqrt(1.0 - noise.rho**2))
            self.drifts[name] = noise.rho * self.drifts[name] + kick
            x = true[name] + self.drifts[name] + self.chance.gauss(0.0, noise.white)
            self.comparison.gauges[name].add(x, self.margins[name])
            if name == "mem":
                if self.memory_count >= LEAK_BLOCKS_MIN:
                    leak = x - self.memory_sum / self.memory_count
                    self.comparison.gauges["leak"].add(leak, self.margins["leak"])
                self.memory_sum += x
                self.memory_count += 1

    def _is_held_by_neighbours(self, liars: float, side: Side) -> bool:
        """The same neighbours tell the same every day."""
        against = 1.0 if side == "against" else -1.0
        groups = [self.chance.gauss(0.0, 0.10) for _ in range(2)]
        told: list[tuple[Report, ...]] = []
        for twin, group in enumerate(groups):
            lie = against if twin == 0 else -against
            told.append(
                tuple(self._report(i, group, lie, is_liar=self.chance.random() < liars) for i in range(NEIGHBOURS))
            )
        return bool(score(told[0], told[1], self.profile).hold)

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
