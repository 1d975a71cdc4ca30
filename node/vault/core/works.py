"""What replication has to do: which chunk, proven by whom, not before when.

pushed --> due --> taken --> begun
                       `---> parked while the lane of its subnet is full --> taken, whatever else stands in the queue

Each kind has room of its own, or the one of which there is most would take all of it: what newcomers are to be given is
as much as is held, and for hours nothing else would be looked at.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Final

from node.vault.core.lanes import Lanes
from node.vault.core.proving import ROUND, is_urgent_turn
from node.vault.core.reading import Purpose, Reads

RETRIES_MAX: Final = 4_000


class Kind(IntEnum):  # hashed by its number: it is looked up at every event
    """Why a chunk is to be proven."""

    URGENT = auto()  # a holder is gone, or may have lost what it held: it overtakes all that has its holders
    FRESH = auto()  # it came lately, and whoever brought it may not have got far
    ARRIVAL = auto()  # for who has come, or is back
    SWEEP = auto()


ROOM: Final = {Kind.URGENT: 4_000, Kind.FRESH: 1_000, Kind.ARRIVAL: 2_000, Kind.SWEEP: 1_000}  # tries again are apart


@dataclass(frozen=True, slots=True)
class Work:
    """``members``: who must prove the chunk; None for the whole group as it is then."""

    address: bytes
    members: tuple[bytes, ...] | None
    kind: Kind
    tries: int = 0
    suspect: bytes | None = None  # was away for a short while: does its disk still have what it had?

    @property
    def is_urgent(self) -> bool:
        return self.kind is Kind.URGENT

    @property
    def purpose(self) -> Purpose:
        return _purpose(self.kind)


class Works:
    """Invariant: what has been pushed or parked is taken once, when the disk may be read for it.

    What is too much is refused by whoever asks for ``room`` before it pushes; parking may split a work by subnets, so
    that there may be as many times more as a close group has of them.
    """

    def __init__(self, lanes: Lanes, reads: Reads) -> None:
        self.retrying = 0
        self._lanes = lanes
        self._reads = reads
        self._due: dict[Kind, list[tuple[float, int, Work]]] = {kind: [] for kind in Kind}
        self._parked: dict[Kind, OrderedDict[str, deque[Work]]] = {kind: OrderedDict() for kind in Kind}
        self._first_tries: Counter[Kind] = Counter()
        self._probes: Counter[bytes] = Counter()  # that wait, by whose disk is looked at
        self._number = 0
        self._taken: Counter[Kind] = Counter()

    def __len__(self) -> int:
        return self._first_tries.total() + self.retrying

    def room(self, kind: Kind) -> int:
        """How many more may be pushed that were not tried yet."""
        return max(0, ROOM[kind] - self._first_tries[kind])

    def has_probe_of(self, vault_id: bytes) -> bool:
        """Whether one waits, which will find the disk as it is then."""
        return vault_id in self._probes

    def swept(self) -> set[bytes]:
        """What the sweep has come by and waits; its whole group is asked for it, as that is then."""
        parked = itertools.chain.from_iterable(self._parked[Kind.SWEEP].values())
        works = itertools.chain(parked, (work for _, _, work in self._due[Kind.SWEEP]))
        return {work.address for work in works if work.members is None}

    def due_s(self, now_s: float) -> float:
        """When something can be taken."""
        due_s = math.inf
        for kind, due in self._due.items():
            if due or self._parked[kind]:
                due_s = min(due_s, max(self._due_s(kind, now_s), self._reads.free_at_s(_purpose(kind))))
        return due_s

    def push(self, at_s: float, work: Work) -> None:
        self._count(work, 1)
        self._number += 1
        heapq.heappush(self._due[work.kind], (at_s, self._number, work))

    def park(self, subnet: str, work: Work) -> None:
        """It cannot be begun while the lane of ``subnet`` is full."""
        self._count(work, 1)
        self._parked[work.kind].setdefault(subnet, deque()).append(work)

    def take(self, now_s: float) -> Work | None:
        for kind in self._order():
            if self._reads.free_at_s(_purpose(kind)) > now_s:
                continue
            work = self._take(kind, now_s)
            if work is not None:
                self._count(work, -1)
                self._taken[kind] += 1
                return work
        return None

    def _order(self) -> tuple[Kind, ...]:
        """Whose turn it is: what is urgent first, then what is fresh; not always, as there may be such without end."""
        count = self._taken.total()
        others = count - self._taken[Kind.URGENT]
        rest = (Kind.ARRIVAL, Kind.SWEEP) if others // ROUND % 2 else (Kind.SWEEP, Kind.ARRIVAL)
        later = (Kind.FRESH, *rest) if is_urgent_turn(others) else (*rest, Kind.FRESH)
        return (Kind.URGENT, *later) if is_urgent_turn(count) else (*later, Kind.URGENT)

    def _due_s(self, kind: Kind, now_s: float) -> float:
        if any(not self._lanes.is_full(subnet, now_s) for subnet in self._parked[kind]):
            return now_s
        due = self._due[kind]
        return due[0][0] if due else math.inf

    def _take(self, kind: Kind, now_s: float) -> Work | None:
        parked, due = self._parked[kind], self._due[kind]
        is_due = bool(due) and due[0][0] <= now_s
        subnet = next((subnet for subnet in parked if not self._lanes.is_full(subnet, now_s)), None)
        # The parked and the others have their rounds in turn, so that neither holds the other up.
        if subnet is not None and not (is_due and self._taken[kind] // ROUND % 2):
            work = parked[subnet].popleft()
            parked.move_to_end(subnet)  # each subnet in turn
            if not parked[subnet]:
                del parked[subnet]
            return work
        return heapq.heappop(due)[2] if is_due else None

    def _count(self, work: Work, change: int) -> None:
        if work.suspect is not None:
            self._probes[work.suspect] += change
            if not self._probes[work.suspect]:
                del self._probes[work.suspect]
        if work.tries:
            self.retrying += change
        else:
            self._first_tries[work.kind] += change


def _purpose(kind: Kind) -> Purpose:
    return Purpose.REPAIR if kind is Kind.URGENT else Purpose.UPKEEP
