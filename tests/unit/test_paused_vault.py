"""A vault whose farmer has a pause: it takes no new chunk, answers reads and audits, and nobody thinks worse of it."""

from __future__ import annotations

import hashlib

import pytest

from node.vault import control
from node.vault.core.desk import DATA_FAULTS
from node.vault.core.events import Ask, CommandReceived
from node.vault.core.messages import Audit, Audited, Put, Refused, Stored
from node.vault.limiting import Limits, SetLimits
from tests.vault_world import PACE, Actor, World

VAULTS = 7  # all are in reach of every chunk; five are needed
PAUSED = Limits(is_taking=False)


def put(world: World, actor: Actor, content: bytes) -> bytes:
    stored = world.command(actor, lambda number: control.PutChunk(number, content))
    assert isinstance(stored, control.Stored), stored
    return stored.address


def pause(world: World, actor: Actor, limits: Limits = PAUSED) -> None:
    assert isinstance(world.command(actor, lambda number: SetLimits(number, limits)), control.Done)


def network() -> tuple[World, Actor, Actor, bytes]:
    """A vault that holds a chunk and is then paused, another one, and the chunk."""
    world = World()
    actors = world.grow(VAULTS)
    address = put(world, actors[0], b"from before")
    held = next(actor for actor in actors[1:] if address in actor.chunks)
    pause(world, held)
    return world, held, next(actor for actor in actors if actor is not held), address


@pytest.mark.long
def test_it_takes_no_new_chunk_and_others_take_it_in_its_place():
    world, paused, other, _ = network()
    before = set(paused.chunks)
    for number in range(8):
        address = put(world, other, b"new %d" % number)
        assert sum(address in actor.chunks for actor in world.actors.values()) >= 5
    assert set(paused.chunks) == before
    sent = [ask for actor in world.actors.values() for ask in actor.effects if isinstance(ask, Ask)]
    to_paused = [ask for ask in sent if ask.peer.vault_id == paused.vault_id and isinstance(ask.message, Put)]
    assert [ask for ask in to_paused if ask.message.content.startswith(b"new")] == []  # type: ignore[union-attr]


def test_whoever_sends_one_all_the_same_is_told_that_there_is_no_room():
    world, paused, other, held = network()
    content = b"pushed"
    answers = [
        world.ask(other, paused, Put(hashlib.sha256(content).digest(), content)),
        world.ask(other, paused, Put(held, b"from before")),
    ]
    assert answers[0] == Refused("resource.quota")
    assert isinstance(answers[1], Stored)  # what is held is no new chunk


@pytest.mark.long
def test_it_answers_reads_and_audits_and_is_held_in_no_less_esteem():
    world, paused, other, address = network()
    assert isinstance(world.ask(other, paused, Audit(address, bytes(16))), Audited)
    got = world.command(other, lambda number: control.GetChunk(number, address))
    assert isinstance(got, control.Content)
    for number in range(4):
        put(world, other, b"more %d" % number)
    world.pass_time(60.0)
    for actor in world.actors.values():
        blamed = {name for name in actor.vault._desk.counters if name.startswith("blamed")}
        assert blamed & {f"blamed {code}" for code in DATA_FAULTS} == set()
        assert not actor.vault._desk.is_shunned(paused.vault_id)
        assert not actor.vault._desk.reliance.is_left_out(paused.vault_id)


def test_a_person_who_puts_something_there_gives_it_to_others():
    world, paused, _, _ = network()
    before = set(paused.chunks)
    address = put(world, paused, b"of the person")
    assert set(paused.chunks) == before
    assert address not in before


@pytest.mark.long
def test_when_the_pause_is_over_it_takes_chunks_again():
    world, paused, other, _ = network()
    pause(world, paused, Limits())
    world.pass_time(10.0)
    taken = [put(world, other, b"again %d" % number) in paused.chunks for number in range(8)]
    assert any(taken)


def test_a_vault_that_starts_during_a_pause_takes_nothing_from_its_first_moment():
    world = World()
    actors = world.grow(VAULTS - 1)
    late = world.add(VAULTS, contacts=actors[:3], limits=PAUSED, pace=PACE)
    content = b"early"
    assert world.ask(actors[0], late, Put(hashlib.sha256(content).digest(), content)) == Refused("resource.quota")


def test_its_repairs_keep_to_the_limit_and_are_slow_during_a_pause():
    world, paused, _, _ = network()
    line = paused.vault._line
    assert line.bytes_per_s_max == PACE.repair_bytes_per_s / 8
    pause(world, paused, Limits(upload_bytes_per_s=200_000))
    assert line.bytes_per_s_max == 100_000
    world.feed(paused, CommandReceived(world.now(), control.Drain(99, 30.0)))
    assert line.bytes_per_s_max > line.bytes_per_s  # who leaves hands over as fast as the transport lets it
