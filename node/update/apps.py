"""Carries releases of the app through, one at a time, beside those of the vault.

    head -> releases known -> event -> lifecycle.step -> persisted -> effects (jobs) -> their events -> ...

The states are those of a vault's release; what they mean is in ``app_jobs``.  The way of a release leads through two
programs: the one that decides for it and the one that it is.  Either finds the other's last word on disk, and the
launcher's if that one had to leave a program.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from node.api import schema
from node.trust.recall import Recalls
from node.trust.release import Release
from node.update import events, views
from node.update.app_jobs import AppJob, AppMeans
from node.update.app_store import AppRecord, AppStore
from node.update.disk_wait import DiskWait
from node.update.events import Effect, Event, Limits
from node.update.files import programs
from node.update.files.programs import INSTALLED, Program
from node.update.lifecycle import Lifecycle
from node.update.noted import reason_told, state_told
from node.update.phases import REPLACEABLE, STOPPABLE
from node.update.reasons import UNSEEN
from node.update.records import age, has_failed, is_withdrawn, made_way_in_vain, said_again
from node.update.store import Record
from node.update.turns import turns_of
from node.update.waiting import Owned

TICK_S: Final = 30.0
UNKNOWN_TREE: Final = "0" * 64
KEEP_S: Final = 600.0  # as much time that has only passed is forgotten at most when the power fails
RECORDS_MAX: Final = 100
REHEARSALS_S: Final = 7_200.0  # longer than the time limits of all parts of a rehearsal, twice
SWITCH_S: Final = 600.0
UNSETTLED: Final = "what the developers say is too old, or contradicts itself"
LEFT: Final = "it did not go on running here, so the version from before was started"

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a release may begin, as for releases of the vault.

    ``stagger`` draws how long it waits before its trial.  ``hold`` and ``halt`` say why a release that waits, or one on
    its way, may come no nearer to being used now, "" if it may; ``is_seen`` whether enough others show the same head;
    ``is_under_way`` whether it goes through before a newer one, because its rollout has begun here and is not over;
    ``recalls`` what was ever recalled, as far as the developers' newest word tells, even if that has lapsed;
    ``is_lapsed`` whether what they say of the app has, while the rest holds: then nothing is listed, and that withdraws
    nothing.
    ``rollout`` is how the waves of a release stand, by its name, None while nothing is known of them.
    ``moved`` is told of each step, for this farm's own word to others; ``catch_up`` says what a power cut kept from it.
    """

    stagger: Callable[[], float]
    hold: Callable[[Record], str]
    halt: Callable[[Record], str]
    is_seen: Callable[[], bool]
    is_under_way: Callable[[Record], bool]
    recalls: Callable[[], Recalls]
    is_lapsed: Callable[[], bool]
    rollout: Callable[[str], schema.RolloutView | None]
    moved: Callable[[Record, Record, Event], Awaitable[None]]
    catch_up: Callable[[Record], Awaitable[None]]


def limits_of(limits: Limits) -> Limits:
    """The vault's limits for the app: what is tried out is another thing, and so is the switch."""
    return dataclasses.replace(limits, trial_s=REHEARSALS_S, switch_s=SWITCH_S)


