"""What a vault is told once it listens: all that changed while it started, however late it answers."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.supervisor import keys
from node.supervisor.home import Home
from node.supervisor.keys import RunKey
from node.supervisor.ports import Assignment, Slot
from node.supervisor.supervisor import Supervisor
from node.supervisor.vault_child import POLL_S, VaultChild
from node.vault import control
from node.vault.limiting import Limits, SetLimits
from node.vault.noting import OwnNote, SetNotes
from tests.child_world import OLD, UTC_S, FakeRun, World, nothing_to_hold, play
from tests.virtual_time import run

NOTES = (OwnNote(bytes(32), b"a note"),)


class Slow(World):
    """A launcher with which something happens each time a vault was given its assignment and does not listen yet."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[Assignment], Awaitable[None]] = self.nothing

    async def nothing(self, _assignment: Assignment) -> None:
        pass

    async def start(self, slot: Slot, key: RunKey, assignment: Assignment, on_report: Callable[[control.Report], None]):
        await self.meanwhile(assignment)
        return await super().start(slot, key, assignment, on_report)

    def limits(self, of: FakeRun) -> list[Limits]:
        """What the vault was given at its start, and then told."""
        told = [order for pid, order in self.orders if pid == of.pid and isinstance(order, SetLimits)]
        return [of.assignment.limits, *(order.limits for order in told)]


def node(folder: Path, world: Slow, story: Callable[[Supervisor], Awaitable[None]]) -> None:
    """Let ``story`` happen to a supervisor whose vaults run in that world."""

    async def live() -> None:
        home = Home.make(folder / "home", kind="practice", root=b"none", bind="127.0.1.1:0", quota_bytes=64 << 20)
        supervisor = Supervisor(
            home, await keys.load(home, os.urandom), random=random.Random(1), launcher=world, utc_s=lambda: UTC_S
        )
        running = asyncio.create_task(supervisor.run(nothing_to_hold))
        await story(supervisor)
        supervisor.stop(0.0)
        await running

    run(live())


def test_a_pause_that_begins_while_the_vault_starts_reaches_it(tmp_path: Path):
    world = Slow()

    async def story(supervisor: Supervisor) -> None:
        async def paused(_assignment: Assignment) -> None:
            await supervisor.pause("until-resumed")

        world.meanwhile = paused
        await asyncio.sleep(2 * POLL_S)

    node(tmp_path, world, story)

    assert [limits.is_taking for limits in world.limits(world.runs[0])] == [True, False]


def test_a_pause_that_begins_while_the_next_vault_stands_by_reaches_it(tmp_path: Path):
    world = Slow()

    async def story(supervisor: Supervisor) -> None:
        async def paused(assignment: Assignment) -> None:
            if assignment.is_standby:
                await supervisor.pause("until-resumed")

        world.meanwhile = paused
        await asyncio.sleep(2 * POLL_S)
        await supervisor.host.switch("")
        await asyncio.sleep(2 * POLL_S)

    node(tmp_path, world, story)

    first, second = world.runs
    assert [limits.is_taking for limits in world.limits(first)] == [True, False]
    assert [limits.is_taking for limits in world.limits(second)] == [True, False]


def test_a_pause_between_two_runs_is_known_to_the_next_one_from_its_first_moment(tmp_path: Path):
    world = Slow()

    async def story(supervisor: Supervisor) -> None:
        await asyncio.sleep(2 * POLL_S)
        world.runs[0].end(1)
        await asyncio.sleep(0.1)
        await supervisor.pause("until-resumed")
        await asyncio.sleep(2 * POLL_S)

    node(tmp_path, world, story)

    assert [limits.is_taking for limits in world.limits(world.runs[1])] == [False]


@pytest.mark.parametrize("late", [SetNotes, control.SetQuota])
def test_one_late_answer_drops_nothing_of_it(tmp_path: Path, late: type[control.Command]):
    world = Slow()
    world.late[late] = True
    served: list[str] = []

    async def story(supervisor: Supervisor) -> None:
        supervisor.host._notes = NOTES
        supervisor.slots.has_started = lambda *version: served.append(version[1])  # type: ignore[method-assign]
        await asyncio.sleep(4 * POLL_S)
        assert served[0] == supervisor.vault.tree_hash

    node(tmp_path, world, story)

    told = [type(order) for _, order in world.orders]
    assert told.count(late) >= 2
    assert {SetNotes, control.SetQuota} <= set(told[told.index(late) + 1 :])


def test_what_it_will_not_do_keeps_nothing_else_from_it(tmp_path: Path):
    """As a version that is too old to know notes."""
    world = Slow()
    world.refused = {SetNotes}

    async def story(supervisor: Supervisor) -> None:
        supervisor.host._notes = NOTES
        await asyncio.sleep(4 * POLL_S)

    node(tmp_path, world, story)

    told = [type(order) for _, order in world.orders]
    assert told.count(SetNotes) == 1
    assert told[told.index(SetNotes) + 1] is control.SetQuota


def test_a_vault_is_told_again_until_it_has_answered_to_all_of_it():
    async def story(vault: VaultChild, world: World) -> None:
        assert len(world.told) > 1
        assert world.told[0] == world.runs[0].assignment
        world.is_all_told = True
        await asyncio.sleep(2 * POLL_S)
        told = len(world.told)
        await asyncio.sleep(4 * POLL_S)
        assert len(world.told) == told

    world = World()
    world.is_all_told = False
    play(story, world)


def test_a_vault_that_answers_nothing_is_not_told_again_before_it_does():
    async def story(vault: VaultChild, world: World) -> None:
        await asyncio.sleep(4 * POLL_S)
        assert len(world.told) == 1

    world = World()
    world.is_all_told, world.faults[OLD] = False, ["hanging"]
    play(story, world)
