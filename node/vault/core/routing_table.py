"""The peers a vault knows at first hand: in buckets by distance, as Kademlia keeps them.

Only a peer that has proven its key in a live session gets in, together with the subnet from which it was really
seen.  A full bucket keeps its old members as long as they answer: those who stayed long tend to stay, and
nobody can push honest peers out by making new identities.  Only a subnet that is crowded in it gives way to others,
so that nobody can keep honest peers out either.

Source: Maymounkov and Mazieres, "Kademlia" (2002), sections 2.2 and 2.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from node.vault.core.close_group import Place
from node.vault.core.identity import PeerRecord, is_public, position_of, subnet_of

BUCKET_PEERS_MAX: Final = 20
FAILURES_MAX: Final = 3  # in a row, then a peer is gone
POSITION_BITS: Final = 256
NETWORK_SIZE_MAX: Final = 1 << 25  # what an estimate may say
NEAREST_MIN: Final = 8  # subnets, that an estimate by the nearest is made of
CROWD: Final = 4


@dataclass(slots=True)
class Peer:
    """One peer: its newest record, where it is seen, and how it has answered lately.

    ``seen_in``: the subnet from which it is really seen; ``place`` has the one in which it counts as a holder.
    """

    record: PeerRecord
    place: Place
    seen_in: str
    met_s: float
    seen_s: float
    failures: int = 0
    latency_s: float = 0.0  # of its last small answer
    vault_id: bytes = field(init=False)  # kept, as the position: both are looked at far more often than they are made
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.vault_id, self.position = self.place.vault_id, self.place.position

    @property
    def subnet(self) -> str:
        return self.place.subnet

    @property
    def is_where_it_says(self) -> bool:
        """Whether one of its addresses lies in the subnet from which it is really seen."""
        return self.seen_in in map(subnet_of, self.record.addresses)


class RoutingTable:
    """Invariants: no bucket holds more than BUCKET_PEERS_MAX; never the own vault; one entry for each vault id."""

    def __init__(self, own_vault_id: bytes) -> None:
        self._own_id = own_vault_id
        self._own_position = position_of(own_vault_id)
        self._own_subnet = ""
        self.version = 0  # another one whenever a peer came, went, was started anew, or is seen elsewhere
        self._peers: dict[bytes, Peer] = {}
        self._buckets: dict[int, dict[bytes, Peer]] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        """All peers in the order in which they were met."""
        return iter(list(self._peers.values()))

    def get(self, vault_id: bytes) -> Peer | None:
        return self._peers.get(vault_id)

    def stands_in(self, seen_in: str) -> str:
        """The subnet in which who is seen there counts as a holder.

        To all others those of one home stand where its router is seen.  So whoever this vault sees at an inner address
        stands with it in one subnet, as soon as that is known to be one of the internet.
        """
        is_inside = bool(self._own_subnet) and is_public(self._own_subnet) and not is_public(seen_in)
        return self._own_subnet if is_inside else seen_in

    def stand_in(self, own_subnet: str) -> None:
        """Others see the own vault there from now on."""
        self._own_subnet = own_subnet
        for peer in self._peers.values():
            self._place(peer, peer.seen_in)

    def met(self, record: PeerRecord, seen_in: str, now_s: float) -> bool:
        """A live session with the peer was just used; return whether it is new here."""
        vault_id = record.vault_id
        peer = self._peers.get(vault_id)
        if peer is not None:
            if self.has_newer(record):
                return False
            if age_of(record) >= age_of(peer.record):
                self.version += record.transport_key != peer.record.transport_key
                peer.record = record
            self._place(peer, seen_in)
            peer.seen_s, peer.failures = now_s, 0
            return False
        subnet, bucket = self.stands_in(seen_in), self._buckets.setdefault(self._bucket_of(vault_id), {})
        if vault_id == self._own_id or not self._make_room(bucket, subnet):
            return False
        place = Place(vault_id, position_of(vault_id), subnet)
        self._peers[vault_id] = bucket[vault_id] = Peer(record, place, seen_in, now_s, now_s)
        self.version += 1
        return True

    def has_newer(self, record: PeerRecord) -> bool:
        """Whether the vault has got a certificate since: only someone else would still show this one."""
        peer = self._peers.get(record.vault_id)
        return peer is not None and record.certificate.serial < peer.record.certificate.serial

    def is_outdated(self, record: PeerRecord) -> bool:
        """Whether the vault has said since where it is."""
        peer = self._peers.get(record.vault_id)
        return peer is not None and age_of(record) < age_of(peer.record)

    def failed(self, vault_id: bytes) -> None:
        """The peer did not answer; after FAILURES_MAX times in a row it is dropped."""
        peer = self._peers.get(vault_id)
        if peer is not None:
            peer.failures += 1
            if peer.failures >= FAILURES_MAX:
                self.remove(vault_id)

    def remove(self, vault_id: bytes) -> None:
        if self._peers.pop(vault_id, None) is not None:
            del self._buckets[self._bucket_of(vault_id)][vault_id]
            self.version += 1

    def nearest(self, target: bytes, count: int) -> list[Peer]:
        """At most ``count`` peers, nearest to ``target`` first."""
        place = int.from_bytes(target, "big")
        return sorted(self._peers.values(), key=lambda peer: peer.position ^ place)[:count]

    def is_among_nearest(self, peer: Peer, count: int) -> bool:
        """Whether fewer than ``count`` peers are nearer to the own vault than this one."""
        own, bucket = self._own_position, self._bucket_of(peer.vault_id)
        nearer = sum([len(peers) for number, peers in self._buckets.items() if number < bucket])
        if nearer >= count:  # as for most: those of its own bucket need not be looked at
            return False
        limit = peer.position ^ own
        return nearer + sum(other.position ^ own < limit for other in self._buckets[bucket].values()) < count

    @property
    def network_size(self) -> int:
        """About how many vaults the network has, this one included, by how densely the peers lie.

        Where they are nearest all are known, but whoever draws keys can crowd there.  The first bucket that is not full
        lies farther out, where a vault that has just started does not know everyone yet.  So the first estimate counts
        up to CROWD times the second one, which a crowd raises only by filling one bucket after the other.
        """
        subnets = {number: {peer.subnet for peer in peers.values()} for number, peers in self._buckets.items()}
        first = next((number for number in range(POSITION_BITS, 0, -1) if not self._is_full(number)), 0)
        wide = _density(len(subnets.get(first, ())) + len(subnets.get(first - 1, ())), 3 << max(0, first - 2))
        near, reach = 0, 0
        for number in sorted(subnets):
            near, reach = near + len(subnets[number]), number
            if near >= NEAREST_MIN:
                break
        dense = _density(near, 1 << reach)
        return min(NETWORK_SIZE_MAX, max(len(self), wide, min(dense, CROWD * wide)) + 1)

    def _is_full(self, number: int) -> bool:
        return len(self._buckets.get(number, ())) >= BUCKET_PEERS_MAX

    def _bucket_of(self, vault_id: bytes) -> int:
        return (self._own_position ^ position_of(vault_id)).bit_length()

    def _place(self, peer: Peer, seen_in: str) -> None:
        """The peer is seen there now."""
        peer.seen_in, subnet = seen_in, self.stands_in(seen_in)
        if peer.subnet != subnet:
            self.version += 1
            peer.place = replace(peer.place, subnet=subnet)

    def _make_room(self, bucket: dict[bytes, Peer], subnet: str) -> bool:
        if len(bucket) < BUCKET_PEERS_MAX:
            return True
        members = list(bucket.values())
        failing = [peer for peer in members if peer.failures]
        if failing:
            self.remove(max(failing, key=lambda peer: peer.failures).vault_id)
            return True
        crowds = Counter(peer.subnet for peer in members)
        crowded, count = crowds.most_common(1)[0]
        if count <= crowds[subnet] + 1:
            return False
        self.remove(next(peer.vault_id for peer in reversed(members) if peer.subnet == crowded))  # the newest of them
        return True


def _density(count: int, span: int) -> int:
    """How many there would be in the whole space, where ``count`` are in ``span``."""
    return (count << POSITION_BITS) // span


def age_of(record: PeerRecord) -> tuple[int, float]:
    """What orders the records of one vault; only the owner of the vault id can raise the serial."""
    return record.certificate.serial, record.issued_s
