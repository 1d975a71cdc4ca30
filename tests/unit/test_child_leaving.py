"""The vault in use is stopped: it hands its chunks over to others first, as long as it may."""

from __future__ import annotations

import asyncio
import logging

import pytest

from node.api import schema
from node.supervisor.vault_child import VaultChild
from node.vault import control
from tests.child_world import NEW, Story, World, play


class TestLeaving:
    """How a vault is stopped whose chunks others need."""

    def stopped(self, story: Story) -> tuple[World, list[schema.Handover | None]]:
        """A vault that may hand over for 20 s and is stopped; what was said of it at each moment."""
        world, seen = World(), []
        world.leave_s = 20.0

        async def stop(vault: VaultChild, world: World):
            vault.stop(world.leave_s)
            await asyncio.sleep(1)
            seen.append(vault.handover)
            await story(vault, world)
            await asyncio.sleep(1)
            seen.append(vault.handover)
            assert world.alive() == []

        return play(stop, world), seen

    def test_it_hands_its_chunks_over_and_then_ends(self):
        async def finish(vault: VaultChild, world: World):
            assert world.alive() != []
            world.gone.set()

        world, seen = self.stopped(finish)

        assert world.log == ["start 1", "leaving", "drain 1 in 20 s", "end 1"]
        assert seen == [schema.Handover(12, 28), schema.Handover(40, 0)]

    def test_a_second_stop_ends_it_at_once(self):
        async def hurry(vault: VaultChild, world: World):
            vault.stop()

        world, seen = self.stopped(hurry)

        assert world.log == ["start 1", "leaving", "drain 1 in 20 s", "end 1"]
        assert seen == [schema.Handover(12, 28), schema.Handover(12, 28)]

    def test_the_log_tells_of_its_beginning_and_its_end(self, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO, "node.supervisor.leaving")

        async def finish(vault: VaultChild, world: World):
            world.gone.set()

        self.stopped(finish)

        assert caplog.messages == ["leaving begun handover_s=20", "leaving ended done=40 left=0 hurried=False"]

    def test_the_log_tells_when_shrinking_begins_and_ends(self, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO, "node.supervisor.leaving")

        async def shrink(vault: VaultChild, world: World):
            for done in range(3):
                world.runs[0].on_report(control.HandedOver(done, 3 - done, is_over=False))
            world.runs[0].on_report(control.HandedOver(3, 0, is_over=True))
            assert caplog.messages == ["shrinking begun left=3", "shrinking ended done=3 left=0"]

        play(shrink)

    def test_shrinking_is_told_until_it_is_over(self):
        async def shrink(vault: VaultChild, world: World):
            world.runs[0].on_report(control.HandedOver(1, 2, is_over=False))
            assert vault.handover == schema.Handover(1, 2)
            world.runs[0].on_report(control.HandedOver(3, 0, is_over=True))
            assert vault.handover is None

        play(shrink)

    def test_a_handover_to_another_version_gives_nothing_away(self):
        world = World()
        world.leave_s = 20.0
        world.gone.set()

        async def switch(vault: VaultChild, world: World):
            await vault.switch(NEW)

        play(switch, world)

        assert "drain 1" in world.log
        assert "drain 2 in 20 s" in world.log
