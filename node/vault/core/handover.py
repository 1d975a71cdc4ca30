"""Giving chunks up on purpose: before the vault leaves, or because the farmer wants room back.

leaving:    every held chunk ----> proven at its group without the own vault -> done
shrinking:  the farthest chunks -> taken over by HOLDERS_MIN others -> removed, until the rest fits
                                   not in SHRINK_S_MAX -------------> removed all the same

A run that begins with too much goes on with what an earlier one had begun: a computer that is switched off every night
would else begin with SHRINK_S_MAX anew every morning.

Source: resources/handbook/decisions/0025-who-may-take-a-promise-over.md.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Collection
from typing import Final

from node.vault import control
from node.vault.core.audit import Auditor
from node.vault.core.close_group import HOLDERS_MIN, REACH_SUBNETS, close_group
from node.vault.core.desk import Desk
from node.vault.core.held import Lap, latest
from node.vault.core.messages import HeldReceipt, Receipt, Takers
from node.vault.core.proofs import LEASE_S, takes_over
from node.vault.core.proving import Line, Proof
from node.vault.core.reading import Purpose
from node.vault.core.routing_table import Peer

LEAVING_FACTOR: Final = 4  # times the repair budget: it lasts minutes, and then the line is the farmer's alone
LEAVING_AT_ONCE: Final = 16
LEAVING_PART: Final = 1_000  # taken up at once
GOODBYE_S: Final = 1.0  # until the peers know that they are asked to hold what was this vault's
AGAIN_S: Final = 5.0
REPORT_S: Final = 1.0
SHRINK_AT_ONCE: Final = 4
SHRINK_PAUSE_S: Final = 60.0  # between the beginnings of two rounds, each of which tries the farthest once
SHRINK_PER_STEP: Final = 2_000  # addresses measured
REMOVED_AT_ONCE: Final = 100  # of what is left of corrupt chunks
SHRINK_ROUND: Final = 1_000  # the farthest, tried in one round
# Longer than one night in which the others are switched off; then the farmer's disk comes before the network's copy.
SHRINK_S_MAX: Final = 24 * 3600.0
SHRINK_ON_S_MAX: Final = 2 * 3600.0  # of this run, when it has begun with too much


class _Reports:
    """HandedOver, at most once in REPORT_S, and at the end."""

    def __init__(self) -> None:
        self.due_s = 0.0

    def tell(self, desk: Desk, done: int, left: int, *, is_over: bool = False) -> None:
        if is_over or desk.now.monotonic_s >= self.due_s:
            self.due_s = desk.now.monotonic_s + REPORT_S
            desk.tell(control.HandedOver(done, left, is_over))


class LeavingForGood:
    """All chunks held, each until enough others have proven it; ``is_over`` when all are done or the time is."""

    def __init__(self, desk: Desk, line: Line, auditor: Auditor, handover_s: float) -> None:
        self.is_over = False
        self._line, self._auditor = line, auditor
        line.widen(LEAVING_FACTOR)  # the transport bounds what is sent
        now_s = desk.now.monotonic_s
        self._end_s = now_s + handover_s
        self._next_s = now_s + GOODBYE_S
        self._todo: deque[bytes] = deque()
        self._failed: list[bytes] = []
        self._lap = Lap()  # over what was not taken up yet
        self._known: set[bytes] = set()  # taken up
        self._added_count = desk.added_count
        self._has_begun = False  # everybody knows that it leaves
        self._running = 0
        self._done = 0
        self._reports = _Reports()

    def due_s(self, desk: Desk) -> float:
        if self.is_over:
            return math.inf
        is_waiting = (bool(self._todo) or self._has_more(desk)) and self._running < LEAVING_AT_ONCE
        read_s = self._line.reads.free_at_s(Purpose.ROOM) if is_waiting else math.inf
        return min(self._end_s, self._next_s, self._line.due_s, self._reports.due_s, read_s)

    def tick(self, desk: Desk) -> None:
        if self.is_over:
            return
        now_s = desk.now.monotonic_s
        self._line.tick(desk)
        self._take_up(desk)
        if now_s >= self._next_s:
            self._next_s, self._has_begun = now_s + AGAIN_S, True
            self._todo.extend(self._failed)
            self._failed = []
        self._go_on(desk)
        left = len(self._todo) + len(self._failed) + self._running
        if not self._lap.is_over(desk.held):
            left += max(1, len(desk.held) - len(self._known))
        if not desk.is_counted:
            left = max(left, 1)  # nobody knows yet how many there are
        self.is_over = not left or now_s >= self._end_s
        self._reports.tell(desk, self._done, left, is_over=self.is_over)

    def _take_up(self, desk: Desk) -> None:
        """What the disk was only now found to hold, or a write on its way has brought."""
        newest = latest(desk.held, desk.added_count - self._added_count)
        self._added_count = desk.added_count
        if newest is None:
            self._lap = Lap()
            return
        added = [one for one in newest if one not in self._known and not self._lap.is_ahead(one)]
        self._known.update(added)
        self._todo.extend(added)
        if added:
            self._next_s = min(self._next_s, desk.now.monotonic_s)

    def _has_more(self, desk: Desk) -> bool:
        return self._has_begun and not self._lap.is_over(desk.held)

    def _has_todo(self, desk: Desk) -> bool:
        while not self._todo and self._has_more(desk):
            part = [one for one in self._lap.take(desk.held, LEAVING_PART) if one not in self._known]
            self._known.update(part)
            self._todo.extend(part)
        return bool(self._todo)

    def _go_on(self, desk: Desk) -> None:
        while self._has_todo(desk) and self._running < LEAVING_AT_ONCE and _may_read(desk, self._line):
            address = self._todo.popleft()
            members = _others(desk, address)
            if address not in desk.held:
                continue
            if not members:  # nobody is there: all wait for the next try
                self._failed += [address, *self._todo]
                self._todo.clear()
                return
            self._running += 1
            _spend(desk, self._line, address)
            Proof(
                address, members, line=self._line, auditor=self._auditor, beyond=_beyond, finished=self._finished,
                is_enough=_is_enough,
            ).begin(desk)  # fmt: skip

    def _finished(self, desk: Desk, proof: Proof) -> None:
        self._running -= 1
        others = {peer.subnet for peer in desk.reliance.peers()} - {desk.own_place.subnet}
        # Fewer are enough where there are fewer, unless somebody would not.
        fewest = HOLDERS_MIN if proof.failed else min(HOLDERS_MIN, max(1, len(others)))
        if len(takers(desk, proof)) >= fewest:
            self._done += 1
        else:  # one that is lost here is not held any more, and falls out when its turn comes
            self._failed.append(proof.address)
        if not self.is_over:
            self._go_on(desk)


class Shrinking:
    """Runs whenever more is held than the quota allows."""

    def __init__(self, line: Line, auditor: Auditor) -> None:
        self._line, self._auditor = line, auditor
        self._since_s: float | None = None
        self._has_fitted = False  # in this run
        self._next_s = math.inf
        self._round_at_s = 0.0  # when the next round may begin: who has refused a chunk is not asked again at once
        self._lap: Lap | None = None  # over what was not measured yet
        self._farthest: list[tuple[int, bytes]] = []
        self._todo: list[bytes] = []
        self._running = 0
        self._removing = 0
        self._done = 0
        self._reports = _Reports()

    def due_s(self, desk: Desk) -> float:
        if self._since_s is None:
            return 0.0 if self._excess_bytes(desk) > 0 and desk.is_counted else math.inf
        return min(self._next_s, self._reports.due_s)

    def tick(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        if self._since_s is None:
            if self._excess_bytes(desk) <= 0 or not desk.is_counted:
                self._has_fitted |= desk.is_counted
                return
            self._since_s, self._next_s, self._round_at_s, self._done = now_s, now_s, now_s, 0
            self._lap, self._farthest, self._todo = None, [], []
        for address in list(itertools.islice(desk.broken, REMOVED_AT_ONCE)):  # of use to nobody
            if self._excess_bytes(desk) > 0 and self._removing < REMOVED_AT_ONCE:
                self._remove(desk, address, is_broken=True)
        if self._excess_bytes(desk) <= 0:
            self._since_s = None
            self._reports.tell(desk, self._done, 0, is_over=True)
            return
        self._reports.tell(desk, self._done, self._left(desk))
        if now_s < self._next_s:
            return
        if desk.broken:  # they go first
            self._next_s = now_s + REPORT_S
            return
        if not self._todo and not self._running and self._lap is None:
            if now_s < self._round_at_s:
                self._next_s = self._round_at_s
                return
            self._lap, self._round_at_s = Lap(), now_s + SHRINK_PAUSE_S
        self._measure(desk)
        self._go_on(desk)
        free_at_s = self._line.reads.free_at_s(Purpose.ROOM)
        is_busy = self._lap is not None or self._todo
        self._next_s = now_s + REPORT_S if self._running else max(now_s, free_at_s) if is_busy else self._round_at_s

    def removed(self, desk: Desk, address: bytes, length: int, code: str) -> None:
        self._removing -= 1
        self._done += not code
        self._next_s = min(self._next_s, desk.now.monotonic_s)

    def _remove(self, desk: Desk, address: bytes, *, is_broken: bool = False) -> bool:
        is_going = desk.remove_chunk(self, address, is_broken=is_broken)
        self._removing += is_going
        return is_going

    def _measure(self, desk: Desk) -> None:
        """Find the farthest, a part in each step: there may be millions to choose from."""
        if self._lap is None:
            return
        for address in self._lap.take(desk.held, SHRINK_PER_STEP):
            item = (desk.own_place.position ^ int.from_bytes(address, "big"), address)
            if len(self._farthest) < SHRINK_ROUND:
                heapq.heappush(self._farthest, item)
            else:
                heapq.heappushpop(self._farthest, item)
        if self._lap.is_over(desk.held):
            self._lap = None
            self._todo = [address for _, address in sorted(self._farthest)]  # the farthest is the last
            self._farthest = []

    def _go_on(self, desk: Desk) -> None:
        longest_s = SHRINK_S_MAX if self._has_fitted else SHRINK_ON_S_MAX
        is_late = self._since_s is not None and desk.now.monotonic_s >= self._since_s + longest_s
        while self._todo and self._running < SHRINK_AT_ONCE and self._excess_bytes(desk) > 0:
            if not is_late and not _may_read(desk, self._line):
                return
            address = self._todo.pop()
            members = _others(desk, address)
            if is_late:
                desk.counters["removed unproven"] += self._remove(desk, address)
            elif members and address in desk.held:
                self._running += 1
                _spend(desk, self._line, address)
                desk.going.add(address)
                Proof(
                    address, members, line=self._line, auditor=self._auditor, beyond=_beyond, finished=self._finished,
                    is_enough=_is_enough,
                ).begin(desk)  # fmt: skip

    def _finished(self, desk: Desk, proof: Proof) -> None:
        self._running -= 1
        is_wanted = self._since_s is not None and self._excess_bytes(desk) > 0 and proof.address in desk.going
        desk.going.discard(proof.address)
        named = takers(desk, proof)
        # No exception for a small network: whoever reads the evidence later does not know that it was one.
        if is_wanted and len(named) >= HOLDERS_MIN and self._remove(desk, proof.address):
            desk.remember_takers(proof.address, named)
        self._next_s = min(self._next_s, desk.now.monotonic_s)

    def _excess_bytes(self, desk: Desk) -> int:
        return desk.settled_bytes - desk.quota_bytes if desk.used_bytes > desk.quota_bytes else 0

    def _left(self, desk: Desk) -> int:
        """About how many chunks are still too many."""
        return math.ceil(self._excess_bytes(desk) * len(desk.held) / max(1, desk.held.sum_bytes))


def _may_read(desk: Desk, line: Line) -> bool:
    """Whether the disk may be read for another chunk: for its own sake, and for those who are to prove that one."""
    return line.reads.free_at_s(Purpose.ROOM) <= desk.now.monotonic_s


def _spend(desk: Desk, line: Line, address: bytes) -> None:
    line.reads.spend(Purpose.ROOM, desk.held[address], desk.now.monotonic_s)


def _others(desk: Desk, address: bytes, passed_over: Collection[bytes] = ()) -> list[Peer]:
    """The close group of ``address`` without the own vault and those that are passed over."""
    in_reach = close_group(desk.reliance.peers(), address, REACH_SUBNETS)
    return close_group([peer for peer in in_reach if peer.vault_id not in passed_over], address)


def _beyond(desk: Desk, proof: Proof) -> list[Peer]:
    return _others(desk, proof.address, proof.passed_over)


def signers(desk: Desk, proof: Proof) -> dict[bytes, HeldReceipt]:
    """Those, by vault id, whose receipts take over all that the own vault can have promised, if it stops now."""
    now_s = desk.now.utc_s
    promise = Receipt(proof.address, 0, now_s, LEASE_S)
    signed = {vault_id: proven.receipt for vault_id, proven in proof.proven.items() if proven.receipt is not None}
    return {vault_id: receipt for vault_id, receipt in signed.items() if takes_over(receipt, promise, now_s)}


def takers(desk: Desk, proof: Proof) -> Takers:
    """Whom to name if the chunk is given up now: one signer of each other subnet."""
    signed = signers(desk, proof)
    by_subnet = {proof.proven[vault_id].subnet: receipt for vault_id, receipt in signed.items()}
    by_subnet.pop(desk.own_place.subnet, None)
    return tuple(by_subnet.values())


def _is_enough(desk: Desk, proof: Proof) -> bool:
    """Whether so many have taken the chunk over that the others need not be waited for."""
    return len(proof.proven) >= HOLDERS_MIN and len(takers(desk, proof)) >= HOLDERS_MIN
