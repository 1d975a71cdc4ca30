"""Vaults whose version this one does not speak: they are asked for news, and for files that news name; for no more.

They are in no routing table: none is asked to hold or prove a chunk, none is ranked, and no lookup leads over them.

    met at a handshake that failed for the version -> which head it carries -> wanted: fetched, and handed up unread
                                                        ^                                 as any other
                                                        '-- again, every AGAIN_S

What they carry counts for whether a head is shown to others too: whoever can stand in three subnets can do so here and
in the routing table alike.

Source: resources/handbook/decisions/0067-what-is-said-for-ever.md.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from node.vault.core import late
from node.vault.core.identity import Certificate, PeerRecord, introduced
from node.vault.errors import PeerError

if TYPE_CHECKING:
    from node.vault.core.desk import Desk
    from node.vault.core.gossip import HeadCarrier

SUBNETS_MAX: Final = 32
AGAIN_S: Final = 600.0  # between two questions which head one carries
FAILURES_MAX: Final = 3  # in a row; then it is forgotten, until it is met again
ASKED_MAX: Final = 40  # for one file
QUESTION_S: Final = 5.0
FILE_S: Final = 10.0

Came = Callable[["Desk", bytes | None], None]  # b"": it is not there; None: nobody answered


@dataclass(frozen=True, slots=True)
class Newer:
    """``asked_s``: when its head was fetched last."""

    record: PeerRecord
    head: bytes
    failures: int = 0
    asked_s: float = -math.inf


def stand_in(transport_key: bytes, addresses: tuple[str, ...]) -> PeerRecord:
    """For who has shown no record: named by its transport key, which the connection has proven."""
    return PeerRecord(Certificate(transport_key, transport_key, 0, 0.0, 0.0), addresses, 0.0)


class Ahead:
    """Invariant: at most one of each subnet, and SUBNETS_MAX in all."""

    def __init__(self) -> None:
        self._newer: dict[str, Newer] = {}
        self._is_waiting = False  # to ask them again

    def __len__(self) -> int:
        return len(self._newer)

    def __iter__(self) -> Iterator[PeerRecord]:
        return (newer.record for newer in self._newer.values())

    def subnet_of(self, vault_id: bytes) -> str:
        """Where the one with this stand-in was met; "" for none."""
        return next((subnet for subnet, newer in self._newer.items() if newer.record.vault_id == vault_id), "")

    def showing(self, digests: set[bytes]) -> set[str]:
        """The subnets from which one of these heads was shown."""
        return {subnet for subnet, newer in self._newer.items() if newer.head in digests}

    def met(self, desk: Desk, carrier: HeadCarrier, peer: PeerRecord, subnet: str, head: bytes) -> None:
        known = self._newer.get(subnet)
        if known is None:
            desk.counters["newer vault met"] += 1
        if known is None and len(self._newer) >= SUBNETS_MAX:  # by chance: many that come push nobody out for sure
            del self._newer[list(self._newer)[desk.random.randrange(len(self._newer))]]
        self._newer[subnet] = replace(known or Newer(peer, head), record=peer, head=head, failures=0)
        if not self._is_waiting:
            self._is_waiting = True
            desk.call_in(AGAIN_S, partial(self._ask_again, carrier))
        self._fetch(desk, carrier, subnet)

    def _fetch(self, desk: Desk, carrier: HeadCarrier, subnet: str) -> None:
        """One head of each subnet in AGAIN_S: reading one costs the supervisor time."""
        newer, now_s = self._newer[subnet], desk.now.monotonic_s
        if carrier.is_wanted(desk, newer.head) and now_s - newer.asked_s >= AGAIN_S:
            self._newer[subnet] = replace(newer, asked_s=now_s)
            took = partial(self._took, carrier, newer.record, subnet, newer.head)
            desk.ask_ahead(took, newer.record, late.HEAD, newer.head, FILE_S)

    def _took(
        self, carrier: HeadCarrier, peer: PeerRecord, subnet: str, digest: bytes, desk: Desk, content: bytes | None
    ) -> None:
        if content and hashlib.sha256(content).digest() == digest and carrier.is_wanted(desk, digest):
            carrier.hand_up(desk, digest, content, peer.vault_id, subnet)

    def _ask_again(self, carrier: HeadCarrier, desk: Desk) -> None:
        for subnet, newer in self._newer.items():
            desk.ask_ahead(partial(self._told, carrier, subnet), newer.record, late.WHICH, late.NOTHING, QUESTION_S)
        self._is_waiting = bool(self._newer)
        if self._is_waiting:
            desk.call_in(AGAIN_S, partial(self._ask_again, carrier))

    def _told(self, carrier: HeadCarrier, subnet: str, desk: Desk, content: bytes | None) -> None:
        newer = self._newer.get(subnet)
        if newer is None:
            return
        if content is None and newer.failures + 1 >= FAILURES_MAX:
            del self._newer[subnet]
            return
        if content is None:
            self._newer[subnet] = replace(newer, failures=newer.failures + 1)
        else:
            self._newer[subnet] = replace(newer, failures=0, head=content[: len(late.NOTHING)])
            self._fetch(desk, carrier, subnet)


class Search:
    """One file that a head names, of vaults that are ahead, one after the other; ``done`` is called once.

    Who has not got it names those whom it knows near to its address, and they are asked next.
    """

    def __init__(self, address: bytes, done: Callable[[Desk, bytes | None], None]) -> None:
        self.asked_count = 0
        self._address = address
        self._done = done
        self._to_ask: list[PeerRecord] = []
        self._asked: set[bytes] = set()

    def begin(self, desk: Desk) -> None:
        self._to_ask = list(desk.ahead)
        desk.random.shuffle(self._to_ask)
        self._ask_next(desk)

    def _ask_next(self, desk: Desk) -> None:
        while self._to_ask and self.asked_count < ASKED_MAX:
            peer = self._to_ask.pop(0)
            if peer.transport_key not in self._asked:
                self._asked.add(peer.transport_key)
                self.asked_count += 1
                desk.ask_ahead(partial(self._came, peer), peer, late.FILE, self._address, FILE_S)
                return
        self._done(desk, None)

    def _came(self, peer: PeerRecord, desk: Desk, content: bytes | None) -> None:
        if content and hashlib.sha256(content).digest() == self._address:
            self._done(desk, content)
        elif content is None:
            self._ask_next(desk)
        else:
            desk.ask_ahead(self._named, peer, late.NEAR, self._address, QUESTION_S)

    def _named(self, desk: Desk, content: bytes | None) -> None:
        try:
            self._to_ask[:0] = [introduced(vault) for vault in late.decode_vaults(content or b"")]
        except PeerError:
            desk.counters["newer vault malformed"] += 1
        self._ask_next(desk)
