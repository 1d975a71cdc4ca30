"""A computer at home on which a release is tried out: the specification's model of noise, faults, neighbours and liars.

The logarithm of a request's time is shared (time of day, load of the computer, size of the request) plus each twin's
own noise, spikes and slow drift.  Blocks of two hours, the real profile, and the real trial with its rule; only what
the twins do is made up.  How it is told to the trial is a matter of speed: as events, pair by pair, or all pairs of a
block at once where each pair would have left them.

Source of the model and of what becomes of each kind of release: the table of the decision rule (400 trials a row).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from node.trial import (
    REAL,
    Event,
    NewsAsked,
    Pair,
    PairMeasured,
    PeersRated,
    Report,
    Rescanned,
    Started,
    Ticked,
    Trial,
    Usage,
    UsageSampled,
    VaultExited,
    Verdict,
)
from node.trial.evidence import Side
from tests.trial_world import told

HOUR_S: Final = 3600.0
BLOCK_H: Final = REAL.block_s / HOUR_S
TICK_S: Final = 50.0  # a longer silence would be a computer that slept
FAILED_SHARE: Final = 0.005  # of both twins' requests
SPIKE_SHARE: Final = 0.03
LOG_TYPICAL_S: Final = math.log(0.05)
RESTART_BLOCKS: Final = 8  # between two restarts with a scan
STORED_MAX: Final = 4_000
STORED_PER_H: Final = 20
RATED_FROM_H: Final = 24.0
RATED_BLOCKS: Final = 12  # between two collections of the neighbours' reports


@dataclass(frozen=True, slots=True)
class Release:
    """What the candidate is like, against the current version."""

    p50: float = 1.0  # request time
    tail: float = 1.0  # of the slowest tenth
    cpu: float = 1.0
    leak: float = 0.0  # ln of memory per hour
    fail: float = 0.0  # share of requests that fail beside those of both
    wrong: float = 0.0  # share of reads with wrong bytes
    lost: float = 0.0  # share of stored chunks lost at a restart
    crash_per_h: float = 0.0
    bad_from_h: float = 0.0  # before, it is like the current version


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Who rates the twins: some lie, about both, ``against`` the candidate or for it."""

    count: int = 20
    liars: float = 0.0
    are_against: bool = True
    wrong: float = 0.0  # share of wrong answers that the candidate gives to them, and not to its host
    is_signed: bool = True  # so that one wrong answer is a proof
    slower: float = 0.0  # ln of how much slower it is to them


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the computer and its use are like."""

    pairs_per_h: float = 100.0
    noise: float = 0.35
    drift_sd: float = 0.02
    drift_rho: float = 0.6
    cold: float = 0.0  # by so much a candidate is slower at first
    cold_twin: float = 0.0
    discarded_h: float = BLOCK_H  # the table leaves the first block out
    neighbours: Neighbours | None = None


@dataclass(slots=True)
class Drift:
    """A slow drift from block to block: deviation ``sd``, each block resembling the one before by ``rho``."""

    chance: Random
    sd: float
    rho: float
    value: float = field(init=False)

    def __post_init__(self) -> None:
        self.value = self.chance.gauss(0.0, self.sd)

    def next(self) -> float:
        now, self.value = self.value, self.rho * self.value
        self.value += self.chance.gauss(0.0, self.sd * math.sqrt(1 - self.rho**2))
        return now


class Home:
    """One computer with both twins on it, and the trial it holds."""

    def __init__(self, release: Release, around: Surroundings, seed: int, *, is_pair_by_pair: bool = False) -> None:
        self.release, self.around = release, around
        self.chance = chance = Random(seed)
        self.trial = Trial(profile=replace(REAL, warmup_s=around.discarded_h * HOUR_S))
        self.trial.tally.stored_by_both = REAL.readable_min  # the model knows reads alone
        self.now_s = 0.0
        self._is_pair_by_pair = is_pair_by_pair
        self._per_block = max(1, round(around.pairs_per_h * BLOCK_H))
        self._load = Drift(chance, 0.30, 0.8)
        self._own = tuple(Drift(chance, around.drift_sd, around.drift_rho) for _ in range(2))
        self._cpu = tuple(Drift(chance, 0.05, 0.4) for _ in range(2))
        self._memory = tuple(Drift(chance, 0.02, 0.7) for _ in range(2))
        self._wire = tuple(Drift(chance, 0.02, 0.4) for _ in range(2))
        self._cpu_ns = [0, 0]
        self._slow_log = math.inf  # from here on a request is one of the slowest tenth
        self._slow_logs: list[float] = []
        self._liars_seed = chance.random()  # the same neighbours, and the same liars, every day
        self._tell(Started(0.0, REAL.duration_s(chance.random())))
        self._tell(NewsAsked(0.0, candidate=True, control=True))
        if around.neighbours is None:
            self._tell(PeersRated(0.0, (), (), subnets_known=0))

    def run(self) -> Verdict:
        """Try the release out, to the verdict."""
        while self.trial.verdict is None:
            assert self.now_s <= REAL.trial_s_max + REAL.block_s, "a trial ends by itself"
            self.play_block()
        return self.trial.verdict

    def play_block(self) -> None:
        """The next two hours, or what the verdict leaves of them."""
        self.begin_block()
        self.end_block()

    def begin_block(self) -> None:
        """All of its pairs, and no more."""
        block = round(self.now_s / REAL.block_s)
        middle_h = (block + 0.5) * BLOCK_H
        memory = [round(5e7 * math.exp(drift.next())) for drift in self._memory]
        memory[0] = round(memory[0] * math.exp(self.release.leak * middle_h))
        wire = [round(1_000_000 * math.exp(drift.next())) for drift in self._wire]
        self._sample(memory)
        for twin, factor in enumerate((self.release.cpu, 1.0)):
            self._cpu_ns[twin] += round(1e12 * factor * math.exp(self._cpu[twin].next()))
        is_bad = middle_h >= self.release.bad_from_h
        pairs = list(self._pairs(middle_h, is_bad=is_bad))
        self._before_the_end(pairs, wire)
        self._misbehave(block, middle_h, is_bad=is_bad)
        self._sample(memory)

    def end_block(self) -> None:
        """Its time is over."""
        block = int(self.now_s / REAL.block_s)
        self._pass((block + 1) * REAL.block_s)
        is_time = (block + 0.5) * BLOCK_H >= RATED_FROM_H and block % RATED_BLOCKS == 0
        if self.around.neighbours is not None and is_time:
            self._tell(self._rated(self.around.neighbours))

    def _pairs(self, middle_h: float, *, is_bad: bool) -> Iterator[tuple[float | None, float | None]]:
        """ln(request time) of both twins, None where one failed."""
        chance, around, release = self.chance, self.around, self.release
        day = 0.35 * math.sin(2 * math.pi * middle_h / 24) + self._load.next() + LOG_TYPICAL_S
        cold = math.exp(-middle_h / 12)
        ours = self._own[0].next() + math.log1p(around.cold) * cold + (math.log(release.p50) if is_bad else 0.0)
        theirs = self._own[1].next() + math.log1p(around.cold_twin) * cold
        tail = math.log(release.tail) if is_bad else 0.0
        failing = FAILED_SHARE + (release.fail + release.wrong if is_bad else 0.0)
        gauss, random, noise = chance.gauss, chance.random, around.noise
        controls = []
        for _ in range(self._per_block):
            shared = day + gauss(0.0, 0.5)
            log, control = shared + ours + gauss(0.0, noise), shared + theirs + gauss(0.0, noise)
            if random() < SPIKE_SHARE:
                log += chance.expovariate(1.0)
            if random() < SPIKE_SHARE:
                control += chance.expovariate(1.0)
            if log > self._slow_log:
                log += tail
            controls.append(control)
            yield (None if random() < failing else log), (None if random() < FAILED_SHARE else control)
        self._slow_logs.append(sorted(controls)[int(0.9 * len(controls))])
        self._slow_log = sum(self._slow_logs) / len(self._slow_logs)

    def _before_the_end(self, pairs: list[tuple[float | None, float | None]], wire: list[int]) -> None:
        """Tell the pairs so that the block has them all before its time is over."""
        end_s = self.now_s + REAL.block_s - TICK_S
        if self._is_pair_by_pair:
            for number, logs in enumerate(pairs):
                self._pass(self.now_s + (end_s - self.now_s) / (len(pairs) - number))
                self._tell(self._pair(logs, wire))
        else:
            self._at_once(pairs, wire)
        self._pass(end_s)

    def _pair(self, logs: tuple[float | None, float | None], wire: list[int]) -> PairMeasured:
        asks = [
            told("failed", 5.0, 0) if log is None else told("ok", math.exp(log), wire_bytes)
            for log, wire_bytes in zip(logs, wire, strict=True)
        ]
        return PairMeasured(self.now_s, Pair(self.now_s, "get", bytes(32), asks[0], asks[1]))

    def _at_once(self, pairs: list[tuple[float | None, float | None]], wire: list[int]) -> None:
        if self.trial.verdict is not None:
            return
        self.trial.tally.reads += len(pairs)
        self.trial.tally.verified_reads += sum(log is not None for log, _ in pairs)
        if self.trial.warm_s < self.trial.profile.warmup_s:
            return
        block = self.trial.comparison.block
        block.pairs += len(pairs)
        good = [(log, control) for log, control in pairs if log is not None and control is not None]
        sides: tuple[Side, Side] = (block.candidate, block.control)
        for twin, side in enumerate(sides):
            side.failed += sum(pair[twin] is None for pair in pairs)
            side.logs += [pair[twin] for pair in good]
            side.wire_bytes += wire[twin] * len(good)

    def _misbehave(self, block: int, middle_h: float, *, is_bad: bool) -> None:
        chance, release = self.chance, self.release
        if is_bad and release.wrong and chance.random() < 1 - (1 - release.wrong) ** self._per_block:
            wrong = Pair(self.now_s, "get", block.to_bytes(32, "big"), told("wrong_bytes"), told("ok"))
            self._tell(PairMeasured(self.now_s, wrong))
        if is_bad and release.crash_per_h and chance.random() < 1 - math.exp(-release.crash_per_h * BLOCK_H):
            self._tell(VaultExited(self.now_s, "candidate", 1))
        if block and block % RESTART_BLOCKS == 0:
            stored = min(STORED_MAX, int(STORED_PER_H * middle_h)) if is_bad and release.lost else 0
            lost = tuple(n.to_bytes(32, "big") for n in range(stored) if chance.random() < release.lost)
            self._tell(Rescanned(self.now_s, lost))

    def _rated(self, neighbours: Neighbours) -> PeersRated:
        chance = Random(self._liars_seed)
        ours = _reports(
            chance, neighbours, neighbours.slower, neighbours.wrong, lie=1 if neighbours.are_against else -1
        )
        theirs = _reports(chance, neighbours, 0.0, 0.0, lie=-1 if neighbours.are_against else 1)
        return PeersRated(self.now_s, ours, theirs)

    def _sample(self, memory: list[int]) -> None:
        candidate, control = (Usage(cpu_ns, rss) for cpu_ns, rss in zip(self._cpu_ns, memory, strict=True))
        self._tell(UsageSampled(self.now_s, candidate, control))

    def _pass(self, until_s: float) -> None:
        while self.now_s < until_s:
            self.now_s = min(until_s, self.now_s + TICK_S)
            self._tell(Ticked(self.now_s))

    def _tell(self, event: Event) -> None:
        self.trial.step(event)


def _reports(chance: Random, about: Neighbours, slower: float, wrong: float, *, lie: int) -> tuple[Report, ...]:
    """A day's reports on one twin.  ``lie`` is 1 for "it is slow and bad" and -1 for the contrary."""
    group = chance.gauss(0.0, 0.10)
    reports = []
    for number in range(about.count):
        if chance.random() < about.liars:
            log_ratio, has_fault, has_proof = float(lie), lie > 0, False
        else:
            log_ratio = group + slower + chance.gauss(0.0, 0.35)
            has_seen = chance.random() < 1 - (1 - wrong) ** chance.randrange(30, 200)
            has_fault = has_seen or chance.random() < 0.01
            has_proof = has_seen and about.is_signed
        subnet = f"10.0.{number}.0/24"
        reports.append(Report(bytes([number]) * 32, subnet, log_ratio, 100, int(has_fault), has_proof, age_s=1e9))
    return tuple(reports)
