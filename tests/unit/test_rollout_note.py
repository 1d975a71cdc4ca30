"""What a farm says itself of a release: its note follows the trial and tells nothing of this computer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.trial import membership
from node.trial.notes import check_note, decode_note
from node.trust.release import Release
from node.update import events
from node.update.noted import subject_of
from node.update.rollouts import NOTES_KEPT_S, Rollouts
from node.vault.noting import NOTES_MAX
from tests.rollout_world import World, play, record, release, short_chains


@pytest.fixture(autouse=True)
def _short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    short_chains(monkeypatch)


class TestTheOwnNote:
    def said(self, world: World, of: Release | None = None) -> list[Any]:
        """What the farm's note on the release said, one after the other; each one is checked."""
        subject, found = subject_of(of or release()), []
        for given in world.notes.given:
            for one in given:
                if one.release == subject.digest:
                    note = decode_note(one.content)
                    check_note(
                        note, world.own.vault_id, subject, membership.commitment(world.own.seed, subject.sequence - 1)
                    )
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

    def test_however_high_a_release_is_numbered_the_farm_says_what_it_found(self, tmp_path: Path):
        world = World(tmp_path)
        late = release(membership.CHAIN_LENGTH + 1)

        async def story(_: World, rollouts: Rollouts) -> None:
            await self.go(rollouts, ("on_trial", events.Ticked(0.0)), of=late)
            rollouts.hold(record(of=late))
            view = rollouts.view(late.name)
            assert view is not None
            assert view.waves == 3

        play(world, story)
        assert [note.state for note in self.said(world, late)] == ["on_trial"]
