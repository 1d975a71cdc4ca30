"""A few rows of the specification's table, with its model of noise rewritten: what becomes of each kind of release.

The model: ln(request time) is shared (time of day, load of the computer, size of the request) plus each twin's
own noise, spikes and slow drift.  100 pairs an hour, blocks of two hours, the real profile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import pytest

from node.trial import (
    REAL,
    Ask,
    Pair,
    PairMeasured,
    PeersRated,
    Rescanned,
    Started,
    Ticked,
    Trial,
    Usage,
    UsageSampled,
    Verdict,
)
from tests.trial_world import told

PAIRS_PER_BLOCK = 200
STEP_S = REAL.block_s / PAIRS_PER_BLOCK
RESTART_BLOCKS = (8, 16, 24)
FAILED_SHARE = 0.005  # of both twins' requests


@dataclass(frozen=True)
class Release:
    p50: float = 1.0  # request time against the current version's
    cpu: float = 1.0
    wrong: float = 0.0  # share of reads with wrong bytes
    lost: float = 0.0  # share of stored chunks lost at a restart


@dataclass
class Drift:
    """A slow drift from block to block: deviation ``sd``, each block resembling the one before by ``rho``."""

    chance: Random
    sd: float
    rho: float
    value: float = 0.0

    def next(self) -> float:
        self.value = self.rho * self.value + self.chance.gauss(0.0, self.sd * math.sqrt(1 - self.rho**2))
        return self.value


class Home:
    """One computer with both twins on it, and the trial it holds."""

    def __init__(self, release: Release, seed: int) -> None:
        self.release = release
        self.chance = Random(seed)
        self.trial = Trial(profile=REAL)
        self.now_s = 0.0
        self.cpu_ns = [0.0, 0.0]
        self.load = Drift(self.chance, 0.30, 0.8)
        self.own = (Drift(self.chance, 0.02, 0.6), Drift(self.chance, 0.02, 0.6))
        self.cpu = (Drift(self.chance, 0.05, 0.4), Drift(self.chance, 0.05, 0.4))
        self.memory = (Drift(self.chance, 0.02, 0.7), Drift(self.chance, 0.02, 0.7))
        self.wire = (Drift(self.chance, 0.02, 0.4), Drift(self.chance, 0.02, 0.4))

    def run(self) -> Verdict:
        duration_s = REAL.duration_s(self.chance.random())
        self.trial.step(Started(0.0, duration_s))
        self.trial.step(PeersRated(0.0, (), (), subnets_known=0))
        for block in range(int(REAL.trial_s_max / REAL.block_s)):
            self._run_block(block)
            if self.trial.verdict is not None:
                break
        self.trial.step(Ticked(self.now_s + STEP_S))
        assert self.trial.verdict is not None
        return self.trial.verdict

    def _run_block(self, block: int) -> None:
        shared = 0.35 * math.sin(2 * math.pi * self.now_s / 86400.0) + self.load.next()
        own = [drift.next() for drift in self.own]
        wire = [round(1000 * math.exp(drift.next())) for drift in self.wire]
        memory = [round(5e7 * math.exp(drift.next())) for drift in self.memory]
        self._sample(memory)
        for i in range(PAIRS_PER_BLOCK):
            self.now_s += STEP_S
            if i == PAIRS_PER_BLOCK - 1:
                for twin, factor in enumerate((self.release.cpu, 1.0)):
                    self.cpu_ns[twin] += 1e10 * factor * math.exp(self.cpu[twin].next())
                self._sample(memory)
            request = shared + self.chance.gauss(0.0, 0.5)
            asks = [self._ask(twin, request + own[twin], wire[twin]) for twin in (0, 1)]
            address = self.chance.randbytes(32)
            self.trial.step(PairMeasured(self.now_s, Pair(self.now_s, "get", address, asks[0], asks[1])))
            if self.trial.verdict is not None:
                return
        if block in RESTART_BLOCKS:
            stored = min(4000, int(20 * self.now_s / 3600.0))
            lost = tuple(i.to_bytes(32, "big") for i in range(stored) if self.chance.random() < self.release.lost)
            self.trial.step(Rescanned(self.now_s, lost))

    def _sample(self, memory: list[int]) -> None:
        candidate, control = (Usage(round(self.cpu_ns[twin]), memory[twin]) for twin in (0, 1))
        self.trial.step(UsageSampled(self.now_s, candidate, control))

    def _ask(self, twin: int, log_latency: float, wire_bytes: int) -> Ask:
        chance = self.chance
        log_latency += chance.gauss(0.0, 0.35) + math.log(0.05)
        if chance.random() < 0.03:
            log_latency += chance.expovariate(1.0)
        if twin == 0:
            log_latency += math.log(self.release.p50)
            if chance.random() < self.release.wrong:
                return told("wrong_bytes", math.exp(log_latency), wire_bytes)
        if chance.random() < FAILED_SHARE:
            return told("failed", 5.0, 0)
        return told("ok", math.exp(log_latency), wire_bytes)


def hours(verdict: Verdict) -> float:
    return verdict.seconds_run / 3600.0


@pytest.mark.parametrize("seed", range(4))
def test_an_equal_release_is_promoted_after_days(seed: int) -> None:
    """The table: 99.5 % promoted, median 116 h."""
    verdict = Home(Release(), seed).run()

    assert verdict.outcome == "promote", verdict.reason
    assert 48 <= hours(verdict) <= 336


@pytest.mark.parametrize("seed", range(3))
def test_a_release_ten_percent_slower_is_refused(seed: int) -> None:
    """The table: 100 % refused, median 64 h."""
    verdict = Home(Release(p50=1.10), seed).run()

    assert (verdict.outcome, verdict.reason[:7]) == ("refuse", "slower:")


@pytest.mark.parametrize("seed", range(3))
def test_a_release_that_needs_ten_percent_more_processor_time_is_refused(seed: int) -> None:
    verdict = Home(Release(cpu=1.10), seed).run()

    assert (verdict.outcome, "processor time" in verdict.reason) == ("refuse", True)


@pytest.mark.parametrize("seed", range(5))
def test_a_release_with_one_wrong_byte_in_a_thousand_reads_is_refused(seed: int) -> None:
    """The table: 100 % refused, median 9 h."""
    verdict = Home(Release(wrong=0.001), seed).run()

    assert (verdict.outcome, verdict.reason[:17]) == ("refuse", "gave wrong bytes ")


@pytest.mark.parametrize("seed", range(3))
def test_a_release_that_loses_chunks_at_a_restart_is_refused(seed: int) -> None:
    verdict = Home(Release(lost=0.005), seed).run()

    assert (verdict.outcome, verdict.reason[:5]) == ("refuse", "lost ")
