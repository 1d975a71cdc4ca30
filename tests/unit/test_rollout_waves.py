"""Verdicts of other farms may open a wave sooner or halt a release for a while, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from node.trial.waves import ORDINARY, URGENT, WITHOUT_WAVES
from node.update import rollouts as rollouts_module
from node.update.noted import HALTED, NOT_YET, TOO_EARLY
from node.update.rollouts import Rollouts
from tests.note_world import OtherFarm
from tests.rollout_world import (
    DAY_S,
    HALVES,
    SLOWLY,
    World,
    a_round,
    counted,
    farms,
    play,
    record,
    release,
    short_chains,
)


@pytest.fixture(autouse=True)
def _short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    short_chains(monkeypatch)


class TestWaves:
    @pytest.fixture(autouse=True)
    def _write_seldom(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rollouts_module, "SAVE_S", DAY_S)

    async def waits_s(self, rollouts: Rollouts, limit_s: float = 60 * DAY_S) -> float:
        """How long until the trial may begin."""
        begun_s = asyncio.get_running_loop().time()
        while rollouts.hold(record()) and asyncio.get_running_loop().time() - begun_s < limit_s:
            await asyncio.sleep(1800.0)
        return asyncio.get_running_loop().time() - begun_s

    def test_a_farm_waits_until_its_wave_is_open_and_no_longer_when_nobody_says_anything(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts)
            assert rollouts.hold(record()) == NOT_YET
            view = rollouts.view("vault/1")
            assert view is not None
            assert (view.own_wave, view.open_wave, view.waves) == (3, 1, 3)
            assert view.sentence.startswith("Wave 1 of 3 is open, this farm is in wave 3. Nothing has been heard")
            assert await self.waits_s(rollouts) == pytest.approx(2 * ORDINARY.silence_s, abs=2 * 1800.0)

        play(World(tmp_path, asking=SLOWLY), story)

    @pytest.mark.long
    def test_good_verdicts_open_the_waves_sooner(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(60, "pass"))
            assert await self.waits_s(rollouts) < ORDINARY.silence_s

        play(World(tmp_path, HALVES, SLOWLY), story)

    @pytest.mark.long
    def test_bad_ones_halt_what_is_on_trial_and_the_halt_comes_to_an_end(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(60, "fail"))
            rollouts.hold(record())
            while not rollouts.halted(record("on_trial")):
                await asyncio.sleep(1800.0)
            begun_s = world.utc_s()
            assert rollouts.hold(record()) == HALTED
            view = rollouts.view("vault/1")
            assert view is not None
            assert "halted for" in view.sentence
            while rollouts.hold(record()) == HALTED:
                await asyncio.sleep(1800.0)
            assert world.utc_s() - begun_s == pytest.approx(ORDINARY.halt_s, abs=3 * 1800.0)
            assert rollouts.halted(record("on_trial")) == ""
            assert rollouts.is_slow("vault/1")

        play(World(tmp_path, HALVES, SLOWLY), story)

    @pytest.mark.long
    def test_liars_who_are_done_first_halt_nothing_while_most_who_answer_say_nothing_yet(self, tmp_path: Path):
        world = World(tmp_path, HALVES, SLOWLY)

        async def story(_: World, rollouts: Rollouts) -> None:
            if not world.farms:
                await world.grow_old(rollouts, *farms(50, "fail"), *(OtherFarm(number) for number in range(100, 240)))
            for _look in range(48):
                rollouts.hold(record())
                assert rollouts.halted(record("on_trial")) == ""
                await asyncio.sleep(2 * 3600.0)
            assert counted(rollouts) == (50, 0, 50)

        play(world, story)
        play(world, story)  # nor after a restart, before everyone was asked anew

    def test_it_is_over_when_the_last_wave_was_open_for_a_trial_and_a_soak(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts)
            assert not rollouts.is_rolled_out(record())
            begun_s = world.utc_s()
            while not rollouts.is_rolled_out(record()):
                await asyncio.sleep(1800.0)
            waits_s = 2 * ORDINARY.silence_s + ORDINARY.report_s_min + ORDINARY.soak_s
            assert world.utc_s() - begun_s == pytest.approx(waits_s, abs=3 * 1800.0)

        play(World(tmp_path, asking=SLOWLY), story)

    def test_a_halt_touches_nothing_that_is_in_use(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(60, "fail"))
            rollouts.hold(record())
            while not rollouts.halted(record("on_trial")):
                await asyncio.sleep(1800.0)
            assert [rollouts.halted(record(phase)) for phase in ("promoting", "probation", "confirmed")] == [""] * 3

        play(World(tmp_path, HALVES, SLOWLY), story)

    def test_in_practice_there_are_no_waves_and_verdicts_are_only_shown(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(40, "fail"))
            assert await a_round(rollouts) == ""
            assert counted(rollouts) == (40, 0, 40)
            assert rollouts.halted(record("on_trial")) == ""
            assert not rollouts.is_slow("vault/1")

        play(World(tmp_path, WITHOUT_WAVES), story)

    def test_before_the_vault_has_met_anyone_nothing_is_begun(self, tmp_path: Path):
        """It would take the network for so small that everyone may begin at once."""

        async def story(world: World, rollouts: Rollouts) -> None:
            world.notes.peers = 0
            assert rollouts.hold(record()) == TOO_EARLY
            world.notes.peers = 5
            assert rollouts.hold(record()) == ""
            world.notes.peers = 1000
            assert rollouts.hold(record()) == NOT_YET  # the network has turned out to be a big one

        play(World(tmp_path), story)


class TestWhatPodsSayBesides:
    def test_an_urgent_release_comes_in_two_waves_and_soon(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts)
            urgent = record(of=replace(release(), is_urgent=True))
            assert rollouts.hold(urgent) == NOT_YET
            view = rollouts.view("vault/1")
            assert view is not None
            assert view.waves == 2
            await asyncio.sleep(URGENT.silence_s / 2)
            rollouts.hold(urgent)
            for _ in range(10):
                await asyncio.sleep(URGENT.silence_s / 10)
                held = rollouts.hold(urgent)
            assert held == ""

        play(World(tmp_path, asking=SLOWLY), story)

    def test_votes_halt_no_release_that_a_high_threshold_of_pods_stands_by(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(60, "fail"))
            rollouts.hold(record())
            while not rollouts.halted(record("on_trial")):
                await asyncio.sleep(1800.0)
            reaffirmed = record("on_trial", of=replace(release(), is_reaffirmed=True))
            assert rollouts.halted(reaffirmed) == ""

        play(World(tmp_path, HALVES, SLOWLY), story)


@pytest.mark.long
def test_a_network_that_seems_to_grow_again_and_again_holds_a_release_up_for_no_longer(tmp_path: Path):
    """How many there are is what the vault in use has met or says, and identities cost nothing."""
    last = replace(ORDINARY, shares=(0.000_001, 0.000_001, 0.999_998), first_nodes_min=0)
    world, begun_d = World(tmp_path, last), list[float]()

    async def story(world: World, rollouts: Rollouts) -> None:
        for day in range(80):
            world.notes.peers = 100 << day // 8
            for _ in range(24):
                if not rollouts.hold(record()):
                    begun_d.append(day)
                    return
                await asyncio.sleep(3600.0)

    play(world, story)
    assert begun_d
    assert begun_d[0] <= 2 * ORDINARY.silence_s / DAY_S + 1
