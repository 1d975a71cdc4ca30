"""Verdicts of other farms are asked for, checked and counted: they may delay a release, and nothing else."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.trial import membership
from node.trial.notes import NOTE_BYTES_MAX, check_note, decode_note, encode_note
from node.trial.waves import ORDINARY, URGENT, WITHOUT_WAVES, Plan
from node.trust.release import Release
from node.update import events, rollout_files
from node.update import rollouts as rollouts_module
from node.update.disk_wait import PAUSE_S
from node.update.lifecycle import Lifecycle
from node.update.noted import HALTED, NOT_YET, TOO_EARLY, subject_of
from node.update.rollouts import NOTES_KEPT_S, REAL, SAVE_S, Asking, Rollouts
from node.update.store import Record
from node.vault.noting import NOTES_MAX, MetVault
from tests.note_world import Notes, OtherFarm, author, rollouts_of
from tests.virtual_time import run

DAY_S = 86_400.0
UTC_S = 1_800_000_000.0
AGE_S = 8 * DAY_S  # of the book, before the release is heard of
FAST = Asking(round_s=600.0, pause_s_min=1.0, idle_s=30.0)
SLOWLY = Asking(round_s=6 * 3600.0, pause_s_min=60.0, idle_s=6 * 3600.0)
HALVES = replace(ORDINARY, shares=(0.5, 0.3, 0.2))  # so that a few farms are enough of the first wave
NEW, OLD = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def _short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "CHAIN_LENGTH", 100)  # a real one takes too long for hundreds of farms


def release(sequence: int = 1, name: str = "") -> Release:
    return Release(name or f"vault/{sequence}", "vault", str(sequence), NEW, bytes(32), 1, (), "", sequence)


def record(phase: Any = "announced", *, of: Release | None = None, announced_s: float = UTC_S + AGE_S) -> Record:
    about = of or release()
    return Record(about, Lifecycle(about.name, NEW, 0.0, 0.0, phase=phase, baseline=OLD), announced_s)


class World:
    """One farm, those whom its vault has met, and a calendar that runs with the loop's clock."""

    def __init__(self, folder: Path, plan: Plan = ORDINARY, asking: Asking = FAST) -> None:
        self.folder, self.plan, self.asking = folder, plan, asking
        self.notes = Notes()
        self.changes = 0
        self.offset_s = 0.0  # of the calendar
        self.own = author()
        self.farms: list[OtherFarm] = []

    def utc_s(self) -> float:
        return UTC_S + self.offset_s + asyncio.get_running_loop().time()

    def open(self) -> Rollouts:
        def changed() -> None:
            self.changes += 1

        return rollouts_of(
            self.folder, self.notes, self.utc_s, plan=self.plan, asking=self.asking, own=self.own, on_change=changed
        )

    async def meet(self, rollouts: Rollouts, *farms: OtherFarm) -> None:
        """Let the vault tell of them, in batches."""
        self.notes.add(*farms)
        self.farms += farms
        for start in range(0, len(farms), 64):
            rollouts.met([farm.met for farm in farms[start : start + 64]])
            await asyncio.sleep(2.0)

    async def grow_old(self, rollouts: Rollouts, *farms: OtherFarm, about: Release | None = None) -> None:
        """The book has had these for a week when the release is heard of, now."""
        subject = subject_of(about or release())
        self.notes.subjects[subject.digest] = subject
        await self.meet(rollouts, *farms)
        self.offset_s += UTC_S + AGE_S - self.utc_s()


Story = Callable[[World, Rollouts], Awaitable[None]]


def play(world: World, story: Story) -> None:
    async def main() -> None:
        rollouts = world.open()
        running = asyncio.create_task(rollouts.run())
        try:
            await story(world, rollouts)
            assert not running.done(), running
        finally:
            running.cancel()
            await asyncio.wait({running})

    run(main())


def farms(count: int, state: Any, start: int = 1) -> list[OtherFarm]:
    return [OtherFarm(number).thinks(state) for number in range(start, start + count)]


async def a_round(rollouts: Rollouts, about: Record | None = None) -> str:
    """Look again and again, for a bit longer than everyone is asked in; what holds the release at the end."""
    for _ in range(25):
        held = rollouts.hold(about or record())
        await asyncio.sleep(30.0)
    return held


def counted(rollouts: Rollouts, name: str = "vault/1") -> tuple[int, int, int]:
    view = rollouts.view(name)
    assert view is not None
    return view.enrolled, view.passed, view.failed


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

    def test_nobody_is_asked_about_a_release_that_is_in_use(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(3, "pass"))
            rollouts.hold(record())
            assert rollouts.halted(record("probation")) == ""
            await asyncio.sleep(3600.0)
            assert world.notes.asked == []

        play(World(tmp_path), story)


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

    def test_good_verdicts_open_the_waves_sooner(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(60, "pass"))
            assert await self.waits_s(rollouts) < ORDINARY.silence_s

        play(World(tmp_path, HALVES, SLOWLY), story)

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


