"""Carries releases through: heads in, their releases' ways forward, each state persisted before its effects.

    offered head -> trust -> chain persisted -> releases known -> one of them at a time:
        event -> lifecycle.step -> persisted -> effects (jobs) -> their events -> ...

One release is on its way at a time.  When several wait, the newest is taken and the others are set aside.  A
release that was decided once is never decided again, and files that failed here once are not tried under another
name.  When anything is cut off, ``run`` goes on where the persisted states say.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from node.api import schema
from node.trust.anchor import factor_beside
from node.trust.capabilities import TODAY, Capabilities, cost
from node.trust.chain import Chain
from node.trust.release import Release
from node.update import events, views
from node.update.carrying import carried_files, newest_of
from node.update.decoys import Decoys
from node.update.drift import distances_of
from node.update.errors import SlotDamaged
from node.update.events import Effect, Event, Limits
from node.update.jobs import Job, Means, clean_up
from node.update.judging import Consequences, Judge
from node.update.lifecycle import REPLACEABLE, STOPPABLE, UNSEEN, Lifecycle, already_in_use, known_as_bad
from node.update.store import Record, Saved

TICK_S: Final = 30.0  # at least so often time is counted and persisted
WITNESS_S: Final = 2.0  # between two looks for them, while a release waits for nothing else
SAVE_PAUSE_S: Final = 10.0  # after a state could not be persisted
RECORDS_MAX: Final = 300  # more than the releases of any head

log = logging.getLogger(__name__)


class Updates:
    """All updates of one home.  Belongs to one event loop; ``run`` is called once.

    Invariant: the state on disk is never older than what was done because of it.
    """

    def __init__(self, chain: Chain, saved: Saved, means: Means, limits: Limits) -> None:
        self._records = {record.release.name: record for record in saved.records}
        self._means = means
        self._limits = limits
        self._judge = Judge(
            chain, saved.refused, means, Consequences(self._learn, self._look_again, self._keep_refused)
        )
        self._decoys = Decoys(means, limits.decoy_every_s)
        self._lock = asyncio.Lock()  # held from a step until its effects are begun
        self._inbox: asyncio.Queue[tuple[Job | None, Event | None]] = asyncio.Queue()
        self._job: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._counted_bytes = 0
        self._newest: tuple[Release, ...] = ()
        self._is_waiting = False  # for others to show the head
        self._carried: tuple[tuple[Release, ...], tuple[bytes, ...]] = (), ()

    @classmethod
    def open(cls, genesis: bytes, means: Means, limits: Limits) -> Updates:
        """Go on with what ``means.store`` holds.  Blocking.

        Raises:
            StateUnreadable: It is damaged.  Nothing is guessed; the vault goes on without updates.
        """
        return cls(means.store.load_chain(genesis), means.store.load(), means, limits)

    # What others see.

    @property
    def head(self) -> bytes:
        """The newest verified head, and what halts the chain, for the vault to carry; b"" before the first one."""
        return self._judge.head

    def updates(self) -> schema.Updates:
        now_s = asyncio.get_running_loop().time()
        items = [self._view(record, now_s) for record in self._records.values()]
        refused, developers = tuple(self._judge.refused), self._judge.developers()
        return schema.Updates(tuple(reversed(items)), refused, developers, self._decoys.measured)

    def trial(self) -> schema.TrialView | None:
        """The running trial, or the last one."""
        return views.newest_trial(self.updates().items)

    def _view(self, record: Record, now_s: float) -> schema.Update:
        if self._job is not None and self._job.release == record.release.name:
            fetched = record.bytes_fetched + self._job.bytes_fetched - self._counted_bytes
            record = msgspec.structs.replace(self._job.with_findings(record), bytes_fetched=fetched)
        return views.update_view(record, now_s, self._means.rollouts.view(record.release.name))

    # What others tell.

    def vault_failed(self, reason: str) -> None:
        """The vault in use ended unasked or did not start."""
        if self._job is not None:
            self._job.host_fault(reason)
        self._decoys.host_fault(reason)
        self._inbox.put_nowait((None, events.VaultFailed(self._now(), reason)))

    async def offered(self, content: bytes, sender: bytes) -> schema.HeadAnswer:
        """Judge a head that a vault (or, with b"" as ``sender``, a person) offers.  Never raises for what is in it."""
        return await self._judge.offered(content, sender)

    # Which releases there are.

    async def _learn(self, releases: Sequence[Release]) -> None:
        """Take up the releases of the newest head, newest first."""
        async with self._lock:
            in_use = await asyncio.to_thread(self._means.slots.current, "vault")
            may = TODAY if in_use is None else await self._capabilities_of(in_use)
            for release in reversed(releases):
                if release.name not in self._records:
                    self._records[release.name] = self._new_record(release, in_use, may)
            await self._lessen(releases, in_use)
            listed = {release.name for release in releases}
            self._newest = newest_of(releases)
            for name in list(self._records)[: max(0, len(self._records) - RECORDS_MAX)]:
                if self._records[name].way.is_over and name not in listed:
                    del self._records[name]
            await self._save_patiently()
        recalled = self._judge.recalls.names
        for name, record in list(self._records.items()):
            if name not in listed and name not in recalled and not record.way.is_over:
                await self._take(name, events.Withdrawn(self._now()))
        self._look_again()

    def _look_again(self) -> None:
        """Let the next turn come now: what is known of the developers has changed."""
        self._inbox.put_nowait((None, None))

    async def _keep_refused(self) -> None:
        async with self._lock:
            with contextlib.suppress(OSError):  # forgotten with the next start, it is refused once more
                await self._save()

    async def _lessen(self, releases: Sequence[Release], in_use: str | None) -> None:
        """Let the files in use do no more, from their next start on, than their newest release declares."""
        newest = next((release for release in releases if release.tree_hash == in_use), None)
        if newest is None:
            return
        try:
            await asyncio.to_thread(self._means.slots.lessen, "vault", newest.tree_hash, newest.capabilities)
        except (SlotDamaged, OSError) as error:  # it is tried again with the next head and at the next start
            log.warning("what is in use keeps what it may do release=%s reason=%s", newest.name, error)

    async def _capabilities_of(self, in_use: str) -> Capabilities:
        try:
            return await asyncio.to_thread(self._means.slots.capabilities, "vault", in_use)
        except SlotDamaged:
            return TODAY

    def _new_record(self, release: Release, in_use: str | None, may: Capabilities) -> Record:
        now_s, utc_s, tree = self._now(), self._means.utc_s(), release.tree_hash
        failed = [r for r in self._records.values() if r.way.phase in ("refused", "rolled_back")]
        bad = next((record for record in failed if record.release.tree_hash == tree), None)
        log.info("release announced name=%s tree=%s", release.name, tree[:8])
        if tree == in_use:
            is_gaining = cost(may, release.capabilities) > 0
            return Record(release, already_in_use(release.name, tree, now_s, is_gaining=is_gaining), utc_s, utc_s)
        if bad is not None:
            reason = f"the same files as {bad.release.name}: {bad.way.reason}"
            return Record(release, known_as_bad(release.name, tree, now_s, reason), utc_s, utc_s)
        stagger_s = self._means.random.random() * self._limits.stagger_s_max
        return Record(release, Lifecycle(release.name, tree, stagger_s, now_s), utc_s)

    # Going on.

    async def run(self) -> None:
        """Carry releases through, until cancelled; nothing is left running then."""
        asking = asyncio.create_task(self._means.rollouts.run(), name="rollouts")
        try:
            await self._resume()
            while True:
                await self._next_turn()
                await self._next_event()
        finally:
            asking.cancel()
            await self._decoys.stop()
            await self._stop_job()

    async def _resume(self) -> None:
        """Go on where the persisted states say."""
        if self._active() is None:  # the power may have failed between the end of a way and its cleaning up
            await self._clean_up()
        for name, record in list(self._records.items()):
            if not record.way.is_over:
                await self._take(name, events.Resumed(self._now()))
        await self._judge.resume()

    async def _next_turn(self) -> None:
        """Heed recalls; set aside what is outdated; take up the newest release that waits, if none is on its way."""
        self._is_waiting = False
        in_use = await asyncio.to_thread(self._means.slots.current, "vault")
        is_idle = self._judge.is_current and all(record.way.is_over for record in self._records.values())
        await self._decoys.turn(in_use if is_idle else None, self._now(), is_seen=self._is_seen())
        await self._carry_files()
        await self._heed_recalls(in_use)
        active = self._active()
        if active is not None and active.way.phase == "probation" and active.way.tree_hash != in_use:
            await self._take(active.release.name, events.Vetoed(self._now(), "its files were damaged"))
        waiting = sorted((r for r in self._records.values() if not r.way.is_over), key=_age)
        used = [r for r in self._records.values() if r.way.phase == "confirmed" and r.release.tree_hash == in_use]
        newest = max([*waiting, *used], key=_age, default=None)
        if newest is None:
            return
        for record in waiting:
            if record is not newest and record.way.phase in REPLACEABLE:
                await self._take(record.release.name, events.Superseded(self._now(), newest.release.name))
        active = self._active()
        if active is not None and self._is_held(active):
            await self._take(active.release.name, events.Halted(self._now()))
            await self._clean_up()
        elif active is not None and (reason := self._means.rollouts.halted(active)):
            await self._take(active.release.name, events.Held(self._now(), reason))
            await self._clean_up()
        elif active is None and newest in waiting and in_use is not None and self._judge.is_current:
            await self._take_up(newest, in_use)

    async def _take_up(self, record: Record, in_use: str) -> None:
        """Begin with a release, once others show the head that lists it and its wave is open."""
        if record.release.tree_hash == in_use:  # under another name they took over while this one waited
            await self._settle(record, in_use)
            return
        self._is_waiting = not self._is_seen()
        reason = UNSEEN if self._is_waiting else self._means.rollouts.hold(record)
        if not reason:
            await self._stretch(record, in_use)
            await self._take(record.release.name, events.TurnCame(self._now(), in_use))
        elif reason != record.way.reason:
            await self._take(record.release.name, events.Held(self._now(), reason))

    async def _settle(self, record: Record, in_use: str) -> None:
        async with self._lock:
            known = self._new_record(record.release, in_use, await self._capabilities_of(in_use))
            self._records[record.release.name] = msgspec.structs.replace(known, announced_s=record.announced_s)
            await self._lessen((record.release,), in_use)
            await self._save_patiently()
        self._means.on_change()

    async def _stretch(self, record: Record, in_use: str) -> None:
        """Let the trial of a release last longer if it may do more than anything that was tried out here before it."""
        release, used = record.release, await self._capabilities_of(in_use)
        factor = max(release.trial_factor, factor_beside(used, release.capabilities))
        longer = dataclasses.replace(release, trial_factor=factor)
        is_slow = self._means.rollouts.is_slow(release.name)
        self._records[release.name] = msgspec.structs.replace(record, release=longer, is_slow=is_slow)

    async def _carry_files(self) -> None:
        """Let the vault serve what the newest head names, as far as it is here."""
        roots, slots = self._judge.roots, self._means.slots
        staged = tuple(release for release in self._newest if slots.has("vault", release.tree_hash))
        if (staged, roots) != self._carried:
            files = await asyncio.to_thread(carried_files, staged, roots, slots)
            await self._means.host.carry_files(files)
            self._carried = staged, roots

    async def _heed_recalls(self, in_use: str | None) -> None:
        """Go back from what was recalled, once nothing new is just taking over."""
        recalled = [
            r for name, r in self._records.items() if name in self._judge.recalls.names and not r.way.is_recalled
        ]
        for record in recalled:
            if record.way.phase != "confirmed" or record.release.tree_hash == in_use:
                await self._heed_recall(record)

    async def _heed_recall(self, record: Record) -> None:
        active, back_to = self._active(), await self._way_back(record)
        if record.way.phase == "confirmed" and active is not None and back_to:
            if active.way.phase not in STOPPABLE:
                return  # it takes over, which is a way out too; if it fails, this is looked at again
            await self._take(active.release.name, events.Halted(self._now()))
        await self._take(record.release.name, events.Recalled(self._now(), back_to))

    async def _way_back(self, record: Record) -> str:
        """What ran before it, if a recall may lead there and it is still whole; else ""."""
        before = await asyncio.to_thread(self._means.slots.previous, "vault") or record.way.baseline
        releases = {r.release.name: r.release.sequence for r in self._records.values() if r.release.tree_hash == before}
        if not before or before == record.release.tree_hash or not self._judge.recalls.leads_to(releases):
            return ""
        try:
            await asyncio.to_thread(self._means.slots.verify, "vault", before)
        except SlotDamaged as error:
            log.warning("there is no way back from a recalled release reason=%s", error)
            return ""
        return before

    async def _next_event(self) -> None:
        active = self._active()
        due_s = active.way.due_s(self._limits_of(active)) - self._now() if active is not None else TICK_S
        try:
            async with asyncio.timeout(max(0.0, min(due_s, WITNESS_S if self._is_waiting else TICK_S))):
                job, event = await self._inbox.get()
        except TimeoutError:
            job, event = None, events.Ticked(self._now())
        if job is not None and job is not self._job:
            return  # of a job that was stopped just when it ended
        active = self._active()
        if event is not None and active is not None and not self._is_held(active):
            is_clean = isinstance(event, events.Rehearsed) and not (event.missing or event.corrupt)
            if is_clean and not self._is_seen():
                event = events.Unseen(self._now())
            await self._take(active.release.name, event)

    def _is_seen(self) -> bool:
        """Whether enough others show the same head.  Looked at before a trial, and before the step into use."""
        return self._means.host.head_subnets() >= self._limits.witnesses_min

    def _limits_of(self, record: Record) -> Limits:
        return self._limits.stretched(record.trial_factor)

    def _is_held(self, record: Record) -> bool:
        """Whether the release may come no nearer to being used, because of what is known of the developers."""
        return record.way.phase in STOPPABLE and not self._judge.is_current

    def _active(self) -> Record | None:
        """The release that is on its way; those that wait for their turn are not."""
        on_the_way = [r for r in self._records.values() if not r.way.is_over and r.way.phase != "announced"]
        assert len(on_the_way) <= 1, [record.release.name for record in on_the_way]
        return on_the_way[0] if on_the_way else None

    async def _take(self, name: str, event: Event) -> None:
        """One step of one release: the new state is persisted, then its effects are begun."""
        async with self._lock:
            before = self._records[name]
            way, effects = before.way.step(event, self._limits_of(before))
            after = self._with_findings(msgspec.structs.replace(before, way=way))
            if way.is_over and not before.way.is_over:
                after = msgspec.structs.replace(after, decided_s=self._means.utc_s())
            self._records[name] = after
            if after != before:
                await self._save_patiently()
            progress = self._job.progress if self._job is not None and self._job.release == name else None
            await self._means.rollouts.moved(before, after, event, progress)
            if (way.phase, way.is_recalled) != (before.way.phase, before.way.is_recalled):
                log.info("release=%s phase=%s reason=%s", name, way.phase, way.reason)
            for effect in effects:
                await self._perform(after, effect)
        self._means.on_change()

    def _with_findings(self, record: Record) -> Record:
        """The record with what the job has found and fetched since the last step."""
        job = self._job
        if job is None or job.release != record.release.name:
            return record
        fetched = record.bytes_fetched + job.bytes_fetched - self._counted_bytes
        self._counted_bytes = job.bytes_fetched
        return msgspec.structs.replace(job.with_findings(record), bytes_fetched=fetched)

    async def _perform(self, record: Record, effect: Effect) -> None:
        match effect:
            case events.Stop():
                await self._stop_job()
            case events.CleanUp():
                await self._clean_up()
            case _:
                await self._stop_job()
                self._counted_bytes = 0
                past = distances_of(record.way.baseline, self._records.values(), self._means.utc_s())
                self._job = Job(effect, record, self._means, past)
                self._task = asyncio.create_task(self._do(self._job), name=f"update {type(effect).__name__}")

    async def _clean_up(self) -> None:
        on_the_way = [record.release.tree_hash for record in self._records.values() if not record.way.is_over]
        carried = [release.tree_hash for release in self._newest]  # what was found of it here binds nobody else
        await asyncio.to_thread(clean_up, self._means, on_the_way, carried)

    async def _do(self, job: Job) -> None:
        event = await job.do()
        self._inbox.put_nowait((job, event))

    async def _stop_job(self) -> None:
        task, self._task, self._job = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _save_patiently(self) -> None:
        """Persist, however long it takes: nothing is done before it is written down."""
        while True:
            try:
                await self._save()
                return
            except OSError as error:
                log.error("updates wait: their state could not be kept reason=%s", error)
                await asyncio.sleep(SAVE_PAUSE_S)

    async def _save(self) -> None:
        saved = Saved(records=tuple(self._records.values()), refused=tuple(self._judge.refused))
        await asyncio.to_thread(self._means.store.save, saved)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _age(record: Record) -> tuple[int, bool]:
    """By what a release is newer than another; at equal numbers the pods' before the foundation's."""
    return record.release.sequence, not record.release.name.startswith("foundation/")
