"""A trial that is cut off, by a power cut or because the node stops: it goes on where it was, and blames nobody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from node.trial.profile import Profile
from node.trial.trial import Trial
from node.update.errors import StateUnreadable, TwinFailed
from node.update.ports import TwinOrder
from node.update.trials import keeping
from node.update.trials.order import TrialOrder
from node.update.trials.rehearsal import TrialResult
from node.update.trials.run import HANDOVER_S, TrialRun
from node.update.trials.state import Cut, TrialFile
from node.vault import control
from tests import virtual_time
from tests.twin_world import CANDIDATE, CONTROL, UTC_S, Nature, PretendedProber, World, trial_folders, utc_s
from tests.unit.test_trial_run import PROFILE

pytestmark = pytest.mark.usefixtures("cheap_twins")

RESTARTED = replace(PROFILE, restarts_min=1)


@dataclass
class Node:
    """One farm's trial, through all times in which the farm runs."""

    world: World
    folder: Path
    profile: Profile = PROFILE
    seed: int = 1
    began_s: float = UTC_S

    def order(self) -> TrialOrder:
        return TrialOrder(
            number=1, started_s=self.began_s, candidate=CANDIDATE, control=CONTROL, folders=trial_folders(self.folder),
            quota_bytes=1 << 20, profile=self.profile, announced_s=UTC_S,
        )  # fmt: skip

    def cut(self) -> Cut | None:
        return TrialFile(self.folder / "state").load()

    def run(self) -> TrialRun:
        file, chance = TrialFile(self.folder / "state"), random.Random(self.seed)
        self.seed += 1
        cut = file.load()
        return TrialRun(self.order(), self.world, file, cut, random=chance, entropy=chance.randbytes, utc_s=utc_s)

    def live(self, seconds: float | None = None, *, until: Callable[[], bool] = lambda: False) -> TrialResult | None:
        """Run the trial to its end, or for so long, or until something; then the node is stopped."""

        async def main() -> TrialResult | None:
            running = asyncio.create_task(self.run().run())
            end_s = asyncio.get_running_loop().time() + (seconds or 3600.0)
            while not running.done() and not until() and asyncio.get_running_loop().time() < end_s:
                await asyncio.sleep(0.1)
            running.cancel()
            await asyncio.wait({running})
            return None if running.cancelled() else running.result()

        result = virtual_time.run(main())
        assert self.world.left_running == 0
        return result

    def lose_power(self, seconds: float) -> None:
        """Run the trial for so long; then nothing of it is done any more: no goodbye, and nothing is written."""

        async def main() -> None:
            running = asyncio.create_task(self.run().run())
            await asyncio.sleep(seconds)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(TrialFile, "save", lambda *_: None)
                running.cancel()
                await asyncio.wait({running})

        virtual_time.run(main())

    def kept(self) -> Trial:
        cut = self.cut()
        assert cut is not None
        return Trial.load(cut.kept.trial)

    def is_decided(self) -> bool:
        return self.cut() is not None and self.kept().verdict is not None


