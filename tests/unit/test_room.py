"""A part of each quota is kept for who runs on the same computer: a vault can be tried out, however full it is."""

from __future__ import annotations

import hashlib
import random

import pytest

from node.update.trials.plan import Plan
from node.vault.core.events import ChunkWritten, Reply, RequestReceived, WriteChunk
from node.vault.core.identity import PeerRecord
from node.vault.core.limits import FILL_S, FILL_SHARE, SMALL_NETWORK_SUBNETS
from node.vault.core.messages import Ping, Pong, Put, Refused
from node.vault.core.restore import _Lost, _Restoring
from node.vault.core.room import HELD_BACK_BYTES_MAX, Room, held_back_bytes
from tests.unit.test_vault_attacks import Peer, ask, of, peers
from tests.vault_world import Actor, World

QUOTA_BYTES = 400_000
KEPT_BYTES = QUOTA_BYTES // 4
LENGTH = 4_000  # more than the place that a file takes
PROBER = Peer(901).record
HERE = "10.88.0.0/24"


class Putting:
    """Chunks of one vault's range are put to it, each a new one; ``neighbours`` are in as many subnets."""

    def __init__(self, quota_bytes: int = QUOTA_BYTES, neighbours: int = 2 * SMALL_NETWORK_SUBNETS) -> None:
        self.world = World()
        self.actor: Actor = self.world.add(1, quota_bytes=quota_bytes)
        self.neighbours = peers(neighbours)
        for number, peer in enumerate(self.neighbours):
            ask(self.world, self.actor, peer.record, Ping(b""), f"10.1.{number}.0/24")
        self.given: dict[bytes, bytes] = {}
        self._count = 0

    def put(self, peer: PeerRecord, subnet: str, *, is_here: bool = False, length: int = LENGTH) -> bool:
        """Whether it was taken."""
        while True:
            self._count += 1
            content = b"%d" % self._count + bytes(length)
            address = hashlib.sha256(content[:length]).digest()
            if self.actor.vault._desk.is_mine(address):
                return self.give(peer, subnet, address, content[:length], is_here=is_here)

    def give(self, peer: PeerRecord, subnet: str, address: bytes, content: bytes, *, is_here: bool) -> bool:
        step, world = self.actor.vault.step, self.world
        self.given[address] = content
        effects = list(step(RequestReceived(world.now(), 1, peer, subnet, Put(address, content), is_here=is_here)))
        refused = [reply for reply in of(Reply, effects) if isinstance(reply.message, Refused)]
        for write in of(WriteChunk, effects):
            step(ChunkWritten(world.now(), write.token))
        return not refused

    def fill(self, *, length: int = LENGTH) -> None:
        """By all neighbours, in days, until none can bring anything more."""
        while sum(
            self.put(peer.record, f"10.1.{number}.0/24", length=length) for number, peer in enumerate(self.neighbours)
        ):
            self.world.now_s += FILL_S

    def put_here(self, most: int) -> int:
        return next((count for count in range(most) if not self.put(PROBER, HERE, is_here=True)), most)


def test_others_fill_all_but_the_part_that_is_kept_and_who_runs_here_fills_that():
    putting = Putting()
    putting.fill()
    desk = putting.actor.vault._desk
    (reply,) = of(Reply, ask(putting.world, putting.actor, PROBER, Ping(b""), HERE))

    assert QUOTA_BYTES - desk.used_bytes - KEPT_BYTES in range(QUOTA_BYTES // 64 + LENGTH)
    assert isinstance(reply.message, Pong)
    assert reply.message.is_full
    assert putting.put_here(1_000) >= KEPT_BYTES // LENGTH


def test_short_chunks_of_others_leave_places_for_it_too():
    putting = Putting()
    putting.fill(length=20)
    assert putting.put_here(20) == 20


def test_whoever_is_not_on_this_computer_has_no_part_in_it_whatever_the_subnet():
    putting = Putting()
    putting.fill()
    assert not putting.put(PROBER, HERE)


@pytest.mark.parametrize("length", [LENGTH, 20])  # full by its bytes, or by its places
def test_a_chunk_in_pieces_is_written_again_where_others_may_fill_nothing_more(length: int):
    putting = Putting()
    putting.fill(length=length)
    desk = putting.actor.vault._desk
    desk.quota_bytes -= QUOTA_BYTES // 8  # less is lent than before, and all that is held fits
    assert desk.room.left_bytes <= 0 < desk.quota_bytes - desk.used_bytes
    fetched, brought = list(desk.held)[:2]
    for address in (fetched, brought):
        desk.forget(address)

    restorer = putting.actor.vault._restorer
    restorer._working[fetched] = _Lost(0.0)

    _Restoring(restorer, fetched)._fetched(desk, putting.given[fetched])
    assert fetched in {address for _, address, _ in desk._writing.values()}
    assert putting.give(putting.neighbours[0].record, "10.1.0.0/24", brought, putting.given[brought], is_here=False)


def test_a_chunk_in_pieces_needs_no_place_beside_its_own_and_no_more_bytes_than_the_quota():
    full = Room(QUOTA_BYTES, used_bytes=QUOTA_BYTES, files=Room(QUOTA_BYTES, 0, 0)._places)
    assert full.fits(LENGTH, instead_bytes=LENGTH)
    assert not full.fits(LENGTH + 1, instead_bytes=LENGTH, is_here=True)
    assert not full.fits(1, is_here=True)
    assert not Room(QUOTA_BYTES, used_bytes=QUOTA_BYTES + 1, files=1).fits(LENGTH, instead_bytes=LENGTH)


def test_who_runs_here_may_fill_as_much_once_a_day_beside_the_share_of_its_subnet():
    putting = Putting()
    share, kept = (QUOTA_BYTES - KEPT_BYTES) // FILL_SHARE // LENGTH, KEPT_BYTES // LENGTH
    assert putting.put_here(1_000) == share + kept
    putting.world.now_s += FILL_S / 2
    assert putting.put_here(1_000) in range(kept - 2, kept + 1)


@pytest.mark.parametrize(("quota_bytes", "kept_bytes"), [(0, 0), (64 << 20, 16 << 20), (20 << 30, 64 << 20)])
def test_it_is_a_quarter_of_a_small_quota_and_no_more_than_64_mib(quota_bytes: int, kept_bytes: int):
    room = Room(quota_bytes, used_bytes=max(0, quota_bytes - kept_bytes), files=0)
    assert (held_back_bytes(quota_bytes), HELD_BACK_BYTES_MAX) == (kept_bytes, 64 << 20)
    assert room.is_full
    assert room.left_bytes == 0
    assert room.fits(1, is_here=True) is (quota_bytes > 0)
    assert not room.fits(1)


def test_a_twin_that_neighbours_have_filled_still_keeps_what_a_trial_has_it_store():
    putting = Putting(quota_bytes=8 << 20)
    putting.fill(length=100_000)
    position = int.from_bytes(hashlib.sha256(putting.actor.vault_id).digest(), "big")
    plan = Plan(position, 1_000, random.Random(1), random.Random(2).randbytes)

    kinds = []
    for _ in range(200):
        draw = plan.next()
        kinds.append(draw.kind)
        if draw.kind == "put" and len(draw.content) <= 64 << 10:
            if putting.give(PROBER, HERE, draw.address, draw.content, is_here=True):
                plan.acknowledged(draw.address)
            else:
                plan.given_up(draw.address)

    assert plan.can_read
    assert len(plan._stored) >= 40
    assert {"get", "audit"} <= set(kinds)
