"""Homes behind routers that let in only what comes from where something was sent to: they meet all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from node.vault import control
from node.vault.core.events import DialUnanswered, Effect, Event
from node.vault.core.vault import Vault
from tests.simulation.network import Nat
from tests.simulation.world import Scenario, World, in_world

OPEN, HOMES = 3, 9
APART_S = 100.0  # so that two do not dial each other at the same time by chance
MEET_S = 60.0
HOLDERS = 5
CHUNK = b"put by somebody at home"


class Alone(Vault):
    """Asks nobody to tell anybody anything."""

    def step(self, event: Event) -> list[Effect]:
        return [] if isinstance(event, DialUnanswered) else super().step(event)


def village(make_vault: type[Vault] = Vault) -> World:
    """At the pace of real homes: who looks around seldom meets nobody by chance."""
    return World(Scenario(3, vaults=OPEN + HOMES, chunks=0, faults=0, pace=control.Pace()), make_vault=make_vault)


async def settled(world: World) -> None:
    for number in range(OPEN + HOMES):
        host = world.add()
        host.address = f"44.0.{number}.1:4000"
        host.nat = Nat.OPEN if number < OPEN else Nat.RESTRICTED
        world.start(host)
        await asyncio.sleep(APART_S)
    await asyncio.sleep(MEET_S)


def known(world: World) -> list[int]:
    """How many others each home behind a router knows at first hand."""
    processes: list[Any] = [host.process for host in world.hosts[OPEN:]]
    return [len(process.vault._desk.table) for process in processes]


async def met(world: World) -> list[int]:
    await settled(world)
    return known(world)


@pytest.mark.long
def test_every_two_homes_come_to_know_each_other():
    assert in_world(village(), met) == [OPEN + HOMES - 1] * HOMES


@pytest.mark.long
def test_without_anybody_who_tells_them_they_do_not():
    assert max(in_world(village(Alone), met)) < OPEN + HOMES - 1


@pytest.mark.long
def test_a_chunk_of_a_home_is_held_by_homes_and_read_from_another_one():
    async def story(world: World) -> tuple[int, object]:
        await settled(world)
        putter: Any = world.hosts[-1]
        reader: Any = world.hosts[OPEN]
        stored = await putter.process.order(lambda number: control.PutChunk(number, CHUNK))
        read = await reader.process.order(lambda number: control.GetChunk(number, stored.address))
        return len(stored.receipts), read.content

    assert in_world(village(), story) == (HOLDERS, CHUNK)