class Stalled(World):
    """The computer stands still for a while, just when the candidate is started on what it has stored."""

    def __init__(self, tries: int, scan_s: float = 0.0, **nature: object) -> None:
        super().__init__(natures={CANDIDATE: Nature(**nature), CONTROL: Nature()})  # type: ignore[arg-type]
        self.tries = tries
        self.scan_s = scan_s

    async def start_twin(self, order: TwinOrder):
        if order.tree_hash == CANDIDATE and order.is_standby and self.tries:
            self.tries -= 1
            raise TwinFailed("it was not reachable within 30 s")
        vault = await super().start_twin(order)
        ask = vault.ask

        async def ask_slowly(make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
            if isinstance(make(0), control.Scan):
                await asyncio.sleep(self.scan_s)
            return await ask(make, timeout_s)

        vault.ask = ask_slowly  # type: ignore[method-assign]
        return vault


class Storm(World):
    """For so long after a start the disk is so busy that stores open only now and then, and are taken over never."""

    def __init__(self, until_s: float) -> None:
        super().__init__()
        self.until_s = until_s

    async def start_twin(self, order: TwinOrder):
        now_s = asyncio.get_running_loop().time()
        if not order.is_standby or now_s >= self.until_s:
            return await super().start_twin(order)
        await asyncio.sleep(60.0)
        if self.random.random() < 0.5:
            raise TwinFailed("it did not open its store within 60 s")
        vault = await super().start_twin(order)

        async def fail() -> None:
            await asyncio.sleep(30.0)
            raise TwinFailed("not up within 30 s")

        vault.activate = fail  # type: ignore[method-assign]
        return vault


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(World(), tmp_path)


class OnlyOnce(World):
    """The candidate does not start on what it has stored."""

    async def start_twin(self, order: TwinOrder):
        if order.tree_hash == CANDIDATE and order.is_standby:
            raise TwinFailed("it does not open its own data")
        return await super().start_twin(order)


Stall = Literal["", "fails once", "takes long to open", "takes long to activate"]


class Hardly(OnlyOnce):
    """The candidate does not come back, and the control only just."""

    def __init__(self, stall: Stall) -> None:
        super().__init__()
        self.stall = stall

    async def start_twin(self, order: TwinOrder):
        is_slow = order.tree_hash == CONTROL and order.is_standby
        if is_slow and self.stall == "fails once":
            self.stall = ""
            raise TwinFailed("it did not open its store within 60 s")
        if is_slow and self.stall == "takes long to open":
            await asyncio.sleep(50.0)
        vault = await super().start_twin(order)
        if is_slow and self.stall == "takes long to activate":
            activate = vault.activate

            async def late() -> None:
                await asyncio.sleep(25.0)
                await activate()

            vault.activate = late
        return vault


class TestItGoesOn:
    @pytest.mark.parametrize("seconds", [8.0, 20.0, 35.0])
    def test_where_it_was_with_the_same_twins(self, node: Node, seconds: float):
        node.live(seconds)
        before = node.kept()

        result = node.live()

        assert result is not None
        assert (result.outcome, "rated by 6" in result.reason) == ("promote", True)
        assert node.kept().ran_s > before.ran_s
        assert node.kept().duration_s == before.duration_s
        assert len({(order.tree_hash, order.data, order.seed) for order in node.world.orders}) == 2
        assert [order.is_standby for order in node.world.orders] == [False, False, True, True]

    def test_with_all_blocks_that_were_closed(self, node: Node):
        node.live(35.0)
        blocks = node.kept().comparison.blocks
        assert blocks > 8
        node.live(5.0)  # not long enough to warm up, so that no block comes to it
        assert node.kept().comparison.blocks == blocks

    def test_after_a_power_cut_with_what_was_kept_until_then(self, node: Node):
        node.lose_power(30.0)
        kept = node.kept()
        assert kept.ran_s > 20.0
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"
        assert len(result.acknowledged) > 50

    @pytest.mark.long
    def test_between_the_verdict_and_the_end_of_the_twins_and_sees_them_end_all_the_same(self, node: Node):
        node.world.natures[CANDIDATE] = Nature(exit_code=-9)
        assert node.live(until=node.is_decided) is None
        result = node.live()
        assert result is not None
        assert result.outcome == "refuse"

    @pytest.mark.long
    def test_nor_is_one_taken_that_does_not_come_back_then_while_its_twin_does(self, node: Node):
        node.world = OnlyOnce()
        assert node.live(until=node.is_decided) is None
        result = node.live()
        assert result is not None
        assert (result.outcome, result.reason) == ("refuse", "was not up any more at the end, as its twin was")

    @pytest.mark.long
    def test_in_a_restart_that_is_due_while_the_prober_is_being_started(self, node: Node):
        class Slow(World):
            async def start_prober(self, twins: tuple[bytes, bytes]) -> PretendedProber:
                await asyncio.sleep(2.0)
                return await super().start_prober(twins)

        node.profile, node.world = RESTARTED, Slow()
        vaults = node.world.vaults
        node.live(until=lambda: any(one.exited.done() and one.exited.result() == -9 for one in vaults))
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    def test_with_reads_of_what_was_stored_before_where_there_is_room_for_nothing_more(self, node: Node):
        node.world = World(natures={CANDIDATE: Nature(chunks_max=100), CONTROL: Nature(chunks_max=100)})
        node.profile = replace(PROFILE, reads_min=600)
        node.live(30.0)
        before = node.kept().tally
        assert before.stored_by_both == 100
        assert before.verified_reads < 600
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    def test_to_its_end_by_the_calendar_with_all_the_time_in_which_the_computer_was_off(self, node: Node):
        node.live(20.0)
        node.began_s -= 101 * 86_400.0
        result = node.live()
        assert result is not None
        assert (result.outcome, result.reason.partition(":")[0]) == ("keep", "not proven within 100 days")

    @pytest.mark.long
    def test_however_often_it_is_cut_off(self, node: Node):
        for _ in range(9):
            node.live(12.0)
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    def test_a_verdict_that_was_kept_is_given_once_more_and_nothing_is_started(self, node: Node):
        first = node.live()
        vaults = len(node.world.vaults)
        assert node.live() == first
        assert len(node.world.vaults) == vaults

    def test_what_was_cut_off_before_it_began_begins_anew(self, node: Node):
        node.live(0.5)
        assert node.cut() is None

    def test_twins_that_will_be_back_give_nothing_away(self, node: Node):
        node.live(20.0)
        assert [vault.handover_s for vault in node.world.vaults] == [0.0, 0.0]
        node.live()
        assert [vault.handover_s for vault in node.world.vaults[2:]] == [HANDOVER_S, HANDOVER_S]

    def test_a_chunk_is_kept_within_seconds_after_it_was_acknowledged(self, node: Node):
        async def main() -> None:
            running = asyncio.create_task(node.run().run())
            await asyncio.sleep(20.0)
            (store, _) = node.world.stores.values()
            acknowledged = len(store)
            assert acknowledged > 0
            await asyncio.sleep(3.0)
            cut = node.cut()
            assert cut is not None
            running.cancel()
            await asyncio.wait({running})
            assert min(len(chunks) for chunks in cut.acknowledged.values()) >= acknowledged

        virtual_time.run(main())

    def test_a_chunk_that_was_not_served_is_looked_for_in_the_whole_store_when_it_goes_on(self, node: Node):
        node.world.natures[CANDIDATE] = Nature(loses_every=10)
        node.profile = replace(PROFILE, lost_retry_s=1000.0)  # so that none is called lost yet
        node.live(20.0)
        assert node.cut() is not None

        result = node.live(30.0)

        assert result is not None
        assert (result.outcome, "lost" in result.reason) == ("refuse", True)

    @pytest.mark.parametrize("after_s", [2.2, 2.7, 3.2, 3.7])
    def test_cancelled_while_it_ends_by_itself_it_leaves_nobody_running(self, node: Node, after_s: float):
        node.world.natures[CANDIDATE] = Nature(loses_every=10)
        node.profile = replace(PROFILE, lost_retry_s=1000.0)
        node.live(20.0)

        node.live(after_s)  # the scan of its restart refuses it, and both twins take a second to end

        assert node.world.left_running == 0

    def test_a_disk_that_refuses_does_not_stop_it(self, node: Node, monkeypatch: pytest.MonkeyPatch):
        def refuse(*_: object) -> None:
            raise OSError

        monkeypatch.setattr(TrialFile, "save", refuse)
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"


class TestWhatAPowerCutExcuses:
    def lose_chunks(self, world: World, tree_hash: str, count: int) -> None:
        """What the version had not flushed is gone after the cut."""
        data = next(str(order.data) for order in world.orders if order.tree_hash == tree_hash)
        for address in list(world.stores[data])[-count:]:
            del world.stores[data][address]

    def test_a_chunk_that_was_acknowledged_long_before_must_be_there(self, node: Node):
        node.lose_power(30.0)
        cut = node.cut()
        assert cut is not None
        data = next(str(order.data) for order in node.world.orders if order.tree_hash == CANDIDATE)
        del node.world.stores[data][next(iter(cut.acknowledged["candidate"]))]

        result = node.live()

        assert result is not None
        assert (result.outcome, result.reason[:7]) == ("refuse", "lost 1 ")

    def test_what_was_acknowledged_after_the_last_write_is_not_asked_for(
        self, node: Node, monkeypatch: pytest.MonkeyPatch
    ):
        saves: list[int] = []
        save = TrialFile.save

        def until_then(file: TrialFile, *arguments: object) -> None:
            saves.append(1)
            if len(saves) <= 3:
                save(file, *arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(TrialFile, "save", until_then)
            node.lose_power(30.0)
        cut = node.cut()
        assert cut is not None
        candidate = next(str(order.data) for order in node.world.orders if order.tree_hash == CANDIDATE)
        late = [one for one in node.world.stores[candidate] if one not in cut.acknowledged["candidate"]]
        assert len(late) > 10
        for one in late:
            del node.world.stores[candidate][one]

        result = node.live()

        assert result is not None
        assert result.outcome == "promote"

    def test_where_both_lost_chunks_it_was_the_disk(self, node: Node):
        node.lose_power(30.0)
        self.lose_chunks(node.world, CANDIDATE, 60)
        self.lose_chunks(node.world, CONTROL, 60)
        result = node.live()
        assert result is not None
        assert result.outcome == "void"

    def test_a_version_that_does_not_come_back_while_its_twin_does_is_refused(self, node: Node):
        node.world = OnlyOnce()
        node.live(20.0)
        result = node.live()
        assert result is not None
        assert (result.outcome, "not up within" in result.reason) == ("refuse", True)

    @pytest.mark.long
    def test_a_version_that_comes_back_at_the_second_try_came_back(self, node: Node):
        class Slowly(World):
            tries = 0

            async def start_twin(self, order: TwinOrder):
                self.tries += order.is_standby
                if order.is_standby and self.tries == 1:
                    raise TwinFailed("the computer is busy starting")
                return await super().start_twin(order)

        node.world = Slowly()
        node.live(20.0)
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    @pytest.mark.long
    @pytest.mark.parametrize("scan_s", [0.0, 10.0])
    def test_one_that_comes_back_while_there_is_time_came_back_and_is_asked_for_what_it_had(
        self, node: Node, scan_s: float
    ):
        node.world = Stalled(tries=4, scan_s=scan_s)
        node.live(20.0)
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    @pytest.mark.long
    @pytest.mark.parametrize("hashes", [(CANDIDATE, CONTROL), (CONTROL, CANDIDATE), (CANDIDATE,)])
    def test_that_a_computer_which_is_shut_down_ends_the_twins_before_the_node(
        self, node: Node, hashes: tuple[str, ...]
    ):
        def shut_down() -> bool:
            now_s = asyncio.get_running_loop().time()
            ended = [vault for vault in node.world.vaults if vault.order.tree_hash in hashes and now_s >= 12.0]
            for vault in sorted(ended, key=lambda vault: hashes.index(vault.order.tree_hash)):
                vault.end(-15)
            return now_s >= 13.0

        for _ in range(6):
            assert node.live(until=shut_down) is None
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    @pytest.mark.long
    def test_a_storm_at_a_login_in_which_no_store_opens_and_nothing_is_taken_over_in_time(self, node: Node):
        node.profile = replace(PROFILE, start_s_max=900.0, trial_s_max=3000.0)  # as at home
        node.world = Storm(until_s=400.0)
        node.live(20.0)
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    @pytest.mark.parametrize("stall", ["fails once", "takes long to open", "takes long to activate"])
    def test_one_that_is_not_back_on_a_computer_on_which_its_twin_hardly_came_is_no_verdict(
        self, node: Node, stall: Stall
    ):
        node.world = Hardly(stall)
        node.live(20.0)
        result = node.live()
        assert result is not None
        assert (result.outcome, result.reason.partition(":")[0]) == ("void", "could not be compared")

    def test_but_it_is_refused_at_a_later_start_at_which_its_twin_came_at_once(self, node: Node):
        node.world = Hardly("fails once")
        node.live(20.0)
        node.live(30.0)
        node.world.stall = ""
        result = node.live()
        assert result is not None
        assert (result.outcome, "not up within" in result.reason) == ("refuse", True)

    def test_data_that_somebody_removed_is_held_against_nobody(self, node: Node):
        node.live(20.0)
        for folder in (node.folder / "trial").iterdir():
            folder.rmdir()
        with pytest.raises(StateUnreadable):
            node.live()


class TestRestartsOnPurpose:
    def test_one_that_came_by_itself_is_none(self, node: Node):
        node.profile = RESTARTED
        node.live(2.5)
        assert [due.is_killed for due in node.cut().kept.restarts] == [True]  # type: ignore[union-attr]
        node.live(6.0)
        assert node.kept().restarts == 0

    @pytest.mark.long
    def test_each_is_made_once_however_often_the_trial_is_cut_off(self, node: Node):
        node.profile = replace(PROFILE, restarts_min=2)
        for _ in range(8):
            node.live(14.0)
        result = node.live()

        assert result is not None
        assert result.outcome == "promote"
        assert node.kept().restarts == 2
        assert sum(vault.exited.result() == -9 for vault in node.world.vaults) == 2  # both twins, once

    @pytest.mark.long
    def test_one_that_was_cut_off_is_made_again(self, node: Node):
        node.profile = RESTARTED
        vaults = node.world.vaults

        node.live(until=lambda: any(one.exited.done() and one.exited.result() == -9 for one in vaults))
        assert node.kept().restarts == 0
        result = node.live()

        assert result is not None
        assert (result.outcome, node.kept().restarts) == ("promote", 1)

    def test_a_loss_before_a_cut_is_found_after_it(self, node: Node):
        """The restart on purpose was still to come; the one that came by itself is as good an occasion."""
        node.world.natures[CANDIDATE] = Nature(hides_at_scan=2)
        node.live(20.0)
        result = node.live()
        assert result is not None
        assert (result.outcome, result.reason[:7]) == ("refuse", "lost 2 ")


@pytest.mark.long
def test_cut_off_at_any_write_nothing_that_was_kept_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """After each write the node stops dead; what it finds at its next start is what was written, and it ends well."""
    monkeypatch.setattr(keeping, "KEEP_S", 12.0)  # so that a trial is written a few times

    save = TrialFile.save

    class Dead(BaseException):
        pass

    for last in range(1, 100):
        node = Node(World(), tmp_path / str(last))
        node.profile = RESTARTED
        writes: list[int] = []

        def dies(file: TrialFile, *arguments: object, writes: list[int] = writes, last: int = last) -> None:
            if len(writes) >= last:
                raise Dead
            save(file, *arguments)  # type: ignore[arg-type]
            writes.append(1)

        with monkeypatch.context() as patch:
            patch.setattr(TrialFile, "save", dies)
            try:
                result = node.live(200.0)
            except (Dead, BaseExceptionGroup):
                result = None
        if result is not None and len(writes) < last:
            break
        assert len(writes) == last

        result = node.live()

        assert result is not None, last
        assert result.outcome == "promote", (last, result.reason)
    assert last > 5
