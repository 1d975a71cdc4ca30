"""A twin that does not come back at once after a restart on purpose: the computer may have been busy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.prober.control import Question
from node.update.errors import TwinFailed
from node.vault import control
from node.vault.core import codec
from node.vault.core.messages import Refused
from tests.twin_world import CANDIDATE, Nature, World
from tests.unit.test_trial_cut import OnlyOnce, Stalled
from tests.unit.test_trial_run import PROFILE, hold

pytestmark = pytest.mark.usefixtures("cheap_twins")

RESTARTED = replace(PROFILE, restarts_min=1)


@pytest.mark.long
@pytest.mark.parametrize("tries", [1, 2, 5])
def test_a_version_that_comes_back_while_there_is_time_came_back(tmp_path: Path, tries: int):
    assert hold(Stalled(tries), tmp_path, RESTARTED).outcome == "promote"


def test_what_it_lost_refuses_it_then_all_the_same(tmp_path: Path):
    result = hold(Stalled(3, forgets_when_active=2), tmp_path, RESTARTED)
    assert (result.outcome, "lost 2 of" in result.reason) == ("refuse", True)


def test_one_that_never_comes_back_is_refused_in_time_and_not_started_without_end(tmp_path: Path):
    started: list[float] = []

    class Counting(OnlyOnce):
        async def start_twin(self, order):
            if order.tree_hash == CANDIDATE and order.is_standby:
                started.append(asyncio.get_running_loop().time())
            return await super().start_twin(order)

    world = Counting()
    result = hold(world, tmp_path, RESTARTED)

    assert (result.outcome, "not up within" in result.reason) == ("refuse", True)
    assert 2 < len(started) <= 7
    assert started[-1] - started[0] < RESTARTED.start_s_max + 10.0  # it counts from when its twin is back


class SlowToRead(World):
    """The disk is so busy that the candidate does not name its chunks in time when it is first asked for them."""

    is_busy = True

    async def start_twin(self, order):
        vault = await super().start_twin(order)
        if order.tree_hash == CANDIDATE and order.is_standby and self.is_busy:
            self.is_busy = False
            ask = vault.ask

            async def asked(make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
                if isinstance(make(1), control.Scan):
                    raise TwinFailed("no answer in time")
                return await ask(make, timeout_s)

            vault.ask = asked  # type: ignore[method-assign]
        return vault


def test_a_chunk_that_was_gone_at_a_try_that_failed_later_is_lost_though_it_is_there_at_the_next(tmp_path: Path):
    class Repairing(World):
        starts = 0

        async def start_twin(self, order):
            vault = await super().start_twin(order)
            if order.tree_hash == CANDIDATE and order.is_standby:
                self.starts += 1
                vault.nature = Nature(hides_in_standby=3 if self.starts == 1 else 0)
                if self.starts == 1:
                    vault.activate = self.fail  # type: ignore[method-assign]
            return vault

        async def fail(self) -> None:
            raise TwinFailed("not up within 30 s")

    result = hold(Repairing(), tmp_path, RESTARTED)

    assert (result.outcome, "lost 3 of" in result.reason) == ("refuse", True)


@pytest.mark.long
def test_two_of_one_twin_never_run_on_the_same_data(tmp_path: Path):
    world = SlowToRead()
    at_once: list[int] = []
    start_twin = world.start_twin

    async def counted(order):
        at_once.append(sum(vault.order.data == order.data and not vault.exited.done() for vault in world.vaults))
        return await start_twin(order)

    world.start_twin = counted  # type: ignore[method-assign]
    result = hold(world, tmp_path, RESTARTED)

    assert (result.outcome, set(at_once)) == ("promote", {0})
    assert len(world.vaults) == 5


class Moving(World):
    """The computer has other addresses from then on, and nobody is found any more at those from before."""

    moved_s = 25.0

    @property
    def moves(self) -> int:
        return int(asyncio.get_running_loop().time() > self.moved_s)

    @moves.setter
    def moves(self, moves: int) -> None:
        pass


@pytest.mark.long
def test_after_a_move_of_the_computer_both_are_started_anew_and_found_again(tmp_path: Path):
    world = Moving()
    result = hold(world, tmp_path)

    assert result.outcome == "promote"
    assert [vault.started_s > Moving.moved_s for vault in world.vaults] == [False, False, True, True]
    assert [vault.exited.result() for vault in world.vaults[:2]] == [0, 0]  # they were told to end
    assert len(world.probers) == 2


class PluggedInAgain(Moving):
    """The disk is pulled out, and whoever was started before it is back has no rights on it."""

    def __init__(self, away_s: float) -> None:
        super().__init__()
        self.pulled_s = self.moved_s - away_s

    async def start_twin(self, order):
        vault = await super().start_twin(order)
        answer, ask, loop = vault.answer, vault.ask, asyncio.get_running_loop()

        def has_rights() -> bool:
            return loop.time() < self.pulled_s or vault.started_s > self.moved_s

        def answered(question: Question) -> bytes:
            if has_rights() or question.kind in ("ping", "head"):
                return answer(question)
            vault.outcome = "refused"
            return codec.encode(Refused("storage"))

        async def asked(make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
            if isinstance(make(1), control.Scan) and not has_rights():
                raise TwinFailed("the disk is not there")
            return await ask(make, timeout_s)

        vault.answer, vault.ask = answered, asked  # type: ignore[method-assign]
        return vault


def test_after_a_disk_was_plugged_in_again_both_are_started_anew_and_have_their_chunks(tmp_path: Path):
    world = PluggedInAgain(away_s=0.5)
    result = hold(world, tmp_path)

    assert result.outcome == "promote"
    assert [vault.started_s > Moving.moved_s for vault in world.vaults] == [False, False, True, True]
    assert len(result.acknowledged) > 50


def test_a_disk_that_was_away_for_long_is_held_against_nobody(tmp_path: Path):
    assert hold(PluggedInAgain(away_s=10.0), tmp_path).outcome == "void"


@pytest.mark.long
def test_that_is_none_of_the_restarts_on_purpose(tmp_path: Path):
    world = Moving()
    assert hold(world, tmp_path, RESTARTED).outcome == "promote"
    assert len(world.vaults) == 6
    assert sum(vault.exited.result() == -9 for vault in world.vaults) == 2
