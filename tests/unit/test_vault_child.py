"""The vault in use: whatever happens to it, exactly one runs, and a handover never leaves none behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from node.api import schema
from node.sandbox.piped import HandedChild, HandedProcess
from node.sandbox.report import SandboxReport, uncontained
from node.supervisor.errors import RequestRefused, StateError, SwitchFailed, VaultUnavailable
from node.supervisor.keys import Keys, RunKey
from node.supervisor.ports import Assignment, Slot
from node.supervisor.state import Serial
from node.supervisor.succession import HandedRun, HandedVault
from node.supervisor.switching import IN_USE
from node.supervisor.vault_child import LISTEN_S_MAX, POLL_S, SILENCE_S_MAX, VaultChild
from node.supervisor.watchdog import STEADY_S
from node.vault import control
from node.vault.core.identity import CERTIFICATE_S, Certificate, Signer, certify, encode_record, make_record
from node.vault.noting import Met, MetVault
from tests.virtual_time import run

OLD, NEW = "0" * 64, "1" * 64
UTC_S = 1_800_000_000.0
Story = Callable[["VaultChild", "World"], Awaitable[None]]


def record_at(*addresses: str):
    farm, transport = Signer(bytes(32)), Signer(bytes(range(32)))
    certificate = certify(farm, transport.public_key, serial=1, now_s=UTC_S)
    return encode_record(make_record(transport, certificate, addresses, UTC_S))


class FakeRun:
    """A vault that behaves as its version is said to."""

    def __init__(
        self,
        world: World,
        number: int,
        tree_hash: str,
        key: RunKey,
        assignment: Assignment,
        on_report: Callable[[control.Report], None],
    ) -> None:
        self.world, self.pid, self.tree_hash, self.key = world, number, tree_hash, key
        self.assignment, self.on_report = assignment, on_report
        self.report = uncontained()
        self.exited = asyncio.get_running_loop().create_future()
        self.is_bound = False

    @property
    def faults(self):
        return self.world.faults.get(self.tree_hash, ())

    def bind(self):
        if "deaf" not in self.faults:
            assert not any(run.is_bound for run in self.world.alive()), "two vaults on one store"
            self.is_bound = True
            self.on_report(control.Listening(record_at("127.0.1.1:4001")))

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = 5.0):
        if self.exited.done():
            raise VaultUnavailable("has ended")
        command = make(7)
        self.world.asked.append((self.pid, type(command).__name__))
        if "hanging" in self.faults and self.is_bound:
            await asyncio.sleep(timeout_s)
            raise VaultUnavailable("no answer")
        match command:
            case control.GetState() if "cannot open" in self.faults:
                raise RequestRefused("storage", "the store cannot be opened")
            case control.GetState() if not self.is_bound:
                raise RequestRefused("control.standby", "a standby vault does no work")
            case control.GetState():
                return control.State(7, 10, 100, 1, 3, 2, {})
            case control.Activate() if "ends" in self.faults:
                self.end(1)
            case control.Activate() if "cannot bind" in self.faults:
                raise RequestRefused("resource", "the port is in use")
            case control.Activate():
                asyncio.get_running_loop().call_later(0.1, self.bind)  # Done comes before Listening
            case control.RenewCertificate():
                self.world.renewed.append(command.certificate)
        return control.Done(7)

    async def hand_on(self):
        if "deaf to the end" in self.faults:
            raise VaultUnavailable("does not take what is sent to it")
        self.world.log.append(f"hand on {self.pid}")
        return self.world.handed(self)

    async def drain(self, handover_s: float = 0.0):
        self.world.log.append(f"drain {self.pid}" + (f" in {handover_s:g} s" if handover_s else ""))
        if handover_s:
            self.on_report(control.HandedOver(12, 28, is_over=False))
            await self.world.gone.wait()
            self.on_report(control.HandedOver(40, 0, is_over=True))
        self.end(0)

    def kill(self):
        self.end(-9)

    def end(self, code: int):
        self.is_bound = False
        if not self.exited.done():
            self.world.log.append(f"end {self.pid}")
            self.exited.set_result(code)

    def last_words(self):
        return "no such thing"


class World:
    """Launcher and surroundings in one."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}
        self.runs: list[FakeRun] = []
        self.log: list[str] = []
        self.rests: list[tuple[str, str]] = []  # what the store rests for, and after what
        self.asked: list[tuple[int, str]] = []
        self.renewed: list[bytes] = []
        self.failures: list[str] = []
        self.records: list[bytes] = []
        self.is_disk_full = False
        self.heads: list[control.HeadSeen] = []
        self.acquaintances: list[Met] = []
        self.told = 0
        self.gone = asyncio.Event()  # all chunks are handed over
        self.leave_s = 0.0
        self.utc_s = UTC_S
        self.serial: Serial | None = None

    def keys(self) -> Keys:
        return Keys(bytes(32), self, lambda count: bytes(range(count)))  # type: ignore[arg-type]  # load and save

    def load(self):
        return self.serial

    def save(self, serial: Serial):
        self.serial = serial

    def alive(self):
        return [run for run in self.runs if not run.exited.done()]

    async def start(self, slot: Slot, key: RunKey, assignment: Assignment, on_report: Callable[[control.Report], None]):
        if "no start" in self.faults.get(slot.tree_hash, ()):
            raise VaultUnavailable("said no hello")
        run = FakeRun(self, len(self.runs) + 1, slot.tree_hash, key, assignment, on_report)
        self.runs.append(run)
        self.log.append(f"start {run.pid}{' standby' if assignment.is_standby else ''}")
        if not assignment.is_standby:
            run.bind()
        elif "boasts" in self.faults.get(slot.tree_hash, ()):
            on_report(control.Listening(record_at("127.0.1.1:1")))
        return run

    def handed(self, run: FakeRun) -> HandedRun:
        process = HandedProcess(run.pid, 3, 4, 5)
        return HandedRun(HandedChild(process, SandboxReport("none"), b"", 1, (), {}), 4, run.key)

    async def take_over(self, handed: HandedRun, on_report: Callable[[control.Report], None]):
        run = self.runs[handed.child.process.pid - 1]
        if run.exited.done():
            raise VaultUnavailable("it has ended")
        self.log.append(f"take over {run.pid}")
        run.on_report = on_report
        return run

    def whole_slot(self, tree_hash: str):
        return tree_hash

    def slot(self, tree_hash: str):
        return Slot(tree_hash, Path(), None)

    def assignment(self, *, bind: str, is_standby: bool):
        return Assignment(bytes(32), bind, 100, (), b"", control.Pace(), is_standby)

    async def store_rests(self, tree_hash: str):
        assert not any(run.is_bound for run in self.alive()), "a vault is at the store"
        self.rests.append((tree_hash, self.log[-1] if self.log else "nothing"))

    def save_record(self, record: bytes):
        if self.is_disk_full:
            raise StateError("it is full")
        self.records.append(record)

    def met(self, seen: Met):
        self.acquaintances.append(seen)

    def head_seen(self, seen: control.HeadSeen):
        self.heads.append(seen)

    async def listening(self):
        self.told += 1

    async def leaving(self):
        if self.leave_s:
            self.log.append("leaving")

    def vault_failed(self, reason: str):
        self.failures.append(reason)

    def changed(self):
        pass


