"""The vault in use goes on while the program that looks after it makes way for another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from node.supervisor.succession import HandedVault
from node.supervisor.vault_child import POLL_S, VaultChild
from node.supervisor.watched import RENEW_S
from node.vault.core.identity import CERTIFICATE_S
from tests.child_world import NEW, OLD, UTC_S, World, made
from tests.virtual_time import run

Story = Callable[[World], Coroutine[None, None, None]]


async def handed_on(world: World, inherited: HandedVault | None = None) -> HandedVault | None:
    """A program runs, and lets go of its vault for the next one."""
    vault = made(world, inherited=inherited)
    keeping = asyncio.create_task(vault.keep_running())
    await asyncio.sleep(POLL_S)
    vault.leave_on()
    await keeping
    return await vault.hand_on()


async def looked_after(world: World, inherited: HandedVault | None, seconds: float = POLL_S) -> VaultChild:
    """The next program runs for some time, and is stopped."""
    vault = made(world, inherited=inherited)
    keeping = asyncio.create_task(vault.keep_running())
    await asyncio.sleep(seconds)
    vault.stop()
    await keeping
    return vault


def play(story: Story, world: World | None = None) -> list[str]:
    world = world or World()
    run(story(world))
    assert world.alive() == []
    return world.log


def test_the_next_program_goes_on_with_the_same_run():
    async def story(world: World):
        handed = await handed_on(world)
        vault = await looked_after(world, handed)
        assert vault.record == (handed.record if handed else b"")
        assert len(world.told) == 2  # what changed meanwhile is told to it

    assert play(story) == ["start 1", "hand on 1", "take over 1", "drain 1", "end 1"]


def test_it_can_go_on_from_program_to_program():
    async def story(world: World):
        await looked_after(world, await handed_on(world, await handed_on(world)))

    assert play(story) == ["start 1", "hand on 1", "take over 1", "hand on 1", "take over 1", "drain 1", "end 1"]


def test_how_long_it_has_run_is_known_further():
    async def story(world: World):
        vault = made(world, inherited=await handed_on(world))
        keeping = asyncio.create_task(vault.keep_running())
        await asyncio.sleep(0.1)
        assert POLL_S <= vault.up_s() < POLL_S + 1.0
        vault.stop()
        await keeping

    play(story)


def test_another_version_than_the_pointer_says_stays_the_one_in_use():
    async def story(world: World):
        before = made(world)
        keeping = asyncio.create_task(before.keep_running())
        await asyncio.sleep(POLL_S)
        await before.switch(NEW)
        before.leave_on()
        await keeping
        assert (await looked_after(world, await before.hand_on())).tree_hash == NEW != OLD

    play(story)


def test_a_vault_that_has_ended_meanwhile_is_started_anew():
    async def story(world: World):
        handed = await handed_on(world)
        world.runs[0].end(1)
        await looked_after(world, handed)

    assert play(story) == ["start 1", "hand on 1", "end 1", "start 2", "drain 2", "end 2"]


def test_a_vault_that_could_not_be_reached_yet_is_ended_and_nothing_is_handed_on():
    async def story(world: World):
        world.faults[OLD] = ["deaf"]
        assert await handed_on(world) is None

    assert play(story) == ["start 1", "end 1"]


def test_a_vault_that_takes_nothing_any_more_is_ended_and_nothing_is_handed_on():
    async def story(world: World):
        world.faults[OLD] = ["deaf to the end"]
        assert await handed_on(world) is None

    assert play(story) == ["start 1", "end 1"]


def test_its_certificate_is_renewed_by_the_next_program():
    async def story(world: World):
        handed = await handed_on(world)
        world.utc_s = UTC_S + CERTIFICATE_S - RENEW_S
        await looked_after(world, handed, 3 * POLL_S)
        assert len(world.renewed) == 1

    play(story)


def test_a_program_that_is_stopped_while_it_makes_way_drains_the_vault():
    async def story(world: World):
        vault = made(world)
        keeping = asyncio.create_task(vault.keep_running())
        await asyncio.sleep(POLL_S)
        vault.leave_on()
        vault.stop()
        await keeping
        assert await vault.hand_on() is None

    assert play(story) == ["start 1", "drain 1", "end 1"]
