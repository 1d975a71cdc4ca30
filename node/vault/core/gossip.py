"""Carrying the newest head: signed update metadata, opaque to the vault.

Vaults tell each other the digest of the head they carry, with every ping.  Whoever meets an unknown digest
fetches the head, and hands it up unread; the supervisor says whether it is to be carried from now on.

    a peer names a digest -> its subnet's offer, in a queue -> asked for -> handed up
                                                                 `-> not delivered, or refused: the subnet is paused,
                                                                     and the next offer has its turn

Reading a head costs the supervisor time.  Hence only peers of the routing table are believed to have one, and each
subnet offers one at a time.  Who offers again stands behind all who wait: however many identities a liar has, and
however late it fails, the heads of others get through.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from typing import Final

from node.vault import control
from node.vault.core.desk import ASK_TIMEOUT_S, Asked, Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Answer, FetchHead, HeadContent, Ping, Pong

DIGESTS_KEPT: Final = 256
SEEN_S: Final = 600.0  # after so long a head is handed up again: the supervisor may have been too busy for it
REFUSED_S: Final = 24 * 3600.0  # and after so long a bad one: the supervisor, or its clock, may be another one by then
FETCHES_MAX: Final = 16
OFFERS_MAX: Final = 1_000  # subnets; those of the routing table are fewer
PAUSE_S: Final = 10.0  # for a subnet, after a head of it was refused or did not come
PAUSES_KEPT: Final = 1_000  # subnets
FORMER_S: Final = 3600.0  # for which a peer may take to follow to a newer head
FORMER_KEPT: Final = 64
ALIKE_PER_SUBNET: Final = 4  # heads that say the same as the own one; who brings many pushes out only their own
ALIKE_SUBNETS: Final = 1_000
NAMED_KEPT: Final = 1_000  # peers, unless the routing table has more


class HeadCarrier:
    """Invariant: a head is handed up at most once in SEEN_S, or in REFUSED_S if it was refused.

    That holds while its digest is among the last DIGESTS_KEPT.
    """

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.digest = hashlib.sha256(head).digest() if head else b""
        self._seen_until_s: OrderedDict[bytes, float] = OrderedDict()  # digests that are not wanted until then
        self._offers: dict[str, tuple[PeerRecord, bytes]] = {}  # what each subnet named last, in order of waiting
        self._fetching: dict[str, bytes] = {}  # the digest that is being fetched, by subnet
        self._named: dict[bytes, bytes] = {}  # the digest that a peer of the table named last, by vault id
        self._paused_s: OrderedDict[str, float] = OrderedDict()  # since when, by subnet
        self._former_s: OrderedDict[bytes, float] = OrderedDict()  # digests that were carried, and until when
        # Digests of heads that say the same as the one carried, and when that was found; by the subnet they came from.
        self._alike_s: OrderedDict[str, OrderedDict[bytes, float]] = OrderedDict()

    def carry(self, desk: Desk, head: bytes) -> None:
        """Carry this head from now on, and let every peer know at once."""
        self._former_s[self.digest] = desk.now.monotonic_s
        if len(self._former_s) > FORMER_KEPT:
            self._former_s.popitem(last=False)
        self.head, self.digest = head, hashlib.sha256(head).digest()
        self._remember(desk, self.digest, SEEN_S)
        for peer in desk.table:
            desk.ask(self, peer.record, Ping(self.digest, desk.is_full))

    def is_carried_by(self, vault_id: bytes) -> bool:
        """Whether the peer has said that it carries this very head, or none like this vault."""
        return self._named.get(vault_id) == self.digest

    def witnesses(self, desk: Desk) -> int:
        """How many other subnets show that this head is no secret.

        They carry it, or one that says the same, or one that it has just replaced.
        """
        now_s = desk.now.monotonic_s
        others = (self._former_s, *self._alike_s.values())
        known = {digest for kept in others for digest, at_s in kept.items() if now_s - at_s < FORMER_S} | {self.digest}
        known -= {b""}
        seen = {peer.subnet for peer in desk.table if self._named.get(peer.vault_id, b"") in known}
        seen |= {desk.table.stands_in(subnet) for subnet in desk.ahead.showing(known)}
        return len(seen - {desk.own_place.subnet})

    def heard(self, desk: Desk, peer: PeerRecord, digest: bytes) -> None:
        """A peer says that it carries the head with this digest."""
        known = desk.table.get(peer.vault_id)
        if known is not None:  # of strangers there are as many as anyone likes: they would push out what peers say
            self._named[peer.vault_id] = digest
            if len(self._named) > max(NAMED_KEPT, len(desk.table)):
                there = [one.vault_id for one in desk.table if one.vault_id in self._named]
                self._named = {vault_id: self._named[vault_id] for vault_id in there}
        is_wanted = known is not None and self.is_wanted(desk, digest)
        if known is not None and is_wanted and (known.subnet in self._offers or len(self._offers) < OFFERS_MAX):
            self._offers[known.subnet] = peer, digest
        self._ask_next(desk)

    def refused(self, desk: Desk, digest: bytes, sender: bytes) -> None:
        """The head with this digest, which this vault sent, was bad."""
        desk.counters["head refused"] += 1
        self._remember(desk, digest, REFUSED_S)
        desk.ledger.blame(sender, desk.now.monotonic_s)
        known = desk.table.get(sender)
        if known is not None:
            self._pause(desk, known.subnet)

    def known(self, desk: Desk, digest: bytes, sender: bytes) -> None:
        """The head with this digest, which this vault sent, says the same as the own one."""
        peer = desk.table.get(sender)
        subnet = desk.ahead.subnet_of(sender) if peer is None else peer.subnet
        if not subnet:
            return
        alike_s = self._alike_s.setdefault(subnet, OrderedDict())
        alike_s[digest] = desk.now.monotonic_s
        alike_s.move_to_end(digest)
        if len(alike_s) > ALIKE_PER_SUBNET:
            alike_s.popitem(last=False)
        self._alike_s.move_to_end(subnet)
        if len(self._alike_s) > ALIKE_SUBNETS:
            self._alike_s.popitem(last=False)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        if isinstance(asked.message, FetchHead):
            is_delivered = self._take(desk, asked, asked.message.digest, message)
            self._fetched(desk, asked.message.digest, is_delivered=is_delivered)
        elif isinstance(message, Pong):
            self.heard(desk, asked.peer, message.head)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        if isinstance(asked.message, FetchHead):
            self._fetched(desk, asked.message.digest, is_delivered=False)

    def is_wanted(self, desk: Desk, digest: bytes) -> bool:
        """Whether this is another head than the own one, and was not handed up lately."""
        is_seen = desk.now.monotonic_s < self._seen_until_s.get(digest, -math.inf)
        return bool(digest) and digest != self.digest and not is_seen

    def _ask_next(self, desk: Desk) -> None:
        """Ask whoever may be asked, those first who wait longest."""
        now_s = desk.now.monotonic_s
        for subnet, (peer, digest) in list(self._offers.items()):
            if not self.is_wanted(desk, digest) or desk.table.get(peer.vault_id) is None:
                del self._offers[subnet]
                continue
            is_asked = subnet in self._fetching or digest in self._fetching.values()
            is_paused = now_s - self._paused_s.get(subnet, -PAUSE_S) < PAUSE_S
            if not is_asked and not is_paused and len(self._fetching) < FETCHES_MAX:
                del self._offers[subnet]
                self._fetching[subnet] = digest
                desk.ask(self, peer, FetchHead(digest), ASK_TIMEOUT_S)

    def _fetched(self, desk: Desk, digest: bytes, *, is_delivered: bool) -> None:
        (subnet,) = (subnet for subnet, fetched in self._fetching.items() if fetched == digest)
        del self._fetching[subnet]
        if not is_delivered:
            self._pause(desk, subnet)
        self._ask_next(desk)

    def _pause(self, desk: Desk, subnet: str) -> None:
        self._paused_s[subnet] = desk.now.monotonic_s
        self._paused_s.move_to_end(subnet)
        if len(self._paused_s) > PAUSES_KEPT:
            self._paused_s.popitem(last=False)

    def _take(self, desk: Desk, asked: Asked, digest: bytes, message: Answer) -> bool:
        """Hand up what came; whether it is what was asked for."""
        if not isinstance(message, HeadContent):
            return False  # it carries another head by now
        if hashlib.sha256(message.content).digest() != digest:
            desk.blame(asked.peer, "peer.chunk_mismatch")
            return False
        self.hand_up(desk, digest, message.content, asked.peer.vault_id, asked.subnet)
        return True

    def hand_up(self, desk: Desk, digest: bytes, content: bytes, sender: bytes, subnet: str) -> None:
        """Let the supervisor read the head with this digest."""
        self._remember(desk, digest, SEEN_S)
        desk.tell(control.HeadSeen(content, sender, subnet))

    def _remember(self, desk: Desk, digest: bytes, for_s: float) -> None:
        self._seen_until_s[digest] = desk.now.monotonic_s + for_s
        self._seen_until_s.move_to_end(digest)
        while len(self._seen_until_s) > DIGESTS_KEPT:
            self._seen_until_s.popitem(last=False)
