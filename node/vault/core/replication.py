"""Keeping close groups whole while vaults come and go.

    table has changed -> settled -> a pass over the held addresses -> queue -> proofs, a few at a time
    peer away for longer than repair_delay_s -'        sweep --------'              |
                                                                      failed: later again, a few times

Every other member of a chunk's close group must have proven its copy or have signed for the one that it was given.
A chunk for which the own vault has moved far outside the group is removed, but only when all of them did.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from functools import partial
from typing import Final

from node.vault import control
from node.vault.core.audit import Auditor
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, Place, close_group, is_in_group
from node.vault.core.desk import Desk
from node.vault.core.handover import signers, takers
from node.vault.core.identity import PeerRecord
from node.vault.core.passes import Pass
from node.vault.core.proving import FAULTS, Line, Proof

ADDRESSES_PER_TICK: Final = 500
SLICE: Final = 100  # addresses of one pass before the next one has its turn
PASSES_MAX: Final = 8
QUEUE_MAX: Final = 4_000
RETRIES_MAX: Final = 4_000
STARTED_PER_STEP_MAX: Final = 64  # works taken up or found to be pointless by now
REPAIRS_AT_ONCE: Final = 8
ABSENT_MAX: Final = 1_000
GONE_KEPT: Final = 1_000
SETTLE_S: Final = 5.0  # a table that still fills says little about who is near
SETTLE_S_MAX: Final = 30.0
STAGGER_S: Final = 5.0  # for each nearer holder, which is to act first
RETRY_S: Final = 10.0  # and four times as long after every failure
RETRY_FACTOR: Final = 4
TRIES_MAX: Final = 5
SWEEP_PAUSE_S: Final = 60.0  # when nothing was held
SWEEP_BEAT_S: Final = 1.0
MARGIN_SUBNETS: Final = 2  # so many subnets outside its group a holder stays one, so that nothing moves to and fro


@dataclass(frozen=True, slots=True)
class _Work:
    """``members``: who must prove the chunk; None for the whole group as it is then."""

    address: bytes
    members: tuple[bytes, ...] | None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class _Absence:
    place: Place
    until_s: float
    added_count: int


class Replicator:
    """Invariant: neighbours that are away for a short while count as members, so that nothing moves for a restart."""

    def __init__(self, pace: control.Pace, line: Line, auditor: Auditor) -> None:
        self.looked_count = 0  # addresses looked at so far
        self._pace = pace
        self._line = line
        self._auditor = auditor
        self._version = -1
        self._present: dict[bytes, Place] = {}
        self._absent: dict[bytes, _Absence] = {}
        self._returned: dict[bytes, int] = {}
        self._gone: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()
        self._effective: dict[bytes, Place] = {}
        self._places: list[Place] = []
        self._changed_at_s = math.inf  # when the first change that was not taken up yet was seen
        self._take_at_s = math.inf
        self._was_counted = True
        self._passes: deque[Pass] = deque()
        self._swept: list[bytes] = []
        self._sweep_cursor = 0
        self._sweep_from_s = 0.0
        self._sweep_at_s = 0.0
        self._queue: list[tuple[float, int, _Work]] = []
        self._number = 0
        self._retrying = 0
        self._running = 0

    def __len__(self) -> int:
        return len(self._queue) + self._running

    def due_s(self, desk: Desk) -> float:
        """When ``tick`` is wanted next."""
        due_s = min(self._line.due_s, self._take_at_s if len(self._passes) < PASSES_MAX else math.inf)
        if desk.table.version != self._version or self._was_counted != desk.is_counted:
            return 0.0
        due_s = min([due_s, *(absence.until_s for absence in self._absent.values())])
        if self._has_room:
            due_s = min(due_s, 0.0 if self._passes else math.inf, self._sweep_at_s)
        return min(due_s, self._queue[0][0]) if self._queue and self._running < REPAIRS_AT_ONCE else due_s

    def tick(self, desk: Desk) -> None:
        self._notice(desk)
        if desk.now.monotonic_s >= self._take_at_s and len(self._passes) < PASSES_MAX:
            self._take_up(desk)
        looked_max = self.looked_count + ADDRESSES_PER_TICK
        if self._places:
            self._walk(desk, looked_max)
        if self._places and desk.now.monotonic_s >= self._sweep_at_s:
            self._sweep(desk, looked_max)
        self._line.tick(desk)
        self._start(desk)

    def goodbye(self, desk: Desk, peer: PeerRecord) -> None:
        """The peer leaves for good: its chunks are others' from now on, and this run of it is no neighbour again."""
        self._gone[peer.vault_id, peer.transport_key] = None
        if len(self._gone) > GONE_KEPT:
            self._gone.popitem(last=False)
        desk.table.remove(peer.vault_id)
        self._present.pop(peer.vault_id, None)
        self._absent.pop(peer.vault_id, None)
        self._take_at_s = desk.now.monotonic_s

    def has_left(self, peer: PeerRecord) -> bool:
        return (peer.vault_id, peer.transport_key) in self._gone

    def removed(self, desk: Desk, address: bytes, length: int, code: str) -> None:
        desk.counters["handed over" if not code else "removal failed"] += 1

    @property
    def _has_room(self) -> bool:
        return len(self._queue) - self._retrying + self._running < QUEUE_MAX

    def _notice(self, desk: Desk) -> None:
        """Compare the table with what it was."""
        now_s = desk.now.monotonic_s
        if desk.is_counted != self._was_counted:
            self._was_counted = desk.is_counted
            if desk.is_counted:  # what was found on the disk meanwhile has been in no pass
                self._effective = {}
                self._changed(now_s)
        if desk.table.version != self._version:
            self._version = desk.table.version
            present = {peer.vault_id: Place(peer.vault_id, peer.position, peer.subnet) for peer in desk.table}
            until_s = now_s + self._pace.repair_delay_s
            for vault_id, place in self._present.items():
                if vault_id not in present:
                    self._absent[vault_id] = _Absence(place, until_s, desk.added_count)
            for vault_id in [vault_id for vault_id in self._absent if vault_id in present]:
                absence = self._absent.pop(vault_id)
                self._returned[vault_id] = min(absence.added_count, self._returned.get(vault_id, absence.added_count))
            self._present = present
            self._changed(now_s)
        late = [vault_id for vault_id, absence in self._absent.items() if absence.until_s <= now_s]
        late += list(self._absent)[: max(0, len(self._absent) - ABSENT_MAX)]
        for vault_id in late:
            self._absent.pop(vault_id, None)
            self._take_at_s = now_s

    def _changed(self, now_s: float) -> None:
        self._changed_at_s = min(self._changed_at_s, now_s)
        latest_s = self._changed_at_s + SETTLE_S_MAX
        self._take_at_s = min(now_s + SETTLE_S, latest_s) if self._was_counted else latest_s

    def _take_up(self, desk: Desk) -> None:
        """Make passes of all that has changed since the last time."""
        self._changed_at_s = self._take_at_s = math.inf
        absent = {vault_id: absence.place for vault_id, absence in self._absent.items()}
        effective = {**self._present, **absent}
        joined = [place for vault_id, place in effective.items() if self._effective.get(vault_id) != place]
        left = [place for vault_id, place in self._effective.items() if effective.get(vault_id) != place]
        returned = [
            effective[vault_id]
            for vault_id in self._returned
            if vault_id in effective and self._effective.get(vault_id) == effective[vault_id]
        ]
        own = Place(desk.record.vault_id, desk.own_place.position, desk.own_place.subnet)
        self._places = sorted([own, *effective.values()], key=lambda place: place.position ^ own.position)
        if joined or left:
            self._passes.append(Pass(list(desk.held), self._places, joined, left))
        if returned and desk.held:  # what was stored while they were away did not reach them
            newest = desk.added_count - min(self._returned.values())
            addresses = list(itertools.islice(reversed(desk.held), newest))
            self._passes.append(Pass(addresses, self._places, returned, []))
        self._effective = effective
        self._returned = {}

    def _walk(self, desk: Desk, looked_max: int) -> None:
        now_s = desk.now.monotonic_s
        while self._passes and self.looked_count < looked_max and self._has_room:
            walk = self._passes.popleft()
            for _ in range(SLICE):
                if walk.is_over or not self._has_room:
                    break
                self.looked_count += 1
                finding = walk.next()
                if finding is not None:
                    members = tuple(place.vault_id for place in finding.members)
                    self._push(now_s + finding.rank * STAGGER_S, _Work(finding.address, members))
            if not walk.is_over:
                self._passes.append(walk)

    def _sweep(self, desk: Desk, looked_max: int) -> None:
        """Every held chunk once in sweep_s, spread over it."""
        now_s = desk.now.monotonic_s
        if self._sweep_cursor == len(self._swept):
            self._swept, self._sweep_cursor, self._sweep_from_s = list(desk.held), 0, now_s
        count = len(self._swept)
        if not count or len(self._places) == 1:
            self._sweep_at_s = now_s + min(SWEEP_PAUSE_S, self._pace.sweep_s)
            self._swept = []
            return
        due = min(count, int((now_s - self._sweep_from_s) * count / self._pace.sweep_s) + 1)
        while self._sweep_cursor < due and self.looked_count < looked_max and self._has_room:
            self.looked_count += 1
            self._push(now_s, _Work(self._swept[self._sweep_cursor], None))
            self._sweep_cursor += 1
        next_s = self._sweep_from_s + self._sweep_cursor * self._pace.sweep_s / count
        self._sweep_at_s = max(next_s, now_s + min(SWEEP_BEAT_S, self._pace.sweep_s))

    def _push(self, at_s: float, work: _Work) -> None:
        self._number += 1
        heapq.heappush(self._queue, (at_s, self._number, work))

    def _start(self, desk: Desk) -> None:
        for _ in range(STARTED_PER_STEP_MAX):
            is_due = self._queue and self._queue[0][0] <= desk.now.monotonic_s
            if not is_due or self._running >= REPAIRS_AT_ONCE:
                return
            work = heapq.heappop(self._queue)[2]
            self._retrying -= work.tries > 0
            if work.address in desk.held:
                self._begin(desk, work)

    def _begin(self, desk: Desk, work: _Work) -> None:
        target = int.from_bytes(work.address, "big")
        members = self._group_ids(work.address) if work.members is None else work.members
        wanted = [
            vault_id
            for vault_id in members
            if vault_id in self._effective and is_in_group(self._effective[vault_id], self._places, target)
        ]
        peers = [peer for vault_id in wanted if (peer := desk.table.get(vault_id)) is not None]
        there = {peer.vault_id for peer in peers}
        away = tuple(vault_id for vault_id in wanted if vault_id not in there)
        if not peers:
            self._again(desk, work, away)
            return
        self._running += 1
        finished = partial(self._finished, work, away)
        records = [peer.record for peer in peers]
        Proof(work.address, records, line=self._line, auditor=self._auditor, finished=finished).begin(desk)

    def _finished(self, work: _Work, away: tuple[bytes, ...], desk: Desk, proof: Proof) -> None:
        self._running -= 1
        desk.counters["repair copies"] += proof.copies
        failed = tuple(vault_id for vault_id, code in proof.failed.items() if code not in FAULTS)
        if not proof.is_lost:
            self._again(desk, work, failed + away)
        if work.members is None and not proof.failed and not away:
            self._hand_over(desk, proof)
        self._start(desk)

    def _again(self, desk: Desk, work: _Work, members: tuple[bytes, ...]) -> None:
        if not members:
            return
        if work.tries + 1 >= TRIES_MAX or self._retrying >= RETRIES_MAX:
            desk.counters["repair given up"] += 1  # the sweep comes by again
            return
        self._retrying += 1
        pause_s = RETRY_S * RETRY_FACTOR**work.tries
        is_far = not self._is_near(work.address)  # then only a proof of all at once is of use
        again = _Work(work.address, None if work.members is None and is_far else members, work.tries + 1)
        self._push(desk.now.monotonic_s + pause_s, again)

    def _hand_over(self, desk: Desk, proof: Proof) -> None:
        """Give a chunk up which all of its close group have just signed to keep, if it is not the own vault's."""
        if not desk.is_counted or self._is_near(proof.address):
            return
        signed = signers(desk, proof)
        subnets = {proof.proven[vault_id].subnet for vault_id in signed}
        is_whole = len(subnets) >= CLOSE_GROUP_SUBNETS and set(self._group_ids(proof.address)) <= set(signed)
        if is_whole and desk.remove_chunk(self, proof.address):
            desk.remember_takers(proof.address, takers(desk, proof))

    def _is_near(self, address: bytes) -> bool:
        target = int.from_bytes(address, "big")
        return is_in_group(self._places[0], self._places, target, CLOSE_GROUP_SUBNETS + MARGIN_SUBNETS)

    def _group_ids(self, address: bytes) -> tuple[bytes, ...]:
        own = self._places[0]
        return tuple(place.vault_id for place in close_group(self._places, address) if place is not own)
