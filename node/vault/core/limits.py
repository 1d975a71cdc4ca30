"""How much one peer may ask for: requests per identity and per subnet, and bytes stored per subnet.

Requests are counted in token buckets: a burst at once, then so many per second.  A subnet may ask more than one of
its vaults, and less than would keep a vault busy; so many identities behind one address get no more than one crowd's
share, and what others ask is answered.  Requests that still wait for the disk are counted too.

All shares are of what others may fill of a quota (``room``).  A subnet may fill a quarter of it at once and a quarter a
day after that; a short chunk counts as the place that it takes.  Copies that restore a close group have a larger share
of their own, a half: whoever has been known for a while and may hold the chunk itself brings those, but a vault that
was made to stand there is nobody to trust with all the room.  More than a half comes from several holders anyway: what
one may not bring, the next one brings some seconds later.  The last eighth is given in small shares, so that there is
room for many.  In a network of fewer subnets than two close groups, most vaults belong to the group of most chunks, and
those few who use the network fill it rightly: there is no such limit there.

Who runs on this computer may besides fill what is kept for it (``room``), once a day.

A table that is full forgets whoever asked longest ago; with so many identities it is the subnet's limit that holds.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final

from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from node.vault.core.room import held_back_bytes

IDENTITY_PER_S: Final = 400.0  # a fast line carries some 200 chunks of 1 MiB
IDENTITY_BURST: Final = 2_000.0
SUBNET_PER_S: Final = 600.0
SUBNET_BURST: Final = 3_000.0
IDENTITIES_KEPT: Final = 4_096
SUBNETS_KEPT: Final = 4_096
PENDING_SUBNET_MAX: Final = 64  # requests of one subnet that wait for the disk at once
PENDING_MAX: Final = 256  # of all; each may hold a chunk in memory, and some disks do not answer for minutes

# The parts of what others may fill that one subnet may fill at once, and once more in FILL_S; as divisors.
FILL_SHARE: Final = 4
RESTORE_SHARE: Final = 2  # with copies that restore a close group, besides
LAST_SHARE: Final = 64  # of whatever kind, once no more than LAST_ROOM is left
LAST_ROOM: Final = 8
FILL_S: Final = 24 * 3600.0
SMALL_NETWORK_SUBNETS: Final = 2 * CLOSE_GROUP_SUBNETS
KNOWN_S: Final = 600.0  # since a peer was first met, before it is believed to restore copies: identities are free


class Buckets:
    """Token buckets by name; at most ``kept_max`` of them, each full when it is new."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._levels: OrderedDict[bytes | str, tuple[float, float]] = OrderedDict()  # tokens left, at which time

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, name: bytes | str, now_s: float, *, cost: float, per_s: float, burst: float) -> bool:
        """Take ``cost`` tokens if there are so many; a refusal costs none."""
        level, at_s = self._levels.get(name, (burst, now_s))
        level = min(burst, level + max(0.0, now_s - at_s) * per_s)
        has_enough = level >= cost
        self._levels[name] = level - cost if has_enough else level, now_s
        self._levels.move_to_end(name)
        if len(self._levels) > self._kept_max:
            self._levels.popitem(last=False)
        return has_enough


class RequestLimits:
    """Whether a request may be looked at.  Invariant: nothing grows beyond its limit, whoever asks."""

    def __init__(self) -> None:
        self._identities = Buckets(IDENTITIES_KEPT)
        self._subnets = Buckets(SUBNETS_KEPT)
        self._pending: dict[int, str] = {}
        self._pending_counts: Counter[str] = Counter()

    def admits(self, vault_id: bytes, subnet: str, now_s: float) -> bool:
        if self._pending_counts[subnet] >= PENDING_SUBNET_MAX:
            return False
        if not self._identities.take(vault_id, now_s, cost=1.0, per_s=IDENTITY_PER_S, burst=IDENTITY_BURST):
            return False
        return self._subnets.take(subnet, now_s, cost=1.0, per_s=SUBNET_PER_S, burst=SUBNET_BURST)

    def begin(self, request_id: int, subnet: str) -> bool:
        """The request waits for something, until ``end``; False if too many do."""
        self.end(request_id)
        if len(self._pending) >= PENDING_MAX:
            return False
        self._pending[request_id] = subnet
        self._pending_counts[subnet] += 1
        return True

    def end(self, request_id: int) -> None:
        subnet = self._pending.pop(request_id, None)
        if subnet is not None:
            self._pending_counts[subnet] -= 1
            if not self._pending_counts[subnet]:
                del self._pending_counts[subnet]


class StorageShares:
    """Whether a subnet may fill so many more bytes."""

    def __init__(self) -> None:
        self._filled = Buckets(SUBNETS_KEPT)
        self._restored = Buckets(SUBNETS_KEPT)
        self._last = Buckets(SUBNETS_KEPT)
        self._here = Buckets(1)

    def take_here(self, length: int, *, quota_bytes: int, now_s: float) -> bool:
        """The same for who runs on this computer, which others' chunks leave a part for: it is all that it fills."""
        burst = held_back_bytes(quota_bytes)
        return self._here.take("", now_s, cost=length, per_s=burst / FILL_S, burst=burst)

    def take(
        self, subnet: str, length: int, *, is_restoring: bool, room_bytes: int, quota_bytes: int, now_s: float
    ) -> bool:
        """``quota_bytes`` is what others' chunks may fill, ``room_bytes`` what is left of it before this one."""

        def has_room(buckets: Buckets, share: int) -> bool:
            burst = max(quota_bytes / share, length)  # one chunk at least, however little is lent
            return buckets.take(subnet, now_s, cost=length, per_s=burst / FILL_S, burst=burst)

        if room_bytes - length < quota_bytes / LAST_ROOM:
            return has_room(self._last, LAST_SHARE)
        return (is_restoring and has_room(self._restored, RESTORE_SHARE)) or has_room(self._filled, FILL_SHARE)
