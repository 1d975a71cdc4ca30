"""What a vault takes, and when: not too far away, not while it leaves or is in trouble, not while the old one goes."""

from __future__ import annotations

import pytest

from node.vault import control
from node.vault.core.close_group import REACH_SUBNETS
from node.vault.core.events import ChunkRemoved, CommandReceived, RemoveChunk, Reply, WriteChunk
from node.vault.core.identity import distance
from node.vault.core.messages import Get, NotHeld, Put, Refused
from tests.unit.test_vault import nearest, put
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, NONCE, Peer, ask, of, peers
from tests.vault_world import World

CLIENT = Peer(900).record


@pytest.mark.parametrize(("nearer", "is_taken"), [(REACH_SUBNETS - 1, True), (REACH_SUBNETS, False)])
def test_a_chunk_is_refused_beyond_the_reach_of_whoever_will_look_for_it(nearer: int, is_taken: bool):
    world = World()
    actor = world.add(1)
    desk = actor.vault._desk
    own = distance(desk.own_place.position, ADDRESS)
    for number, peer in enumerate(peers(600)):
        if distance(peer.record.position, ADDRESS) < own and len(desk.table) < nearer:
            desk.table.met(peer.record, f"10.{100 + number // 250}.{number % 250}.0/24", 0.0)
    assert len(desk.table) == nearer

    effects = ask(world, actor, CLIENT, Put(ADDRESS, CHUNK))

    assert bool(of(WriteChunk, effects)) == is_taken
    assert ([reply.message for reply in of(Reply, effects)] == [Refused("not_mine")]) != is_taken


def test_a_vault_that_leaves_takes_nothing_and_still_answers():
    world = World()
    actor = world.add(1)
    actor.vault._desk.add_held({bytes(32): 1})
    actor.vault.step(CommandReceived(world.now(), control.Drain(1, 30.0)))

    assert ask(world, actor, CLIENT, Put(ADDRESS, CHUNK)) == [Reply(1, Refused("busy"))]
    (reply,) = of(Reply, ask(world, actor, CLIENT, Get(ADDRESS, NONCE)))
    assert isinstance(reply.message, NotHeld)


@pytest.mark.parametrize("code", ["", "storage"])
def test_a_chunk_that_comes_back_while_it_is_being_removed_is_written_after_that(code: str):
    world = World()
    actor = world.add(1)
    actor.vault._desk.add_held({ADDRESS: len(CHUNK)})
    actor.vault._desk.remove_chunk(None, ADDRESS)
    (removal,) = of(RemoveChunk, actor.vault._desk.take_effects())

    assert of(WriteChunk, ask(world, actor, CLIENT, Put(ADDRESS, CHUNK))) == []
    (write,) = of(WriteChunk, actor.vault.step(ChunkRemoved(world.now(), removal.token, code)))

    assert (write.address, write.content) == (ADDRESS, CHUNK)


def test_a_vault_whose_disk_is_ill_stores_what_its_farmer_puts_with_others_only():
    world = World()
    actors = world.grow(9)
    own = nearest(actors)[1]
    own.vault._desk.trouble = "storage"

    stored = put(world, own)

    assert len(stored.receipts) == 5
    assert ADDRESS not in own.chunks
