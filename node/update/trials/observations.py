"""What the prober and the neighbours say, turned into what the trial understands (pure).

The prober does not know which of its two records is the candidate's; here its words are put to the twins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from node.prober.control import Outcome
from node.trial.events import ChunkLost, Event, NewsAsked, PairMeasured, Twin
from node.trial.evidence import HANDED_OVER, LATENCY_S_MAX, Ask, Kind, Pair
from node.trial.peers import Report
from node.trial.profile import Profile
from node.vault.core.codec import decode_evidence
from node.vault.core.proofs import check_evidence
from node.vault.core.ranking import RankEntry, RankTable, decode_table
from node.vault.errors import BadSignature, ChunkMismatch, PeerError, Unreachable

ACKNOWLEDGED_MAX: Final = 20_000  # chunks whose fate is followed; more than the prober itself keeps
SUSPECTED_MAX: Final = 4_096  # chunks that were not served lately, of both twins

Worth = Outcome | Literal["handed_over"]  # a "not held" that names those who have signed for the chunk since

# outcome -> is_answered, is_hash_ok, code
_ASKS: Final[dict[Worth, tuple[bool, bool, str]]] = {
    "ok": (True, True, ""),
    "not_held": (True, True, "not_held"),
    "handed_over": (True, True, HANDED_OVER),
    "refused": (True, True, "refused"),
    "failed": (False, True, Unreachable.code),
    "wrong_bytes": (True, False, ChunkMismatch.code),
    "bad_signature": (False, True, BadSignature.code),
}
_NOT_SERVED: Final[frozenset[Worth]] = frozenset({"not_held", "refused", "failed"})
_WRONG: Final[frozenset[Worth]] = frozenset({"wrong_bytes", "bad_signature"})  # whatever became of the chunk
_UNSIGNED: Final[frozenset[Worth]] = frozenset({"refused", "failed", "bad_signature"})  # no word of the twin's own


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What one twin did with a request, checked.  ``failed``: none in time, as in ``node.prober.control``."""

    outcome: Worth
    latency_s: float
    wire_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The same request to both twins, in the order in which they were named to who asked.

    For a get or an audit: both had acknowledged the chunk before.  ``is_relayed``: the farm's own vault asked.
    """

    kind: Kind
    address: bytes
    answers: tuple[ProbeAnswer, ProbeAnswer]
    is_relayed: bool = False


@dataclass(frozen=True, slots=True)
class NewsServed:
    """Who of both named the newest head and handed it out, in the order in which they were named to who asked."""

    by: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A neighbour's rank table as it came, unread, and what the farm's own vault knows of who gave it.

    ``known_s``: for how long the vault has known it, in this run.
    """

    subnet: str
    known_s: float
    table: bytes


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What the farm's own vault knows of the network.  ``network_size``: about how many vaults there are."""

    network_size: int
    subnet_count: int
    neighbours: tuple[Neighbour, ...]


@dataclass(slots=True)
class _Suspicion:
    """That a twin has lost a chunk, which it did not serve."""

    tries: int
    last_s: float


