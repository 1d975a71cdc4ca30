"""Vaults that have no room: others take the chunks in their place, wherever they stand, and are found there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import pytest

from node.vault import control
from node.vault.core.desk import Desk
from node.vault.core.events import Ask, CommandReceived
from node.vault.core.fullness import FULL_KEPT, FULL_S, Fullness
from node.vault.core.identity import distance
from node.vault.core.messages import Answer, Audited, NotHeld, Pong, Put, Refused, Stored, Vaults
from node.vault.core.room import held_back_bytes
from node.vault.core.sweep import SWEEP_PAUSE_S
from tests.unit.test_handover import leave, shrink
from tests.unit.test_replication import PACE, missing
from tests.vault_world import Actor, World

VAULTS = 20
FULL = 12
CHUNKS = 12
MANY_CHUNKS = 100  # in one go, so that more are to be asked of a subnet than its lane has places
QUOTA_BYTES = 16 << 20  # of those with room: no share of one subnet is used up
COPIES = 5
SWEEP_S = 30.0
SOON = msgspec.structs.replace(PACE, sweep_s=SWEEP_S)


def network(pace: control.Pace = PACE, chunks: int = CHUNKS) -> tuple[World, list[Actor], list[Actor], list[bytes]]:
    """All vaults, those of them that have room, and the addresses of the chunks put by a vault that has none."""
    world = World()
    actors = world.grow(VAULTS, pace=pace, quota_bytes=QUOTA_BYTES)
    for full in actors[:FULL]:
        world.command(full, lambda number: control.SetQuota(number, 0))
    contents = [f"chunk {number}".encode() for number in range(chunks)]
    for number, content in enumerate(contents):
        world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000 + number, content)))
        world.pass_time(0.5)
    world.pass_time(10.0)
    return world, actors, actors[FULL:], [hashlib.sha256(content).digest() for content in contents]


def for_others(desk: Desk) -> int:
    """How much of a vault's quota others' chunks fill."""
    return desk.quota_bytes - held_back_bytes(desk.quota_bytes)


def copies(actors: list[Actor], addresses: list[bytes]) -> set[int]:
    """How many living vaults have a chunk: each number that occurs."""
    alive = [actor for actor in actors if not actor.is_dead]
    return {sum(address in actor.chunks for actor in alive) for address in addresses}


def given_to(takers: list[Actor], givers: list[Actor]) -> int:
    """How often the bytes of a chunk were sent to one of the takers."""
    ids = ids_of(takers)
    sent = (effect for giver in givers for effect in giver.effects if isinstance(effect, Ask))
    return sum(isinstance(ask.message, Put) and ask.peer.vault_id in ids for ask in sent)


def ids_of(actors: list[Actor]) -> set[bytes]:
    return {actor.vault_id for actor in actors}


def say_full(answer: Answer) -> Answer:
    """A vault that lies: it has room, and says that it has none."""
    return msgspec.structs.replace(answer, is_full=True) if isinstance(answer, Vaults | NotHeld | Pong) else answer


def busy_until(world: World, end_s: float) -> Callable[[Answer], Answer]:
    """A vault that proves nothing and takes nothing before."""

    def tamper(answer: Answer) -> Answer:
        is_about_chunks = isinstance(answer, Audited | NotHeld | Stored)
        return Refused("busy") if is_about_chunks and world.now_s < end_s else answer

    return tamper


def stood_in_for() -> tuple[World, Actor, bytes]:
    """A chunk for which some of its close group have no room, and a vault that holds it in their place."""
    world = World()
    actors = world.grow(8, pace=PACE)
    for actor in actors[:4]:
        actor.vault._desk.used_bytes = actor.vault._desk.quota_bytes
    stored = world.command(actors[7], lambda number: control.PutChunk(number, b"somebody stands in"))
    world.pass_time(2 * SWEEP_PAUSE_S)
    address: bytes = stored.address
    by_distance = sorted(actors, key=lambda actor: distance(actor.vault.record.position, address))
    return world, next(actor for actor in by_distance[COPIES:] if address in actor.chunks), address


def got(world: World, actors: list[Actor], address: bytes) -> int:
    """How many of the vaults get the chunk."""
    for actor in actors:
        world.feed(actor, CommandReceived(world.now(), control.GetChunk(5_000, address)))
    world.pass_time(15.0)
    count = sum(any(report.id == 5_000 for report in actor.reports(control.Content)) for actor in actors)
    for actor in actors:
        actor.told.clear()
    return count


class TestAPut:
    @pytest.mark.long
    def test_each_chunk_has_five_copies_while_enough_vaults_have_room_and_the_full_ones_are_sent_no_bytes(self):
        _, actors, roomy, addresses = network(chunks=42)

        assert len(actors[0].reports(control.Stored)) == 42
        assert copies(actors, addresses) == {COPIES}
        assert given_to([actor for actor in actors if actor not in roomy], actors) == 0

    @pytest.mark.long
    def test_every_vault_gets_what_lies_beyond_the_full_ones(self):
        world, actors, _, addresses = network(chunks=6)

        for address in addresses:
            assert got(world, actors, address) == VAULTS

    def test_without_anybody_else_who_has_room_it_ends_after_one_round(self):
        world = World()
        actors = world.grow(9)
        for full in actors[3:]:
            world.command(full, lambda number: control.SetQuota(number, 0))

        stored = world.command(actors[5], lambda number: control.PutChunk(number, b"three have room"))

        assert len(stored.receipts) == 3
        assert actors[5].vault._desk.counters["put again"] == 0


class TestRepair:
    def test_one_that_has_room_for_small_chunks_only_is_passed_over_when_it_refuses(self):
        world = World()
        actors = world.grow(7, pace=PACE)
        content = bytes(30_000)
        address = hashlib.sha256(content).digest()
        world.command(actors[0], lambda number: control.PutChunk(number, content))
        newcomer = world.add(50, contacts=actors[:3], pace=PACE, near=address)
        newcomer.vault._desk.used_bytes = for_others(newcomer.vault._desk) - 20_000
        world.pass_time(60.0)

        assert not newcomer.vault._desk.is_full
        assert given_to([newcomer], actors) > 0
        assert copies(actors, [address]) == {COPIES}
        assert not any(actor.vault._replicator._works.retrying for actor in actors)

    @pytest.mark.long
    def test_a_holder_beyond_the_full_ones_that_dies_is_replaced_by_the_next_one_with_room(self):
        world, actors, roomy, addresses = network()
        world.pass_time(30.0)

        for dead in roomy[:2]:
            dead.is_dead = True
        assert min(copies(actors, addresses)) < COPIES
        world.pass_time(90.0)

        assert copies(actors, addresses) == {COPIES}
        assert given_to(actors[:FULL], actors) == 0
        assert not any(actor.vault._replicator._works.retrying for actor in actors)

    @pytest.mark.long
    def test_a_full_vault_that_holds_a_chunk_is_a_holder_and_is_replaced_when_it_dies(self):
        world = World()
        actors = world.grow(VAULTS, pace=PACE)
        contents = [f"chunk {number}".encode() for number in range(CHUNKS)]
        for number, content in enumerate(contents):
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000 + number, content)))
            world.pass_time(0.5)
        addresses = [hashlib.sha256(content).digest() for content in contents]
        for full in actors[:FULL]:
            full.vault._desk.quota_bytes = full.vault._desk.used_bytes
        world.pass_time(30.0)
        assert copies(actors, addresses) == {COPIES}

        actors[3].is_dead = True
        world.pass_time(90.0)

        assert copies(actors, addresses) == {COPIES}

    @pytest.mark.long
    def test_a_stand_in_that_comes_back_empty_late_gets_all_its_copies_though_the_lanes_of_full_ones_are_busy(self):
        world, actors, roomy, addresses = network(chunks=MANY_CHUNKS)
        lost = roomy[0]
        owed = set(lost.chunks)
        lost.is_dead = True
        world.pass_time(PACE.repair_delay_s + 18.0)

        back = world.add(FULL + 1, contacts=actors[:3], pace=PACE, again=lost)
        world.pass_time(300.0)

        assert owed <= set(back.chunks)
        assert min(copies([*roomy, back], addresses)) == COPIES

    @pytest.mark.long
    def test_a_stand_in_that_comes_back_empty_at_once_is_asked_for_what_it_held(self):
        world, lost, address = stood_in_for()
        lost.is_dead = True
        world.pass_time(1.0)

        back = world.add(int(lost.address.split(".")[2]), contacts=[next(iter(world.actors.values()))], pace=PACE,
                         again=lost)  # fmt: skip
        world.pass_time(60.0)

        assert address in back.chunks

    @pytest.mark.long
    def test_the_sweep_sends_full_vaults_no_bytes_and_gives_them_their_chunks_once_they_have_room(self):
        world, actors, _, addresses = network(SOON)
        world.pass_time(3 * SWEEP_S)
        assert copies(actors, addresses) == {COPIES}
        assert given_to(actors[:FULL], actors) == 0

        for full in actors[:FULL]:
            full.vault._desk.quota_bytes = 1 << 20
        world.pass_time(3 * SWEEP_S)

        assert missing(actors, addresses) == 0

    @pytest.mark.long
    def test_an_audit_finds_no_chunk_at_a_full_vault_and_sends_it_none(self):
        world, actors, _, _ = network(msgspec.structs.replace(PACE, audit_s=1.0))
        world.pass_time(60.0)

        assert given_to(actors[:FULL], actors) == 0


class TestArrivals:
    LARGE = b"x" * 30_000

    @pytest.mark.long
    @pytest.mark.parametrize("left_bytes", [0, 20_000])
    def test_a_newcomer_that_stands_in_for_those_without_room_is_given_its_copy_before_any_sweep(self, left_bytes: int):
        """Whether they say that they are full, or have room for smaller chunks and only refuse this one."""
        world = World()
        actors = world.grow(8, pace=PACE)
        for actor in actors[:4]:
            actor.vault._desk.used_bytes = for_others(actor.vault._desk) - left_bytes
        stored = world.command(actors[7], lambda number: control.PutChunk(number, self.LARGE))
        assert copies(actors, [stored.address]) == {COPIES - 1}
        world.pass_time(2 * SWEEP_PAUSE_S)

        opposite = bytes(0xFF - byte for byte in stored.address)
        newcomer = world.add(100, contacts=actors[:3], pace=PACE, near=opposite)
        world.pass_time(120.0)

        assert newcomer.chunks == {stored.address: self.LARGE}

    def test_a_newcomer_that_stands_in_and_is_busy_at_first_is_asked_again_soon(self):
        world = World()
        actors = world.grow(8, pace=PACE)
        for actor in actors[:4]:
            actor.vault._desk.used_bytes = actor.vault._desk.quota_bytes
        stored = world.command(actors[7], lambda number: control.PutChunk(number, self.LARGE))

        opposite = bytes(0xFF - byte for byte in stored.address)
        newcomer = world.add(100, contacts=actors[:3], pace=PACE, near=opposite)
        newcomer.tamper = busy_until(world, world.now_s + 60.0)
        world.pass_time(150.0)

        assert newcomer.chunks == {stored.address: self.LARGE}

    @pytest.mark.long
    def test_a_newcomer_is_given_nothing_where_those_who_say_that_they_are_full_hold_the_chunk(self):
        world = World()
        actors = world.grow(8, pace=PACE)
        stored = world.command(actors[7], lambda number: control.PutChunk(number, self.LARGE))
        for actor in actors[:4]:
            actor.vault._desk.used_bytes = actor.vault._desk.quota_bytes
        world.pass_time(2 * SWEEP_PAUSE_S)

        opposite = bytes(0xFF - byte for byte in stored.address)
        newcomer = world.add(100, contacts=actors[:3], pace=PACE, near=opposite)
        world.pass_time(120.0)

        assert newcomer.chunks == {}
        assert copies(actors, [stored.address]) == {COPIES}


class TestGivingUp:
    @pytest.mark.long
    def test_a_leaving_vault_hands_over_to_those_beyond_the_full_ones(self):
        world, actors, roomy, addresses = network()
        leaver = roomy[0]

        leave(world, leaver, 20.0)
        leaver.is_dead = True

        last = leaver.reports(control.HandedOver)[-1]
        assert (last.done, last.left) == (len(leaver.chunks), 0)
        assert copies(actors, addresses) == {COPIES}

    @pytest.mark.long
    def test_a_shrinking_vault_gives_chunks_to_those_beyond_the_full_ones(self):
        world, _, roomy, _ = network()

        shrink(world, roomy[0], 0)
        world.pass_time(120.0)

        assert roomy[0].chunks == {}
        assert roomy[0].vault._desk.counters["removed unproven"] == 0

    @pytest.mark.long
    def test_a_chunk_far_outside_is_given_up_when_those_who_stand_in_for_full_ones_have_signed_too(self):
        world, actors, _, addresses = network(SOON, chunks=1)
        holders = [actor for actor in actors if addresses[0] in actor.chunks]
        newcomers = [world.add(100 + n, contacts=actors[:3], pace=SOON, near=addresses[0]) for n in range(8)]
        world.pass_time(4 * SWEEP_S)

        assert sum(addresses[0] in newcomer.chunks for newcomer in newcomers) >= COPIES
        assert not all(addresses[0] in holder.chunks for holder in holders)


class TestALie:
    @pytest.mark.long
    def test_near_vaults_that_say_full_and_have_room_only_move_a_chunk_outwards_where_it_is_found(self):
        world = World()
        actors = world.grow(VAULTS, pace=SOON)
        content = b"nobody shall lose it"
        address = hashlib.sha256(content).digest()
        liars = [world.add(100 + n, contacts=actors[:3], pace=SOON, near=address) for n in range(8)]
        for liar in liars:
            liar.tamper = say_full
        world.pass_time(30.0)

        assert isinstance(world.command(actors[0], lambda n: control.PutChunk(n, content)), control.Stored)
        world.pass_time(3 * SWEEP_S)

        assert sum(address in actor.chunks for actor in actors) == COPIES
        asker = next(actor for actor in actors if address not in actor.chunks)
        world._run_until(world.now_s + 0.1)  # nothing is on its way any more
        for stranger in [peer for peer in asker.vault._desk.table if peer.vault_id not in ids_of(liars)]:
            asker.vault._desk.table.remove(stranger.vault_id)
        world.feed(asker, CommandReceived(world.now(), control.GetChunk(5_000, address)))
        world._run_until(world.now_s + 5.0)  # before the asker meets the others again by chance
        assert asker.reports(control.Content)

    @pytest.mark.long
    def test_holders_that_say_full_stay_holders_and_make_nobody_give_a_chunk_up(self):
        world = World()
        actors = world.grow(VAULTS, pace=SOON)
        content = b"nobody shall lose it"
        address = hashlib.sha256(content).digest()
        world.command(actors[0], lambda n: control.PutChunk(n, content))
        holders = [actor for actor in actors if address in actor.chunks]

        for liar in [*holders[:2], *(actor for actor in actors if actor not in holders)]:
            liar.tamper = say_full
        world.pass_time(3 * SWEEP_S)

        assert [actor for actor in actors if address in actor.chunks] == holders


class TestWhatIsKnownOfFullOnes:
    def test_who_was_full_is_remembered_until_a_sweep_has_come_by(self):
        fullness = Fullness()
        fullness.said(b"a", 0.0)
        fullness.said(b"b", 0.0)

        assert control.Pace().sweep_s < FULL_S
        assert fullness.ids(FULL_S - 1.0) == {b"a", b"b"}
        assert fullness.ids(FULL_S) == frozenset()

    def test_it_does_not_grow_for_ever(self):
        fullness = Fullness()
        for number in range(FULL_KEPT + 10):
            fullness.said(b"%d" % number, 0.0)

        assert len(fullness.ids(1.0)) == FULL_KEPT

    def test_a_ping_tells_it_both_ways(self):
        world = World()
        first, second = world.grow(2, pace=PACE)
        for full in (first, second):
            full.vault._desk.quota_bytes = 0
        world.pass_time(2 * PACE.ping_s)

        assert first.vault._desk.fullness.ids(world.now_s) == {second.vault_id}
        assert second.vault._desk.fullness.ids(world.now_s) == {first.vault_id}

    @pytest.mark.parametrize(
        ("left_bytes", "is_full"), [(0, True), ((1 << 20) // 64, True), ((1 << 20) // 64 + 1, False)]
    )
    def test_a_vault_with_a_small_quota_is_full_when_a_sixty_fourth_is_left(self, left_bytes: int, is_full: bool):
        desk = World().add(1).vault._desk
        desk.used_bytes = for_others(desk) - left_bytes

        assert desk.is_full is is_full

    def test_a_vault_whose_disk_takes_nothing_is_full_but_not_for_what_it_holds(self):
        desk = World().add(1).vault._desk
        desk.trouble = "storage"
        desk.add_held({bytes(32): 1})

        assert desk.is_full_for(b"\1" * 32)
        assert not desk.is_full_for(bytes(32))
