"""One farm whose chain and slots are real; network, vaults and time are pretended, and its power can fail."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from node.api.schema import Update
from node.supervisor.errors import SwitchFailed, SwitchImpossible, SwitchLate
from node.trial.profile import PRACTICE, PRACTICE_URGENT
from node.trial.waves import WITHOUT_WAVES, Plan
from node.trust.capabilities import TODAY, Capabilities
from node.trust.chain import Chain
from node.trust.head import encode
from node.trust.layers import Layer
from node.update.apps import NO_APPS, Apps, NoApps
from node.update.disk_wait import nothing_to_give
from node.update.driver import Updates
from node.update.events import PRACTICE as PRACTICE_LIMITS
from node.update.files.kept import KEPT, Kept
from node.update.files.links import LinkingFileSystem
from node.update.files.slots import Slots
from node.update.jobs import Means
from node.update.rollouts import Rollouts
from node.update.store import Saved, Store
from node.update.trials.rehearsal import TrialResult
from node.update.trials.state import KeptTrial, Log, TrialFile
from node.vault.share.tree import Manifest
from tests import note_world, signed_world, twin_world, virtual_time
from tests.twin_world import Nature, trial_folders

PROFILE = replace(PRACTICE, reads_min=200, restarts_min=0)
URGENT = replace(PRACTICE_URGENT, reads_min=60, restarts_min=0)
LIMITS = replace(PRACTICE_LIMITS, probation_s=60.0)
SENDER = b"s" * 32
DONE = ("confirmed", "refused", "not_proven", "rolled_back")


class PowerCut(BaseException):
    """The computer is off: nothing after this was done."""


class Power:
    """Fails at the n-th write of all that must survive it, right after the write; nothing is written after that."""

    def __init__(self) -> None:
        self.writes_left = 10**9

    @property
    def is_out(self) -> bool:
        return self.writes_left <= 0

    @contextlib.contextmanager
    def for_a_write(self) -> Iterator[None]:
        if self.is_out:
            raise PowerCut
        yield
        self.writes_left -= 1
        if self.is_out:
            raise PowerCut


class CutTrialFile(TrialFile):
    power: Power

    def save(self, kept: KeptTrial, news: Iterable[tuple[Log, bytes]]) -> None:
        with self.power.for_a_write():
            super().save(kept, news)


class CutStore(Store):
    power: Power

    def __init__(self, folder: Path, power: Power) -> None:
        super().__init__(folder)
        self.power = power
        self.running = CutTrialFile(folder / "trial")
        self.running.power = power

    def save(self, saved: Saved) -> None:
        with self.power.for_a_write():
            super().save(saved)

    def save_chain(self, chain: Chain) -> None:
        with self.power.for_a_write():
            super().save_chain(chain)

    def save_result(self, tree_hash: str, result: TrialResult) -> None:
        with self.power.for_a_write():
            super().save_result(tree_hash, result)


class CutSlots(Slots):
    power: Power

    def stage(
        self, layer: Layer, manifest: Manifest, read: Callable[[str], bytes | Path], capabilities: Capabilities = TODAY
    ) -> Path:
        with self.power.for_a_write():
            return super().stage(layer, manifest, read, capabilities)

    def point(self, layer: Layer, tree_hash: str, now_s: float) -> None:
        with self.power.for_a_write():
            super().point(layer, tree_hash, now_s)

    def point_back(self, layer: Layer, tree_hash: str, now_s: float, previous: str = "") -> None:
        with self.power.for_a_write():
            super().point_back(layer, tree_hash, now_s, previous)


@dataclass
class Farm(twin_world.World):
    """What surrounds the updates of one farm; fulfils ``Host``.  It survives power cuts, its processes do not."""

    folder: Path = Path()
    natures: dict[str, Nature] = field(default_factory=lambda: collections.defaultdict(Nature))
    signed: signed_world.World = field(default_factory=signed_world.World)
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    switches: list[str] = field(default_factory=list)
    insisted: list[str] = field(default_factory=list)
    pointed_at: list[str | None] = field(default_factory=list)  # at each switch
    switch_fails: Callable[[str], bool] = lambda _: False
    late_switches: int = 0  # so often a handover forward takes too long
    cannot_switch: Callable[[str], bool] = lambda _: False  # this computer, whatever the version is like
    carried: list[bytes] = field(default_factory=list)
    blamed: list[tuple[bytes, bytes]] = field(default_factory=list)
    alike: list[tuple[bytes, bytes]] = field(default_factory=list)
    files: dict[bytes, bytes] = field(default_factory=dict)  # that the vault serves because the head names them
    witnesses: int = 3
    quota_bytes: int = 1 << 20
    rolled_out: set[str] = field(default_factory=set)  # releases of which the last wave is over
    notes: note_world.Notes = field(default_factory=note_world.Notes)
    plan: Plan = WITHOUT_WAVES
    changes: int = 0
    hold: str = ""  # why nothing may be tried out, if the farmer has a pause
    make_room: Callable[[], bool] = nothing_to_give
    apps: Apps | NoApps = NO_APPS
    kept_at_switch: list[str] = field(default_factory=list)

    def kept_names(self) -> list[str]:
        return sorted(path.name for path in (self.folder / KEPT).glob("*/*"))

    def __post_init__(self) -> None:
        self.power = Power()
        self.store = CutStore(self.folder / "state", self.power)
        self.kept = Kept(LinkingFileSystem(self.folder), "vault")
        self.slots = Slots(self.folder / "slots")
        self.own = self.slots.fill_from_checkout()
        self.slots.point("vault", self.own, 0.0)

    # Host.

    async def get_chunk(self, address: bytes) -> bytes:
        await asyncio.sleep(0.05)
        return self.chunks[address]

    async def carry_head(self, head: bytes) -> None:
        self.carried.append(head)

    async def carry_files(self, files: Mapping[bytes, bytes]) -> None:
        self.files = dict(files)

    def head_subnets(self) -> int:
        return self.witnesses

    async def refuse_head(self, digest: bytes, sender: bytes) -> None:
        self.blamed.append((digest, sender))

    async def know_head(self, digest: bytes, sender: bytes) -> None:
        self.alike.append((digest, sender))

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None:
        self.switches.append(tree_hash)
        self.kept_at_switch = self.kept_names()
        self.kept.before_run(tree_hash)
        self.insisted += [tree_hash] * is_insisted
        self.pointed_at.append(self.slots.current("vault"))
        await asyncio.sleep(1.0)
        self.last_serial += 1
        if self.switch_fails(tree_hash):
            self.kept.before_run(self.own)
            raise SwitchFailed("the port is in use")
        if self.is_too_late(tree_hash):
            self.kept.before_run(self.own)
            raise SwitchLate("it did not answer in time")
        if self.cannot_switch(tree_hash):
            raise SwitchImpossible("it could not be started")

    def is_too_late(self, tree_hash: str) -> bool:
        is_late = tree_hash != self.own and self.late_switches > 0
        self.late_switches -= is_late
        return is_late

    # What the tests do with it.

    def publish(
        self,
        version: str,
        nature: Nature | None = None,
        pods: int = 3,
        capabilities: Capabilities = TODAY,
        *,
        is_urgent: bool = False,
    ) -> bytes:
        """A signed head with one more release, whose files are in the network."""
        built = signed_world.built(version)
        self.chunks |= built.objects | {hashlib.sha256(built.manifest).digest(): built.manifest}
        if nature is not None:
            self.natures[built.release.tree] = nature
        by = self.signed.pods[:pods]
        return encode(self.signed.release(version, by=by, capabilities=capabilities, is_urgent=is_urgent))

    def rollouts(self) -> Rollouts:
        return note_world.rollouts_of(self.folder / "state", self.notes, twin_world.utc_s, plan=self.plan)

    def open(self) -> Updates:
        def changed() -> None:
            self.changes += 1

        slots = CutSlots(self.folder / "slots")
        slots.power = self.power
        means = Means(
            host=self, slots=slots, store=self.store, kept=self.kept, trials=trial_folders(self.folder),
            profile=PROFILE, urgent=URGENT, rollouts=self.rollouts(), quota_bytes=lambda: self.quota_bytes,
            random=self.random,
            entropy=random.Random(2).randbytes, utc_s=twin_world.utc_s, on_change=changed,
            is_rolled_out=lambda record: record.release.name in self.rolled_out, hold=lambda: self.hold,
            make_room=self.make_room, apps=self.apps,
        )  # fmt: skip
        return Updates.open(self.signed.genesis, means, LIMITS)


async def wait_until(updates: Updates, is_so: Callable[[dict[str, Update]], bool], limit_s: float = 3600.0) -> None:
    async with asyncio.timeout(limit_s):
        while not is_so({item.release: item for item in updates.updates().items}):
            await asyncio.sleep(0.1)


async def fail_in_probation(updates: Updates, head: bytes) -> None:
    """It takes over, fails as often as is borne, and is left for the version before it."""
    await updates.offered(head, SENDER)
    await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
    for _ in range(3):
        updates.vault_failed("exit code 1")
    await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")


def live(farm: Farm, story: Callable[[Updates], Awaitable[None]], updates: Updates | None = None) -> Updates:
    """Run the updates of ``farm`` while ``story`` happens; then stop them, and look for what is left running."""

    async def main() -> Updates:
        opened = updates or farm.open()
        running = asyncio.create_task(opened.run())
        try:
            await story(opened)
            assert not running.done(), running
        finally:
            running.cancel()
            await asyncio.wait({running})
            if farm.power.is_out and not running.cancelled():
                running.exception()  # it could not even write down how long it had run
            assert farm.left_running == 0
        return opened

    return virtual_time.run(main())


def tell(farm: Farm, *heads: bytes, until_phase: tuple[str, ...] = DONE, of: str = "") -> dict[str, Update]:
    """Offer the heads, and wait until every release (or the one named) is decided; the history."""
    found: dict[str, Update] = {}

    async def story(updates: Updates) -> None:
        for head in heads:
            assert (await updates.offered(head, SENDER)).outcome == "accepted"
        await wait_until(
            updates,
            lambda items: bool(items) and all(i.phase in until_phase for i in items.values() if of in ("", i.release)),
        )
        await asyncio.sleep(1.0)  # for what is done after the end
        found.update({item.release: item for item in updates.updates().items})

    live(farm, story)
    return found


def tree_of(version: str) -> str:
    return signed_world.built(version).release.tree