class Observer:
    """Follows every chunk that a twin acknowledged.  ``order`` names the twins as the prober was given them.

    Once either has handed a chunk over, it is followed no more: the other one may do so at any time.

    The vault in use is of the version that the candidate would replace.  So of what it hears only what the twins signed
    is held against them: a vault that lies could stop its successor for ever.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._suspicions: dict[tuple[Twin, bytes], _Suspicion] = {}
        self._is_answering: dict[Twin, bool] = {"candidate": True, "control": True}
        self.acknowledged: dict[Twin, dict[bytes, None]] = {"candidate": {}, "control": {}}
        self.handed_over: dict[bytes, None] = {}

    def owed(self, twin: Twin) -> tuple[bytes, ...]:
        """The chunks that must be there when its store is read."""
        return tuple(address for address in self.acknowledged[twin] if address not in self.handed_over)

    @property
    def readable(self) -> tuple[bytes, ...]:
        """The chunks that both can be asked for."""
        return tuple(address for address in self.owed("candidate") if address in self.acknowledged["control"])

    def measured(self, measured: Measured | NewsServed, order: tuple[Twin, Twin], now_s: float) -> list[Event]:
        """What one of them means.  A chunk is lost when it is not served in ``lost_tries`` tries, some time apart.

        That a chunk was handed over is told once, and what is not there any more after that is no loss.

        Raises:
            ValueError: A number in it is out of all limits.
        """
        if isinstance(measured, NewsServed):
            served = dict(zip(order, measured.by, strict=True))
            return [NewsAsked(now_s, served["candidate"], served["control"])]
        answers = dict(zip(order, measured.answers, strict=True))
        was_handed_over = measured.address in self.handed_over
        if any(answer.outcome == HANDED_OVER for answer in measured.answers):
            self.handed_over[measured.address] = None
        if was_handed_over and not any(answer.outcome in _WRONG for answer in measured.answers):
            return []
        candidate, control = (_ask(answers[twin], is_relayed=measured.is_relayed) for twin in ("candidate", "control"))
        pair = Pair(now_s, measured.kind, measured.address, candidate, control, is_relayed=measured.is_relayed)
        events: list[Event] = [PairMeasured(now_s, pair)]
        for twin, answer in answers.items():
            if measured.is_relayed and answer.outcome in _UNSIGNED:
                continue
            if measured.kind == "put":
                self._put(twin, measured.address, answer)
            elif self._is_lost(twin, measured.address, answer, now_s):
                events.append(ChunkLost(now_s, twin, measured.address))
            self._is_answering[twin] = answer.outcome != "failed"
        # The control's fault first: it may be the computer's, and then it excuses the candidate.
        return sorted(events, key=lambda event: isinstance(event, ChunkLost) and event.twin == "candidate")

    def settled(self, measured: Measured | NewsServed, order: tuple[Twin, Twin], now_s: float) -> list[Event]:
        """The same, where only that a chunk was handed over, or what is wrong, is of interest.  Raises ValueError."""
        if isinstance(measured, NewsServed):
            return []
        is_telling = any(answer.outcome == HANDED_OVER or answer.outcome in _WRONG for answer in measured.answers)
        return self.measured(measured, order, now_s) if is_telling else []

    def _put(self, twin: Twin, address: bytes, answer: ProbeAnswer) -> None:
        if answer.outcome == "ok" and len(self.acknowledged[twin]) < ACKNOWLEDGED_MAX:
            self.acknowledged[twin][address] = None

    def _is_lost(self, twin: Twin, address: bytes, answer: ProbeAnswer, now_s: float) -> bool:
        key = (twin, address)
        if address in self.handed_over or answer.outcome not in _NOT_SERVED:
            self._suspicions.pop(key, None)
            return False
        if answer.outcome == "failed" and not self._is_answering[twin]:
            return False  # it answers nothing at all: that is another fault, and says nothing of this chunk
        suspicion = self._suspicions.get(key)
        if suspicion is None:
            suspicion = self._suspicions[key] = _Suspicion(0, now_s - self._profile.lost_retry_s)
            while len(self._suspicions) > SUSPECTED_MAX:
                del self._suspicions[next(iter(self._suspicions))]
        if now_s - suspicion.last_s < self._profile.lost_retry_s:
            return False
        suspicion.tries += 1
        suspicion.last_s = now_s
        return suspicion.tries >= self._profile.lost_tries


def reports_about(
    vault_ids: tuple[bytes, bytes], neighbours: Iterable[Neighbour], *, utc_s: float, announced_s: float,
    known_since: Callable[[bytes], float | None] = lambda _: None,
) -> tuple[tuple[Report, ...], tuple[Report, ...]]:  # fmt: skip
    """What the neighbours report of the two vaults, in that order.

    ``known_since``: since when the farm has known a vault (UTC); the vault in use forgets it whenever it is started.
    Tables that are no tables count for nothing, and so do those of the two vaults themselves.  CPU-bound.
    """
    found: tuple[list[Report], list[Report]] = ([], [])
    for neighbour in neighbours:
        try:
            table = decode_table(neighbour.table, utc_s)
        except PeerError:
            continue
        if table.certificate.vault_id in vault_ids:
            continue  # nobody judges in its own cause
        since_s = known_since(table.certificate.vault_id)
        known_s = neighbour.known_s if since_s is None else max(neighbour.known_s, utc_s - since_s)
        age_s = max(0.0, known_s - (utc_s - announced_s))
        for vault_id, reports in zip(vault_ids, found, strict=True):
            reports += [_report(table, e, neighbour.subnet, age_s) for e in table.entries if e.vault_id == vault_id]
    return tuple(found[0]), tuple(found[1])


def proofs_against(vault_id: bytes, serial_min: int, neighbours: Iterable[Neighbour], *, utc_s: float) -> int:
    """How many neighbours prove a fault of this vault, by what it signed with a certificate of that serial or later.

    What an earlier run has signed says nothing of the version that runs now.  CPU-bound.
    """
    proving: set[bytes] = set()
    for neighbour in neighbours:
        try:
            table = decode_table(neighbour.table, utc_s)
        except PeerError:
            continue
        for entry in table.entries:
            if entry.vault_id == vault_id and _is_proof(entry.evidence, vault_id, serial_min):
                proving.add(table.certificate.vault_id)
    return len(proving)


def _report(table: RankTable, entry: RankEntry, subnet: str, age_s: float) -> Report:
    return Report(
        reporter=table.certificate.vault_id,
        subnet=subnet,
        log_ratio=entry.log_ratio,
        answers=entry.answers,
        faults=entry.faults,
        has_proof=_is_proof(entry.evidence, entry.vault_id),
        age_s=age_s,
    )


def _is_proof(evidence: bytes, vault_id: bytes, serial_min: int = 0) -> bool:
    """Whether the evidence convicts the vault by its own signature, whoever brings it."""
    if not evidence:
        return False
    try:
        read = decode_evidence(evidence)
        check_evidence(read, vault_id)
    except PeerError:
        return False
    return read.certificate.serial >= serial_min


def _ask(answer: ProbeAnswer, *, is_relayed: bool) -> Ask:
    is_unproven = is_relayed and answer.outcome in _UNSIGNED
    is_answered, is_hash_ok, code = _ASKS["failed" if is_unproven else answer.outcome]
    latency_s = min(answer.latency_s, LATENCY_S_MAX)  # where a computer slept meanwhile, by a clock that counts that
    return Ask(is_answered, is_hash_ok, latency_s, answer.wire_bytes, code)
