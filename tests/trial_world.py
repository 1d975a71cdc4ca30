"""Two twins as the tests of a trial see them: events at a steady pace, with whatever happens thrown in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from node.trial import (
    PRACTICE,
    Ask,
    Event,
    Kind,
    NewsAsked,
    Pair,
    PairMeasured,
    PeersRated,
    Profile,
    Report,
    Started,
    Ticked,
    Trial,
    Usage,
    UsageSampled,
    Verdict,
)
from node.vault.errors import BadSignature, ChunkMismatch

Outcome = Literal["ok", "not_held", "handed_over", "refused", "failed", "wrong_bytes", "bad_signature"]
GOOD = Ask(is_answered=True, is_hash_ok=True, latency_s=0.010, wire_bytes=1000)
ON_ITS_OWN = replace(PRACTICE, restarts_min=0)  # whoever wants restarts tells of them
LATE = Ask(is_answered=False, is_hash_ok=True, latency_s=5.0, wire_bytes=100, code="failed")


def told(outcome: Outcome, latency_s: float = 0.01, wire_bytes: int = 1000) -> Ask:
    """An answer as the prober tells it."""
    code = {"ok": "", "wrong_bytes": ChunkMismatch.code, "bad_signature": BadSignature.code}.get(outcome, outcome)
    is_answered = outcome not in {"failed", "bad_signature"}
    return Ask(is_answered, outcome != "wrong_bytes", latency_s, wire_bytes, code)


def reports(count: int, *, log_ratio: float | None = 0.0, faults: int = 0, proofs: int = 0) -> tuple[Report, ...]:
    """Reports of ``count`` neighbours in as many subnets, old enough for every profile."""
    return tuple(
        Report(bytes([i]) * 32, f"10.0.{i}.0/24", log_ratio, 50, faults, has_proof=i < proofs, age_s=1e9)
        for i in range(count)
    )


@dataclass
class World:
    """Feeds a trial.  Both twins answer alike unless ``candidate`` or ``control`` says otherwise."""

    profile: Profile = ON_ITS_OWN
    duration_s: float = 50.0
    step_s: float = 0.05
    candidate: Ask = GOOD
    control: Ask = GOOD
    cpu_ratio: float = 1.0
    memory_ratio: float = 1.0
    passes_news: tuple[bool, bool] = (True, True)  # candidate, control
    now_s: float = 1000.0
    pairs: int = 0
    cpu_ns: int = 0
    trial: Trial = field(init=False)
    verdicts: list[Verdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trial = Trial(profile=self.profile)

    @property
    def verdict(self) -> Verdict | None:
        return self.verdicts[-1] if self.verdicts else None

    @property
    def outcome(self) -> str:
        return self.verdict.outcome if self.verdict else "open"

    @property
    def reason(self) -> str:
        return self.verdict.reason if self.verdict else ""

    def tell(self, *events: Event) -> None:
        for event in events:
            verdict = self.trial.step(event)
            if verdict is not None:
                self.verdicts.append(verdict)

    def start(self) -> World:
        self.tell(Started(self.now_s, self.duration_s), NewsAsked(self.now_s, *self.passes_news))
        return self

    def rate(self, count: int = 6, log_ratio: float | None = 0.0, **about_candidate: int) -> World:
        ours = reports(count, log_ratio=log_ratio, **about_candidate)
        self.tell(PeersRated(self.now_s, ours, reports(count)))
        return self

    def pair(self, *, candidate: Ask | None = None, control: Ask | None = None, is_relayed: bool = False) -> World:
        """One pair, now."""
        self.pairs += 1
        ours, theirs = candidate or self.candidate, control or self.control
        address = self.pairs.to_bytes(32, "big")
        kind: Kind = "put" if self.pairs % 4 == 0 and not is_relayed else "get"
        self.tell(PairMeasured(self.now_s, Pair(self.now_s, kind, address, ours, theirs, is_relayed)))
        return self

    def go_on(self, seconds: float) -> World:
        """Pairs at the world's pace, usage and news twice a second, until a verdict or for ``seconds``."""
        end_s, steps_per_sample = self.now_s + seconds, max(1, round(0.5 / self.step_s))
        while self.now_s < end_s and not self.verdicts:
            self.now_s += self.step_s
            self.pair()
            if self.pairs % steps_per_sample == 0:
                self.cpu_ns += 100_000_000
                self.tell(NewsAsked(self.now_s, *self.passes_news))
                self.tell(
                    UsageSampled(
                        self.now_s,
                        Usage(round(self.cpu_ns * self.cpu_ratio), round(50_000_000 * self.memory_ratio)),
                        Usage(self.cpu_ns, 50_000_000),
                    )
                )
        return self

    def wait(self, seconds: float, tick_s: float = 1.0) -> World:
        """Nothing but ticks."""
        end_s = self.now_s + seconds
        while self.now_s < end_s and not self.verdicts:
            self.now_s += tick_s
            self.tell(Ticked(self.now_s))
        return self


def running(seconds: float = 12.0) -> World:
    """A trial of two equal twins that has run for a while."""
    return World().start().rate().go_on(seconds)
