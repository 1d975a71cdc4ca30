"""What a vault thinks of its peers: a ledger of what it saw itself, and the signed table that it hands on.

The table says for each peer how often it answered, failed and was caught at a fault, and how fast it is
*relative to the others that the same reporter sees*: ln(its median audit latency / the median of the other peers'
medians).  A difference within one reporter cancels the reporter's own line and machine.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from node.vault.core.codec import EVIDENCE_BYTES_MAX
from node.vault.core.identity import Certificate, PeerRecord, Signer, check_certificate, verify
from node.vault.core.messages import TABLE_BYTES_MAX, Hash
from node.vault.errors import BadSignature, MalformedMessage

LATENCIES_KEPT: Final = 32
LATENCIES_MIN: Final = 3  # fewer say nothing
PEERS_KEPT_MAX: Final = 1_000
ENTRIES_MAX: Final = 200  # the most recently seen go into a table
EVIDENCE_ENTRIES_MAX: Final = 40
TABLE_AGE_S_MAX: Final = 3600.0  # an older one may be a replay
TABLE_KEPT_S: Final = 1.0
DATA_FAULTS_MAX: Final = 3  # seen with own eyes, each within SHUN_S of the one before: then the peer is shunned
SHUN_S: Final = 3600.0  # since the last one; then it may try again
# More than two subnets bring within SHUN_S, as each may connect four times a second; some 16 MB, under attack only.
SHUNNED_MAX: Final = 32_768


@dataclass(slots=True)
class Standing:
    """What was seen of one peer."""

    met_s: float
    answers: int = 0
    failures: int = 0
    faults: int = 0
    data_faults: int = 0
    data_fault_s: float = 0.0  # when the last one was
    audits_passed: int = 0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    subnet: str = ""  # from which it was seen when it answered, or was blamed, last
    evidence: bytes = b""  # the newest encoded Evidence that convicts it: a later run of it may have other code


class RankEntry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One reporter's view of one vault.  ``log_ratio`` is None without enough audits."""

    vault_id: Hash
    known_s: float
    answers: int
    failures: int
    faults: int
    audits_passed: int
    log_ratio: float | None
    evidence: Annotated[bytes, Meta(max_length=EVIDENCE_BYTES_MAX)] = b""


