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
import hashlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from node.api import schema
from node.trust.chain import Chain, Verified, carried
from node.trust.errors import (
    Equivocation,
    ExpiredMetadata,
    MalformedMetadata,
    MissingRoots,
    NotEnoughSignatures,
    Rollback,
    TrustError,
)
from node.trust.freshness import freshness
from node.trust.release import Release
from node.update import events, views
from node.update.developers import news
from node.update.events import Effect, Event, Limits
from node.update.heads import verify_head
from node.update.jobs import Job, Means, clean_up
from node.update.lifecycle import REPLACEABLE, STOPPABLE, Lifecycle, already_in_use, known_as_bad
from node.update.store import Record, Saved

TICK_S: Final = 30.0  # at least so often time is counted and persisted
SAVE_PAUSE_S: Final = 10.0  # after a state could not be persisted
OFFERS_MAX: Final = 16  # heads that wait to be verified
RECORDS_MAX: Final = 300  # more than the releases of any head
REFUSED_HEADS_MAX: Final = 64

# Nobody honest passes such a head on.  An outdated, expired or forbidden one may come from an honest peer.
BLAMED: Final = (MalformedMetadata, NotEnoughSignatures)

log = logging.getLogger(__name__)


class Updates:
    """All updates of one home.  Belongs to one event loop; ``run`` is called once.

    Invariant: the state on disk is never older than what was done because of it.
    """

    def __init__(self, chain: Chain, saved: Saved, means: Means, limits: Limits) -> None:
        self._chain = chain
        self._freshness = freshness(chain)
        self._records = {record.release.name: record for record in saved.records}
        self._refused = list(saved.refused)
        self._means = means
        self._limits = limits
        self._lock = asyncio.Lock()  # held from a step until its effects are begun
        self._offering = asyncio.Lock()
        self._offers = 0
        self._inbox: asyncio.Queue[tuple[Job | None, Event | None]] = asyncio.Queue()
        self._job: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._counted_bytes = 0

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
        return carried(self._chain)

    def updates(self) -> schema.Updates:
        now_s = asyncio.get_running_loop().time()
        items = [self._view(record, now_s) for record in self._records.values()]
        return schema.Updates(tuple(reversed(items)), tuple(self._refused), self._developers())

    def _developers(self) -> schema.DeveloperNews:
        return news(self._freshness, self._chain.halted_at, max(self._utc(), self._chain.clock_floor))

    def trial(self) -> schema.TrialView | None:
        """The running trial, or the last one."""
        return views.newest_trial(self.updates().items)

    def _view(self, record: Record, now_s: float) -> schema.Update:
        if self._job is not None and self._job.release == record.release.name:
            uncounted = self._job.bytes_fetched - self._counted_bytes
            record = msgspec.structs.replace(
                record, bytes_fetched=record.bytes_fetched + uncounted, trial=self._job.trial or record.trial
            )
        return views.update_view(record, now_s)

    # What others tell.

    def vault_failed(self, reason: str) -> None:
        """The vault in use ended unasked or did not start."""
        if self._job is not None:
            self._job.host_fault(reason)
        self._inbox.put_nowait((None, events.VaultFailed(self._now(), reason)))

    def vetoed(self, reason: str) -> None:
        """The vault in use did what no vault may do."""
        self._inbox.put_nowait((None, events.Vetoed(self._now(), reason)))

    async def offered(self, content: bytes, sender: bytes) -> schema.HeadAnswer:
        """Judge a head that a vault (or, with b"" as ``sender``, a person) offers.  Never raises for what is in it."""
        if self._offers >= OFFERS_MAX:
            return schema.HeadAnswer("refused", "too many heads are being verified; offer it again later")
        self._offers += 1
        try:
            async with self._offering:
                return await self._judge(content, sender)
        except OSError as error:  # of the disk with the chain, which is as it was
            return schema.HeadAnswer("refused", f"it could not be kept: {error.strerror or error}")
        finally:
            self._offers -= 1

    async def _judge(self, content: bytes, sender: bytes) -> schema.HeadAnswer:
        digest = hashlib.sha256(content).digest()
        if content and content == self.head:
            return schema.HeadAnswer("known", "this is the newest head")
        known_reason = next((head.reason for head in self._refused if head.digest == digest.hex()), None)
        if known_reason is not None:
            await self._blame(digest, sender)
            return schema.HeadAnswer("refused", known_reason)
        try:
            verified = await verify_head(self._chain, content, self._utc(), self._means.host.get_chunk)
            if verified.proof and not self._chain.proof:
                return await self._halt(verified.chain)
        except Rollback as error:
            return schema.HeadAnswer("known", str(error))
        except (ExpiredMetadata, MissingRoots) as error:  # with a right clock, a new signature or its roots it may do
            return schema.HeadAnswer("refused", str(error))
        except Equivocation as error:
            return await self._contradicted(digest, sender, error)
        except TrustError as error:
            await self._refuse(digest, sender, error)
            return schema.HeadAnswer("refused", str(error))
        if not verified.is_newer:
            return schema.HeadAnswer("known", "nothing in it is new")
        return await self._accept(verified)

    async def _contradicted(self, digest: bytes, sender: bytes, error: Equivocation) -> schema.HeadAnswer:
        """The head and what is known cannot both be true: halt, if that can be shown to others."""
        halted = self._chain
        if error.proof:
            halted = await asyncio.to_thread(self._chain.halted_by, error.proof, self._utc(), error.roots)
        if halted != self._chain:
            return await self._halt(halted)
        if not self._chain.proof:
            await self._refuse(digest, sender, error)
        return schema.HeadAnswer("refused", str(error))

    async def _halt(self, chain: Chain) -> schema.HeadAnswer:
        """Take up nothing new from now on, and tell everyone why."""
        log.error("updates are halted: the developers' signatures contradict each other")
        await self._keep(chain)
        self._inbox.put_nowait((None, None))
        await self._carry()
        return schema.HeadAnswer("refused", "the developers' signatures contradict each other")

    async def _accept(self, verified: Verified) -> schema.HeadAnswer:
        await self._keep(verified.chain)
        await self._learn(verified.releases)
        await self._carry()
        return schema.HeadAnswer("accepted", "")

    async def _keep(self, chain: Chain) -> None:
        """Go on from this chain, once it is on disk.  Raises OSError when it cannot be kept."""
        await asyncio.to_thread(self._means.store.save_chain, chain)
        self._chain, self._freshness = chain, freshness(chain)
        self._means.on_change()

    async def _refuse(self, digest: bytes, sender: bytes, error: TrustError) -> None:
        log.warning("head refused digest=%s code=%s reason=%s", digest.hex()[:8], error.code, error)
        self._refused.insert(0, schema.RefusedHead(digest.hex(), str(error), self._means.utc_s()))
        del self._refused[REFUSED_HEADS_MAX:]
        async with self._lock:
            with contextlib.suppress(OSError):  # forgotten with the next start, it is refused once more
                await self._save()
        if isinstance(error, BLAMED):
            await self._blame(digest, sender)
        self._means.on_change()

    async def _blame(self, digest: bytes, sender: bytes) -> None:
        if not sender:
            return
        try:
            await self._means.host.refuse_head(digest, sender)
        except Exception as error:  # noqa: BLE001 - the vault is not there now; the head stays refused
            log.info("sender of a bad head not blamed reason=%s", error)

    async def _carry(self) -> None:
        try:
            await self._means.host.carry_head(self.head)
        except Exception as error:  # noqa: BLE001 - the vault is not there now; it is given the head at its start
            log.info("head not carried yet reason=%s", error)

    # Which releases there are.

    async def _learn(self, releases: Sequence[Release]) -> None:
        """Take up the releases of the newest head, newest first."""
        async with self._lock:
            in_use = await asyncio.to_thread(self._means.slots.current, "vault")
            for release in reversed(releases):
                if release.name not in self._records:
                    self._records[release.name] = self._new_record(release, in_use)
            listed = {release.name for release in releases}
            for name in list(self._records)[: max(0, len(self._records) - RECORDS_MAX)]:
                if self._records[name].way.is_over and name not in listed:
                    del self._records[name]
            await self._save_patiently()
        for name, record in list(self._records.items()):
            if name not in listed and not record.way.is_over:
                await self._take(name, events.Withdrawn(self._now()))
        self._inbox.put_nowait((None, None))

    def _new_record(self, release: Release, in_use: str | None) -> Record:
        now_s, utc_s, tree = self._now(), self._means.utc_s(), release.tree_hash
        failed = [r for r in self._records.values() if r.way.phase in ("refused", "rolled_back")]
        bad = next((record for record in failed if record.release.tree_hash == tree), None)
        log.info("release announced name=%s tree=%s", release.name, tree[:8])
        if tree == in_use:
            return Record(release, already_in_use(release.name, tree, now_s), utc_s, utc_s)
        if bad is not None:
            reason = f"the same files as {bad.release.name}: {bad.way.reason}"
            return Record(release, known_as_bad(release.name, tree, now_s, reason), utc_s, utc_s)
        stagger_s = self._means.random.random() * self._limits.stagger_s_max
        return Record(release, Lifecycle(release.name, tree, stagger_s, now_s), utc_s)

    # Going on.

    async def run(self) -> None:
        """Carry releases through, until cancelled; nothing is left running then."""
        try:
            await self._resume()
            while True:
                await self._next_turn()
                await self._next_event()
        finally:
            await self._stop_job()

    async def _resume(self) -> None:
        """Go on where the persisted states say."""
        if self._active() is None:  # the power may have failed between the end of a way and its cleaning up
            await self._clean_up()
        for name, record in list(self._records.items()):
            if not record.way.is_over:
                await self._take(name, events.Resumed(self._now()))
        if self.head:
            await self._carry()
        if self._chain.head:  # a power cut may have come between it and its releases
            with contextlib.suppress(TrustError):
                verified = await asyncio.to_thread(self._chain.verify, self._chain.head, self._utc())
                await self._learn(verified.releases)

    async def _next_turn(self) -> None:
        """Set aside what is outdated; take up the newest release that waits, if none is on its way."""
        in_use = await asyncio.to_thread(self._means.slots.current, "vault")
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
        elif active is None and newest in waiting and in_use is not None and self._developers().state == "current":
            await self._take(newest.release.name, events.TurnCame(self._now(), in_use))

    async def _next_event(self) -> None:
        active = self._active()
        due_s = active.way.due_s(self._limits) - self._now() if active is not None else TICK_S
        try:
            async with asyncio.timeout(max(0.0, min(due_s, TICK_S))):
                job, event = await self._inbox.get()
        except TimeoutError:
            job, event = None, events.Ticked(self._now())
        if job is not None and job is not self._job:
            return  # of a job that was stopped just when it ended
        active = self._active()
        if event is not None and active is not None and not self._is_held(active):
            await self._take(active.release.name, event)

    def _is_held(self, record: Record) -> bool:
        """Whether the release may come no nearer to being used, because of what is known of the developers."""
        return record.way.phase in STOPPABLE and self._developers().state != "current"

    def _active(self) -> Record | None:
        """The release that is on its way; those that wait for their turn are not."""
        on_the_way = [r for r in self._records.values() if not r.way.is_over and r.way.phase != "announced"]
        assert len(on_the_way) <= 1, [record.release.name for record in on_the_way]
        return on_the_way[0] if on_the_way else None

    async def _take(self, name: str, event: Event) -> None:
        """One step of one release: the new state is persisted, then its effects are begun."""
        async with self._lock:
            before = self._records[name]
            way, effects = before.way.step(event, self._limits)
            after = self._with_findings(msgspec.structs.replace(before, way=way))
            if way.is_over and not before.way.is_over:
                after = msgspec.structs.replace(after, decided_s=self._means.utc_s())
            self._records[name] = after
            if after != before:
                await self._save_patiently()
            if way.phase != before.way.phase:
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
        return msgspec.structs.replace(record, bytes_fetched=fetched, trial=job.trial or record.trial)

    async def _perform(self, record: Record, effect: Effect) -> None:
        match effect:
            case events.Stop():
                await self._stop_job()
            case events.CleanUp():
                await self._clean_up()
            case _:
                await self._stop_job()
                self._counted_bytes = 0
                self._job = Job(effect, record, self._means)
                self._task = asyncio.create_task(self._do(self._job), name=f"update {type(effect).__name__}")

    async def _clean_up(self) -> None:
        keep = [record.release.tree_hash for record in self._records.values() if not record.way.is_over]
        await asyncio.to_thread(clean_up, self._means, keep)

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
        saved = Saved(records=tuple(self._records.values()), refused=tuple(self._refused))
        await asyncio.to_thread(self._means.store.save, saved)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _utc(self) -> datetime:
        return datetime.fromtimestamp(self._means.utc_s(), UTC)


def _age(record: Record) -> tuple[int, bool]:
    """By what a release is newer than another; at equal numbers the pods' before the foundation's."""
    return record.release.sequence, not record.release.name.startswith("foundation/")
