"""What is done for a release: each effect of its lifecycle as one piece of work that ends with an event."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import msgspec

from node.api.schema import TrialView
from node.trial.profile import Profile
from node.trial.ratchet import Estimates
from node.trial.trial import UnreadableTrial
from node.trial.verdict import Progress
from node.update import events
from node.update.apps import NO_APPS, Apps, NoApps
from node.update.disk_wait import DiskWait, nothing_to_give, write_down
from node.update.errors import (
    ContentRefused,
    HostFailed,
    SlotDamaged,
    StateUnreadable,
    SwitchTooLate,
    TwinFailed,
    UpdateError,
)
from node.update.events import Event
from node.update.files.chunks import Counter
from node.update.files.fetching import fetch_release
from node.update.files.kept import Kept
from node.update.files.slots import Slots
from node.update.lifecycle import Lifecycle
from node.update.ports import Host
from node.update.reasons import NO_TRIAL
from node.update.rollouts import Rollouts
from node.update.store import Record, Store
from node.update.trials.folders import TrialFolders
from node.update.trials.interview import Chance
from node.update.trials.order import TrialOrder
from node.update.trials.rehearsal import TrialResult, rehearse
from node.update.trials.run import TrialRun
from node.update.trials.self_test import self_test
from node.update.trials.state import Cut
from node.update.views import trial_view
from node.update.waiting import to_its_end
from node.vault.ports import Entropy, Random

log = logging.getLogger(__name__)

Work = events.Fetch | events.StartTrial | events.Rehearse | events.Switch | events.SwitchBack


def _unknown(_record: Record) -> bool:
    """Nothing is known of the others, so nobody goes after the last of them."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all jobs work with.  ``quota_bytes`` says how much each twin may store.

    ``urgent`` is the profile for urgent releases; ``is_rolled_out`` says whether a release's last wave and the soak
    after it are over; ``hold`` why no trial may begin now, "" if one may; ``make_room`` is that of
    ``DiskWait``.  ``apps`` are the updates of the app, where there is a launcher.
    """

    host: Host
    slots: Slots
    store: Store
    kept: Kept
    trials: TrialFolders
    profile: Profile
    urgent: Profile
    rollouts: Rollouts
    quota_bytes: Callable[[], int]
    random: Random
    entropy: Entropy
    utc_s: Callable[[], float]
    on_change: Callable[[], None]
    is_rolled_out: Callable[[Record], bool] = _unknown
    hold: Callable[[], str] = str
    make_room: Callable[[], bool] = nothing_to_give
    apps: Apps | NoApps = NO_APPS


class Job:
    """One piece of work for one release.  ``trial`` and ``bytes_fetched`` may be read at any time."""

    def __init__(
        self, work: Work, record: Record, means: Means, distances: tuple[Estimates, ...] = (), before: str = ""
    ) -> None:
        """``distances``: the version in use beside those before it, for a trial.

        ``before``: what was in use before the version that is gone back to, "" for nothing.
        """
        self._work = work
        self._record = record
        self._means = means
        self._distances = distances
        self._before = before
        self._counter = Counter()
        self._run: TrialRun | None = None
        self._started_s = means.utc_s()
        self._disk = DiskWait(means.on_change, means.make_room)
        self.is_preparing = isinstance(work, events.Switch)  # no release has to answer for how long that takes

    @property
    def release(self) -> str:
        return self._record.release.name

    @property
    def bytes_fetched(self) -> int:
        return self._counter.bytes_fetched

    @property
    def disk_trouble(self) -> str:
        """Why the disk refuses what the work must write, else ""."""
        return self._disk.why or (self._run.keeper.trouble if self._run is not None else "")

    @property
    def progress(self) -> Progress | None:
        """What its trial has found so far; None if it holds none."""
        return None if self._run is None else self._run.progress

    @property
    def trial(self) -> TrialView | None:
        if self._run is None:
            return None
        return trial_view(self._record.release, self._record.way.phase, self._started_s, self._run.progress)

    def with_findings(self, record: Record) -> Record:
        """The record with what its trial has found so far."""
        if self._run is None:
            return record
        return msgspec.structs.replace(record, trial=self.trial, estimates=self._run.estimates)

    def host_fault(self, what: str, *, is_brief: bool = False) -> None:
        if self._run is not None:
            self._run.host_fault(what, is_brief=is_brief)

    async def do(self) -> Event:
        """Do the work; what it led to.  Whatever fails becomes an event; only cancelling ends it without one."""
        match self._work:
            case events.Fetch():
                return await self._fetch(self._work.after_s)
            case events.StartTrial():
                return await self._hold_trial()
            case events.Rehearse():
                return await (self._self_test() if self._work.is_self_test else self._rehearse())
            case events.Switch():
                return await self._switch(self._work.tree_hash)
            case events.SwitchBack():
                return await self._switch_back(self._work.tree_hash, is_insisted=self._work.is_insisted)
            case _:
                assert_never(self._work)

    async def _fetch(self, after_s: float) -> Event:
        means, release = self._means, self._record.release
        await asyncio.sleep(after_s)
        try:
            await self._disk.while_full(
                partial(fetch_release, release, means.slots, means.host.get_chunk, self._counter, self._disk)
            )
        except ContentRefused as error:
            return events.ContentRefused(self._now(), str(error))
        except Exception as error:  # noqa: BLE001 - the edge of a task: whatever it is, the next try may succeed
            return events.FetchFailed(self._now(), _told(error))
        return events.Fetched(self._now())

    async def _hold_trial(self) -> Event:
        means = self._means
        if not means.host.can_shut_off():
            return events.TrialEnded(self._now(), "void", NO_TRIAL)
        try:
            result = await self._disk.while_full(self._run_trial)
            if result.outcome == "promote":  # the rehearsal must find it after a power cut
                await self._disk.until_kept(partial(means.store.save_result, self._record.way.tree_hash, result))
        except (StateUnreadable, UnreadableTrial) as error:
            with contextlib.suppress(OSError):  # else the next try finds it once more, and there are not many tries
                await asyncio.to_thread(means.store.running.drop)
            return events.TrialEnded(self._now(), "void", f"{error}; it begins anew")
        except Exception as error:  # noqa: BLE001 - the edge of a task: a trial that breaks says nothing of the release
            return events.TrialEnded(self._now(), "void", _told(error), is_damaged=isinstance(error, SlotDamaged))
        return events.TrialEnded(self._now(), result.outcome, result.reason)

    async def _run_trial(self) -> TrialResult:
        self._run = await asyncio.to_thread(self._prepare_trial)
        return await self._run.run()

    def _prepare_trial(self) -> TrialRun:
        """A new trial, or the one that was cut off.  Blocking.

        Raises:
            StateUnreadable, UnreadableTrial: What was kept of it is of no use.
            UpdateError, OSError: A slot is damaged, or the disk refuses.
        """
        means, way, file = self._means, self._record.way, self._means.store.running
        cut = file.load()
        if cut is not None and not _is_of(cut, way):
            cut = None
        if cut is None:
            file.drop()
            means.trials.remove_all()
        else:
            self._started_s = cut.kept.started_s
        make_sure_of(means, (way.tree_hash, way.baseline))
        profile = means.urgent if self._record.release.is_urgent else means.profile
        order = TrialOrder(
            number=way.trials,
            started_s=self._started_s,
            candidate=way.tree_hash,
            control=way.baseline,
            folders=means.trials,
            quota_bytes=cut.kept.quota_bytes if cut is not None else means.quota_bytes(),
            profile=profile.stretched(self._record.trial_factor),
            announced_s=self._record.announced_s,
            distances=self._distances,
            known_since=means.rollouts.known_since,
        )
        return TrialRun(
            order, means.host, file, cut, random=means.random, entropy=means.entropy, utc_s=means.utc_s,
            on_progress=means.on_change,
        )  # fmt: skip

    async def _rehearse(self) -> Event:
        result = await asyncio.to_thread(self._means.store.load_result, self._record.way.tree_hash)
        if result is None:
            return events.RehearsalFailed(self._now(), "what the trial left behind is gone", is_hosts_fault=True)
        return await self._rehearse_with(result)

    async def _self_test(self) -> Event:
        """Let the candidate keep and give back chunks of our own, then rehearse the way back on what it kept."""
        means, way = self._means, self._record.way
        try:
            await asyncio.to_thread(self._prepare_self_test)
            chance = Chance(means.random, means.entropy, means.utc_s)
            result = await self_test(way.tree_hash, means.trials, means.quota_bytes(), means.host, chance)
        except Exception as error:  # noqa: BLE001 - the edge of a task: no promotion without a self-test
            is_hosts_fault = not isinstance(error, TwinFailed)  # here no twin shows whose fault it is
            return events.RehearsalFailed(self._now(), _told(error), is_hosts_fault=is_hosts_fault)
        return await self._rehearse_with(result)

    def _prepare_self_test(self) -> None:
        means, way = self._means, self._record.way
        means.trials.remove_all()
        make_sure_of(means, (way.tree_hash, way.baseline))

    async def _rehearse_with(self, result: TrialResult) -> Event:
        means = self._means
        try:
            found = await self._disk.while_full(
                partial(rehearse, self._record.way.baseline, result, means.quota_bytes(), means.host, means.entropy)
            )
        except Exception as error:  # noqa: BLE001 - the edge of a task: no promotion without a rehearsal
            return events.RehearsalFailed(self._now(), _told(error), is_hosts_fault=isinstance(error, HostFailed))
        return events.Rehearsed(self._now(), found.checked, found.missing, found.corrupt)

    async def _switch(self, tree_hash: str) -> Event:
        """Keep the store, switch, then point: after a power cut the old version starts and all of it is repeated.

        A large store takes minutes to keep, which no release has to answer for: its time counts from the handover on.
        """
        means = self._means
        try:
            await asyncio.to_thread(means.slots.verify, "vault", tree_hash)
            await to_its_end(partial(means.kept.keep, tree_hash))
            self.is_preparing = False
            await self._disk.while_full(partial(means.host.switch, tree_hash))
            await self._disk.until_kept(partial(means.slots.point, "vault", tree_hash, means.utc_s()))
            serial = await asyncio.to_thread(means.host.serial)
        except Exception as error:  # noqa: BLE001 - the edge of a task: whatever it is, the way leads back
            is_hosts_fault = isinstance(error, SlotDamaged | HostFailed | OSError)  # the vault's come as another error
            is_late = isinstance(error, SwitchTooLate)
            return events.SwitchFailed(self._now(), _told(error), is_hosts_fault=is_hosts_fault, is_late=is_late)
        return events.Switched(self._now(), serial)

    async def _switch_back(self, tree_hash: str, *, is_insisted: bool) -> Event:
        """Point, then switch: from here on nobody starts the version that failed.

        A disk that does not take the pointer holds the switch up no longer than the first try of it, but the end.
        """
        means, trouble = self._means, ""
        before = self._before if self._before and means.slots.has("vault", self._before) else ""
        point = partial(means.slots.point_back, "vault", tree_hash, means.utc_s(), before)
        with contextlib.suppress(OSError):
            await write_down(point, means.make_room)
        try:
            await means.host.switch(tree_hash, is_insisted=is_insisted)
        except Exception as error:  # noqa: BLE001 - the edge of a task: it is tried again
            trouble = _told(error)
        await self._disk.until_kept(point)
        serial = await self._last_serial()
        if trouble:  # the last certificate may still be one of the version that is left
            return events.ReturnFailed(self._now(), trouble, serial + 1 if serial else 0)
        return events.Returned(self._now(), serial)

    async def _last_serial(self) -> int:
        """That of the last certificate given; 0 where it cannot be read, which keeps no version from going back."""
        try:
            return await asyncio.to_thread(self._means.host.serial)
        except Exception as error:  # noqa: BLE001 - whatever it is, the way back is done
            log.warning("the serial of the last certificate is not known reason=%s", error)
            return 0

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Letter:
    """What happened: to a job, to the release ``in_use``, or, without an event, something that is to be looked at."""

    event: Event | None = None
    job: Job | None = None
    in_use: str = ""


def _is_of(cut: Cut, way: Lifecycle) -> bool:
    """Whether what was kept is of the trial that the release is on now."""
    trees = (cut.kept.twins["candidate"].tree_hash, cut.kept.twins["control"].tree_hash)
    return (cut.kept.number, *trees) == (way.trials, way.tree_hash, way.baseline)


def make_sure_of(means: Means, trees: Iterable[str]) -> None:
    """Look after all of these versions that is this machine's part, so that it is held against no twin.  Blocking.

    Raises:
        UpdateError, OSError: A slot is damaged, or the disk refuses.
    """
    for tree_hash in trees:
        means.slots.verify("vault", tree_hash)
        means.slots.pycache("vault", tree_hash)


def _told(error: BaseException) -> str:
    """An error in words, for the history."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, UpdateError):
        log.warning("a step of an update failed", exc_info=error)
    return str(error) or type(error).__name__
