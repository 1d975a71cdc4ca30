"""What replication has to do: which chunk, proven by whom, not before when.

pushed --> due --> taken --> begun
                       `---> parked while the lane of its subnet is full --> taken, whatever else stands in the queue
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from node.vault.core.lanes import Lanes
from node.vault.core.proving import ROUND, is_urgent_turn

QUEUE_MAX: Final = 4_000  # urgent ones, and as many others; tries again are counted apart
RETRIES_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class Work:
    """``members``: who must prove the chunk; None for the whole group as it is then.

    ``is_urgent``: a holder is gone, or may have lost what it held.  It overtakes what newcomers are to be given, whose
    chunks all have their holders.
    """

    address: bytes
    members: tuple[bytes, ...] | None
    tries: int = 0
    is_urgent: bool = False
    suspect: bytes | None = None  # was away for a short while: does its disk still have what it had?


class Works:
    """Invariant: what has been pushed or parked is taken once.

    What is too much is refused by whoever asks ``has_room`` before it pushes; parking may split a work by subnets, so
    that there may be as many times more as a close group has of them.
    """

    def __init__(self, lanes: Lanes) -> None:
        self.retrying = 0
        self._lanes = lanes
        self._due: dict[bool, list[tuple[float, int, Work]]] = {True: [], False: []}
        self._parked: dict[bool, OrderedDict[str, deque[Work]]] = {True: OrderedDict(), False: OrderedDict()}
        self._first_tries: Counter[bool] = Counter()
        self._probes: Counter[bytes] = Counter()  # that wait, by whose disk is looked at
        self._number = 0
        self._turns = 0

    def __len__(self) -> int:
        return self._first_tries.total() + self.retrying

    def has_room(self, *, is_urgent: bool) -> bool:
        """Whether more may be pushed that was not tried yet."""
        return self.room(is_urgent=is_urgent) > 0

    def room(self, *, is_urgent: bool) -> int:
        """How many more."""
        return max(0, QUEUE_MAX - self._first_tries[is_urgent])

    def has_probe_of(self, vault_id: bytes) -> bool:
        """Whether one waits, which will find the disk as it is then."""
        return vault_id in self._probes

    def due_s(self, now_s: float) -> float:
        """When something can be taken."""
        for parked in self._parked.values():
            for subnet in parked:
                if not self._lanes.is_full(subnet, now_s):
                    return now_s
        urgent, others = self._due[True], self._due[False]
        return min(urgent[0][0] if urgent else math.inf, others[0][0] if others else math.inf)

    def push(self, at_s: float, work: Work) -> None:
        self._count(work, 1)
        self._number += 1
        heapq.heappush(self._due[work.is_urgent], (at_s, self._number, work))

    def park(self, subnet: str, work: Work) -> None:
        """It cannot be begun while the lane of ``subnet`` is full."""
        self._count(work, 1)
        self._parked[work.is_urgent].setdefault(subnet, deque()).append(work)

    def take(self, now_s: float) -> Work | None:
        is_urgent = is_urgent_turn(self._turns)
        work = self._take(now_s, is_urgent=is_urgent) or self._take(now_s, is_urgent=not is_urgent)
        if work is not None:
            self._count(work, -1)
            self._turns += 1
        return work

    def _take(self, now_s: float, *, is_urgent: bool) -> Work | None:
        parked, due = self._parked[is_urgent], self._due[is_urgent]
        is_due = bool(due) and due[0][0] <= now_s
        subnet = next((subnet for subnet in parked if not self._lanes.is_full(subnet, now_s)), None)
        # The parked and the others have their rounds in turn, so that neither holds the other up.
        if subnet is not None and not (is_due and self._turns // ROUND % 2):
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
            self._first_tries[work.is_urgent] += change
