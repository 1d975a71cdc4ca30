"""Knowing the neighbours: meeting vaults, looking around, pings, and a watch over those next to the own position.

introduced, contacts of the start, met by chance --> routing table --> pinged now and then, each at its own time;
                                                                       the near ones often, all others a few in turn
the nearest of them, WATCHED_MAX ------------------> watched: who falls silent is gone at once, and pinged once more
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final

from node.vault import control
from node.vault.core.close_group import Place, close_group, in_turns
from node.vault.core.desk import Asked, Desk
from node.vault.core.events import Watch
from node.vault.core.gossip import HeadCarrier
from node.vault.core.identity import (
    Introduction,
    PeerRecord,
    addresses_to_name,
    encode_record,
    introduced,
    is_public,
    make_record,
    own_subnet,
)
from node.vault.core.lookup import Lookup
from node.vault.core.messages import Answer, FindVaults, Ping, Vaults
from node.vault.core.notes import Acquaintances
from node.vault.core.routing_table import Peer

FIRST_REFRESH_S: Final = 0.5
WATCHED_MAX: Final = 8
PING_TURNS: Final = 10  # in one ``ping_s``, so that whoever idles is not woken for each ping
NEAR_PEERS: Final = 10  # each is pinged once in ``ping_s``; of all others together as many
WATCH_PAUSE_S: Final = 5.0  # between two changes of the watch, unless one of the watched is gone
OPEN_KEPT: Final = 1_024
FORMER_KEPT: Final = control.KEPT_CONTACTS_MAX  # silent ones, to be tried again when nobody else is left


class Neighbourhood:
    """Invariant: the watched are of the routing table, or ``due_s`` is now."""

    def __init__(self, contacts: tuple[PeerRecord, ...], pace: control.Pace, carrier: HeadCarrier) -> None:
        self._contacts = contacts
        self._pace = pace
        self._carrier = carrier
        self._former: OrderedDict[bytes, Peer] = OrderedDict()
        self._open: OrderedDict[bytes, None] = OrderedDict()  # who has let a stranger in
        self._pings: list[tuple[float, bytes]] = []  # a heap: who is to be pinged when
        self._pinged: set[bytes] = set()  # those in it
        self._next_ping_s = 0.0
        self._refresh_at_s = 0.0
        self._refresh_pause_s = FIRST_REFRESH_S
        self._watched: dict[bytes, PeerRecord] = {}
        self._watched_at_s = 0.0
        self._version = -1  # of the routing table when the watch was set
        self._acquaintances = Acquaintances()

    def due_s(self, desk: Desk) -> float:
        return min(self._refresh_at_s, self._next_ping_s, self._watch_due_s(desk))

    def start(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        for contact in self._contacts:
            desk.ask(_Meeting(), contact, FindVaults(_own_address(desk)))
        self._refresh_at_s = now_s + self._refresh_pause_s
        self._next_ping_s = now_s + self._pace.ping_s
        self._watched_at_s = now_s - WATCH_PAUSE_S

    def tick(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        if now_s >= self._refresh_at_s:
            # A newcomer looks around often, and ever less often the longer it is there.
            self._refresh_pause_s = min(2 * self._refresh_pause_s, self._pace.refresh_s)
            self._refresh_at_s = now_s + self._refresh_pause_s
            self._look_around(desk)
        if now_s >= self._next_ping_s:
            self._ping(desk)
        if now_s >= self._watch_due_s(desk):
            self._watch(desk)

    def introduce(self, desk: Desk, introduction: Introduction) -> None:
        if introduction.transport_key != desk.signer.public_key:  # on the local network it finds itself too
            desk.ask(_Meeting(), introduced(introduction), FindVaults(_own_address(desk)))

    def met(self, desk: Desk, peer: PeerRecord, seen_in: str) -> None:
        """A live session with this vault was just used."""
        desk.double.is_shown(desk.record, (peer,), desk.now)
        if not peer.addresses or desk.is_shunned(peer.vault_id):
            return  # a client: it asks, but cannot be asked; or one that was caught too often
        self._acquaintances.met(desk, peer, desk.table.stands_in(seen_in))
        now_s = desk.now.monotonic_s
        if desk.table.met(peer, seen_in, now_s):
            self._former.pop(peer.vault_id, None)
            # Each has a time of its own, so that they are not all asked at the same moment for ever.
            if peer.vault_id not in self._pinged:
                self._pinged.add(peer.vault_id)
                heapq.heappush(self._pings, (now_s + self._pace.ping_s * desk.random.random(), peer.vault_id))
                self._next_ping_s = min(self._next_ping_s, self._pings[0][0])
            # The newcomer learns the head at once, and this vault learns whether the newcomer's is newer.
            desk.ask(self._carrier, peer, Ping(self._carrier.digest, desk.is_full))
        elif self._watched.get(peer.vault_id, peer) != peer:
            self._version = -1  # it is reached in another way now

    def answered(self, desk: Desk, peer: PeerRecord, seen_in: str, *, was_helped: bool) -> None:
        """A peer was asked, and has answered; ``was_helped``: more than dialling it was needed for that.

        Whoever was never met before in this run, and answers a mere dialling, lets in others too.
        """
        is_stranger = desk.table.get(peer.vault_id) is None and peer.vault_id not in self._former
        self.met(desk, peer, seen_in)
        if is_stranger and not was_helped and is_public(seen_in):  # elsewhere nothing is in between
            self._open[peer.vault_id] = None
            if len(self._open) > OPEN_KEPT:
                self._open.popitem(last=False)

    def silent(self, desk: Desk, peer: PeerRecord) -> None:
        """A watched peer gives no sign of life: nothing is asked of it any more, unless it answers once more."""
        known = desk.table.get(peer.vault_id)
        if known is None or known.record.transport_key != peer.transport_key:
            return  # it is gone already, or has come back under another key
        desk.counters["peer silent"] += 1
        desk.ledger.failed(peer.vault_id, desk.now.monotonic_s)
        desk.table.remove(peer.vault_id)
        self.lost(known)
        desk.ask(self._carrier, known.record, Ping(self._carrier.digest, desk.is_full))

    @property
    def former(self) -> tuple[Peer, ...]:
        """Those that fell silent, as they were known last; some may be back."""
        return tuple(self._former.values())

    def lost(self, peer: Peer) -> None:
        """The vault does not answer any more; it may come back, or be on the other side of a broken line."""
        self._former[peer.vault_id] = peer
        self._former.move_to_end(peer.vault_id)
        if len(self._former) > FORMER_KEPT:
            self._former.popitem(last=False)

    def contacts(self, desk: Desk) -> tuple[bytes, ...]:
        """Peers to try at the next start: one of each subnet before a second of any, those known longest first.

        Those that do not answer at the moment come after them, and what was known at the start comes last: a vault
        that is cut off for a while must not forget everyone.  Those chosen so stand in the same order, but not by how
        long they are known: first who lets strangers in, as those are to whom somebody is invited.
        """
        seen: Counter[str] = Counter()
        ranked: list[tuple[tuple[int, bool], PeerRecord]] = []
        for peer in desk.table:  # those known longest first
            ranked.append(((seen[peer.subnet], peer.failures > 0), peer.record))
            seen[peer.subnet] += 1
        chosen = sorted(ranked, key=lambda one: one[0])[: control.KEPT_CONTACTS_MAX]
        chosen.sort(key=lambda one: (one[0], one[1].vault_id not in self._open))
        best = {record.vault_id: record for _, record in chosen}
        former = [*reversed(self._former_records())]
        former.sort(key=lambda record: record.vault_id not in self._open)
        for record in (*former, *self._contacts):
            if record.vault_id and record.addresses:  # an introduction names nobody
                best.setdefault(record.vault_id, record)
        return tuple(encode_record(record) for record in list(best.values())[: control.KEPT_CONTACTS_MAX])

    def known_subnets(self, desk: Desk) -> int:
        """How many subnets the network has, as far as this vault ever heard, whether they can be reached now or not."""
        met = (*desk.table, *self._former.values())
        names = {name for peer in met for name in (peer.vault_id, peer.record.transport_key)}
        # Who was met counts where it was seen, and not once more where it says that it is.
        hints = [hint for hint in self._contacts if not names & {hint.vault_id, hint.transport_key}]
        subnets = [*(peer.seen_in for peer in met), *(own_subnet(hint.addresses) for hint in hints if hint.addresses)]
        return len({desk.own_place.subnet, *map(desk.table.stands_in, subnets)})

    def _former_records(self) -> tuple[PeerRecord, ...]:
        return tuple(peer.record for peer in self._former.values())

    def _look_around(self, desk: Desk) -> None:
        """Find the own neighbours; without any peer left, go back to whom it has ever known.

        With some left, still to one of them: the two halves of a network that was cut know only themselves.
        """
        ever = (*self._contacts, *self._former_records())
        away = [record for record in ever if desk.table.get(record.vault_id) is None]
        if away and len(desk.table):
            away = [away[desk.random.randrange(len(away))]]
        for record in away:
            desk.ask(_Meeting(), record, FindVaults(_own_address(desk)))
        if len(desk.table):
            Lookup(_own_address(desk), lambda _desk, _group: None).begin(desk)
            # Far buckets are refreshed by looking for an address drawn anywhere (Kademlia, section 2.3).
            Lookup(desk.random.randbytes(32), lambda _desk, _group: None).begin(desk)

    def _ping(self, desk: Desk) -> None:
        now_s, ping_s = desk.now.monotonic_s, self._pace.ping_s
        while self._pings and self._pings[0][0] <= now_s:
            _, vault_id = heapq.heappop(self._pings)
            peer = desk.table.get(vault_id)
            if peer is None:
                self._pinged.discard(vault_id)
                continue
            pause_s = ping_s
            if not desk.table.is_among_nearest(peer, NEAR_PEERS):
                pause_s *= max(1.0, (len(desk.table) - NEAR_PEERS) / NEAR_PEERS)
            heapq.heappush(self._pings, (now_s + pause_s, vault_id))
            is_heard = not peer.failures and now_s - peer.seen_s < pause_s / 2
            if not (is_heard and self._carrier.is_carried_by(vault_id)):
                desk.ask(self._carrier, peer.record, Ping(self._carrier.digest, desk.is_full))
        next_s = self._pings[0][0] if self._pings else now_s + ping_s
        self._next_ping_s = max(next_s, now_s + ping_s / PING_TURNS)

    def _watch_due_s(self, desk: Desk) -> float:
        if self._version == desk.table.version:
            return self._refresh_at_s
        is_one_gone = any(desk.table.get(vault_id) is None for vault_id in self._watched)
        return self._watched_at_s + (0.0 if is_one_gone else WATCH_PAUSE_S)

    def _watch(self, desk: Desk) -> None:
        self._version = desk.table.version
        nearest = in_turns(close_group(desk.table, _own_address(desk), WATCHED_MAX))[:WATCHED_MAX]
        watched = {peer.vault_id: peer.record for peer in nearest}
        if watched != self._watched:
            self._watched, self._watched_at_s = watched, desk.now.monotonic_s
            desk.do(Watch(tuple(watched.values())))


class _Meeting:
    """A question whose only purpose is that both sides meet."""

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        if isinstance(message, Vaults):
            Lookup(_own_address(desk), lambda _desk, _group: None).begin(desk)

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        desk.counters["contact unreachable"] += 1


def _own_address(desk: Desk) -> bytes:
    return desk.own_place.position.to_bytes(32, "big")


def stand_at(desk: Desk, addresses: Sequence[str]) -> None:
    """The own vault can be dialled at these from now on."""
    named = addresses_to_name(addresses)
    desk.record = make_record(desk.signer, desk.record.certificate, named, desk.now.utc_s)
    desk.own_place = Place(desk.record.vault_id, desk.record.position, own_subnet(addresses))
    desk.table.stand_in(desk.own_place.subnet)