def made(world: World, record: bytes = b"", inherited: HandedVault | None = None) -> VaultChild:
    return VaultChild(
        tree_hash=OLD, record=record, bind="127.0.1.1:0", keys=world.keys(), launcher=world, surroundings=world,
        utc_s=lambda: world.utc_s, inherited=inherited,
    )  # fmt: skip


def play(story: Story, world: World | None = None, record: bytes = b""):
    """Run a vault in a world, let ``story(vault, world)`` happen to it, stop it; return the world."""
    world = world or World()

    async def live():
        vault = made(world, record)
        keeping = asyncio.create_task(vault.keep_running())
        await asyncio.sleep(POLL_S)
        await story(vault, world)
        vault.stop(world.leave_s)
        await keeping

    run(live())
    assert world.alive() == []
    return world


async def nothing(vault: VaultChild, world: World):
    pass


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
        assert "not reachable within 30 seconds" in play(story, world).failures[0]

    def test_one_that_hangs_is_ended_and_tried_again(self):
        async def story(vault: VaultChild, world: World):
            world.faults[OLD] = ["hanging"]
            await asyncio.sleep(SILENCE_S_MAX / 2)
            assert len(world.runs) == 1
            assert (vault.silent_s() or 0.0) > 20.0
            await asyncio.sleep(SILENCE_S_MAX)
            world.faults.clear()

        assert "did not answer" in play(story).failures[0]

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


def test_questions_are_refused_while_no_vault_is_reachable():
    async def story(vault: VaultChild, world: World):
        world.faults[OLD] = ["no start"]
        world.runs[0].end(1)
        await asyncio.sleep(0.1)
        with pytest.raises(VaultUnavailable):
            await vault.ask(control.GetState)

    play(story)


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
