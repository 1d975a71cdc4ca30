"""One farm whose disk may stop at any moment: real updates, slots and stores, pretended trial, vaults and time."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from node.supervisor.errors import SwitchFailed, SwitchLate
from node.supervisor.home import Home, Marker
from node.trial.ratchet import Estimate, Estimates
from node.trial.trial import Trial
from node.trial.verdict import Outcome
from node.update.driver import Updates
from node.update.files.kept import Kept
from node.update.files.links import LinkingFileSystem
from node.update.files.slots import Slots
from node.update.jobs import Job
from node.update.store import Saved
from node.update.trials.rehearsal import TrialResult
from node.vault.share.tree import manifest_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem
from tests import signed_world, twin_world, update_world, virtual_time
from tests.crashes.platter import Platter
from tests.note_world import OtherFarm
from tests.update_world import DONE, SENDER, tree_of

OWN: Final = "0"  # the version that the farm ran before
QUOTA_BYTES: Final = 1 << 20
TRIAL_S: Final = 20.0
TRIED: Final = hashlib.sha256(b"tried").digest()  # what the candidate of a trial has acknowledged
ENDS: Final = (*DONE, "recalled")
FAILURES: Final = 3
LIFE_S_MAX: Final = 1e7
ESTIMATES: Final[Estimates] = {"p50": Estimate(0.2, 0.1)}  # how every release compares with the one before
NEIGHBOUR: Final = OtherFarm(1)  # whom the vault meets
SHORT: Final = ("announced", "fetching", "staged")  # phases that are over within a second


class PretendedTrial:
    """Finds what the farm wants it to find; leaves the candidate's data as a trial does."""

    keeper = SimpleNamespace(trouble="")

    def __init__(self, job: Any) -> None:
        self.estimates = ESTIMATES
        self.outcome: Outcome = job._means.host.outcome
        self.progress = Trial(profile=job._means.profile).progress()
        means = job._means
        means.trials.remove_all()
        self._data = means.trials.make(means.entropy)

    def host_fault(self, what: str) -> None:
        """Nothing is measured here."""

    async def run(self) -> TrialResult:
        await asyncio.sleep(TRIAL_S)
        ChunkStore(RealFileSystem(self._data), QUOTA_BYTES).put(b"tried")
        return TrialResult(self.outcome, "as it was found", self._data, (TRIED,))


class SeenStore(update_world.CutStore):
    """Remembers which phases of a release are written down, and which just are being."""

    seen: Saving

    def save(self, saved: Saved) -> None:
        self.seen.coming = {record.release.name: record.way.phase for record in saved.records}
        super().save(saved)
        self.seen.kept = self.seen.coming


@dataclass
class Saving:
    kept: dict[str, str] = field(default_factory=dict)
    coming: dict[str, str] = field(default_factory=dict)


