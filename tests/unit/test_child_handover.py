"""The vault in use hands over to another version, and a handover never leaves none behind."""

from __future__ import annotations

import asyncio
import contextlib
import random

import msgspec
import pytest

from node.supervisor.errors import StateError, SwitchFailed
from node.supervisor.keys import Keys
from node.supervisor.switching import IN_USE
from node.supervisor.vault_child import POLL_S, VaultChild
from node.update.errors import HostFailed, SlotDamaged, SwitchTooLate
from node.vault import control
from node.vault.core.identity import Certificate
from tests.child_world import NEW, OLD, World, play, record_at


class TestHandover:
    def test_the_new_one_stands_by_the_old_one_drains_then_the_new_one_takes_its_place(self):
        async def story(vault: VaultChild, world: World):
            await vault.switch(NEW)
            assert vault.tree_hash == NEW
            assert vault.is_listening

        world = play(story)
        assert world.log == ["start 1", "start 2 standby", "drain 1", "end 1", "drain 2", "end 2"]
        assert world.runs[1].assignment.bind == "127.0.1.1:4001"

    def test_a_version_that_is_started_anew_hands_over_to_itself(self):
        async def story(vault: VaultChild, world: World):
            await vault.switch(OLD)
            await vault.switch(IN_USE)
            assert vault.tree_hash == OLD
            assert vault.is_listening

        world = play(story)
        assert world.log == ["start 1", "start 2 standby", "drain 1", "end 1", "drain 2", "end 2"]
        assert {run.tree_hash for run in world.runs} == {OLD}
        assert world.failures == []

    def test_one_that_is_to_start_anew_while_another_takes_over_is_the_other_one(self):
        async def story(vault: VaultChild, world: World):
            await asyncio.gather(vault.switch(NEW), vault.switch(IN_USE))
            assert vault.tree_hash == NEW

        assert [run.tree_hash for run in play(story).runs] == [OLD, NEW, NEW]

    def test_the_store_is_seen_to_when_the_old_one_has_ended_and_before_the_new_one_is_at_it(self):
        async def story(vault: VaultChild, world: World):
            await vault.switch(NEW)

        assert play(story).rests == [(OLD, "nothing"), (NEW, "end 1")]

    def test_the_store_is_seen_to_before_the_old_one_takes_it_back(self):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = ["cannot bind"]
            with pytest.raises(SwitchFailed):
                await vault.switch(NEW)

        assert play(story).rests == [(OLD, "nothing"), (NEW, "end 1"), (OLD, "end 2")]

    def test_of_one_that_ends_at_once_it_is_said_that_it_ended_and_why(self):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = ["ends"]
            with pytest.raises(SwitchFailed, match="it ended with code 1: no such thing"):
                await vault.switch(NEW)
            assert vault.tree_hash == OLD

        play(story)

    def test_a_vault_that_says_again_and_again_where_it_is_costs_no_more_than_one_look_each_poll(self):
        async def story(vault: VaultChild, world: World):
            for _ in range(200):
                world.runs[0].on_report(control.Listening(record_at("127.0.1.1:4001")))
                await asyncio.sleep(0.005)
            assert len(world.records) <= 3

        play(story)

    def test_one_that_only_stands_by_says_nothing_for_the_farm(self):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = ["boasts", "cannot bind"]
            with pytest.raises(SwitchFailed):
                await vault.switch(NEW)
            assert vault.record == record_at("127.0.1.1:4001")

        assert play(story).runs[-1].assignment.bind == "127.0.1.1:4001"

    def test_to_the_version_in_use_nothing_happens(self):
        async def story(vault: VaultChild, world: World):
            await vault.switch(OLD)

        assert play(story).log == ["start 1", "drain 1", "end 1"]

    @pytest.mark.parametrize("fault", ["no start", "cannot open"])
    def test_one_that_cannot_stand_by_changes_nothing(self, fault: str):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = [fault]
            with pytest.raises(SwitchFailed, match="Nothing was changed"):
                await vault.switch(NEW)
            assert vault.tree_hash == OLD
            assert vault.is_listening
            assert not world.runs[0].exited.done()

        play(story)

    @pytest.mark.parametrize("fault", [SlotDamaged("a slot is damaged"), OSError(11, "no process"), StateError("full")])
    def test_what_this_computer_could_not_do_for_the_new_one_is_said_to_be_its_own_fault(self, fault: Exception):
        async def story(vault: VaultChild, world: World):
            world.slot_fault = fault
            with pytest.raises(SwitchFailed, match="Nothing was changed") as found:
                await vault.switch(NEW)
            assert isinstance(found.value, HostFailed)
            assert vault.is_listening

        play(story)

    @pytest.mark.parametrize("fault", ["no start", "cannot open", "cannot bind"])
    def test_what_the_new_one_did_is_not_said_to_be_this_computers_fault(self, fault: str):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = [fault]
            with pytest.raises(SwitchFailed) as found:
                await vault.switch(NEW)
            assert not isinstance(found.value, HostFailed)

        play(story)

    @pytest.mark.parametrize("faults", [["deaf"], ["opens for long", "for ever"]])
    def test_of_one_that_was_only_too_late_it_is_said(self, faults: list[str]):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = faults
            with pytest.raises(SwitchFailed) as found:
                await vault.switch(NEW)
            assert isinstance(found.value, SwitchTooLate)
            assert vault.tree_hash == OLD

        play(story)

    @pytest.mark.parametrize("fault", ["no start", "cannot open", "cannot bind", "ends"])
    def test_of_one_that_ended_or_refused_it_is_not(self, fault: str):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = [fault]
            with pytest.raises(SwitchFailed) as found:
                await vault.switch(NEW)
            assert not isinstance(found.value, SwitchTooLate)

        play(story)

    @pytest.mark.parametrize("fault", ["no start", "cannot open", "cannot bind"])
    def test_the_old_one_does_not_stay_by_hindering_one_that_is_insisted_on(self, fault: str):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = [fault]
            with pytest.raises(SwitchFailed):
                await vault.switch(NEW, is_insisted=True)
            assert vault.tree_hash == NEW
            assert OLD not in [run.tree_hash for run in world.alive()]
            world.faults[NEW] = []
            await asyncio.sleep(60.0)
            assert vault.is_listening
            assert [run.tree_hash for run in world.alive()] == [NEW]

        play(story)

    @pytest.mark.parametrize("is_hindered", [False, True])
    def test_after_a_way_back_nothing_of_the_key_that_the_other_version_had_is_left_in_force(self, is_hindered: bool):
        """Else what it may have given away would still speak for the farm."""
        world = World()
        world.keys = lambda: Keys(bytes(32), world, random.Random(1).randbytes)  # type: ignore[method-assign, arg-type]

        async def story(vault: VaultChild, world: World):
            await vault.switch(NEW)
            world.faults[OLD] = ["cannot bind"] if is_hindered else []
            with contextlib.suppress(SwitchFailed):
                await vault.switch(OLD, is_insisted=is_hindered)
            world.faults[OLD] = []
            await asyncio.sleep(60.0)
            assert vault.is_listening

        runs = play(story, world=world).runs
        left = [run for run in runs if run.tree_hash == NEW]
        back = runs[-1]
        certificates = {run: msgspec.msgpack.decode(run.key.certificate, type=Certificate) for run in runs}
        assert back.tree_hash == OLD
        assert back.key.transport_key not in [run.key.transport_key for run in runs[:-1]]
        assert certificates[back].transport_key == back.key.transport_key
        assert certificates[back].serial > max(certificates[run].serial for run in left)

    @pytest.mark.parametrize("fault", ["cannot bind", "deaf"])
    def test_one_that_cannot_take_over_is_ended_and_the_old_one_comes_back(self, fault: str):
        async def story(vault: VaultChild, world: World):
            world.faults[NEW] = [fault]
            with pytest.raises(SwitchFailed, match="runs again"):
                await vault.switch(NEW)
            assert vault.tree_hash == OLD
            await asyncio.sleep(1.0)
            assert vault.is_listening

        world = play(story)
        assert world.runs[-1].tree_hash == OLD

    def test_it_can_be_left_while_it_fails_again_and_again(self):
        async def story(vault: VaultChild, world: World):
            world.faults[OLD] = ["no start"]
            world.runs[0].end(1)
            await asyncio.sleep(40.0)
            await vault.switch(NEW)
            assert vault.is_listening
            assert vault.failures == 0

        play(story)

    def test_a_caller_that_goes_away_does_not_cut_it_in_half(self):
        async def story(vault: VaultChild, world: World):
            switching = asyncio.create_task(vault.switch(NEW))
            await asyncio.sleep(0)
            switching.cancel()
            await asyncio.sleep(POLL_S)
            assert vault.tree_hash == NEW
            assert vault.is_listening

        play(story)

    def test_failures_of_the_version_before_are_not_held_against_the_new_one(self):
        async def story(vault: VaultChild, world: World):
            world.alive()[0].end(1)
            await asyncio.sleep(2.0)
            await vault.switch(NEW)
            assert vault.failures == 0

        play(story)

    def test_one_asked_for_at_the_end_is_refused(self):
        async def story(vault: VaultChild, world: World):
            vault.stop()
            with pytest.raises(SwitchFailed):
                await vault.switch(NEW)

        play(story)