class TestAfterARestart:
    def test_the_book_the_counts_and_the_wait_are_found_again(self, tmp_path: Path):
        world = World(tmp_path)

        async def before(_: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(5, "pass"))
            await a_round(rollouts)
            await asyncio.sleep(6 * 3600.0)
            rollouts.hold(record())
            await asyncio.sleep(SAVE_S + FAST.round_s)

        async def after(_: World, rollouts: Rollouts) -> None:
            assert counted(rollouts) == (5, 5, 0)
            rollouts.hold(record())
            await asyncio.sleep(FAST.round_s + 60.0)
            assert {vault_id for _, vault_id in world.notes.asked} == {farm.vault_id for farm in world.farms}

        play(world, before)
        world.notes.asked.clear()
        play(world, after)

    @pytest.mark.parametrize("content", [b"", b"\xc1", bytes(10_000)])
    def test_files_that_cannot_be_read_begin_anew(self, tmp_path: Path, content):
        for name in ("book", "rollouts"):
            (tmp_path / name).write_bytes(content)

        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(5, "pass"))
            await a_round(rollouts)
            assert counted(rollouts) == (5, 5, 0)

        play(World(tmp_path), story)

    def test_what_is_kept_is_written_no_more_often_than_every_few_minutes(self, tmp_path: Path):
        writes = []

        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(5, "pass"))
            for _ in range(3600):
                rollouts.hold(record())
                await asyncio.sleep(1.0)
                changed = (tmp_path / "rollouts").stat().st_mtime_ns if (tmp_path / "rollouts").exists() else 0
                writes.extend([changed] * (changed not in writes))

        play(World(tmp_path), story)
        assert 1 <= len(writes) <= 3600 / SAVE_S + 2

    def test_a_disk_that_refuses_stops_nothing(self, tmp_path: Path):
        async def story(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(5, "pass"))
            await a_round(rollouts)
            assert counted(rollouts) == (5, 5, 0)

        play(World(tmp_path / "nowhere"), story)

    def test_what_a_full_disk_refused_is_written_when_there_is_room_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        async def story(world: World, rollouts: Rollouts) -> None:
            before = record("staged")
            after = record("on_trial")
            with monkeypatch.context() as patch:
                patch.setattr(rollout_files, "write_durably", full)
                await rollouts.moved(before, after, events.Ticked(0.0), None)
            assert not (tmp_path / "rollouts").exists()
            assert rollouts.disk_trouble == "it is full"
            assert not any(world.notes.given)  # others are told nothing that a power cut could change
            await asyncio.sleep(PAUSE_S + world.asking.idle_s)
            assert rollouts.disk_trouble == ""
            assert [len(notes) for notes in world.notes.given] == [0, 1]

        play(World(tmp_path), story)
        assert b"on_trial" in (tmp_path / "rollouts").read_bytes()

    @pytest.mark.parametrize(
        ("told", "kept", "then"),
        [("on_trial", "void", ["void"]), ("pass", "fail", ["fail"]), ("pass", "pass", []), ("fail", "pass", [])],
    )
    def test_what_was_decided_before_a_power_cut_is_said_after_it_and_no_more_than_that(
        self, tmp_path: Path, told: Any, kept: Any, then: list[str]
    ):
        async def before(_: World, rollouts: Rollouts) -> None:
            for state in dict.fromkeys(("on_trial", told)):
                await rollouts.catch_up(msgspec.structs.replace(record("on_trial"), said=state))

        async def after(world: World, rollouts: Rollouts) -> None:
            world.notes.given.clear()
            await rollouts.catch_up(msgspec.structs.replace(record("refused"), said=kept, said_why="the numbers"))
            found = [decode_note(notes[-1].content) for notes in world.notes.given]
            assert [(note.state, note.reason) for note in found] == [(state, "the numbers") for state in then]

        world = World(tmp_path)
        play(world, before)
        play(world, after)