class Apps:
    """All updates of the app of one home.  Belongs to one event loop; ``run`` is called once.

    Invariant: the state on disk is never older than what was done because of it.
    """

    def __init__(self, store: AppStore, means: AppMeans, policy: Policy, limits: Limits) -> None:
        """Go on with what was kept.  Blocking.

        Raises:
            StateUnreadable: It is damaged.
        """
        self._store = store
        self._means = means
        self._policy = policy
        self._limits = limits_of(limits)
        self._records = {one.record.release.name: one for one in store.load()}
        self._releases: Sequence[Release] = ()
        self._has_learned = asyncio.Event()
        self._inbox: asyncio.Queue[tuple[AppJob | None, Event | None]] = asyncio.Queue()
        self._lock = asyncio.Lock()
        self._job: AppJob | None = None
        self._work = Owned()
        self._disk = DiskWait(means.on_change, means.make_room)
        self._saved_s = -math.inf
        self._naming = asyncio.Lock()
        self._on_end: Callable[[], None] = lambda: None

    def added_to(self, updates: schema.Updates) -> schema.Updates:
        """The updates with the app's among them, the newest first."""
        now_s, utc_s = asyncio.get_running_loop().time(), self._means.utc_s()
        own = [
            views.update_view(one.record, now_s, utc_s, self._limits, self._policy.rollout(name))
            for name, one in self._records.items()
        ]
        if not own:
            return updates
        items = sorted((*updates.items, *own), key=lambda item: -item.announced_s)
        return msgspec.structs.replace(updates, items=tuple(items))

    async def learn(self, releases: Sequence[Release]) -> None:
        """Take up what the newest head lists, newest first.

        While what the developers say of the app has lapsed, nothing changes: what is on its way waits for their next
        word, of which ``Policy.hold`` and ``halt`` know.
        """
        if self._policy.is_lapsed():
            self._inbox.put_nowait((None, None))
            return
        self._releases, recalls = releases, self._policy.recalls()
        self._has_learned.set()
        apps = [release for release in releases if release.layer == "app"]
        async with self._lock:
            running = await asyncio.to_thread(self._means.host.running)
            listed = {release.name for release in apps}
            for release in reversed(apps):
                known = self._records.get(release.name)
                if known is None or made_way_in_vain(known.record, listed, recalls.names):
                    log.info("app announced name=%s tree=%s", release.name, release.tree_hash[:8])
                    self._records[release.name] = self._new_record(release, running)
                else:
                    again = said_again(known.record, release)
                    self._records[release.name] = msgspec.structs.replace(known, record=again)
            for name in [name for name, one in self._records.items() if one.record.way.is_over and name not in listed]:
                if len(self._records) > RECORDS_MAX:
                    del self._records[name]
            await self._save()
        for name, one in list(self._records.items()):
            is_gone = name not in recalls.names and is_withdrawn(one.record.release, apps)
            if is_gone and not one.record.way.is_over:
                await self._take(name, events.Withdrawn(self._now()))
        self._inbox.put_nowait((None, None))

    def trees(self) -> list[str]:
        """What must be kept of slots for releases that are on their way, or watched."""
        wanted = [one for one in self._records.values() if not one.record.way.is_over or one.record.way.watch]
        programs = [program for one in wanted for program in (one.program, one.before)]
        return [tree for program in programs for tree in (program.app, program.runtime) if tree]

    def held_still(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Meanwhile no release is taken up that ``trees`` did not name."""
        return self._naming

    async def run(self, on_end: Callable[[], None] = lambda: None) -> None:
        """Carry releases through, until cancelled; nothing is left running then.

        ``on_end`` is told of the end of each way: what it needed of slots can be removed.
        """
        self._on_end = on_end
        try:
            for name, one in list(self._records.items()):
                await self._policy.catch_up(one.record)
                if not one.record.way.is_over or one.record.way.watch is not None:
                    await self._take(name, events.Resumed(self._now()))
            while True:
                await self._next_turn()
                await self._next_event()
        finally:
            await self._stop_job()
            with contextlib.suppress(OSError):  # then some time counts anew
                await asyncio.to_thread(self._store.save, tuple(self._records.values()))

    # Turns.

    async def _next_turn(self) -> None:
        """Heed recalls, and what the launcher has left; take up the one whose turn it is, if none is on its way."""
        host = self._means.host
        running = await asyncio.to_thread(host.running)
        tree = _tree(running, host.installed_app())
        for name, one in list(self._records.items()):
            is_used = one.record.way.phase == "confirmed" and one.record.release.tree_hash == tree
            is_settled = one.record.way.is_over and not is_used
            if name in self._policy.recalls().names and not one.record.way.is_recalled and not is_settled:
                await self._concern(name, events.Recalled(self._now(), self._way_back(one)))
        for name, one in list(self._records.items()):
            way = one.record.way
            is_used = way.phase == "probation" or way.watch is not None
            if is_used and not way.is_going_back and running != one.program:
                has_made_way = await self._has_made_way(one, running)
                event = events.Succeeded(self._now()) if has_made_way else events.Vetoed(self._now(), LEFT)
                await self._concern(name, event)
        active = self._active()
        waiting = [one for one in self._records.values() if not one.record.way.is_over]
        settled = [one for one in self._records.values() if one.record.way.phase == "confirmed"]
        used = [one for one in settled if one.record.release.tree_hash == tree]
        turns = turns_of(
            [one.record for one in waiting], [one.record for one in used], self._policy.is_under_way, is_seen=False
        )
        for name, step in turns.steps(self._now()):
            await self._take(name, step)
        if active is not None and active.record.way.phase in STOPPABLE and (why := self._halt(active)):
            await self._take(_name(active), events.Held(self._now(), why))
        elif active is None and turns.first is not None and turns.first.way.phase == "announced":
            await self._take_up(self._records[turns.first.release.name], running)

    async def _has_made_way(self, one: AppRecord, running: Program) -> bool:
        """Whether what runs now came after it, from the network or by a person's hand; else it was left."""
        if running != INSTALLED:
            later = (other for other in self._records.values() if age(other.record) > age(one.record))
            return any(other.program == running for other in later)
        return (await self._disk.until_read(partial(programs.read, self._means.root))).is_installed_anew

    async def _concern(self, name: str, event: Event) -> None:
        """Take what concerns the program in use; if it must be left, what is tried out beside it begins anew later."""
        is_left = self._records[name].record.way.step(event, self._limits)[0].is_going_back
        active = self._active()
        if is_left and active is not None and _name(active) != name:
            if active.record.way.phase not in STOPPABLE:
                return  # it takes over, which is a way out too; if it fails, this is looked at again
            await self._take(_name(active), events.Halted(self._now()))
        await self._take(name, event)

    def _way_back(self, one: AppRecord) -> str:
        """How its way names what ran before it, if a recall may lead there; else ""."""
        tree, before = one.record.release.tree_hash, _tree(one.before, self._means.host.installed_app())
        releases = [other.record.release for other in self._records.values()]
        alike = {release.name: release.sequence for release in releases if release.tree_hash == before}
        return before if before != tree and self._policy.recalls().leads_to(alike, is_app=True) else ""

    def _halt(self, one: AppRecord) -> str:
        return self._policy.halt(one.record) or (
            self._policy.hold(one.record) if one.record.way.phase in REPLACEABLE else ""
        )

    async def _take_up(self, one: AppRecord, running: Program) -> None:
        reason = self._policy.hold(one.record) or ("" if self._policy.is_seen() else UNSEEN)
        if reason:
            if reason != one.record.way.reason:
                await self._take(_name(one), events.Held(self._now(), reason))
            return
        release, host = one.record.release, self._means.host
        program = Program(release.tree_hash, release.runtime_on(host.platform) or running.runtime)
        async with self._naming:
            known = self._records[_name(one)]  # a head may have come meanwhile
            self._records[_name(one)] = msgspec.structs.replace(known, program=program, before=running)
        await self._take(_name(one), events.TurnCame(self._now(), _tree(running, host.installed_app())))

    async def _next_event(self) -> None:
        active, begun_s = self._active(), self._now()
        due_s = active.record.way.due_s(self._limits) - begun_s if active is not None else TICK_S
        event: Event | None
        try:
            async with asyncio.timeout(max(0.0, min(due_s, TICK_S))):
                job, event = await self._inbox.get()
        except TimeoutError:
            has_slept = self._now() - begun_s >= TICK_S + events.SLEPT_S  # where clocks go on while a computer sleeps
            is_idle = has_slept or bool(self._job and self._job.disk_trouble)
            job, event = None, events.Ticked(self._now(), is_idle=is_idle)
        if event is None or (job is not None and job is not self._job):
            return
        if isinstance(event, events.Rehearsed) and not self._policy.is_seen():
            asyncio.get_running_loop().call_later(TICK_S, self._inbox.put_nowait, (job, event))
            event = events.Unseen(self._now())
        for name, one in list(self._records.items()):
            if one is self._active() or (isinstance(event, events.Ticked) and one.record.way.watch is not None):
                await self._take(name, event)

    # Steps.

    async def _take(self, name: str, event: Event) -> None:
        """One step of one release: the new state is persisted, then its effects are begun."""
        async with self._lock:
            before = self._records[name]
            way, effects = before.record.way.step(event, self._limits)
            record = msgspec.structs.replace(before.record, way=way)
            if (said := state_told(before.record.way, way, event)) is not None:
                record = msgspec.structs.replace(record, said=said, said_why=reason_told(event))
            if way.is_over and not before.record.way.is_over:
                record = msgspec.structs.replace(record, decided_s=self._means.utc_s())
            if self._job is not None and self._job.release == name:
                fetched = max(record.bytes_fetched, self._job.bytes_fetched)
                record = msgspec.structs.replace(record, bytes_fetched=fetched)
            after = self._records[name] = msgspec.structs.replace(before, record=record)
            is_quiet = isinstance(event, events.Ticked) and way.phase == before.record.way.phase and not effects
            if not is_quiet or self._now() - self._saved_s >= KEEP_S:
                await self._save()
            await self._policy.moved(before.record, record, event)
            if way.phase != before.record.way.phase:
                log.info("app=%s phase=%s reason=%s", name, way.phase, way.reason)
            for effect in effects:
                await self._perform(after, effect)
        self._means.on_change()

    async def _perform(self, one: AppRecord, effect: Effect) -> None:
        if isinstance(effect, events.Stop | events.CleanUp):
            if self._job is not None and self._job.release == _name(one):
                await self._stop_job()  # another one's work goes on when this one only waited
            if isinstance(effect, events.CleanUp):
                self._on_end()
            return
        await self._stop_job()
        self._job = AppJob(effect, one, self._listed, self._means)
        self._work.begin(self._do(self._job), name=f"app {type(effect).__name__}")

    async def _do(self, job: AppJob) -> None:
        event = await job.do()
        self._inbox.put_nowait((job, event))

    async def _listed(self) -> Sequence[Release]:
        """Waits for the first head since the start: until then the runtime of an app is not known."""
        await self._has_learned.wait()
        return self._releases

    async def _stop_job(self) -> None:
        self._job = None
        await self._work.stop()

    async def _save(self) -> None:
        records = tuple(self._records.values())
        await self._disk.until_kept(lambda: self._store.save(records))
        self._saved_s = self._now()

    def _active(self) -> AppRecord | None:
        on_the_way = (one for one in self._records.values() if not one.record.way.is_over)
        return next((one for one in on_the_way if one.record.way.phase != "announced"), None)

    def _new_record(self, release: Release, running: Program) -> AppRecord:
        """The beginning of a release's way; over at once if it runs, or failed here under another name."""
        now_s, utc_s, tree = self._now(), self._means.utc_s(), release.tree_hash
        way = Lifecycle(release.name, tree, self._policy.stagger(), now_s)
        bad = [one for one in self._records.values() if one.record.release.tree_hash == tree]
        failed = next((one for one in bad if has_failed(one.record.way)), None)
        if tree == _tree(running, self._means.host.installed_app()):
            way = dataclasses.replace(way, phase="confirmed", reason="already in use")
        elif failed is not None:
            reason = f"the same files as {_name(failed)}: {failed.record.way.reason}"
            way = dataclasses.replace(way, phase="refused", reason=reason)
        return AppRecord(Record(release, way, utc_s, utc_s if way.is_over else None))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class NoApps:
    """In place of ``Apps`` where nothing could start another app: what is released of it is left alone."""

    def added_to(self, updates: schema.Updates) -> schema.Updates:
        return updates

    async def learn(self, releases: Sequence[Release]) -> None:
        pass

    def trees(self) -> list[str]:
        return []

    def held_still(self) -> contextlib.AbstractAsyncContextManager[None]:
        return contextlib.nullcontext()

    async def run(self, on_end: Callable[[], None]) -> None:
        pass


NO_APPS: Final = NoApps()


def _name(one: AppRecord) -> str:
    return one.record.release.name


def _tree(program: Program, installed: str) -> str:
    """How a release's way names the app of a program; the installed one by its tree, if that is known."""
    return program.app or installed or UNKNOWN_TREE
