"""The evidence: pairs of the same request to both twins, samples of what the twins use, blocks of both.

A block turns many noisy pairs into one number per metric.  Pairs and samples come from other processes, so
their numbers are checked here, once.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from node.trial.profile import MetricName
from node.vault.errors import BadSignature, ChunkMismatch, MalformedMessage

Kind = Literal["put", "get", "audit"]

LATENCY_S_MIN: Final = 1e-6  # nothing is faster; keeps logarithms finite
LATENCY_S_MAX: Final = 3600.0
WIRE_BYTES_MAX: Final = 1 << 30  # of one request
CODE_CHARACTERS_MAX: Final = 64
ADDRESS_BYTES_MAX: Final = 64
COUNTER_MAX: Final = 1 << 62  # nanoseconds of processor time, bytes of memory
PAIRS_PER_BLOCK_MAX: Final = 2000  # further pairs of a block count for safety only; bounds the stored state
ANSWERED_PER_BLOCK_MIN: Final = 10  # fewer pairs that both answered say nothing about time and bytes
LEAK_BLOCKS_MIN: Final = 6  # blocks of memory to compare a later one with
TAIL_QUANTILE: Final = 0.9
TAIL_CLIP: Final = 3.0  # one request can be late by e^3 and no more

_PROTOCOL_CODES: Final = frozenset({BadSignature.code, MalformedMessage.code})


@dataclass(frozen=True, slots=True)
class Ask:
    """How one twin answered one request.

    ``is_answered``: in time, by a well-formed answer with a valid signature.  ``is_hash_ok``: the bytes hash to
    the address (true where the answer has no bytes).  ``code``: "" or the code of the error, as in
    ``node.vault.errors``.

    Raises:
        ValueError: A number is not finite or out of its limits.
    """

    is_answered: bool
    is_hash_ok: bool
    latency_s: float
    wire_bytes: int
    code: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.latency_s <= LATENCY_S_MAX:
            raise ValueError(f"a latency of {self.latency_s} s")
        if not 0 <= self.wire_bytes <= WIRE_BYTES_MAX:
            raise ValueError(f"{self.wire_bytes} bytes for one request")
        if len(self.code) > CODE_CHARACTERS_MAX:
            raise ValueError(f"a code of {len(self.code)} characters")

    @property
    def is_good(self) -> bool:
        return self.is_answered and self.is_hash_ok and not self.code

    @property
    def is_wrong(self) -> bool:
        """It answered with bytes that are not those of the address."""
        return self.code == ChunkMismatch.code or (self.is_answered and not self.is_hash_ok)

    @property
    def is_violation(self) -> bool:
        """The answer bears no valid signature: it can be held against nobody."""
        return self.code in _PROTOCOL_CODES


@dataclass(frozen=True, slots=True)
class Pair:
    """The same request to both twins, in random order.  ``at_s``: when it was asked.

    A chunk that is not held now is lost only when it is so at several tries: ``ChunkLost`` tells of that.
    ``is_relayed``: the farm's own vault asked, whose word for times and failures is not taken; see ``relayed``.
    """

    at_s: float
    kind: Kind
    address: bytes
    candidate: Ask
    control: Ask
    is_relayed: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.at_s) or len(self.address) > ADDRESS_BYTES_MAX:
            raise ValueError(f"a pair at {self.at_s} with an address of {len(self.address)} bytes")

    def key(self) -> int:
        """A short name, by which a pair that is reported twice is known."""
        content = struct.pack(">d", self.at_s) + self.kind.encode() + self.address
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Usage:
    """What one twin has used: processor time since its start, and resident memory now."""

    cpu_ns: int
    rss_bytes: int

    def __post_init__(self) -> None:
        if not 0 <= self.cpu_ns <= COUNTER_MAX or not 0 <= self.rss_bytes <= COUNTER_MAX:
            raise ValueError(f"a usage of {self.cpu_ns} ns and {self.rss_bytes} bytes")


class History(msgspec.Struct):
    """What a block is compared with from the blocks before it."""

    quantile_sum: float = 0.0  # of ln of the control's 90 % quantiles
    quantile_count: int = 0
    memory_sum: float = 0.0  # of ln(RSS candidate / RSS control)
    memory_count: int = 0


class Side(msgspec.Struct):
    """One twin in the open block.  ``logs`` are ln(request time) of the pairs that both answered."""

    logs: list[float] = msgspec.field(default_factory=list)
    failed: int = 0
    wire_bytes: int = 0
    cpu_ns_first: int | None = None
    cpu_ns_last: int = 0
    rss_bytes_max: int = 0

    def add_usage(self, usage: Usage) -> None:
        if self.cpu_ns_first is None:
            self.cpu_ns_first = usage.cpu_ns
        self.cpu_ns_last = usage.cpu_ns
        self.rss_bytes_max = max(self.rss_bytes_max, usage.rss_bytes)

    @property
    def cpu_ns(self) -> int:
        return 0 if self.cpu_ns_first is None else self.cpu_ns_last - self.cpu_ns_first


class Block(msgspec.Struct):
    """One comparison: ``seconds`` in which both twins were up, and the pairs taken in them.

    ``is_cut``: a twin was restarted meanwhile, so that the processor times do not cover the same work.
    """

    seconds: float = 0.0
    pairs: int = 0
    is_cut: bool = False
    candidate: Side = msgspec.field(default_factory=Side)
    control: Side = msgspec.field(default_factory=Side)

    def add(self, pair: Pair) -> None:
        """Take a pair; those after PAIRS_PER_BLOCK_MAX are left out."""
        if self.pairs >= PAIRS_PER_BLOCK_MAX:
            return
        self.pairs += 1
        self.candidate.failed += not pair.candidate.is_good
        self.control.failed += not pair.control.is_good
        if pair.candidate.is_good and pair.control.is_good:
            for side, ask in ((self.candidate, pair.candidate), (self.control, pair.control)):
                side.logs.append(math.log(max(LATENCY_S_MIN, ask.latency_s)))
                side.wire_bytes += ask.wire_bytes

    def add_usage(self, candidate: Usage, control: Usage) -> None:
        self.is_cut |= candidate.cpu_ns < self.candidate.cpu_ns_last or control.cpu_ns < self.control.cpu_ns_last
        self.candidate.add_usage(candidate)
        self.control.add_usage(control)

    def next(self) -> Block:
        """The block after this one: the processor time goes on where this one's ended."""
        follower = Block()
        for new, old in ((follower.candidate, self.candidate), (follower.control, self.control)):
            if old.cpu_ns_first is not None:
                new.cpu_ns_first = new.cpu_ns_last = old.cpu_ns_last
        return follower

    def measure(self, history: History) -> dict[MetricName, float]:
        """The block's value of every metric, candidate against control, and its trace in ``history``.

        A metric without evidence in this block is left out.
        """
        assert self.pairs > 0, "an empty block stays open"
        assert len(self.candidate.logs) == len(self.control.logs)
        found: dict[MetricName, float] = {"fail": (self.candidate.failed - self.control.failed) / self.pairs}
        if len(self.control.logs) >= ANSWERED_PER_BLOCK_MIN:
            ratios = [c - t for c, t in zip(self.candidate.logs, self.control.logs, strict=True)]
            found["p50"] = quantile(ratios, 0.5)
            if history.quantile_count:
                found["tail"] = self._tail(history.quantile_sum / history.quantile_count)
            history.quantile_sum += quantile(self.control.logs, TAIL_QUANTILE)
            history.quantile_count += 1
            if self.candidate.wire_bytes and self.control.wire_bytes:
                found["bytes"] = math.log(self.candidate.wire_bytes / self.control.wire_bytes)
        # Both twins answered the same pairs, so time per request is time.
        if self.candidate.cpu_ns > 0 and self.control.cpu_ns > 0 and not self.is_cut:
            found["cpu"] = math.log(self.candidate.cpu_ns / self.control.cpu_ns)
        if self.candidate.rss_bytes_max and self.control.rss_bytes_max:
            memory = math.log(self.candidate.rss_bytes_max / self.control.rss_bytes_max)
            found["mem"] = memory
            if history.memory_count >= LEAK_BLOCKS_MIN:
                found["leak"] = memory - history.memory_sum / history.memory_count
            history.memory_sum += memory
            history.memory_count += 1
        return found

    def _tail(self, log_q90: float) -> float:
        def excess(logs: list[float]) -> float:
            return sum(min(TAIL_CLIP, max(0.0, log - log_q90)) for log in logs) / len(logs)

        return excess(self.candidate.logs) - excess(self.control.logs)


def quantile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the values lie, interpolated between neighbours."""
    assert values, "no quantile of nothing"
    assert 0.0 <= share <= 1.0, share
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
