"""Keeping close groups whole while vaults come and go.

    members have changed -> passes over the held addresses -> works -> proofs, a few at a time
              what came lately, and a sweep --------------^          |
                                                               ^--- failed: later again, a few times

Every other member of a chunk's close group must have proven its copy or have signed for the one that it was given.
A chunk for which the own vault has moved far outside the group is removed, but only when all of them did.  What a
departure has made necessary overtakes what newcomers are to be given; and what one subnet is asked waits in its own
lane, so that nobody's late answers hold the others' copies up.

Who knew nobody before, as after a start, needs no pass: the sweep asks the same of everybody, and also finds what is to
be given up.  So it comes by everything at once then.  For who is found meanwhile there is a pass over what it has been
through; for the rest it will ask them, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from node.vault import control
from node.vault.core.audit import Auditor
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, REACH_SUBNETS, Place, close_group, is_in_group
from node.vault.core.desk import Desk
from node.vault.core.handover import signers, takers
from node.vault.core.held import latest
from node.vault.core.identity import PeerRecord
from node.vault.core.presence import Presence
from node.vault.core.proving import FAULTS, Line, Proof
from node.vault.core.routing_table import Peer
from node.vault.core.sweep import Sweep
from node.vault.core.tour import Tour
from node.vault.core.works import RETRIES_MAX, Kind, Work, Works

ADDRESSES_PER_TICK: Final = 500
SLICE: Final = 100  # addresses of one pass before the next one has its turn
STARTED_PER_STEP_MAX: Final = 64  # works taken up or found to be pointless by now
REPAIRS_AT_ONCE: Final = 16  # three subnets that are as slow as can be leave room for others
STAGGER_S: Final = 5.0  # for each nearer holder, which is to act first
RETRY_S: Final = 10.0  # and four times as long after every failure
RETRY_FACTOR: Final = 4
TRIES_MAX: Final = 5
RETRIES_LATE_MAX: Final = RETRIES_MAX // 2  # of members who were not asked: they leave room for those who were
PROBES: Final = 4  # chunks by which it is found out whether a peer's disk still holds what it did
PROBED_MAX: Final = 200  # among which they are looked for
MARGIN_SUBNETS: Final = 4  # so many subnets outside its group a holder stays one, so that nothing moves to and fro


@dataclass(slots=True)
class _Walk:
    """One tour after the other; ``seen``: the members when the latest one began."""

    kind: Kind
    seen: dict[bytes, Place] = field(default_factory=dict)
    current: Tour | None = None


class Replicator:
    """Invariant: at most REPAIRS_AT_ONCE proofs run, and one tour of each walk."""

    def __init__(self, pace: control.Pace, line: Line, auditor: Auditor) -> None:
        self.looked_count = 0  # addresses looked at so far
        self._line = line
        self._auditor = auditor
        self._presence = Presence(pace.repair_delay_s)
        self._was_counted = True
        self._unproven: dict[bytes, int] = {}  # probes, by whose disk is looked at, while it has proven none of them
        self._is_anyone_unasked = False  # of those who are back: there was no room for questions
        self._departures = _Walk(Kind.URGENT)
        self._returns = _Walk(Kind.ARRIVAL)
        self._arrivals = _Walk(Kind.ARRIVAL)
        self._walks = (self._departures, self._returns, self._arrivals)
        self._sweep = Sweep(pace.sweep_s)
        self._works = Works(line.lanes, line.reads)
        self._running = 0
        self._is_stopped = False

    def __len__(self) -> int:
        return len(self._works) + self._running

    def due_s(self, desk: Desk) -> float:
        """When ``tick`` is wanted next."""
        if self._was_counted != desk.is_counted or self._can_walk():
            return 0.0
        due_s = min(self._line.due_s, self._presence.due_s(desk))
        if self._presence.places and self._works.room(Kind.SWEEP):  # before, nothing can begin
            due_s = min(due_s, self._sweep.due_s)
        if self._works.room(Kind.FRESH):
            due_s = min(due_s, desk.fresh.due_s)
        return min(due_s, self._works.due_s(desk.now.monotonic_s)) if self._running < REPAIRS_AT_ONCE else due_s

    def tick(self, desk: Desk) -> None:
        if desk.is_counted != self._was_counted:
            self._was_counted = desk.is_counted
            if desk.is_counted:  # what was found on the disk meanwhile has been in no pass
                self._sweep.hurry()
                self._presence.changed(desk)
        has_room = self._is_anyone_unasked and self._works.room(Kind.URGENT) > 0
        if self._presence.tick(desk) or has_room:
            self._begin_passes(desk)
        looked_max = self.looked_count + ADDRESSES_PER_TICK
        if self._presence.places:
            self._walk(desk, looked_max)
        if self._presence.places and desk.now.monotonic_s >= self._sweep.due_s:
            self._look_around(desk, looked_max)
        self._look_at_fresh(desk)
        self._line.tick(desk)
        self._start(desk)

    def stop(self) -> None:
        """Begin nothing more: the vault leaves, and the line is for what it hands over."""
        self._is_stopped = True

    def goodbye(self, desk: Desk, peer: PeerRecord) -> None:
        """The peer leaves for good: its chunks are others' from now on, and this run of it is no neighbour again."""
        self._presence.goodbye(desk, peer)

    def has_left(self, peer: PeerRecord) -> bool:
        return self._presence.has_left(peer)

    def removed(self, desk: Desk, address: bytes, length: int, code: str) -> None:
        desk.counters["handed over" if not code else "removal failed"] += 1

    def _begin_passes(self, desk: Desk) -> None:
        """Of all that has changed, for every walk that has nothing to do, since it had."""
        members, places = self._presence.members, self._presence.places
        full = desk.fullness.ids(desk.now.monotonic_s)
        # Who was none of them meanwhile is a newcomer when it is back, also while a pass from before still runs.
        self._arrivals.seen = {one: place for one, place in self._arrivals.seen.items() if one in members}
        joined = [place for vault_id, place in members.items() if self._arrivals.seen.get(vault_id) != place]
        if self._departures.current is None:
            left = [place for vault_id, place in self._departures.seen.items() if members.get(vault_id) != place]
            self._departures.seen = members
            if left:
                are_all = desk.held.has_all_recent
                oldest = desk.held.recent()[::-1] if are_all else []
                self._departures.current = Tour(
                    oldest, places, joined, left, are_all=are_all, is_of_left=True, full=full
                )
        can_ask = self._works.room(Kind.URGENT) > 0
        self._is_anyone_unasked = bool(self._presence.returned) and not can_ask
        if self._returns.current is None and can_ask:
            known = self._arrivals.seen
            returned = [
                known[one] for one in self._presence.returned if one in known and members.get(one) == known[one]
            ]
            if returned and desk.held:  # what was stored while they were away did not reach them
                newest = latest(desk.held, desk.added_count - min(self._presence.returned.values()))
                are_all = newest is not None
                self._returns.current = Tour(newest or [], places, returned, [], are_all=are_all, full=full)
            self._probe(desk, returned)
            self._presence.returned = {}
        current, was_alone = self._arrivals.current, not self._arrivals.seen
        if current is None:
            self._arrivals.seen = members
            if joined and was_alone:  # everybody is to be asked for everything
                self._sweep.hurry()
            elif joined:
                # The newest first: most of those who come were away for some hours, and miss what was stored meanwhile.
                newest, are_all = self._not_swept_soon(desk.held.recent()), desk.held.has_all_recent
                self._arrivals.current = Tour(
                    newest, places, joined, [], are_all=are_all, full=full, chosen=self._not_swept_soon
                )
        elif joined and not was_alone and current.takes_more:
            self._arrivals.seen = members
            there = set(current.addresses)
            more = [address for address in self._not_swept_soon(desk.held.recent()) if address not in there]
            current.add(places, joined, more, full)

    def _not_swept_soon(self, addresses: list[bytes]) -> list[bytes]:
        """Without those that the sweep is about to come by: it asks everybody for them."""
        swept = self._works.swept()
        return [one for one in addresses if one not in swept and not self._sweep.is_soon(one)]

    def _can_walk(self) -> bool:
        departures, returns, arrivals = self._walks
        return self._can_go_on(departures) or self._can_go_on(returns) or self._can_go_on(arrivals)

    def _can_go_on(self, walk: _Walk) -> bool:
        return walk.current is not None and self._works.room(walk.kind) > 0

    def _walk(self, desk: Desk, looked_max: int) -> None:
        while self.looked_count < looked_max and self._can_walk():
            for walk in self._walks:
                self._look(desk, walk, looked_max)

    def _look(self, desk: Desk, walk: _Walk, looked_max: int) -> None:
        """At the next addresses of a tour."""
        now_s, current = desk.now.monotonic_s, walk.current
        for _ in range(SLICE):
            if current is None or not self._can_go_on(walk):
                return
            if current.needs_part:
                current.go_on(desk.held)
                if current.is_over:
                    walk.current = None
                else:  # which is enough for one step
                    self.looked_count = max(self.looked_count, looked_max)
                self._begin_passes(desk)  # there may be some who had to wait
                return
            self.looked_count += 1
            finding = current.next()
            if finding is not None:
                members = tuple(place.vault_id for place in finding.members)
                self._works.push(now_s + finding.rank * STAGGER_S, Work(finding.address, members, walk.kind))

    def _look_around(self, desk: Desk, looked_max: int) -> None:
        """At what the sweep has come to."""
        if len(self._presence.places) == 1:
            self._sweep.stop(desk)
            return
        room = min(looked_max - self.looked_count, self._works.room(Kind.SWEEP))
        for address in self._sweep.take(desk, room):
            self.looked_count += 1
            self._works.push(desk.now.monotonic_s, Work(address, None, Kind.SWEEP))

    def _look_at_fresh(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        while self._works.room(Kind.FRESH) and (due := desk.fresh.take(now_s)) is not None:
            address, askers = due
            others = tuple(one for one in self._group_ids(address) if one not in askers)
            self._works.push(now_s, Work(address, others if askers else None, Kind.FRESH))

    def _probe(self, desk: Desk, returned: list[Place]) -> None:
        """Ask those who are back for some of what they held before: their disks may be others now.

        For some, not for one: what another holder has brought meanwhile shows nothing.  Not again while these wait:
        vaults that are started anew all the time, and answer late, would fill the queue.  It is urgent: behind all that
        a newcomer is to be given it would be hours late, and none of their copies can be counted on before.  Where a
        peer can only be a stand-in for some who are full, these are asked first: they may hold the chunk themselves.
        """
        returned = [place for place in returned if not self._works.has_probe_of(place.vault_id)]
        if not returned or not desk.held:
            return
        count = len(desk.held)
        first, pace = desk.random.randrange(count), max(1, count // PROBED_MAX)
        drawn = [desk.held.at((first + pace * number) % count) for number in range(min(PROBED_MAX, count))]
        full = desk.fullness.ids(now_s := desk.now.monotonic_s)
        roomy = [place for place in self._presence.places if place.vault_id not in full]
        for place in returned:
            as_member = _shared(place, self._presence.places, drawn)
            probes = [Work(address, (place.vault_id,), Kind.URGENT) for address in itertools.islice(as_member, PROBES)]
            stands_in = itertools.islice(_shared(place, roomy, drawn), PROBES) if full and not probes else ()
            probes += [Work(address, self._group_ids(address), Kind.URGENT) for address in stands_in]
            self._unproven = {one: count for one, count in self._unproven.items() if one in self._presence.members}
            self._unproven[place.vault_id] = len(probes)
            for probe in probes:
                self._works.push(now_s, replace(probe, suspect=place.vault_id))

    def _is_found_empty(self, proof: Proof, suspect: bytes) -> bool:
        """Whether the disk is seen to be another one now: it took the chunk, or had neither any of all nor room."""
        if suspect in proof.proven and suspect not in proof.given:
            self._unproven.pop(suspect, None)
        elif suspect in proof.passed_over and suspect in self._unproven:
            self._unproven[suspect] -= 1
        return suspect in proof.given or self._unproven.get(suspect) == 0

    def _came_back_empty(self, desk: Desk, vault_id: bytes) -> None:
        """It is a newcomer: all that it should hold is brought to it, or to others in its place."""
        self._unproven.pop(vault_id, None)
        self._arrivals.seen = {one: place for one, place in self._arrivals.seen.items() if one != vault_id}
        self._presence.changed(desk)

    def _start(self, desk: Desk) -> None:
        for _ in range(STARTED_PER_STEP_MAX):
            if self._is_stopped or self._running >= REPAIRS_AT_ONCE:
                return
            work = self._works.take(desk.now.monotonic_s)
            if work is None:
                return
            if work.address in desk.held:
                self._begin(desk, work)

    def _begin(self, desk: Desk, work: Work) -> None:
        peers, away = self._members(desk, work)
        lanes, now_s = self._line.lanes, desk.now.monotonic_s
        full = {peer.subnet: None for peer in peers if lanes.is_full(peer.subnet, now_s)}
        if full and self._is_for_all(work):
            self._works.park(next(iter(full)), work)
            return
        for subnet in full:
            crowd = tuple(peer.vault_id for peer in peers if peer.subnet == subnet)
            self._works.park(subnet, replace(work, members=crowd))
        late = tuple(peer.vault_id for peer in peers if lanes.is_paused(peer.subnet, now_s))
        ready = [peer for peer in peers if peer.subnet not in full and peer.vault_id not in late]
        if not ready:
            self._again(desk, work, away + late, retries_max=RETRIES_LATE_MAX if late else RETRIES_MAX)
            return
        self._running += 1
        self._line.reads.spend(work.purpose, desk.held[work.address], now_s)
        finished = partial(self._finished, work, away + late)
        Proof(
            work.address, ready, line=self._line, auditor=self._auditor, beyond=partial(self._beyond, work),
            finished=finished, is_urgent=work.is_urgent,
        ).begin(desk)  # fmt: skip

    def _members(self, desk: Desk, work: Work) -> tuple[list[Peer], tuple[bytes, ...]]:
        """Those of the work that are members of the chunk's group by now: who can be asked, and who is away."""
        places, known, target = self._presence.places, self._presence.members, int.from_bytes(work.address, "big")
        members = self._group_ids(work.address) if work.members is None else work.members
        wanted = [one for one in members if one in known and is_in_group(known[one], places, target)]
        peers = [peer for vault_id in wanted if (peer := desk.table.get(vault_id)) is not None]
        there = {peer.vault_id for peer in peers}
        return peers, tuple(vault_id for vault_id in wanted if vault_id not in there)

    def _beyond(self, work: Work, desk: Desk, proof: Proof) -> list[Peer]:
        """Who is a member of the chunk's group when those who are full are passed over.

        Of a work for some members the others are not to be asked; but for those of them who are known to be full, who
        had no room either, perhaps, when their part of the work was done: one more is needed then.
        """
        wanted = self._wanted(work, desk, proof)
        return [peer for vault_id in wanted if (peer := desk.table.get(vault_id)) is not None]

    def _wanted(self, work: Work, desk: Desk, proof: Proof) -> tuple[bytes, ...]:
        wanted = self._group_ids(proof.address, proof.passed_over)
        if work.members is None:
            return wanted
        not_asked = set(self._group_ids(proof.address)) - desk.fullness.ids(desk.now.monotonic_s)
        return tuple(one for one in wanted if one not in not_asked)

    def _finished(self, work: Work, away: tuple[bytes, ...], desk: Desk, proof: Proof) -> None:
        self._running -= 1
        desk.counters["repair copies"] += len(proof.given)
        if work.suspect is not None and self._is_found_empty(proof, work.suspect):
            self._came_back_empty(desk, work.suspect)
        if not proof.is_lost:
            failing = proof.failed.keys() - proof.passed_over.keys()
            failed = tuple(one for one, code in proof.failed.items() if one in failing and code not in FAULTS)
            if proof.passed_over:  # who stands in may be away for a short while, as a member may
                asked = {*proof.proven, *proof.failed, *away}
                away += tuple(one for one in self._wanted(work, desk, proof) if one not in asked)
            # Others stand in for those who are full: the sweep asks these again, or a try that is for who stands in.
            full = tuple(proof.passed_over) if failed or away else ()
            self._again(desk, work, failed + away + full)
        if work.members is None and proof.failed.keys() == proof.passed_over.keys() and not away:
            self._hand_over(desk, proof)
        self._start(desk)

    def _again(self, desk: Desk, work: Work, members: tuple[bytes, ...], *, retries_max: int = RETRIES_MAX) -> None:
        if not members:
            return
        if work.tries + 1 >= TRIES_MAX or self._works.retrying >= retries_max:
            desk.counters["repair given up"] += 1  # the sweep comes by again
            return
        pause_s = RETRY_S * RETRY_FACTOR**work.tries
        wanted = None if self._is_for_all(work) else members
        again = replace(work, members=wanted, tries=work.tries + 1)
        self._works.push(desk.now.monotonic_s + pause_s, again)

    def _hand_over(self, desk: Desk, proof: Proof) -> None:
        """Give a chunk up which all of its close group have just signed to keep, if it is not the own vault's.

        Those who stand in for full ones are of the group, so that saying "full" makes nobody give a chunk up.
        """
        if not desk.is_counted or self._is_near(proof.address, proof.passed_over):
            return
        signed = signers(desk, proof)
        subnets = {proof.proven[vault_id].subnet for vault_id in signed}
        group = self._group_ids(proof.address, proof.passed_over)
        is_whole = len(subnets) >= CLOSE_GROUP_SUBNETS and set(group) <= set(signed)
        if is_whole and desk.remove_chunk(self, proof.address):
            desk.remember_takers(proof.address, takers(desk, proof))

    def _is_for_all(self, work: Work) -> bool:
        """Whether only a proof of all at once is of use: the own vault wants to give the chunk up."""
        return work.members is None and not self._is_near(work.address)

    def _is_near(self, address: bytes, passed_over: Collection[bytes] = ()) -> bool:
        places, target = self._places(passed_over), int.from_bytes(address, "big")
        return is_in_group(places[0], places, target, CLOSE_GROUP_SUBNETS + MARGIN_SUBNETS)

    def _group_ids(self, address: bytes, passed_over: Collection[bytes] = ()) -> tuple[bytes, ...]:
        """The others of the close group, up to REACH_SUBNETS from the address."""
        places = self._places(passed_over)
        in_reach = close_group(self._presence.places, address, REACH_SUBNETS) if passed_over else places
        group = close_group([place for place in in_reach if place.vault_id not in passed_over], address)
        return tuple(place.vault_id for place in group if place is not places[0])

    def _places(self, passed_over: Collection[bytes]) -> list[Place]:
        places = self._presence.places
        return [place for place in places if place.vault_id not in passed_over] if passed_over else places


def _shared(place: Place, others: list[Place], addresses: list[bytes]) -> Iterator[bytes]:
    """Those of the addresses in whose close group among ``others`` the place is."""
    return (address for address in addresses if is_in_group(place, others, int.from_bytes(address, "big")))
