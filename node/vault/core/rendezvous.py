"""Meeting through routers: when nobody answers where a peer says that it is, others are asked to tell it to dial.

    dialling, and no answer yet --Arrange--> two peers next to it --Meet--> the peer dials the one that waits

A home router lets in what comes from where something was sent to lately.  The one that waits is dialling all the
while, so its own router is open to the peer; the peer's dialling opens the other one.  Those next to the peer have a
connection to it, as neighbours watch each other.

So the word of another vault makes this one dial.  An honest go-between has seen the one that waits where its record
says that it is; a lying one may send this vault to anybody whom some record names, but not often.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from node.vault.core.desk import Asked, Desk
from node.vault.core.events import RequestReceived, Send
from node.vault.core.identity import PeerRecord, addresses_to_dial, check_record, is_public, position_of, subnet_of
from node.vault.core.limits import SUBNETS_KEPT, Buckets
from node.vault.core.messages import Answer, Arrange, Meet, Ping, Pong, Refused
from node.vault.errors import Misdated, PeerError

GO_BETWEENS: Final = 2  # asked for one meeting
PAUSE_S: Final = 15.0  # before the same peer is asked for again
ASKED_KEPT: Final = 256
HELPED_KEPT: Final = 4_096  # transport keys
MEETINGS_MAX: Final = 128  # kept at once: a dialling takes memory for as long as nobody answers, whoever caused it
SUBNET_PER_S: Final = 0.5  # meetings that one subnet may cause
SUBNET_BURST: Final = 20.0
# A record may name somebody else's address.  However many say that it waits there, this much is dialled.
TARGET_PER_S: Final = 1 / 15
TARGET_BURST: Final = 4.0


class Rendezvous:
    """Invariant: nothing here grows beyond its limit, and no meeting leads to another one."""

    def __init__(self) -> None:
        self._asked_s: OrderedDict[bytes, float] = OrderedDict()  # when a peer was asked for last
        self._helped: OrderedDict[bytes, None] = OrderedDict()  # by transport key: who did not answer at once, or waits
        self._meetings = 0  # that are being kept
        self._caused = Buckets(SUBNETS_KEPT)
        self._dialled = Buckets(SUBNETS_KEPT)

    def unanswered_dial(self, desk: Desk, peer: PeerRecord) -> None:
        """The peer may stand behind a router.  Who cannot be dialled itself has nothing to offer it."""
        now_s = desk.now.monotonic_s
        self._help(peer)
        asked_s = self._asked_s.get(peer.vault_id)
        is_recent = asked_s is not None and now_s - asked_s < PAUSE_S
        if not peer.vault_id or is_recent or not (_is_outside(peer) and _is_outside(desk.record)):
            return
        place = position_of(peer.vault_id).to_bytes(32, "big")
        known = desk.table.nearest(place, len(desk.table))
        near = tuple(other.record for other in known if other.vault_id != peer.vault_id)
        if near:
            self._remember(peer, now_s)
            desk.do(Send(near, Arrange(peer.vault_id), GO_BETWEENS))
            desk.counters["meeting asked for"] += 1

    def arrange(self, desk: Desk, event: RequestReceived, message: Arrange) -> Answer:
        """Tell the vault of ``message`` to dial the one that asks."""
        asking, wanted = desk.table.get(event.peer.vault_id), desk.table.get(message.vault_id)
        if asking is None or wanted is None or not asking.is_where_it_says or not _is_outside(asking.record):
            return Refused("not_known")
        if not self._may_cause(desk, event.subnet):
            return Refused("busy")
        desk.do(Send((wanted.record,), Meet(asking.record), 1))  # by another one it might be anywhere
        desk.counters["meeting arranged"] += 1
        return Pong(b"")

    def meet(self, desk: Desk, event: RequestReceived, message: Meet) -> Answer:
        """Dial the vault of ``message``, if a vault says so: whoever asks and names an address is one."""
        peer = message.record
        if desk.table.get(event.peer.vault_id) is None or peer.vault_id == desk.record.vault_id:
            return Refused("not_known")
        try:
            check_record(peer, desk.now.utc_s)
        except Misdated as error:
            return Refused(error.code)  # it may hold by the clock of the go-between
        except PeerError as error:
            desk.blame(event.peer, error.code)
            return Refused(error.code)
        if not _is_outside(peer) or desk.table.is_outdated(peer) or desk.is_shunned(peer.vault_id):
            return Refused("not_known")
        has_room = self._meetings < MEETINGS_MAX
        if not has_room or not self._may_cause(desk, event.subnet) or not self._may_dial(desk, peer):
            return Refused("busy")
        self._remember(peer, desk.now.monotonic_s)  # it dials already
        self._help(peer)
        self._meetings += 1
        desk.ask(self, peer, Ping(b"", desk.is_full))
        return Pong(b"")

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        self._meetings -= 1
        desk.counters["meeting kept"] += 1

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self._meetings -= 1
        desk.counters["meeting missed"] += 1

    def has_helped(self, transport_key: bytes) -> bool:
        """Whether more than the own dialling was needed to meet this one, or may have been."""
        return transport_key in self._helped

    def _help(self, peer: PeerRecord) -> None:
        self._helped[peer.transport_key] = None
        if len(self._helped) > HELPED_KEPT:
            self._helped.popitem(last=False)

    def _remember(self, peer: PeerRecord, now_s: float) -> None:
        self._asked_s[peer.vault_id] = now_s
        self._asked_s.move_to_end(peer.vault_id)
        if len(self._asked_s) > ASKED_KEPT:
            self._asked_s.popitem(last=False)

    def _may_cause(self, desk: Desk, subnet: str) -> bool:
        return self._caused.take(subnet, desk.now.monotonic_s, cost=1.0, per_s=SUBNET_PER_S, burst=SUBNET_BURST)

    def _may_dial(self, desk: Desk, peer: PeerRecord) -> bool:
        now_s, dialled = desk.now.monotonic_s, addresses_to_dial(peer.addresses, desk.record.addresses)
        subnets = {subnet_of(address) for address in dialled}
        outside = sorted(subnet for subnet in subnets if is_public(subnet))
        take = self._dialled.take
        return all(take(subnet, now_s, cost=1.0, per_s=TARGET_PER_S, burst=TARGET_BURST) for subnet in outside)


def _is_outside(record: PeerRecord) -> bool:
    """Whether it names an address on the internet."""
    return any(is_public(subnet_of(address)) for address in record.addresses)
