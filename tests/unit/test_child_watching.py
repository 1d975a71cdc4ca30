"""The vault in use is watched: whatever happens to it, exactly one runs, with a certificate that is valid."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from node.supervisor.errors import StateError, VaultUnavailable
from node.supervisor.vault_child import POLL_S, SILENCE_S_MAX, VaultChild
from node.supervisor.watchdog import STEADY_S
from node.supervisor.watched import LISTEN_S_MAX, RENEW_S
from node.vault import control
from node.vault.core.identity import CERTIFICATE_S, Certificate
from node.vault.noting import Met, MetVault
from tests.child_world import NEW, OLD, UTC_S, World, made, nothing, play, record_at
from tests.virtual_time import run


class TestWatching:
    def test_a_vault_is_started_and_drained_at_the_end(self):
        assert play(nothing).log == ["start 1", "drain 1", "end 1"]

    def test_it_is_remembered_that_there_were_others(self):
        async def story(vault: VaultChild, world: World):
            assert vault.has_met
            world.alive()[0].end(1)
            await asyncio.sleep(0.1)
            assert (vault.state, vault.has_met) == (None, True)

        play(story)

    def test_a_vault_that_ends_is_started_again_on_the_same_port(self):
        async def story(vault: VaultChild, world: World):
            world.runs[0].end(3)
            await asyncio.sleep(2.0)
            assert vault.is_listening

        world = play(story)
        assert [run.assignment.bind for run in world.runs] == ["127.0.1.1:0", "127.0.1.1:4001"]
        assert world.failures == ["it ended with code 3: no such thing"]

    def test_each_run_has_a_certificate_of_its_own(self):
        async def story(vault: VaultChild, world: World):
            world.runs[0].end(3)
            await asyncio.sleep(2.0)

        certificates = [msgspec.msgpack.decode(r.key.certificate, type=Certificate) for r in play(story).runs]
        assert certificates[0].serial < certificates[1].serial

    def test_the_port_of_the_run_before_the_last_restart_is_asked_for_again(self):
        assert play(nothing, record=record_at("127.0.1.1:7770")).runs[0].assignment.bind == "127.0.1.1:7770"

    def test_where_the_vault_is_reached_is_kept_for_others(self):
        assert play(nothing).records == [record_at("127.0.1.1:4001")]

    def test_where_it_can_be_reached_is_kept_once_the_disk_takes_it(self):
        async def story(vault: VaultChild, world: World):
            await asyncio.sleep(3 * POLL_S)
            assert (world.records, vault.is_listening) == ([], True)
            world.is_disk_full = False
            await asyncio.sleep(3 * POLL_S)

        world = World()
        world.is_disk_full = True
        assert play(story, world).records == [record_at("127.0.1.1:4001")]

    def test_one_that_does_not_start_is_tried_again_ever_more_slowly(self):
        async def story(vault: VaultChild, world: World):
            await asyncio.sleep(100.0)
            assert vault.failures == len(world.failures) > 5
            assert vault.failure == "said no hello"

        world = World()
        world.faults[OLD] = ["no start"]
        assert len(play(story, world).failures) < 12

    def test_after_two_failures_another_port_will_do(self):
        async def story(vault: VaultChild, world: World):
            for _ in range(2):
                world.alive()[0].end(98)
                await asyncio.sleep(3.0)

        assert [run.assignment.bind for run in play(story).runs][-1] == "127.0.1.1:0"

    def test_one_that_never_listens_is_ended_and_tried_again(self):
        async def story(vault: VaultChild, world: World):
            await asyncio.sleep(LISTEN_S_MAX + 3 * POLL_S)
            assert len(world.runs) == 2

        world = World()
        world.faults[OLD] = ["deaf"]
        play(story, world)
        assert "not reachable within 30 seconds" in world.failures[0]
        assert world.late_starts == world.failures

    def test_one_that_ends_or_falls_silent_was_not_late_at_its_start(self):
        async def story(vault: VaultChild, world: World):
            world.alive()[0].end(1)
            await asyncio.sleep(2 * POLL_S)
            world.faults[OLD] = ["hanging"]
            await asyncio.sleep(2 * SILENCE_S_MAX)
            world.faults.clear()

        world = play(story)
        assert (len(world.failures) >= 2, world.late_starts) == (True, [])

    def test_one_that_hangs_is_ended_and_tried_again(self):
        async def story(vault: VaultChild, world: World):
            world.faults[OLD] = ["hanging"]
            await asyncio.sleep(SILENCE_S_MAX / 2)
            assert len(world.runs) == 1
            assert (vault.silent_s() or 0.0) > 20.0
            await asyncio.sleep(SILENCE_S_MAX)
            world.faults.clear()

        assert "did not answer" in play(story).failures[0]

    def test_one_that_is_found_at_fault_is_ended_and_the_next_finds_the_store_at_rest(self):
        async def story(vault: VaultChild, world: World):
            vault.end("it filled the disk")
            await asyncio.sleep(2.0)
            assert vault.is_listening

        world = play(story)
        assert world.failures == ["it filled the disk"]
        assert world.log[:3] == ["start 1", "end 1", "start 2"]
        assert world.rests == [(OLD, "nothing"), (OLD, "end 1")]

    def test_a_fault_is_held_against_none_that_starts_later(self):
        async def story(vault: VaultChild, world: World):
            world.alive()[0].end(3)
            await asyncio.sleep(0.1)
            vault.end("it filled the disk")
            await asyncio.sleep(60.0)

        world = play(story)
        assert len(world.failures) == 1

    def test_a_steady_run_forgives_earlier_failures(self):
        async def story(vault: VaultChild, world: World):
            world.alive()[0].end(1)
            await asyncio.sleep(STEADY_S + 3 * POLL_S)
            assert vault.failures == 0

        play(story)

    def test_a_full_disk_is_not_held_against_the_vault(self):
        class FullDisk(World):
            def save(self, serial):
                raise StateError("the disk is full")

        async def story(vault: VaultChild, world: World):
            assert vault.failure == "the disk is full"

        assert play(story, FullDisk()).failures == []

    @pytest.mark.long
    def test_a_certificate_is_renewed_before_it_ends_and_only_then(self):
        async def story(vault: VaultChild, world: World):
            for _ in range(47):
                world.utc_s += 1800.0
                await asyncio.sleep(1800.0)
                expires_s = world.runs[0].key.expires_s
                assert world.utc_s < expires_s <= world.utc_s + CERTIFICATE_S

        world = play(story)
        assert len(world.renewed) == 1
        assert len(world.runs) == 1

    def test_the_record_under_the_new_one_is_kept_for_others_and_the_run_goes_on_as_it_was(self):
        async def story(vault: VaultChild, world: World):
            world.utc_s += CERTIFICATE_S - RENEW_S
            await asyncio.sleep(3 * POLL_S)
            assert vault.record == record_at("127.0.1.1:4001", utc_s=world.utc_s)
            assert vault.up_s() > 2 * POLL_S

        world = play(story)
        assert world.records == [record_at("127.0.1.1:4001"), record_at("127.0.1.1:4001", utc_s=world.utc_s)]
        assert len(world.runs) == 1

    def test_a_clock_that_was_set_back_gets_a_certificate_that_is_valid_now(self):
        async def story(vault: VaultChild, world: World):
            world.utc_s -= 1_000_000.0
            await asyncio.sleep(3 * POLL_S)

        (renewed,) = play(story).renewed
        assert msgspec.msgpack.decode(renewed, type=Certificate).issued_s == UTC_S - 1_000_000.0

    def test_heads_that_it_hears_of_are_passed_on(self):
        seen = control.HeadSeen(b"head", bytes(32))

        async def story(vault: VaultChild, world: World):
            world.runs[0].on_report(seen)

        assert play(story).heads == [seen]

    def test_vaults_that_it_has_met_are_passed_on(self):
        seen = Met((MetVault(bytes(32), "10.0.1.0/24", bytes(32)),))

        async def story(vault: VaultChild, world: World):
            world.runs[0].on_report(seen)

        assert play(story).acquaintances == [seen]

    def test_cancelled_it_leaves_no_process_behind(self):
        world = World()

        async def live():
            vault = VaultChild(
                tree_hash=OLD, record=b"", bind="127.0.1.1:0", keys=world.keys(), launcher=world,
                surroundings=world, utc_s=lambda: UTC_S,
            )  # fmt: skip
            keeping = asyncio.create_task(vault.keep_running())
            await asyncio.sleep(POLL_S)
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

        run(live())
        assert world.log == ["start 1", "end 1"]

    def test_cancelled_while_another_version_opens_the_store_it_leaves_no_process_behind_either(self):
        world = World()
        world.faults[NEW] = ["opens for long"]

        async def live():
            vault = made(world)
            keeping = asyncio.create_task(vault.keep_running())
            await asyncio.sleep(POLL_S)
            switching = asyncio.create_task(vault.switch(NEW))
            await asyncio.sleep(POLL_S)
            for task in (keeping, switching):
                task.cancel()
            await asyncio.wait((keeping, switching))

        run(live())
        assert world.log == ["start 1", "start 2 standby", "end 1", "end 2"]


def test_questions_are_refused_while_no_vault_is_reachable():
    async def story(vault: VaultChild, world: World):
        world.faults[OLD] = ["no start"]
        world.runs[0].end(1)
        await asyncio.sleep(0.1)
        with pytest.raises(VaultUnavailable):
            await vault.ask(control.GetState)

    play(story)
