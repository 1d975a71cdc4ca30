"""Carrying the newest head: signed update metadata, opaque to the vault.

Vaults tell each other the digest of the head they carry, with every ping.  Whoever meets an unknown digest
fetches the head, and hands it up unread; the supervisor says whether it is to be carried from now on.

Reading a head costs the supervisor time.  Hence only peers of the routing table are believed to have one, each
subnet is asked for one at a time, and a subnet whose head was refused is not asked again for a while: however many
identities a liar has, the heads of others get through.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from node.vault import control
from node.vault.core.desk import ASK_TIMEOUT_S, Asked, Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Answer, FetchHead, HeadContent, Ping, Pong

DIGESTS_KEPT: Final = 256
SEEN_S: Final = 600.0  # after so long a head is handed up again: the supervisor may have been too busy for it
FETCHES_MAX: Final = 16
REFUSED_PAUSE_S: Final = 10.0
REFUSED_KEPT: Final = 1_000  # subnets
CARRIED_KEPT: Final = 1_000  # peers


class HeadCarrier:
    """Invariant: a digest is handed up at most once in SEEN_S, while it is among the last DIGESTS_KEPT."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.digest = hashlib.sha256(head).digest() if head else b""
        self._seen_s: OrderedDict[bytes, float] = OrderedDict()
        self._fetching: dict[str, bytes] = {}  # the digest that is being fetched, by subnet
        self._carried: OrderedDict[bytes, bytes] = OrderedDict()  # the digest that a peer named last, by vault id
        self._refused_s: OrderedDict[str, float] = OrderedDict()  # when the last head of a subnet was refused

    def carry(self, desk: Desk, head: bytes) -> None:
        """Carry this head from now on, and let every peer know at once."""
        self.head, self.digest = head, hashlib.sha256(head).digest()
        self._remember(desk, self.digest)
        for peer in desk.table:
            desk.ask(self, peer.record, Ping(self.digest))

    def is_carried_by(self, vault_id: bytes) -> bool:
        """Whether the peer has said that it carries this very head, or none like this vault."""
        return self._carried.get(vault_id) == self.digest

    def heard(self, desk: Desk, peer: PeerRecord, digest: bytes) -> None:
        """A peer says that it carries the head with this digest."""
        self._carried[peer.vault_id] = digest
        self._carried.move_to_end(peer.vault_id)
        if len(self._carried) > CARRIED_KEPT:
            self._carried.popitem(last=False)
        if not digest or digest == self.digest or digest in self._fetching.values():
            return
        if desk.now.monotonic_s - self._seen_s.get(digest, -SEEN_S) < SEEN_S:
            return
        known = desk.table.get(peer.vault_id)
        if known is None or known.subnet in self._fetching or len(self._fetching) >= FETCHES_MAX:
            return
        if desk.now.monotonic_s - self._refused_s.get(known.subnet, -REFUSED_PAUSE_S) < REFUSED_PAUSE_S:
            return
        self._fetching[known.subnet] = digest
        desk.ask(self, peer, FetchHead(digest), ASK_TIMEOUT_S)

    def refused(self, desk: Desk, sender: bytes) -> None:
        """The head that this vault sent was bad."""
        desk.counters["head refused"] += 1
        desk.ledger.blame(sender, desk.now.monotonic_s)
        known = desk.table.get(sender)
        if known is not None:
            self._refused_s[known.subnet] = desk.now.monotonic_s
            self._refused_s.move_to_end(known.subnet)
            if len(self._refused_s) > REFUSED_KEPT:
                self._refused_s.popitem(last=False)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        if isinstance(asked.message, FetchHead):
            self._fetched(asked.message)
            self._take(desk, asked, asked.message.digest, message)
        elif isinstance(message, Pong):
            self.heard(desk, asked.peer, message.head)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        if isinstance(asked.message, FetchHead):
            self._fetched(asked.message)

    def _fetched(self, message: FetchHead) -> None:
        self._fetching = {subnet: digest for subnet, digest in self._fetching.items() if digest != message.digest}

    def _take(self, desk: Desk, asked: Asked, digest: bytes, message: Answer) -> None:
        if not isinstance(message, HeadContent):
            return  # it carries another head by now
        if hashlib.sha256(message.content).digest() != digest:
            desk.blame(asked.peer, "peer.chunk_mismatch")
            return
        self._remember(desk, digest)
        desk.tell(control.HeadSeen(message.content, asked.peer.vault_id))

    def _remember(self, desk: Desk, digest: bytes) -> None:
        self._seen_s[digest] = desk.now.monotonic_s
        self._seen_s.move_to_end(digest)
        while len(self._seen_s) > DIGESTS_KEPT:
            self._seen_s.popitem(last=False)
