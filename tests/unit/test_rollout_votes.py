"""Verdicts of other farms are asked for, checked and counted; who is asked, how often, and whose word counts."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from node.trial import membership
from node.trial.notes import encode_note
from node.update.events import Withdrawn
from node.update.noted import subject_of
from node.update.rollouts import REAL, SAVE_S, Rollouts
from node.vault.noting import NOTE_BYTES_MAX, MetVault
from tests.note_world import OtherFarm
from tests.rollout_world import World, a_round, counted, farms, play, record, release, short_chains


@pytest.fixture(autouse=True)
def _short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    short_chains(monkeypatch)


class TestWhoseWordCounts:
    def test_each_is_asked_and_counted_by_what_it_says(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            voters = [*farms(3, "pass"), *farms(2, "fail", 10), *farms(4, "on_trial", 20), OtherFarm(30)]
            await world.grow_old(rollouts, *voters)
            await a_round(rollouts)
            assert counted(rollouts) == (9, 3, 2)
            assert world.changes > 0

        play(World(tmp_path), story)

    def test_whoever_was_met_later_than_a_week_before_the_release_is_not_even_asked(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(2, "pass"))
            await world.meet(rollouts, *farms(100, "fail", 10))
            await a_round(rollouts)
            assert counted(rollouts) == (2, 2, 0)
            assert {vault_id for _, vault_id in world.notes.asked} == {farm.vault_id for farm in world.farms[:2]}

        play(World(tmp_path), story)

    def test_a_commitment_that_was_changed_after_the_release_was_announced_counts_for_nothing(self, tmp_path: Path):
        """Else whoever has old identities could draw seeds until all of them stood in the first wave."""

        async def story(world: World, rollouts: Rollouts) -> None:
            (liar,) = liars = farms(1, "fail")
            await world.grow_old(rollouts, *liars, *farms(1, "pass", 2))
            drawn = b"s" * 32
            liar.says = lambda subject: encode_note(liar.note(subject, "fail", seed=drawn))
            await a_round(rollouts)
            rollouts.met([MetVault(liar.vault_id, liar.subnet, membership.commitment(drawn))])
            await a_round(rollouts)
            assert counted(rollouts) == (1, 1, 0)

        play(World(tmp_path), story)

    @pytest.mark.parametrize("lie", ["another's note", "another release", "another number", "too long", "garbage"])
    def test_what_is_no_note_of_this_vault_about_this_release_counts_for_nothing(self, tmp_path: Path, lie):
        async def story(world: World, rollouts: Rollouts) -> None:
            liar, honest = farms(2, "pass")
            subject, other = subject_of(release()), subject_of(release(2))
            liar.says = {
                "another's note": lambda _: encode_note(honest.note(subject, "fail")),
                "another release": lambda _: encode_note(liar.note(other, "fail")),
                "another number": lambda _: encode_note(liar.note(replace(subject, sequence=2), "fail")),
                "too long": lambda _: encode_note(liar.note(subject, "fail")) + bytes(NOTE_BYTES_MAX),
                "garbage": lambda _: b"\xc1 garbage",
            }[lie]
            await world.grow_old(rollouts, liar, honest)
            await a_round(rollouts)
            assert counted(rollouts) == (1, 1, 0)
            assert len({vault_id for _, vault_id in world.notes.asked}) == 2

        play(World(tmp_path), story)

    def test_many_old_identities_of_one_subnet_have_one_voice(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            crowd = [OtherFarm(number, "10.9.9.0/24").thinks("fail") for number in range(100, 160)]
            await world.grow_old(rollouts, *crowd, *farms(3, "pass"))
            await a_round(rollouts)
            assert counted(rollouts) == (4, 3, 1)

        play(World(tmp_path), story)

    def test_a_vault_that_answers_from_one_subnet_after_the_other_has_one_voice(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            (wanderer,) = farms(1, "fail")
            await world.grow_old(rollouts, wanderer)
            for number in range(3):
                wanderer.subnet = f"10.200.{number}.0/24"
                await a_round(rollouts)
            assert counted(rollouts) == (1, 0, 1)

        play(World(tmp_path), story)

    def test_the_own_vault_is_no_other(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, OtherFarm(0).thinks("pass"))
            await a_round(rollouts)
            assert world.notes.asked == []

        play(World(tmp_path), story)


class TestAsking:
    def test_everyone_is_asked_once_in_a_round_and_those_who_are_away_in_the_next_one_too(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            voters = farms(40, "on_trial")
            voters[0].is_away = True
            await world.grow_old(rollouts, *voters)
            await a_round(rollouts)
            asked = [vault_id for _, vault_id in world.notes.asked]
            assert len(set(asked)) == 40
            assert 40 <= len(asked) <= 60
            voters[0].is_away = False
            await a_round(rollouts)
            assert counted(rollouts)[0] == 40

        play(World(tmp_path), story)

    def test_a_real_home_asks_no_more_than_a_few_in_a_minute_however_many_it_knows(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *[OtherFarm(number) for number in range(1, 2_001)])
            rollouts.hold(record())
            await asyncio.sleep(6 * 3600.0)
            times = [at_s for at_s, _ in world.notes.asked]
            assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= REAL.pause_s_min
            assert len(times) > 1_400
            subnets = {world.notes.farms[vault_id].subnet for _, vault_id in world.notes.asked}
            assert len(subnets) == len(times)

        play(World(tmp_path, asking=REAL), story)

    def test_few_are_asked_once_in_six_hours(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(10, "pass"))
            rollouts.hold(record())
            await asyncio.sleep(24 * 3600.0)
            assert 36 <= len(world.notes.asked) <= 44

        play(World(tmp_path, asking=REAL), story)

    def test_about_a_new_release_the_first_one_is_asked_soon_however_few_there_are(self, tmp_path: Path):
        new = release(3, "vault/3")

        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(1, "pass"))
            world.notes.subjects[subject_of(new).digest] = subject_of(new)
            rollouts.hold(record())
            await asyncio.sleep(26 * 3600.0)
            rollouts.hold(record(of=new))
            await asyncio.sleep(SAVE_S + 1.0)
            assert counted(rollouts, "vault/3") == (1, 1, 0)

        play(World(tmp_path, asking=REAL), story)

    @pytest.mark.parametrize("phase", ["staged", "probation"])
    def test_others_are_asked_about_a_release_of_the_app_beside_one_of_the_vault(self, tmp_path: Path, phase: str):
        app = replace(release(2, "app/2"), layer="app")

        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(5, "pass"))
            world.notes.subjects[subject_of(app).digest] = subject_of(app)
            for _ in range(100):
                rollouts.hold(record(of=app))
                assert rollouts.halted(record(phase)) == ""
                await asyncio.sleep(30.0)
            assert counted(rollouts, "app/2") == (5, 5, 0)
            assert phase == "probation" or counted(rollouts) == (5, 5, 0)

        play(World(tmp_path), story)

    def test_nobody_is_asked_about_a_release_any_more_that_was_refused(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(3, "pass"))
            rollouts.hold(record())
            await rollouts.moved(record(), record("refused"), Withdrawn(0.0), None)
            await asyncio.sleep(3600.0)
            assert world.notes.asked == []

        play(World(tmp_path), story)

    def test_nobody_is_asked_about_a_release_that_is_in_use(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(3, "pass"))
            rollouts.hold(record())
            assert rollouts.halted(record("probation")) == ""
            await asyncio.sleep(3600.0)
            assert world.notes.asked == []

        play(World(tmp_path), story)
