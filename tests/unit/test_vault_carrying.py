"""What every vault carries beside its chunks: to be had of anyone, hidden by nobody, and promised to no one."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest

from node.vault import control
from node.vault.core import fetch as fetching
from node.vault.core.carrying import CARRIED_BYTES_MAX
from node.vault.core.events import Reply
from node.vault.core.messages import Audit, Chunk, Get, NotHeld, Refused
from tests.unit.test_vault_attacks import Peer, ask, of
from tests.vault_world import Actor, World

FILE = b"the manifest of the newest release"
ADDRESS = hashlib.sha256(FILE).digest()


@pytest.fixture
def world() -> World:
    return World(3)


def carry(world: World, actor: Actor, content: bytes = FILE) -> Any:
    return world.command(actor, lambda number: control.CarryObject(number, content))


def fetch(world: World, actor: Actor, *, is_carried: bool = True) -> Any:
    answer = world.command(actor, lambda number: control.GetChunk(number, ADDRESS, is_carried))
    world.pass_time(120.0)
    return answer


def said(world: World, actor: Actor, message: Get | Audit) -> Any:
    """What the vault answers to a stranger."""
    (reply,) = of(Reply, ask(world, actor, Peer(7, "10.7.3.3:1").record, message, "10.7.3.0/24"))
    return reply.message


@pytest.mark.long
def test_a_file_of_the_head_is_had_of_a_vault_far_away_from_its_address(world: World):
    actors = world.grow(30)
    nearest = sorted(actors, key=lambda actor: actor.vault.record.position ^ int.from_bytes(ADDRESS, "big"))
    carry(world, nearest[-2])

    assert fetch(world, nearest[-1]).content == FILE


@pytest.mark.long
def test_those_who_surround_its_address_cannot_hide_it_from_one_next_to_it(world: World):
    actors = world.grow(10)
    asker = world.add(99, contacts=actors[:3], near=ADDRESS)
    for number in range(100, 130):
        liar = world.add(number, contacts=actors[:3], near=ADDRESS)
        liar.tamper = lambda answer: Refused("busy") if isinstance(answer, Chunk | NotHeld) else answer
    world.pass_time(60.0)
    for honest in actors:
        carry(world, honest)

    assert fetch(world, asker).content == FILE


@pytest.mark.long
def test_three_next_to_its_address_cannot_hide_one_that_only_its_close_group_has(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """As of a release that is not the newest any more: hardly anybody carries it, in a network of many more vaults."""
    monkeypatch.setattr(fetching, "ASK_PEERS_MAX", 12)
    actors = world.grow(30)
    asker = world.add(99, contacts=actors[:3])
    for number in range(100, 103):
        liar = world.add(number, contacts=actors[:3], near=ADDRESS)
        liar.tamper = lambda answer: Refused("busy") if isinstance(answer, Chunk | NotHeld) else answer
    world.pass_time(30.0)
    nearest = sorted(actors, key=lambda actor: actor.vault.record.position ^ int.from_bytes(ADDRESS, "big"))
    carry(world, nearest[4])

    assert fetch(world, asker).content == FILE


def test_it_takes_no_space_that_is_lent_and_counts_as_no_chunk(world: World):
    (actor,) = world.grow(1)
    carry(world, actor)

    state = world.command(actor, control.GetState)
    assert (state.used_bytes, state.chunk_count) == (0, 0)


def test_an_audit_is_answered_from_the_disk_alone(world: World):
    """Else a copy that the next head drops would count as one that is kept."""
    actor, _ = world.grow(2)
    carry(world, actor)

    assert isinstance(said(world, actor, Audit(ADDRESS, os.urandom(16))), NotHeld)
    assert isinstance(said(world, actor, Get(ADDRESS, os.urandom(16))), Chunk)


def test_what_the_next_head_does_not_name_is_dropped_and_makes_room(world: World):
    actor, _ = world.grow(2)
    carry(world, actor)
    for number in range(CARRIED_BYTES_MAX >> 20):
        answer = carry(world, actor, bytes([number]) * (1 << 20))
    assert isinstance(answer, control.Failed)
    assert answer.code == "resource"

    world.command(actor, lambda number: control.DropObjects(number, (ADDRESS,)))

    assert isinstance(carry(world, actor, bytes([number]) * (1 << 20)), control.Done)
    assert isinstance(said(world, actor, Get(ADDRESS, os.urandom(16))), Chunk)
    assert isinstance(said(world, actor, Get(hashlib.sha256(bytes(1 << 20)).digest(), os.urandom(16))), NotHeld)


def test_whoever_carries_it_needs_to_ask_nobody(world: World):
    actors = world.grow(3)
    carry(world, actors[0])
    world.sent.clear()

    assert fetch(world, actors[0]).content == FILE
    assert world.sent["Get"] == 0
