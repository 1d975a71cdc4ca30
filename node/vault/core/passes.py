"""What a change among the neighbours means for the chunks held here: a walk over all of them, a few at a time.

A pass knows who was a neighbour before the change and who is one now.  For an address it says who has come into the
close group by it, and how many others who hold the chunk already are nearer: the nearest acts first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from node.vault.core.close_group import REACH_SUBNETS, Place, close_group, is_in_group

FEW_JOINED: Final = 8  # so many are cheaper to test one by one than to make up the whole group
BATCHES_MAX: Final = 16  # of newcomers in one pass
NOTHING: Final = 255  # more than there are batches


@dataclass(frozen=True, slots=True)
class Finding:
    """``members`` must prove that they hold the chunk; ``rank`` holders of before are nearer than the own vault."""

    address: bytes
    members: tuple[Place, ...]
    rank: int


@dataclass(slots=True)
class Pass:
    """Two laps over ``addresses``: first those for which the own vault is the nearest holder, then the others.

    Who comes meanwhile may join: the first lap begins anew, for them alone where the others have been, and what is left
    of the second one is for all, so that a chunk is read once for many.  As more than BATCHES_MAX have to wait for the
    next pass, each comes to its end.

    ``places`` are all neighbours after the change, the own vault first, then by distance from it.  ``full``: who is
    known to have had no room.  Whether they hold a chunk is not known, so others may hold it in their place; when
    anyone of these leaves, or a newcomer may have to be one of them, the whole group is asked.
    """

    addresses: list[bytes]
    places: list[Place]
    joined: list[Place]
    left: list[Place]
    is_of_left: bool = False  # only whom the departures have moved up: ``joined`` are another pass's
    full: frozenset[bytes] = frozenset()
    cursor: int = 0
    _batches: list[list[Place]] = field(init=False)
    _looked: bytearray = field(init=False)  # of each address: for how many batches the first lap has been there
    _later_from: bytearray = field(init=False)  # and from which batch on the second one has a finding, or NOTHING
    _is_first_lap: bool = True
    _is_over: bool = False
    _before: list[Place] = field(init=False)
    _roomy: list[Place] = field(init=False)
    _joined_ids: dict[bytes, None] = field(init=False)
    _done_ids: set[bytes] = field(default_factory=set)  # of newcomers for whom the address was looked at before

    def __post_init__(self) -> None:
        self._batches = [self.joined]
        self._looked = bytearray(len(self.addresses))
        self._later_from = bytearray([NOTHING]) * len(self.addresses)
        self._compare()

    def _compare(self) -> None:
        own = self.places[0]
        self._joined_ids = dict.fromkeys(place.vault_id for batch in self._batches for place in batch)
        before = [place for place in self.places if place.vault_id not in self._joined_ids] + self.left
        self._before = sorted(before, key=lambda place: place.position ^ own.position)
        self._roomy = [place for place in self.places if place.vault_id not in self.full]

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def takes_more(self) -> bool:
        return not self._is_over and len(self._batches) < BATCHES_MAX

    def add(self, places: list[Place], joined: list[Place], addresses: list[bytes], full: frozenset[bytes]) -> None:
        """Let these newcomers join; ``addresses`` come first, for them alone.  ``places`` and ``full``: as by now."""
        assert self.takes_more, "others have to wait"
        assert not self.is_of_left, "newcomers are another pass's"
        stay = {place.vault_id for place in places} - {place.vault_id for place in joined}
        self._batches = [[place for place in batch if place.vault_id in stay] for batch in self._batches]
        self.addresses[:0] = addresses
        self._looked[:0] = bytes([len(self._batches)]) * len(addresses)
        self._later_from[:0] = bytes([NOTHING]) * len(addresses)
        self._batches.append(joined)
        self.places, self.full = places, full
        self.cursor, self._is_first_lap = 0, True
        self._compare()

    def next(self) -> Finding | None:
        """Look at one more address: a finding when its group has changed and it is the turn of it."""
        if self.cursor == len(self.addresses):
            self._is_over = not self._is_first_lap
            self.cursor, self._is_first_lap = 0, False
            return None
        number, self.cursor = self.cursor, self.cursor + 1
        since = self._looked[number] if self._is_first_lap else self._later_from[number]
        if since >= len(self._batches):
            return None
        self._look_for(since)
        address = self.addresses[number]
        members = self._newcomers(address)
        rank = self._rank(address) if members else 0
        if self._is_first_lap:
            self._looked[number] = len(self._batches)
            if rank:
                self._later_from[number] = min(since, self._later_from[number])
                return None
        else:
            self._later_from[number] = NOTHING
        return Finding(address, members, rank) if members else None

    def _look_for(self, since: int) -> None:
        """At an address at which those of earlier batches were looked at before."""
        self.joined = [place for batch in self._batches[since:] for place in batch]
        self._done_ids = self._joined_ids.keys() - {place.vault_id for place in self.joined} if since else set()

    def _newcomers(self, address: bytes) -> tuple[Place, ...]:
        target = int.from_bytes(address, "big")
        if self._concerns_stand_ins(address, target):
            return tuple(place for place in close_group(self.places, address) if place is not self.places[0])
        if self.full and self.is_of_left:
            return ()
        if len(self.joined) <= FEW_JOINED or self.is_of_left:
            has_joined = not self.is_of_left and any(is_in_group(place, self.places, target) for place in self.joined)
            if not has_joined and not any(is_in_group(place, self._before, target) for place in self.left):
                return ()
        was = {place.vault_id for place in close_group(self._before, address)}
        group = close_group(self.places, address)
        passed_over = was | (self._joined_ids.keys() if self.is_of_left else self._done_ids)
        return tuple(place for place in group if place.vault_id not in passed_over and place is not self.places[0])

    def _concerns_stand_ins(self, address: bytes, target: int) -> bool:
        """Whether a change is among those who hold the chunk if nobody does who is full."""
        own, places = self.places[0], self._before if self.is_of_left else self.places
        # That the own vault holds it, though it is outside of the group, shows that somebody nearer had no room.  Who
        # refused this chunk only, and has never said that it is full, may be known to the one alone that has left.
        own_limit = 0 if is_in_group(own, places, target) else own.position ^ target
        if self.is_of_left:
            if any(own_limit > place.position ^ target for place in self.left):
                return True
            return bool(self.full) and any(place in self.left for place in reach(self._before, address, self.full))
        return any(
            (is_in_group(place, self._roomy, target) or own_limit > place.position ^ target)
            and not is_in_group(place, self.places, target)
            for place in self.joined
        )

    def _rank(self, address: bytes) -> int:
        own, target = self.places[0], int.from_bytes(address, "big")
        gone = {place.vault_id for place in self.left}
        limit = own.position ^ target
        holders = (place for place in reach(self._before, address, self.full) if place.vault_id not in gone)
        return sum(place.position ^ target < limit for place in holders)


def reach(places: list[Place], address: bytes, full: frozenset[bytes]) -> list[Place]:
    """Who may hold a chunk: the nearest, as many as make up a close group of those that are not ``full``."""
    if not full:
        return close_group(places, address)
    in_reach = close_group(places, address, REACH_SUBNETS)
    roomy = close_group([place for place in in_reach if place.vault_id not in full], address)
    return in_reach[: in_reach.index(roomy[-1]) + 1] if roomy else in_reach
