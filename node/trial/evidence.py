"""The evidence: pairs of the same request to both twins, samples of what the twins use, blocks of both.

A block turns many noisy pairs into one number per metric.  Pairs and samples come from other processes, so
their numbers are checked here, once.

Anyone may ask one twin more than the other, or fill it.  That is no fault of its version, and would be a way to have
any release refused.  So a block also says what of its values is certain to be the twins' own doing.
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
HANDED_OVER: Final = "handed_over"  # the code of a chunk that others have signed to keep in the twin's place
COUNTER_MAX: Final = 1 << 62  # nanoseconds of processor time, bytes of memory
TOLD_PAIRS_MAX: Final = 4000  # pairs by which a repeated one is known
PAIRS_PER_BLOCK_MAX: Final = 2000  # further pairs of a block count for safety only; bounds the stored state
ANSWERED_PER_BLOCK_MIN: Final = 10  # fewer pairs that both answered say nothing about time and bytes
# A candidate that was asked by so much more may have been slow, large or late for it.
ASKED_MORE_PER_S: Final = 1.0
ASKED_MORE_SHARE: Final = 0.25  # of what its twin was asked
CHANCE_DEVIATIONS: Final = 3.0  # by which two twins that are asked alike differ in the number of requests
REQUEST_NS: Final = 4_000_000  # of processor time for a request of the shortest kind, the dearest of them
HELD_MORE_BYTES: Final = 16 << 20  # 4096 of the shortest chunks, which take two or three MB of memory
LEAK_BLOCKS_MIN: Final = 6  # blocks of memory to compare a later one with
TAIL_QUANTILE: Final = 0.9
TAIL_CLIP: Final = 3.0  # one request can be late by e^3 and no more

REFUSED: Final = "refused"  # the code of an answer that says no
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

    @property
    def is_handed_over(self) -> bool:
        return self.code == HANDED_OVER


@dataclass(frozen=True, slots=True)
class Pair:
    """The same request to both twins, in random order.  ``at_s``: when it was asked.

    A chunk that is not held now is lost only when it is so at several tries: ``ChunkLost`` tells of that.
    ``is_relayed``: the farm's own vault asked, whose word for times and failures is not taken; see ``relayed``.
    ``is_filled``: there lay so much in the candidate's store that a vault may have no room for what it is given.
    """

    at_s: float
    kind: Kind
    address: bytes
    candidate: Ask
    control: Ask
    is_relayed: bool = False
    is_filled: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.at_s) or len(self.address) > ADDRESS_BYTES_MAX:
            raise ValueError(f"a pair at {self.at_s} with an address of {len(self.address)} bytes")

    @property
    def is_handed_over(self) -> bool:
        """A twin has handed the chunk over: that is no failure, and tells nothing of speed; see ``handed``."""
        return self.candidate.is_handed_over or self.control.is_handed_over

    def key(self) -> int:
        """A short name, by which a pair that is reported twice is known."""
        content = struct.pack(">d", self.at_s) + self.kind.encode() + self.address
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Usage:
    """What one twin has used: processor time since its start, and memory that it holds now.

    ``asked``: how many requests it says it got in this trial, or work that counts as so many (``node.vault.load``).
    ``held_bytes``: what its store takes of the disk now.
    """

    cpu_ns: int
    rss_bytes: int
    asked: int = 0
    held_bytes: int = 0

    def __post_init__(self) -> None:
        if any(not 0 <= one <= COUNTER_MAX for one in (self.cpu_ns, self.rss_bytes, self.asked, self.held_bytes)):
            raise ValueError(f"a usage out of its limits: {self}")


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
    cpu_ns: int = 0
    rss_bytes_max: int = 0
    refused_when_filled: int = 0  # of ``failed``
    asked: int = 0
    held_bytes_max: int = 0
    counted: Usage | None = None  # up to which ``cpu_ns`` and ``asked`` are counted, in this run of the twin

    def goes_on(self, usage: Usage) -> bool:
        return self.counted is not None and usage.cpu_ns >= self.counted.cpu_ns

    def add_usage(self, usage: Usage, *, is_counted: bool) -> None:
        if is_counted and self.counted is not None:
            self.cpu_ns += usage.cpu_ns - self.counted.cpu_ns
            self.asked += usage.asked - self.counted.asked
        self.held_bytes_max = max(self.held_bytes_max, usage.held_bytes)
        self.rss_bytes_max = max(self.rss_bytes_max, usage.rss_bytes)
        self.counted = usage


class Block(msgspec.Struct):
    """One comparison: ``seconds`` in which both twins were up, and the pairs taken in them.

    It may be made of several runs of the twins.
    """

    seconds: float = 0.0
    pairs: int = 0
    candidate: Side = msgspec.field(default_factory=Side)
    control: Side = msgspec.field(default_factory=Side)

    def add(self, pair: Pair) -> None:
        """Take a pair; those after PAIRS_PER_BLOCK_MAX are left out."""
        if self.pairs >= PAIRS_PER_BLOCK_MAX:
            return
        self.pairs += 1
        self.candidate.failed += not pair.candidate.is_good
        self.control.failed += not pair.control.is_good
        self.candidate.refused_when_filled += pair.is_filled and pair.kind == "put" and pair.candidate.code == REFUSED
        if pair.candidate.is_good and pair.control.is_good:
            for side, ask in ((self.candidate, pair.candidate), (self.control, pair.control)):
                side.logs.append(math.log(max(LATENCY_S_MIN, ask.latency_s)))
                side.wire_bytes += ask.wire_bytes

    def add_usage(self, candidate: Usage, control: Usage) -> None:
        """Take what both have used since the last sample; if one was started anew since then, of neither."""
        is_counted = self.candidate.goes_on(candidate) and self.control.goes_on(control)
        self.candidate.add_usage(candidate, is_counted=is_counted)
        self.control.add_usage(control, is_counted=is_counted)

    def begin_runs(self) -> None:
        """Both twins count anew from here."""
        self.candidate.counted = self.control.counted = None

    def next(self) -> Block:
        """The block after this one: the processor time goes on where this one's ended."""
        return Block(candidate=Side(counted=self.candidate.counted), control=Side(counted=self.control.counted))

    def mark(self) -> Mark:
        candidate, control = (msgspec.structs.replace(side, logs=[]) for side in (self.candidate, self.control))
        return Mark(self.seconds, self.pairs, candidate, control, len(self.control.logs))

    def back_to(self, mark: Mark) -> Block:
        """This block as it was at the mark, to go on with in other runs of the twins."""
        candidate, control = (
            msgspec.structs.replace(then, logs=now.logs[: mark.answered], counted=None)
            for then, now in ((mark.candidate, self.candidate), (mark.control, self.control))
        )
        return Block(mark.seconds, mark.pairs, candidate, control)

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
        if self.candidate.cpu_ns > 0 and self.control.cpu_ns > 0:
            found["cpu"] = math.log(self.candidate.cpu_ns / self.control.cpu_ns)
        if self.candidate.rss_bytes_max and self.control.rss_bytes_max:
            memory = math.log(self.candidate.rss_bytes_max / self.control.rss_bytes_max)
            found["mem"] = memory
            if history.memory_count >= LEAK_BLOCKS_MIN:
                found["leak"] = memory - history.memory_sum / history.memory_count
            history.memory_sum += memory
            history.memory_count += 1
        return found

    def certain(self, found: dict[MetricName, float]) -> dict[MetricName, float]:
        """What strangers cannot have made of each value in ``found``, which ``measure`` gave; never more than it.

        That the candidate was asked more is its own word.  A lie gains it nothing: what is taken off here still counts
        against a promotion.
        """
        ours, theirs = self.candidate, self.control
        more_asked, more_held_bytes = ours.asked - theirs.asked, ours.held_bytes_max - theirs.held_bytes_max
        excused: set[MetricName] = set()
        if more_asked > 0 and more_asked >= max(ASKED_MORE_PER_S * self.seconds, ASKED_MORE_SHARE * theirs.asked):
            excused |= {"p50", "tail", "mem", "leak", "fail"}
        if more_held_bytes > HELD_MORE_BYTES:
            excused |= {"cpu", "mem", "leak"}
        certain = {name: min(x, 0.0) if name in excused else x for name, x in found.items()}
        failed = (ours.failed - ours.refused_when_filled - theirs.failed) / self.pairs
        certain["fail"] = min(certain["fail"], failed)
        by_no_chance = more_asked - CHANCE_DEVIATIONS * math.sqrt(abs(ours.asked + theirs.asked))
        if "cpu" in found and by_no_chance > 0.0:
            own_ns = max(theirs.cpu_ns, ours.cpu_ns - by_no_chance * REQUEST_NS)
            certain["cpu"] = min(certain["cpu"], math.log(own_ns / theirs.cpu_ns))
        return certain

    def _tail(self, log_q90: float) -> float:
        def excess(logs: list[float]) -> float:
            return sum(min(TAIL_CLIP, max(0.0, log - log_q90)) for log in logs) / len(logs)

        return excess(self.candidate.logs) - excess(self.control.logs)


class Mark(msgspec.Struct, frozen=True):
    """What an open block was.  The sides are without their ``logs``, of which there were ``answered`` each."""

    seconds: float
    pairs: int
    candidate: Side
    control: Side
    answered: int


def is_first_told(pair: Pair, told: dict[int, None]) -> bool:
    """Whether the pair is none of the last TOLD_PAIRS_MAX in ``told``, where it is from now on."""
    key = pair.key()
    if key in told:
        return False
    told[key] = None
    if len(told) > TOLD_PAIRS_MAX:
        del told[next(iter(told))]
    return True


def quantile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the values lie, interpolated between neighbours."""
    assert values, "no quantile of nothing"
    assert 0.0 <= share <= 1.0, share
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
