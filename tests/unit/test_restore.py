"""Own chunks that are lost here: fetched back a few at a time, again and again, and only where there is room."""

from __future__ import annotations

import hashlib

from node.vault import control
from node.vault.core.events import Ask, CommandReceived, WriteChunk
from node.vault.core.messages import Get
from node.vault.core.restore import WAITING_MAX, _Lost, _Restoring
from tests.unit.test_vault import holders, put
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, of
from tests.unit.test_vault_care import Refusing, quiet
from tests.vault_world import Actor, World

PAUSE_S = 30.0


def lose(actor: Actor, address: bytes = ADDRESS) -> None:
    """The chunk is gone from the disk, and the vault has just seen it."""
    del actor.chunks[address]
    actor.vault._desk.forget(address)
    actor.vault._restorer.lost(actor.vault._desk, address)


def ill_one(world: World) -> tuple[list[Actor], Actor]:
    """A network in which somebody holds the chunk."""
    actors = world.grow(6, pace=quiet())
    put(world, actors[0])
    return actors, holders(actors)[0]


def test_what_nobody_had_at_first_is_looked_for_again():
    world = World()
    actors, ill = ill_one(world)
    others = [actor for actor in actors if actor is not ill]
    kept = {actor.vault_id: actor.chunks.pop(ADDRESS) for actor in others if ADDRESS in actor.chunks}
    for actor in others:
        actor.vault._desk.held.pop(ADDRESS, None)
    lose(ill)
    world.pass_time(PAUSE_S - 5.0)
    assert ADDRESS not in ill.chunks
    for actor in others:
        if actor.vault_id in kept:
            actor.chunks[ADDRESS] = kept[actor.vault_id]
            actor.vault._desk.add_held({ADDRESS: len(CHUNK)})

    world.pass_time(PAUSE_S)

    assert ill.chunks[ADDRESS] == CHUNK


def test_without_room_nothing_is_written_and_it_is_tried_again_later():
    world = World()
    _, ill = ill_one(world)
    ill.vault._desk.quota_bytes = 0
    lose(ill)
    world.pass_time(PAUSE_S - 5.0)
    assert ADDRESS not in ill.chunks
    assert len(ill.vault._restorer) == 1

    ill.vault._desk.quota_bytes = 1 << 20
    world.pass_time(PAUSE_S)

    assert ill.chunks[ADDRESS] == CHUNK


def test_while_the_disk_takes_nothing_nothing_is_fetched_and_no_try_is_used_up():
    world = Refusing("storage", says="storage")
    _, ill = ill_one(world)
    world.ill = ill
    ill.vault._desk.trouble = "storage"
    lose(ill)
    ill.effects.clear()
    world.pass_time(20 * PAUSE_S)
    assert not [effect for effect in ill.effects if isinstance(effect, Ask) and isinstance(effect.message, Get)]
    assert ill.vault._desk.counters["chunk lost"] == 0

    world.ill = None
    world.pass_time(2 * PAUSE_S)

    assert ill.chunks[ADDRESS] == CHUNK


def test_while_the_disk_takes_nothing_a_step_leaves_alone_what_waits_however_much_it_is():
    actor = World().add(1)
    desk, restorer = actor.vault._desk, actor.vault._restorer
    waiting = {number.to_bytes(32, "big"): _Lost(0.0) for number in range(WAITING_MAX)}
    restorer._waiting.update(waiting)
    desk.trouble = "storage"

    restorer.tick(desk)

    assert {lost.at_s for lost in waiting.values()} == {0.0}
    assert restorer.due_s == desk.now.monotonic_s + PAUSE_S


def test_four_are_fetched_at_once():
    world = World()
    actors = world.grow(6, pace=quiet())
    contents = [b"%d" % number for number in range(20)]
    for content in contents:
        world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000, content)))
    world.pass_time(10.0)
    ill = actors[1]
    lost = list(ill.chunks)
    for address in lost:
        lose(ill, address)
    at_once = set()
    while ill.vault._restorer._waiting and world.now_s < 200.0:
        world.pass_time(0.25)
        at_once.add(len(ill.vault._restorer._working))
    world.pass_time(5.0)

    assert max(at_once) <= 4
    assert len(lost) > 8
    assert {hashlib.sha256(content).digest() for content in ill.chunks.values()} == set(lost)


def test_a_chunk_that_comes_when_the_disk_has_just_failed_is_not_written_and_no_try_is_used_up():
    actor = World().add(1)
    desk, restorer = actor.vault._desk, actor.vault._restorer
    desk.trouble = "storage"
    restorer._working[ADDRESS] = _Lost(0.0)

    _Restoring(restorer, ADDRESS)._fetched(desk, CHUNK)

    assert of(WriteChunk, desk.take_effects()) == []
    assert restorer._waiting[ADDRESS].tries == 0
