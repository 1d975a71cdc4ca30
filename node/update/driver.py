"""Carries releases through: heads in, their releases' ways forward, each state persisted before its effects.

    offered head -> trust -> chain persisted -> releases known -> one of them at a time:
        event -> lifecycle.step -> persisted -> effects (jobs) -> their events -> ...

One release is on its way at a time; ``turns`` says which one, and which are set aside.  A release that was decided
once is never decided again, and files that failed here once are not tried under another name.  When anything is cut
off, ``run`` goes on where the persisted states say.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from node.api import schema, texts
from node.api.told import NOTHING
from node.trust.capabilities import TODAY, Capabilities
from node.trust.chain import Chain
from node.trust.release import Release
from node.update import events, reasons, records, views
from node.update.allowed import capabilities_of, lessen
from node.update.carrying import Carrying
from node.update.cleaning import Cleaning
from node.update.disk_wait import DiskWait
from node.update.events import Effect, Event, Limits
from node.update.jobs import Job, Letter, Means
from node.update.judging import Consequences, Judge
from node.update.noted import reason_told, state_told
from node.update.phases import REPLACEABLE, STOPPABLE
from node.update.recalling import Recalling
from node.update.records import active, age, exception_for, in_use_before, later, new_record, said_again
from node.update.store import Record, Saved
from node.update.trials.decoys import Decoys
from node.update.trials.drift import distances_of
from node.update.turns import turns_of
from node.update.waiting import Owned
from node.update.watching import DAMAGED, Watching

TICK_S: Final = 30.0  # at least so often time is counted
KEEP_S: Final = 600.0  # as much time that has only passed is forgotten at most when the power fails
WITNESS_S: Final = 2.0  # between two looks for them, while a release waits for nothing else
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
        self.judge = Judge(chain, saved.refused, means, Consequences(self._learn, self._look_again, self._keep_all))
        self._decoys = Decoys(means, limits.decoy_every_s)
        self._lock = asyncio.Lock()  # held from a step until its effects are begun
        self._inbox: asyncio.Queue[Letter] = asyncio.Queue()
        self._job: Job | None = None
        self._work = Owned()
        self._counted_bytes = 0
        self._saved_s = -math.inf
        self._disk = DiskWait(means.on_change, means.make_room)
        self._is_waiting = False  # for others to show the head
        self._carrying = Carrying(means.slots, means.host.carry_files)
        self.watching = Watching(self._records, means, limits, self._take, self._proven)
        self._recalling = Recalling(self._records, self.judge, means.slots, self._disk, self._take)
        self._cleaning = Cleaning(self._records, self._lock, self.judge, means, self._look_again)

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
        return self.judge.head

    def updates(self) -> schema.Updates:
        now_s = asyncio.get_running_loop().time()
        items = tuple(self._view(record, now_s) for record in reversed(self._records.values()))
        refused, developers = tuple(self.judge.refused), self.judge.developers()
        why = self._disk.why or (self._job.disk_trouble if self._job else "") or self._means.rollouts.disk_trouble
        found = texts.updates_wait_for_disk(why) if why else NOTHING
        told = schema.Updates(items, refused, developers, self._decoys.measured, found.sentence, found.said)
        return self._means.apps.added_to(told)

    def trial(self) -> schema.TrialView | None:
        """The running trial, or the last one."""
        return views.newest_trial(self.updates().items)

    def _view(self, record: Record, now_s: float) -> schema.Update:
        if self._job is not None and self._job.release == record.release.name:
            fetched = record.bytes_fetched + self._job.bytes_fetched - self._counted_bytes
            record = msgspec.structs.replace(self._job.with_findings(record), bytes_fetched=fetched)
        rollout = self._means.rollouts.view(record.release.name)
        return views.update_view(record, now_s, self._means.utc_s(), self._limits, rollout)

    # What others tell.

    def vault_failed(self, reason: str, *, is_hosts_fault: bool = False, is_late: bool = False) -> None:
        """The vault in use ended unasked or did not start.  ``is_hosts_fault``: this computer is in trouble itself."""
        self.host_fault(reason, is_brief=not is_hosts_fault)
        if not is_hosts_fault and (record := self.watching.in_use()) is not None:
            self._inbox.put_nowait(Letter(events.VaultFailed(self._now(), reason, is_late), in_use=record.release.name))

    def host_fault(self, what: str, *, is_brief: bool = False) -> None:
        """What twins do meanwhile may be the fault of this computer.  Told again for as long as that is so."""
        if self._job is not None:
            self._job.host_fault(what, is_brief=is_brief)
        self._decoys.host_fault(what, is_brief=is_brief)

    async def offered(self, content: bytes, sender: bytes) -> schema.HeadAnswer:
        """Judge a head that a vault (or, with b"" as ``sender``, a person) offers.  Never raises for what is in it."""
        return await self.judge.offered(content, sender)

    # Which releases there are.

    async def _learn(self, releases: Sequence[Release]) -> None:
        """Take up the releases of the newest head, newest first."""
        async with self._lock:
            in_use = await self._disk.until_read(partial(self._means.slots.current, "vault"))
            may = TODAY if in_use is None else await capabilities_of(self._means.slots, in_use)
            listed = {release.name for release in releases}
            for release in reversed(releases):
                known = self._records.get(release.name)
                if known is None or records.made_way_in_vain(known, listed, self.judge.recalls.names):
                    self._records[release.name] = self._new_record(release, in_use, may)
                else:
                    self._records[release.name] = said_again(known, release)
            await lessen(self._means.slots, releases, in_use)
            for name in list(self._records)[: max(0, len(self._records) - RECORDS_MAX)]:
                if name not in listed and not records.is_still_needed(self._records[name], self._means.utc_s()):
                    del self._records[name]
            await self._save_patiently()
        for name, record in list(self._records.items()):
            is_recalled = name in self.judge.recalls.names
            if records.is_withdrawn(record.release, releases) and not is_recalled and not record.way.is_over:
                await self._take(name, events.Withdrawn(self._now()))
        self._look_again()

    def _look_again(self) -> None:
        """Let the next turn come now: what is known of the developers has changed."""
        self._inbox.put_nowait(Letter())

    async def _keep_all(self) -> None:
        async with self._lock:
            with contextlib.suppress(OSError):  # then a refused head is refused once more, and some time counts anew
                await asyncio.to_thread(self._means.store.save, self._saved())

    def _new_record(self, release: Release, in_use: str | None, may: Capabilities) -> Record:
        log.info("release announced name=%s tree=%s", release.name, release.tree_hash[:8])
        longest_s = self._limits.urgent_stagger_s_max if release.is_urgent else self._limits.stagger_s_max
        return new_record(
            release, self._records.values(), in_use, may,
            stagger_s=self._means.random.random() * longest_s, now_s=self._now(), utc_s=self._means.utc_s(),
        )  # fmt: skip

    # Going on.

    async def run(self) -> None:
        """Carry releases through, until cancelled; nothing is left running then."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.watching.run(), name="watch the version in use")
            tasks.create_task(self._means.rollouts.run(), name="rollouts")
            tasks.create_task(self._means.apps.run(self._cleaning.ask), name="apps")
            try:
                await self._resume()
                while True:
                    await self._next_turn()
                    await self._next_event()
            finally:
                await self._decoys.put_down()
                await self._stop_job()
                await self._keep_all()

    async def _resume(self) -> None:
        """Go on where the persisted states say."""
        for name, record in list(self._records.items()):
            await self._means.rollouts.catch_up(record)
            if not record.way.is_over or record.way.watch is not None:
                await self._take(name, events.Resumed(self._now()))
        await self.judge.resume()
        # The power may have failed between the end of a way and its cleaning up; what the newest head names stays.
        self._cleaning.ask(is_of_a_vault=self._active() is None and not self._decoys.is_cut)

    async def _next_turn(self) -> None:
        """Heed recalls; set aside what is outdated; take up the release whose turn it is, if none is on its way."""
        self._is_waiting = False
        await self._cleaning.turn()
        await self.judge.heed_time()
        in_use = await self.watching.which(self._disk)
        is_able = self.judge.is_current and self._means.host.can_shut_off()
        is_idle = is_able and not self._means.hold() and all(record.way.is_over for record in self._records.values())
        await self._decoys.turn(in_use if is_idle else None, self._now(), is_seen=self.is_seen())
        await self._carrying.turn(self.judge.listed, self.judge.roots)
        await self._recalling.heed(in_use)
        if (one := self._active()) is not None and one.way.phase == "probation" and one.way.tree_hash != in_use:
            await self._take(one.release.name, events.Vetoed(self._now(), DAMAGED))
        await self.watching.count(in_use)
        waiting = sorted((r for r in self._records.values() if not r.way.is_over), key=age)
        used = [r for r in self._records.values() if r.way.phase == "confirmed" and r.release.tree_hash == in_use]
        turns = turns_of(waiting, used, self._goes_on, is_seen=self.is_seen())
        for name, step in turns.steps(self._now()):
            await self._take(name, step)
        active = self._active()
        if active is not None and (self._is_held(active) or records.is_against_another(active, in_use)):
            await self._set_down(active, events.Halted(self._now()))
        elif active is not None and (reason := self._means.rollouts.halted(active)):
            await self._set_down(active, events.Held(self._now(), reason))
        elif active is not None and active.way.phase in REPLACEABLE and (reason := self._means.hold()):
            await self._take(active.release.name, events.Held(self._now(), reason))
        elif active is not None and self._is_untriable(active):
            await self._take(active.release.name, events.Held(self._now(), reasons.NO_TRIAL))
        elif active is None and in_use is not None and self.judge.is_current:
            if turns.first is not None:
                await self._take_up(turns.first, in_use)
            elif (last := max(self._records.values(), key=age, default=None)) and self._exception_for(last):
                await self._take_up(last, in_use)

    async def _set_down(self, record: Record, event: Event) -> None:
        await self._take(record.release.name, event)
        self._cleaning.ask(is_of_a_vault=True)

    def _goes_on(self, record: Record) -> bool:
        """Whether a release goes through before a newer one: its rollout is under way, and it can be tried here."""
        return self._means.rollouts.is_under_way(record) and not self._is_untriable(record)

    async def _take_up(self, record: Record, in_use: str) -> None:
        """Begin with a release, once others show the head that lists it and its wave is open; or settle it."""
        if record.release.tree_hash == in_use or records.is_known_as_bad(record.release, self._records.values()):
            await self._settle(record, in_use)
            return
        exception = self._exception_for(record)
        if self._is_untriable(record) and not exception:
            if record.way.reason != reasons.NO_TRIAL:
                await self._take(record.release.name, events.Held(self._now(), reasons.NO_TRIAL))
            return
        self._is_waiting = not self.is_seen()
        reason = reasons.UNSEEN if self._is_waiting else self._means.hold() or self._means.rollouts.hold(record)
        if not reason:
            await self._stretch(record.release.name, in_use)
            await self._take(record.release.name, events.TurnCame(self._now(), in_use, exception))
        elif reason != record.way.reason:
            await self._take(record.release.name, events.Held(self._now(), reason))

    async def _settle(self, record: Record, in_use: str) -> None:
        async with self._lock:
            known = self._new_record(record.release, in_use, await capabilities_of(self._means.slots, in_use))
            self._records[record.release.name] = msgspec.structs.replace(known, announced_s=record.announced_s)
            await lessen(self._means.slots, (record.release,), in_use)
            await self._save_patiently()
        self._means.on_change()

    def _exception_for(self, record: Record) -> str:
        """Why the release may be taken without a proof; "" if it may not, or others have not all had their turn."""
        if record.release.name not in {release.name for release in self.judge.newest}:
            return ""
        why = exception_for(record, self._limits, can_try=self._means.host.can_shut_off())
        return why if why and self._means.is_rolled_out(record) else ""

    def _is_untriable(self, record: Record) -> bool:
        return records.is_untriable(record, can_try=self._means.host.can_shut_off())

    async def _stretch(self, name: str, in_use: str) -> None:
        used, is_slow = await capabilities_of(self._means.slots, in_use), self._means.rollouts.is_slow(name)
        self._records[name] = records.stretched(self._records[name], used, is_slow=is_slow)

    def _proven(self, name: str, what: str) -> None:
        self._inbox.put_nowait(Letter(events.Vetoed(self._now(), what), in_use=name))

    async def _next_event(self) -> None:
        active, begun_s = self._active(), self._now()
        due_s = active.way.due_s(self._limits_of(active)) - begun_s if active is not None else TICK_S
        was_preparing = self._job is not None and self._job.is_preparing
        try:
            async with asyncio.timeout(max(0.0, min(due_s, WITNESS_S if self._is_waiting else TICK_S))):
                letter = await self._inbox.get()
        except TimeoutError:
            is_kept_off = was_preparing or bool(self._job and self._job.disk_trouble)
            is_idle = is_kept_off or self.watching.is_unused(active)
            letter = Letter(events.Ticked(self._now(), is_idle=is_idle))
        await self.watching.look_back(self._now() - begun_s - TICK_S)  # where clocks go on while a computer sleeps
        if letter.job is not None and letter.job is not self._job:
            return  # of a job that was stopped just when it ended
        if letter.in_use and letter.event is not None:
            await self.watching.concern(letter.in_use, letter.event)
            return
        if isinstance(letter.event, events.Rehearsed):  # the last step before it comes into use
            await self.judge.heed_time()
        active, event = self._active(), letter.event
        if event is not None and active is not None:
            if self._is_held(active):  # now, as it may be held no longer with the next turn, and its job is over
                await self._set_down(active, events.Halted(self._now()))
                return
            if isinstance(event, events.Rehearsed) and event.is_clean and not self.is_seen():
                event = events.Unseen(self._now())  # looked at seldomer than before a trial, for each time is persisted
                asyncio.get_running_loop().call_later(5 * WITNESS_S, self._inbox.put_nowait, letter)
            elif isinstance(event, events.Returned | events.ReturnFailed):
                await self.watching.came_back(active, event)  # first, as after a power cut both come once more
            await self._take(active.release.name, event)

    def is_seen(self) -> bool:
        """Whether enough others show the same head.  Looked at before a trial, and before the step into use."""
        return self._means.host.head_subnets() >= self._limits.witnesses_min

    def _limits_of(self, record: Record) -> Limits:
        return self._limits.stretched(record.trial_factor, is_urgent=record.release.is_urgent)

    def _is_held(self, record: Record) -> bool:
        """Whether the release may come no nearer to being used, because of what is known of the developers."""
        return record.way.phase in STOPPABLE and not self.judge.is_current

    def _active(self) -> Record | None:
        return active(self._records.values())

    async def _take(self, name: str, event: Event) -> None:
        """One step of one release: the new state is persisted, then its effects are begun."""
        async with self._lock:
            before = self._records[name]
            way, effects = before.way.step(event, self._limits_of(before))
            after = self._with_findings(msgspec.structs.replace(before, way=way))
            if (said := state_told(before.way, way, event)) is not None:
                after = msgspec.structs.replace(after, said=said, said_why=reason_told(event))
            if way.is_over and not before.way.is_over:
                after = msgspec.structs.replace(after, decided_s=self._means.utc_s())
            self._records[name] = after
            # The history of years is written with it; a watch, which counts in such steps anyway, is always kept.
            is_quiet = isinstance(event, events.Ticked) and way.phase == before.way.phase and not effects
            if after != before and not (is_quiet and not way.is_over and self._now() - self._saved_s < KEEP_S):
                after = self._records[name] = later(after, await self._save_patiently())
            progress = self._job.progress if self._job is not None and self._job.release == name else None
            await self._means.rollouts.moved(before, after, event, progress)
            if (way.phase, way.is_recalled) != (before.way.phase, before.way.is_recalled):
                log.info("release=%s phase=%s reason=%s", name, way.phase, way.reason)
            if before.way.watch is not None and way.watch is None:
                self._cleaning.ask()
            is_free = self._active() in (None, after)  # else what could be ended here is another's work
            for effect in effects if is_free else ():
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
                await self._cleaning.after_a_vault()
            case _:
                await self._stop_job()
                self._counted_bytes = 0
                known = self._records.values()
                past = distances_of(record.way.baseline, known, self._means.utc_s())
                self._job = Job(effect, record, self._means, past, in_use_before(record.way.baseline, known))
                self._work.begin(self._do(self._job), name=f"update {type(effect).__name__}")

    async def _do(self, job: Job) -> None:
        self._inbox.put_nowait(Letter(await job.do(), job))

    async def _stop_job(self) -> None:
        self._job = None
        await self._work.stop()

    async def _save_patiently(self) -> float:
        """Persist, however long it takes, and say how long: nothing is done before it is written down."""
        refused_s = await self._disk.until_kept(partial(self._means.store.save, self._saved()))
        self._saved_s = self._now()
        return refused_s

    def _saved(self) -> Saved:
        return Saved(records=tuple(self._records.values()), refused=tuple(self.judge.refused))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