class TestTheOwnNote:
    def said(self, world: World, of: Release | None = None) -> list[Any]:
        """What the farm's note on the release said, one after the other; each one is checked."""
        subject, found = subject_of(of or release()), []
        for given in world.notes.given:
            for one in given:
                if one.release == subject.digest:
                    note = decode_note(one.content)
                    check_note(note, world.own.vault_id, subject, membership.commitment(world.own.seed))
                    found += [note] * (note not in found)
        return found

    async def go(self, rollouts: Rollouts, *steps: tuple[Any, events.Event], of: Release | None = None) -> None:
        before = record("staged", of=of)
        for phase, event in steps:
            after = msgspec.structs.replace(before, way=replace(before.way, phase=phase))
            await rollouts.moved(before, after, event, None)
            before = after

    @pytest.mark.parametrize(
        ("steps", "states"),
        [
            ([("on_trial", events.Ticked(0.0))], ["on_trial"]),
            (
                [("on_trial", events.Ticked(0.0)), ("rehearsing", events.TrialEnded(0.0, "promote", "good")),
                 ("promoting", events.Rehearsed(0.0, 1, 0, 0)), ("probation", events.Switched(0.0)),
                 ("rolled_back", events.Returned(0.0))],
                ["on_trial", "pass", "fail"],
            ),
            ([("on_trial", events.Ticked(0.0)), ("refused", events.TrialEnded(0.0, "refuse", "lost"))],
             ["on_trial", "fail"]),
            ([("on_trial", events.Ticked(0.0)), ("not_proven", events.TrialEnded(0.0, "keep", "quiet"))],
             ["on_trial", "not_proven"]),
            ([("on_trial", events.Ticked(0.0)), ("not_proven", events.TrialEnded(0.0, "void", "disk"))],
             ["on_trial", "void"]),
            ([("on_trial", events.Ticked(0.0)), ("refused", events.Withdrawn(0.0))], ["on_trial", "void"]),
            ([("refused", events.ContentRefused(0.0, "hash"))], []),
            ([("not_proven", events.Superseded(0.0, "vault/3"))], []),
            ([("on_trial", events.Ticked(0.0)), ("announced", events.Halted(0.0)), ("on_trial", events.Ticked(0.0))],
             ["on_trial"]),
        ],
    )  # fmt: skip
    def test_it_follows_the_trial_and_what_comes_after(self, tmp_path: Path, steps, states):
        world = World(tmp_path)

        async def story(_: World, rollouts: Rollouts) -> None:
            await self.go(rollouts, *steps)

        play(world, story)
        assert [note.state for note in self.said(world)] == states

    def test_it_tells_why_a_trial_refused_and_nothing_of_this_computer(self, tmp_path: Path):
        world = World(tmp_path)

        async def story(_: World, rollouts: Rollouts) -> None:
            await self.go(
                rollouts, ("on_trial", events.Ticked(0.0)), ("refused", events.TrialEnded(0.0, "refuse", "lost 3"))
            )
            others: tuple[tuple[str, events.Event], ...] = (
                ("refused", events.RehearsalFailed(0.0, "the store cannot be read")),
                ("refused", events.TrialEnded(0.0, "refuse", "it did not start: no such file /home/ada/perennial")),
                ("refused", events.TrialEnded(0.0, "refuse", "no such file C:\\Users\\Ada")),
                ("not_proven", events.TrialEnded(0.0, "void", "the disk of ada is full")),
            )
            for sequence, other in enumerate(others, 2):
                await self.go(rollouts, ("on_trial", events.Ticked(0.0)), other, of=release(sequence))

        play(world, story)
        assert [note.reason for note in self.said(world)] == ["", "lost 3"]
        for sequence in range(2, 6):
            assert [note.reason for note in self.said(world, release(sequence))] == ["", ""]

    def test_it_is_given_to_the_vault_again_after_a_restart(self, tmp_path: Path):
        world = World(tmp_path)

        async def story(_: World, rollouts: Rollouts) -> None:
            world.notes.is_vault_away = True
            await self.go(rollouts, ("on_trial", events.Ticked(0.0)))

        async def later(_: World, rollouts: Rollouts) -> None:
            await asyncio.sleep(1.0)

        play(world, story)
        assert self.said(world) == []
        world.notes.is_vault_away = False
        play(world, later)
        assert [note.state for note in self.said(world)] == ["on_trial"]

    def test_notes_of_the_last_year_are_given_and_the_newest_of_them_if_they_are_many(self, tmp_path: Path):
        world = World(tmp_path)

        async def story(_: World, rollouts: Rollouts) -> None:
            await self.go(rollouts, ("on_trial", events.Ticked(0.0)), of=release(1))
            world.offset_s += NOTES_KEPT_S
            for sequence in range(2, NOTES_MAX + 10):
                await self.go(rollouts, ("on_trial", events.Ticked(0.0)), of=release(sequence))

        play(world, story)
        newest = {subject_of(release(sequence)).digest for sequence in range(10, NOTES_MAX + 10)}
        assert {note.release for note in world.notes.given[-1]} == newest

    def test_a_farm_whose_chain_is_used_up_says_nothing_and_waits_for_a_wave_all_the_same(self, tmp_path: Path):
        world = World(tmp_path)
        late = release(membership.CHAIN_LENGTH + 1)

        async def story(_: World, rollouts: Rollouts) -> None:
            await self.go(rollouts, ("on_trial", events.Ticked(0.0)), of=late)
            rollouts.hold(record(of=late))
            view = rollouts.view(late.name)
            assert view is not None
            assert view.waves == 3

        play(world, story)
        assert self.said(world, late) == []


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


def test_since_when_a_vault_is_known_is_told_over_all_runs_of_the_own_one(tmp_path: Path):
    world, told = World(tmp_path), list[float | None]()

    async def before(world: World, rollouts: Rollouts) -> None:
        await world.grow_old(rollouts, *farms(1, "pass"))
        told.append(rollouts.known_since(world.farms[0].vault_id))
        assert rollouts.known_since(bytes(32)) is None
        await asyncio.sleep(SAVE_S + FAST.idle_s)

    async def after(world: World, rollouts: Rollouts) -> None:
        told.append(rollouts.known_since(world.farms[0].vault_id))

    play(world, before)
    play(world, after)
    assert told == [UTC_S, UTC_S]


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
