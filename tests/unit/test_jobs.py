"""Pieces of work that are cut off: what was begun on disk is finished before anything else begins."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Mapping
from pathlib import Path

from node.trial.profile import PRACTICE, PRACTICE_URGENT
from node.trust.layers import Layer
from node.trust.release import Release
from node.update.events import StartTrial, Switch, TrialEnded
from node.update.files.kept import Kept
from node.update.files.links import LinkingFileSystem
from node.update.files.slots import Slots
from node.update.jobs import Job, Means, Work
from node.update.lifecycle import Lifecycle
from node.update.reasons import NO_TRIAL
from node.update.store import Record, Store
from tests.note_world import Notes, rollouts_of
from tests.twin_world import World, trial_folders

NEW = "a" * 64


class SlowSlots(Slots):
    """Its disk takes its time over the pointer."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.is_pointing = threading.Event()
        self.may_go_on = threading.Event()

    def verify(self, layer: Layer, tree_hash: str) -> Path:
        return self.path(layer, tree_hash)

    def point(self, layer: Layer, tree_hash: str, now_s: float) -> None:
        self.is_pointing.set()
        assert self.may_go_on.wait(10.0)
        super().point(layer, tree_hash, now_s)


class Host(World):
    async def get_chunk(self, address: bytes) -> bytes:
        raise NotImplementedError

    async def carry_head(self, head: bytes) -> None: ...

    async def carry_files(self, files: Mapping[bytes, bytes]) -> None: ...

    def head_subnets(self) -> int:
        return 0

    async def refuse_head(self, digest: bytes, sender: bytes) -> None: ...

    async def know_head(self, digest: bytes, sender: bytes) -> None: ...

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None: ...


def test_a_pointer_that_is_being_written_is_written_before_the_job_is_over(tmp_path: Path):
    """Else the way back would find the old pointer, and the new one would land behind it."""
    slots = SlowSlots(tmp_path / "slots")
    job = job_of(Switch(NEW), tmp_path, slots, Host())

    async def scene() -> None:
        doing = asyncio.create_task(job.do())
        await asyncio.to_thread(slots.is_pointing.wait, 10.0)
        doing.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not doing.done()
        slots.may_go_on.set()
        await asyncio.wait({doing})
        assert doing.cancelled()
        assert slots.current("vault") == NEW

    asyncio.run(scene())


def test_a_trial_on_a_computer_that_shuts_nothing_off_starts_no_vault(tmp_path: Path):
    host = Host(is_shut_off=False)

    ended = asyncio.run(job_of(StartTrial(), tmp_path, SlowSlots(tmp_path / "slots"), host).do())

    assert isinstance(ended, TrialEnded)
    assert (ended.outcome, ended.reason) == ("void", NO_TRIAL)
    assert host.orders == []


def job_of(work: Work, tmp_path: Path, slots: Slots, host: Host) -> Job:
    means = Means(
        host=host, slots=slots, store=Store(tmp_path / "state"), kept=Kept(LinkingFileSystem(tmp_path), "vault"),
        trials=trial_folders(tmp_path), profile=PRACTICE, urgent=PRACTICE_URGENT,
        rollouts=rollouts_of(tmp_path, Notes(), lambda: 1.0),
        quota_bytes=lambda: 1, random=random.Random(1), entropy=os.urandom, utc_s=lambda: 1.0, on_change=lambda: None,
    )  # fmt: skip
    release = Release("vault/2", "vault", "2", NEW, bytes(32), 1, (), "", 1)
    return Job(work, Record(release, Lifecycle("vault/2", NEW, 0.0, 0.0, baseline="b" * 64), 0.0), means)
