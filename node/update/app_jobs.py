"""What is done for a release of the app: each effect of its lifecycle as one piece of work that ends with an event.

The trial is the succession rehearsal, in which the way back is rehearsed as well.  The switch ends this program: the
next one, in this very process, finds its own way in ``apps.json`` and says that it has taken over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, assert_never

from node.trust.release import Release
from node.update import events
from node.update.app_ports import AppHost
from node.update.app_store import AppRecord
from node.update.disk_wait import DiskWait, nothing_to_give
from node.update.errors import ContentRefused, SlotDamaged, UpdateError
from node.update.events import Event
from node.update.files import programs
from node.update.files.chunks import Counter, GetChunk
from node.update.files.fetching import fetch_program
from node.update.files.programs import INSTALLED, Program
from node.update.files.slots import Slots

NOT_STARTED: Final = "it did not start here, so the version from before was started"
BECOME_S_MAX: Final = 240.0  # for a trial of the vault to be put down, and all else

Listed = Callable[[], Awaitable[Sequence[Release]]]  # all that the newest head lists, once one is known
Work = events.Fetch | events.StartTrial | events.Rehearse | events.Switch | events.SwitchBack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMeans:
    """What all jobs work with.  ``root`` is the folder of the slots; ``get_chunk`` fetches from the network.

    ``make_room`` is that of ``DiskWait``.
    """

    host: AppHost
    slots: Slots
    root: Path
    get_chunk: GetChunk
    utc_s: Callable[[], float]
    on_change: Callable[[], None]
    make_room: Callable[[], bool] = nothing_to_give


class AppJob:
    """One piece of work for one release."""

    def __init__(self, work: Work, record: AppRecord, listed: Listed, means: AppMeans) -> None:
        self._work = work
        self._record = record
        self._listed = listed
        self._means = means
        self._counter = Counter()
        self._disk = DiskWait(means.on_change, means.make_room)

    @property
    def release(self) -> str:
        return self._record.record.release.name

    @property
    def bytes_fetched(self) -> int:
        return self._counter.bytes_fetched

    @property
    def disk_trouble(self) -> str:
        return self._disk.why

    async def do(self) -> Event:
        """Do the work; what it led to.  Whatever fails becomes an event; only cancelling ends it without one."""
        match self._work:
            case events.Fetch():
                return await self._fetch(self._work.after_s)
            case events.StartTrial():
                return await self._rehearse()
            case events.Rehearse():
                return events.Rehearsed(self._now(), 0, 0, 0)  # the way back was a part of the trial
            case events.Switch():
                return await self._switch()
            case events.SwitchBack():
                return await self._switch_back()
            case _:
                assert_never(self._work)

    async def _fetch(self, after_s: float) -> Event:
        await asyncio.sleep(after_s)
        try:
            await self._disk.while_full(self._fetch_program)
        except ContentRefused as error:
            return events.ContentRefused(self._now(), str(error))
        except Exception as error:  # noqa: BLE001 - the edge of a task: whatever it is, the next try may succeed
            return events.FetchFailed(self._now(), _told(error))
        return events.Fetched(self._now())

    async def _fetch_program(self) -> None:
        means, app = self._means, self._record.record.release
        listed = await self._listed()  # the lifecycle ends it when that takes too long
        platform = means.host.platform
        await fetch_program(app, listed, platform, means.slots, means.get_chunk, counter=self._counter, disk=self._disk)

    async def _rehearse(self) -> Event:
        try:
            app, runtime = await asyncio.to_thread(self._places)
            shown = await self._means.host.rehearse(app, runtime)
        except Exception as error:  # noqa: BLE001 - the edge of a task: a rehearsal that breaks says nothing of the app
            return events.TrialEnded(self._now(), "void", _told(error), is_damaged=isinstance(error, SlotDamaged))
        outcome: dict[str, events.Outcome] = {"passed": "promote", "refused": "refuse", "void": "void"}
        return events.TrialEnded(self._now(), outcome[shown.verdict], shown.reason)

    def _places(self) -> tuple[Path, Path | None]:
        """Where the candidate lies, undamaged.  Blocking.  Raises UpdateError."""
        app, runtime = self._verify(self._record.program)
        assert app is not None
        return app, runtime

    def _verify(self, program: Program) -> tuple[Path | None, Path | None]:
        """Where it lies, undamaged; None for what is installed.  Blocking.  Raises UpdateError."""
        slots = self._means.slots
        app = slots.verify("app", program.app) if program.app else None
        return app, slots.verify("runtime", program.runtime) if program.runtime else None

    async def _switch(self) -> Event:
        """Point, then become: after a power cut in between the launcher starts the new program."""
        means, program, version = self._means, self._record.program, self._record.record.release.version
        try:
            if await asyncio.to_thread(means.host.running) == program:
                return events.Switched(self._now())
            if await asyncio.to_thread(means.host.was_left, program, self._record.record.announced_s):
                return events.SwitchFailed(self._now(), NOT_STARTED)
            await asyncio.to_thread(self._places)
            await means.host.warm(program)
            before = await self._disk.until_read(partial(programs.read, means.root))
            await self._disk.until_kept(lambda: _point(means.root, program, version))
            await self._become(program)
            # This program goes on after all, and must be the one that is started next.
            await self._disk.until_kept(lambda: programs.write(means.root, before))
        except Exception as error:  # noqa: BLE001 - the edge of a task: whatever it is, the way leads back
            return events.SwitchFailed(self._now(), _told(error), is_hosts_fault=isinstance(error, SlotDamaged))
        return events.SwitchFailed(self._now(), "this program could not make way for it")

    async def _switch_back(self) -> Event:
        """Point, then become: from here on nobody starts the version that failed.

        If another one runs, that stays: the launcher may have had to leave the one from before as well.
        """
        means, failed = self._means, self._record.program
        try:
            running = await asyncio.to_thread(means.host.running)
            if running != failed:
                await self._disk.until_kept(lambda: _forget(means.root, failed, running))
                return events.Returned(self._now())
            before = await asyncio.to_thread(self._whole_before)
            await self._disk.until_kept(lambda: _point_back(means.root, before))
            await self._become(before)
        except Exception as error:  # noqa: BLE001 - the edge of a task: it is tried again
            return events.ReturnFailed(self._now(), _told(error))
        return events.ReturnFailed(self._now(), "this program could not make way for it")

    def _whole_before(self) -> Program:
        """The version from before; where that is damaged the installed one, as the launcher would choose.  Blocking."""
        before = self._record.before
        try:
            self._verify(before)
        except SlotDamaged as error:
            log.warning("the installed version is gone back to reason=%s", error)
            return INSTALLED
        return before

    async def _become(self, program: Program) -> None:
        """Returns only when that has failed."""
        self._means.host.become(program)
        await asyncio.sleep(BECOME_S_MAX)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _point(root: Path, program: Program, version: str) -> None:
    programs.point(root, program, version=version)


def _point_back(root: Path, program: Program) -> None:
    programs.point_back(root, program)


def _forget(root: Path, program: Program, running: Program) -> None:
    programs.forget(root, program, running)


def _told(error: BaseException) -> str:
    """An error in words, for the history."""
    if not isinstance(error, UpdateError):
        log.warning("a step of an update of the app failed", exc_info=error)
    return str(error) or type(error).__name__
