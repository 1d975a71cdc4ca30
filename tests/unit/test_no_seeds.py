"""A network has no vault that it could not do without: the first ones go, others come, and the chunks stay."""

from __future__ import annotations

import hashlib

import pytest

from node.vault import control
from node.vault.core.identity import Introduction, decode_record, encode_introduction
from tests.vault_world import START_S, Actor, World

CHUNK = b"older than every vault that holds it"
ADDRESS = hashlib.sha256(CHUNK).digest()


def peers(world: World, actor: Actor) -> int:
    return int(world.command(actor, control.GetState).peer_count)


def invited(world: World, number: int, inviter: Actor) -> Actor:
    """A new vault that was told of one other: its key and where it is."""
    newcomer, record = world.add(number), inviter.vault.record
    introduction = encode_introduction(Introduction(record.transport_key, record.addresses))
    world.command(newcomer, lambda number: control.Introduce(number, (introduction,)))
    return newcomer


@pytest.mark.long
def test_when_all_first_vaults_are_gone_it_takes_new_ones_and_has_kept_the_chunk():
    world = World(2)
    generation = world.grow(5)
    world.command(generation[0], lambda number: control.PutChunk(number, CHUNK))
    for age in range(1, 3):
        newcomers = [invited(world, 10 * age + number, generation[number]) for number in range(5)]
        world.pass_time(60.0)
        for old in generation:
            old.is_dead = True
            world.pass_time(100.0)  # time for the others to notice and to copy what it held
        generation = newcomers

    assert all(peers(world, actor) == 4 for actor in generation)
    assert world.command(generation[-1], lambda number: control.GetChunk(number, ADDRESS)).content == CHUNK


def test_who_comes_back_after_the_first_vaults_are_gone_finds_the_others_by_what_it_kept():
    world = World(3)
    first = world.grow(5)
    later = [world.add(10 + number, contacts=first[:2]) for number in range(5)]
    world.pass_time(60.0)
    kept = world.command(later[0], control.GetContacts).records
    for gone in (*first, later[0]):
        gone.is_dead = True
    world.pass_time(60.0)

    known = [decode_record(record, START_S + world.now_s) for record in kept]
    contacts = [actor for record in known for actor in world.actors.values() if actor.vault.record == record]
    back = world.add(30, contacts=contacts)
    world.pass_time(60.0)

    assert len(contacts) >= 9
    assert peers(world, back) == 4
