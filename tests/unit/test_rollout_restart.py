"""What a farm has heard of a release and said of it is found again after a restart, whatever the disk does."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.trial.notes import decode_note
from node.update import events, rollout_files
from node.update.disk_wait import PAUSE_S
from node.update.rollouts import REAL, SAVE_S, Rollouts
from tests.rollout_world import FAST, UTC_S, World, a_round, counted, farms, play, record, short_chains


@pytest.fixture(autouse=True)
def _short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    short_chains(monkeypatch)


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

    def test_what_was_waited_is_found_again_though_there_are_few_to_ask(self, tmp_path: Path):
        world, waited_s = World(tmp_path, asking=REAL), 2 * 3600.0

        async def before(world: World, rollouts: Rollouts) -> None:
            await world.grow_old(rollouts, *farms(1, "on_trial"))
            for _ in range(int(waited_s / 30.0)):
                rollouts.hold(record())
                await asyncio.sleep(30.0)

        async def after(_: World, rollouts: Rollouts) -> None:
            assert rollouts._ways["vault/1"].rollout.waited_s > waited_s - 2 * SAVE_S

        play(world, before)
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
