"""A chunk that is written anew while it is read: what was read before says nothing of what lies there now."""

from __future__ import annotations

import pytest

from node.vault.core.events import ChunkRead, ChunkWritten, Counted, ReadChunk, Reply, WriteChunk
from node.vault.core.messages import Audit, Audited, NotHeld, Put, Stored
from tests.unit.test_vault import state
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, NONCE, Peer, ask, of
from tests.unit.test_vault_care import quiet, uncounted
from tests.vault_world import Actor, World


def reading(*, is_held: bool) -> tuple[World, Actor, ReadChunk]:
    """A vault that has just been asked for a proof: of a chunk that is rotten, or that may lie there uncounted."""
    world = World()
    actor = world.add(1, pace=quiet())
    if is_held:
        actor.vault.step(Counted(world.now(), {ADDRESS: len(CHUNK)}, is_counted=True))
    else:
        uncounted(world, actor)
    (read,) = of(ReadChunk, ask(world, actor, Peer(1).record, Audit(ADDRESS, NONCE)))
    return world, actor, read


def put(world: World, actor: Actor) -> None:
    (write,) = of(WriteChunk, ask(world, actor, Peer(2).record, Put(ADDRESS, CHUNK)))
    (reply,) = of(Reply, list(actor.vault.step(ChunkWritten(world.now(), write.token))))
    assert isinstance(reply.message, Stored)


@pytest.mark.parametrize("is_held", [True, False])
def test_what_a_receipt_was_given_for_is_not_forgotten_by_a_read_that_began_before(is_held: bool):
    world, actor, read = reading(is_held=is_held)
    put(world, actor)
    (again,) = of(ReadChunk, list(actor.vault.step(ChunkRead(world.now(), read.token, None))))
    assert actor.vault._desk.held == {ADDRESS: len(CHUNK)}
    (reply,) = of(Reply, list(actor.vault.step(ChunkRead(world.now(), again.token, CHUNK))))
    assert isinstance(reply.message, Audited)
    assert not actor.vault._desk.broken
    assert state(world, actor).counters.get("chunk unreadable", 0) == 0


def test_what_is_still_unreadable_when_it_is_read_once_more_is_forgotten():
    world, actor, read = reading(is_held=True)
    put(world, actor)
    (again,) = of(ReadChunk, list(actor.vault.step(ChunkRead(world.now(), read.token, None))))
    (reply,) = of(Reply, list(actor.vault.step(ChunkRead(world.now(), again.token, None))))
    assert isinstance(reply.message, NotHeld)
    assert actor.vault._desk.broken == {ADDRESS: len(CHUNK)}
