"""One farm that asks others for their verdicts, in virtual time, and releases for it to ask about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.trial import membership
from node.trial.waves import ORDINARY, Plan
from node.trust.release import Release
from node.update.lifecycle import Lifecycle
from node.update.noted import subject_of
from node.update.rollouts import Asking, Rollouts
from node.update.store import Record
from tests.note_world import Notes, OtherFarm, author, rollouts_of
from tests.virtual_time import run

DAY_S = 86_400.0
UTC_S = 1_800_000_000.0
AGE_S = 8 * DAY_S  # of the book, before the release is heard of
FAST = Asking(round_s=600.0, pause_s_min=1.0, idle_s=30.0)
SLOWLY = Asking(round_s=6 * 3600.0, pause_s_min=60.0, idle_s=6 * 3600.0)
HALVES = replace(ORDINARY, shares=(0.5, 0.3, 0.2))  # so that a few farms are enough of the first wave
NEW, OLD = "a" * 64, "b" * 64


def short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
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