@dataclass
class Farm(update_world.Farm):
    """A farm that is switched on anew with what its disk holds.  ``acknowledged`` is what its vault ever promised.

    ``is_bad``: version 2, once in use, removes half of what is stored whenever it is started, and then fails.
    """

    is_bad: bool = False
    fails_in: str = "probation"  # if it is bad
    outcome: Outcome = "promote"  # of each trial
    acknowledged: dict[bytes, bytes] = field(default_factory=dict)
    saving: Saving = field(default_factory=Saving)
    phases: list[str] = field(default_factory=list)
    entered: Callable[[str], None] = lambda _phase: None  # told of each phase, as soon as it is seen

    def __post_init__(self) -> None:
        self.power = update_world.Power()
        self.store = SeenStore(self.folder / "state", self.power)
        self.store.seen = self.saving
        self.kept = Kept(LinkingFileSystem(self.folder), "vault")
        self.slots = Slots(self.folder / "slots")
        self.own = tree_of(OWN)
        self.removed: list[bytes] = []
        self.vault: ChunkStore | None = None
        built = signed_world.built("2")
        self.chunks |= built.objects | {hashlib.sha256(built.manifest).digest(): built.manifest}

    def found(self) -> None:
        """Make the home, with a version in use and a chunk, and switch it on."""
        files = [*signed_world.SOURCE, ("node/vault/version.py", False, OWN.encode())]
        contents = {hashlib.sha256(content).hexdigest(): content for _, _, content in files}
        manifest, _ = manifest_of(files)
        self.slots.stage("vault", manifest, contents.__getitem__)
        self.slots.point("vault", self.own, 0.0)
        self.switch_on()
        self.put(b"since long")

    # The vault in use.

    def switch_on(self) -> str:
        """As a supervisor does at its start: choose a version, see to the store, open it; which version it is."""
        Home(self.folder, Marker(1, "practice", "", "", ""), b"").remove_leftovers()
        chosen = self.slots.choose("vault", 0.0)
        self.run_vault(chosen)
        return chosen

    def run_vault(self, tree_hash: str) -> None:
        if self.vault is not None:
            self.vault.close()
        self.kept.before_run(tree_hash)
        self.vault = ChunkStore(RealFileSystem(self.folder / "vault"), QUOTA_BYTES)
        if self.is_bad and tree_hash == tree_of("2"):
            for address in self.vault.addresses()[::2]:
                self.vault.remove(address)

    def put(self, content: bytes) -> None:
        assert self.vault is not None
        self.acknowledged[self.vault.put(content)] = content

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None:
        self.switches.append(tree_hash)
        self.put(b"while it stands by %d" % len(self.switches))
        await asyncio.sleep(1.0)
        if self.switch_fails(tree_hash):
            raise SwitchFailed("the port is in use")
        if self.is_too_late(tree_hash):
            self.run_vault(self.own)
            raise SwitchLate("it did not answer in time")
        self.run_vault(tree_hash)

    # What happens to it.

    def live(self, *heads: bytes, until: Callable[[Updates], bool]) -> None:
        """Hear these heads, and go on until it is so and all is cleaned up."""

        async def main() -> None:
            updates = self.open()
            running = asyncio.create_task(updates.run())
            updates._means.rollouts.met([NEIGHBOUR.met])
            try:
                for head in heads:
                    await updates.offered(head, SENDER)
                async with asyncio.timeout(LIFE_S_MAX):
                    while not until(updates):
                        assert not running.done(), running
                        self._happens(updates)
                        await asyncio.sleep(0.05 if not self.phases or self.phases[-1] in SHORT else 1.0)
                self._happens(updates)
                await asyncio.sleep(2.0)
            finally:
                running.cancel()
                await asyncio.wait({running})

        virtual_time.run(main())

    def _happens(self, updates: Updates) -> None:
        for item in updates.updates().items:
            if self.phases[-1:] != [item.phase]:
                self.phases.append(item.phase)
                self.put(f"in {item.phase} {len(self.phases)}".encode())
                self.entered(item.phase)
            if item.phase == self.fails_in and self.is_bad:
                for _ in range(FAILURES):
                    updates.vault_failed("exit code 1")


def is_decided(updates: Updates) -> bool:
    items = updates.updates().items
    return bool(items) and all(item.phase in ENDS for item in items)


@contextlib.contextmanager
def pretended_trials() -> Iterator[None]:
    """No trial and no flush takes any time: which disk is left is decided by ``Platter``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "_prepare_trial", _pretended)
        patch.setattr(Job, "trial", None)
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setattr(twin_world.World, "store_in", lambda *_: {TRIED: True})
        yield


def _pretended(job: Job) -> PretendedTrial:
    return PretendedTrial(job)


@dataclass(frozen=True)
class Said:
    """What must hold of a disk that the power left at some change."""

    acknowledged: frozenset[bytes]
    phases: tuple[str, ...]  # where the release may be: as it was written down last, or as it just was being
    words: tuple[bytes, ...]  # what others were told of it until then


def watched(farm: Farm, release: str) -> Platter:
    def look() -> Said:
        phases = (farm.saving.kept.get(release, ""), farm.saving.coming.get(release, ""))
        return Said(frozenset(farm.acknowledged), phases, words_of(farm))

    return Platter(farm.folder, look)


def words_of(farm: update_world.Farm) -> tuple[bytes, ...]:
    """Each word on a release that others were given, without what was only said again."""
    contents = [notes[-1].content for notes in farm.notes.given if notes]
    return tuple(content for content, _ in itertools.groupby(contents))


def folder_of(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home