class RankTable(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All that one vault has to say about others, signed by its transport key."""

    certificate: Certificate
    issued_s: float
    entries: Annotated[tuple[RankEntry, ...], Meta(max_length=ENTRIES_MAX)]
    signature: Annotated[bytes, Meta(max_length=64)] = b""


class _Signed(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of a RankTable."""

    certificate: Certificate


class Shunned:
    """Who was caught too often, until SHUN_S after the last time.

    Invariant: at most SHUNNED_MAX.  One more costs the oldest one of the subnet that has most of them, as anyone can
    make new identities and have them caught: whoever would wash a liar's name away so needs a crowd of its own subnet.
    """

    def __init__(self) -> None:
        self._caught: OrderedDict[bytes, tuple[str, float]] = OrderedDict()  # subnet and time, the oldest first
        self._subnets: dict[str, OrderedDict[bytes, None]] = {}

    def __len__(self) -> int:
        return len(self._caught)

    def __contains__(self, vault_id: bytes) -> bool:
        """Whether it is kept; ``is_shunned`` tells whether its time is over."""
        return vault_id in self._caught

    def add(self, vault_id: bytes, subnet: str, now_s: float) -> None:
        self._remove(vault_id)
        self._caught[vault_id] = subnet, now_s
        self._subnets.setdefault(subnet, OrderedDict())[vault_id] = None
        while not self.is_shunned(oldest := next(iter(self._caught)), now_s):
            self._remove(oldest)
        if len(self._caught) > SHUNNED_MAX:
            crowd = max(self._subnets, key=lambda subnet: len(self._subnets[subnet]))
            self._remove(next(iter(self._subnets[crowd])))

    def is_shunned(self, vault_id: bytes, now_s: float) -> bool:
        return vault_id in self._caught and now_s - self._caught[vault_id][1] < SHUN_S

    def _remove(self, vault_id: bytes) -> None:
        if vault_id in self._caught:
            subnet, _ = self._caught.pop(vault_id)
            del self._subnets[subnet][vault_id]
            if not self._subnets[subnet]:
                del self._subnets[subnet]


class Ledger:
    """Holds the standing of at most PEERS_KEPT_MAX peers; the one seen longest ago makes room.

    Those that ``is_known`` does not know go first, and come last in the table: anyone can make new identities, and
    must not be able to wash away what is known of others.  Of strangers those are kept longer who are shunned, and
    longest those of whom there is evidence; when there are too many of them, one of the largest crowd makes room.
    """

    def __init__(self, is_known: Callable[[bytes], bool] = lambda _vault_id: True) -> None:
        self._is_known = is_known
        self._standings: dict[bytes, Standing] = {}
        self._shunned = Shunned()
        self._made: tuple[float, bytes] | None = None

    def answered(self, vault_id: bytes, now_s: float, subnet: str = "") -> None:
        standing = self._of(vault_id, now_s)
        standing.answers += 1
        standing.subnet = subnet

    def heard_in(self, vault_id: bytes, now_s: float) -> str:
        """The subnet from which this one answered last, in this run; "" if it never did, or is shunned."""
        standing = self._standings.get(vault_id)
        is_heard = standing is not None and standing.answers > 0 and not self.is_shunned(vault_id, now_s)
        return standing.subnet if standing is not None and is_heard else ""

    def failed(self, vault_id: bytes, now_s: float) -> None:
        """No answer came.  Lines break: that is counted, not blamed."""
        self._of(vault_id, now_s).failures += 1

    def passed_audit(self, vault_id: bytes, now_s: float, latency_s: float) -> None:
        standing = self._of(vault_id, now_s)
        standing.audits_passed += 1
        standing.latencies_s.append(latency_s)

    def blame(
        self, vault_id: bytes, now_s: float, evidence: bytes = b"", *, is_data_fault: bool = False, subnet: str = ""
    ) -> None:
        """The peer broke the protocol or was caught at a data fault, with proof if there is one.

        ``subnet``: from which it is seen.
        """
        standing = self._of(vault_id, now_s)
        standing.faults += 1
        standing.subnet = subnet
        if is_data_fault:
            is_repeated = standing.data_faults and now_s - standing.data_fault_s < SHUN_S
            standing.data_faults = standing.data_faults + 1 if is_repeated else 1
            standing.data_fault_s = now_s
            if standing.data_faults >= DATA_FAULTS_MAX or self.is_shunned(vault_id, now_s):
                self._shunned.add(vault_id, subnet, now_s)
        if evidence and len(evidence) <= EVIDENCE_BYTES_MAX:  # else the table would be no table to others
            standing.evidence = evidence

    def is_shunned(self, vault_id: bytes, now_s: float) -> bool:
        return self._shunned.is_shunned(vault_id, now_s)

    def standing(self, vault_id: bytes) -> Standing | None:
        return self._standings.get(vault_id)

    def table(self, signer: Signer, certificate: Certificate, *, now_s: float, utc_s: float) -> bytes:
        """The encoded, signed RankTable of the moment, or of less than TABLE_KEPT_S ago: making one takes a while."""
        if self._made is None or not 0 <= now_s - self._made[0] < TABLE_KEPT_S:
            self._made = now_s, self._make_table(signer, certificate, now_s=now_s, utc_s=utc_s)
        return self._made[1]

    def _make_table(self, signer: Signer, certificate: Certificate, *, now_s: float, utc_s: float) -> bytes:
        medians = {
            vault_id: statistics.median(standing.latencies_s)
            for vault_id, standing in self._standings.items()
            if len(standing.latencies_s) >= LATENCIES_MIN
        }
        ordered = sorted(medians.values())
        ranked = sorted(self._standings.items(), key=lambda item: self._worth(item[0]))[::-1]
        shown = 0
        entries = []
        for vault_id, standing in ranked[:ENTRIES_MAX]:
            shown += bool(standing.evidence)
            entries.append(
                RankEntry(
                    vault_id=vault_id, known_s=now_s - standing.met_s, answers=standing.answers,
                    failures=standing.failures, faults=standing.faults, audits_passed=standing.audits_passed,
                    log_ratio=_log_ratio(medians.get(vault_id), ordered),
                    evidence=standing.evidence if shown <= EVIDENCE_ENTRIES_MAX else b"",
                )
            )  # fmt: skip
        blank = RankTable(certificate, utc_s, tuple(entries))
        return msgspec.msgpack.encode(msgspec.structs.replace(blank, signature=signer.sign(_signed_part(blank))))

    def _of(self, vault_id: bytes, now_s: float) -> Standing:
        standing = self._standings.pop(vault_id, None) or Standing(now_s)
        self._standings[vault_id] = standing  # to the end: seen most recently
        if len(self._standings) > PEERS_KEPT_MAX:
            del self._standings[self._least(vault_id)]
        return standing

    def _worth(self, vault_id: bytes) -> tuple[bool, bool, bool]:
        return self._is_known(vault_id), bool(self._standings[vault_id].evidence), vault_id in self._shunned

    def _least(self, newest: bytes) -> bytes:
        """Whose standing makes room for the newest one."""
        strangers = [other for other in self._standings if other != newest and not self._is_known(other)]
        if not strangers:
            return next(iter(self._standings))
        least = min(strangers, key=self._worth)
        if any(self._worth(least)):
            crowd = Counter(self._standings[other].subnet for other in strangers).most_common(1)[0][0]
            least = min((other for other in strangers if self._standings[other].subnet == crowd), key=self._worth)
        return least


def decode_table(content: bytes, utc_s: float) -> RankTable:
    """Read a rank table from untrusted bytes and check its signatures.

    Raises:
        MalformedMessage: Not a table, or outside its limits.
        BadSignature: Not signed by the certified key, or the certificate is not valid now.
    """
    if len(content) > TABLE_BYTES_MAX:
        raise MalformedMessage(f"a table of {len(content)} bytes is over {TABLE_BYTES_MAX}")
    try:
        table = msgspec.msgpack.decode(content, type=RankTable)
    except (msgspec.DecodeError, RecursionError, UnicodeError, OverflowError) as error:
        raise MalformedMessage(f"not a rank table: {error}") from error
    if any(not math.isfinite(number) for entry in table.entries for number in (entry.known_s, entry.log_ratio or 0.0)):
        raise MalformedMessage("a rank is no number")
    if len({entry.vault_id for entry in table.entries}) != len(table.entries):
        raise MalformedMessage("a rank table names a vault twice")
    check_certificate(table.certificate, utc_s)
    blank = msgspec.structs.replace(table, signature=b"")
    verify(table.certificate.transport_key, table.signature, _signed_part(blank))
    if not abs(table.issued_s - utc_s) <= TABLE_AGE_S_MAX:  # nor is NaN
        raise BadSignature("the rank table is of another time")
    return table


def is_of(content: bytes, peer: PeerRecord) -> bool:
    """Whether a rank table says that it is this peer's.  Cheap: what it says is for ``decode_table`` to check."""
    try:
        certificate = msgspec.msgpack.decode(content, type=_Signed).certificate
    except (msgspec.DecodeError, RecursionError, UnicodeError, OverflowError):
        return False
    return (certificate.vault_id, certificate.transport_key) == (peer.vault_id, peer.transport_key)


def _log_ratio(median_s: float | None, ordered: list[float]) -> float | None:
    """``ordered``: the medians of all peers, this one's among them, ascending."""
    if median_s is None or len(ordered) < 2:
        return None
    left_out, last = bisect.bisect_left(ordered, median_s), len(ordered) - 2
    low, high = (ordered[k + (k >= left_out)] for k in (last // 2, (last + 1) // 2))
    return math.log(max(median_s, 1e-6) / max((low + high) / 2, 1e-6))


def _signed_part(blank: RankTable) -> bytes:
    return b"perennial/1 ranks\0" + msgspec.msgpack.encode(blank)
