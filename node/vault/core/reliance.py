"""On whose copies this vault relies: on everybody's, except of those who have proven nothing for a long while.

A peer that signs for chunks and then refuses every audit, or is silent to them, contradicts nothing that it signed.  It
may be overloaded, or its disk away; so nothing is held against it, but it is no holder to this vault for a while.

    relied on --- FAILURES_MIN failures in a row, at CHUNKS_MIN chunks, over UNPROVEN_S or longer ---> left out
        ^         while most of the other subnets did prove something                                     |
        '------------------------------------ a chunk proven ---------------------------------------------'

When everybody fails, the fault lies elsewhere: fewer than half of the subnets are ever left out.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from node.vault.core.routing_table import Peer, RoutingTable

FAILURES_MIN: Final = 5
CHUNKS_MIN: Final = 3  # different ones: a single chunk may be what is wrong
UNPROVEN_S: Final = 600.0  # longer than a restart, a full queue, or a disk that is plugged in again
RECORDS_KEPT: Final = 1_000


@dataclass(slots=True)
class _Record:
    """What came of questions about chunks that were put to one peer; ``since_s``: when the row of failures began."""

    subnet: str
    asked_s: float
    proven_s: float = -math.inf
    failures: int = 0
    since_s: float = 0.0
    chunks: set[bytes] = field(default_factory=set)  # that it failed to prove in this row, CHUNKS_MIN at most
    is_left_out: bool = False


class Reliance:
    """Invariant: who is left out has proven nothing since; at most RECORDS_KEPT peers are remembered."""

    def __init__(self, table: RoutingTable) -> None:
        self.version = 0  # another one whenever somebody is left out or relied on again
        self._table = table
        self._records: OrderedDict[bytes, _Record] = OrderedDict()

    @property
    def left_out(self) -> tuple[bytes, ...]:
        """The vault ids of those who are no holders to this vault at the moment."""
        return tuple(vault_id for vault_id, record in self._records.items() if record.is_left_out)

    def peers(self) -> Iterator[Peer]:
        """The peers of the table that this vault relies on."""
        return (peer for peer in self._table if not self.is_left_out(peer.vault_id))

    def is_left_out(self, vault_id: bytes) -> bool:
        record = self._records.get(vault_id)
        return record is not None and record.is_left_out

    def proved(self, vault_id: bytes, now_s: float) -> None:
        """The peer has shown that it holds a chunk: with a fresh nonce, not with a promise."""
        peer = self._table.get(vault_id)
        if peer is None:
            return  # one that left, or was caught too often, is no holder anyway
        record = self._record(peer, now_s)
        record.proven_s, record.failures = now_s, 0
        record.chunks.clear()
        if record.is_left_out:
            record.is_left_out = False
            self.version += 1

    def failed(self, vault_id: bytes, address: bytes, now_s: float) -> bool:
        """The peer was asked to prove a chunk, and did not; return whether it is left out from now on."""
        peer = self._table.get(vault_id)
        if peer is None:
            return False  # it answers nothing at all any more: that was seen elsewhere
        record = self._record(peer, now_s)
        record.since_s = record.since_s if record.failures else now_s
        record.failures += 1
        if len(record.chunks) < CHUNKS_MIN:
            record.chunks.add(address)
        is_long = record.failures >= FAILURES_MIN and now_s - record.since_s >= UNPROVEN_S
        if record.is_left_out or not is_long or len(record.chunks) < CHUNKS_MIN or not self._do_most_prove(record):
            return False
        record.is_left_out = True
        self.version += 1
        return True

    def _do_most_prove(self, failing: _Record) -> bool:
        """Whether more than half of the subnets asked have proven something since this row of failures began."""
        asked, proven = {failing.subnet}, set()
        for vault_id, record in self._records.items():
            if self._table.get(vault_id) is None:
                continue
            if record.is_left_out or record.asked_s >= failing.since_s:
                asked.add(record.subnet)
            if not record.is_left_out and record.proven_s >= failing.since_s:
                proven.add(record.subnet)
        return 2 * len(proven - {failing.subnet}) > len(asked)

    def _record(self, peer: Peer, now_s: float) -> _Record:
        record = self._records.pop(peer.vault_id, None) or _Record(peer.subnet, now_s)
        record.subnet, record.asked_s = peer.subnet, now_s
        self._records[peer.vault_id] = record  # to the end: asked most recently
        if len(self._records) > RECORDS_KEPT:
            strangers = (other for other in self._records if self._table.get(other) is None)
            forgotten = self._records.pop(next(strangers, next(iter(self._records))))
            self.version += forgotten.is_left_out
        return record
