"""The watch over the version in use: it is counted and ended, and neighbours are asked whether they can prove a fault.

What they hand on of the farm's own vault comes with the rank tables that a vault fetches anyway.  Whatever they claim
counts for nothing here; only what the vault itself has signed since it was taken into use does.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from node.trial import verdict as says
from node.update.disk_wait import DiskWait
from node.update.errors import TwinFailed
from node.update.events import (
    SLEPT_S,
    Event,
    Halted,
    Limits,
    Returned,
    ReturnFailed,
    Succeeded,
    Ticked,
    Vetoed,
)
from node.update.jobs import Means
from node.update.loneliness import FINDS_NOBODY, Loneliness
from node.update.phases import STOPPABLE
from node.update.records import active, is_succeeded, watched
from node.update.store import Record
from node.update.trials.observations import proofs_against

DAMAGED: Final = "its files were damaged"
LITTERED: Final = "it filled the disk with files of its own"

log = logging.getLogger(__name__)


class Watching:
    """Belongs to one event loop; ``records`` is the driver's own, ``take`` makes one step of one of them.

    ``tell`` is called with a release's name and what was found against it.
    """

    def __init__(
        self,
        records: Mapping[str, Record],
        means: Means,
        limits: Limits,
        take: Callable[[str, Event], Awaitable[None]],
        tell: Callable[[str, str], None],
    ) -> None:
        self._records = records
        self._means = means
        self._limits = limits
        self._take = take
        self._tell = tell
        self._looked_s = -math.inf
        self._loneliness = Loneliness(means.host, limits.lonely_s, limits.probation_look_s, _now)

    def in_use(self) -> Record | None:
        """The release that is in use and may still be left; None while something is gone back from."""
        one = active(self._records.values())
        if one is not None and one.way.is_going_back:
            return None
        if one is not None and one.way.phase == "probation":
            return one
        return watched(self._records.values())

    def is_unused(self, one: Record | None) -> bool:
        """Whether this release is in probation, and no vault of it runs, so that nothing is found out about it."""
        return one is not None and one.way.phase == "probation" and self._means.host.neighbours() is None

    def found_at_fault(self, what: str) -> None:
        """The version in use has done what no version may: it is left, if it is watched still."""
        record = self.in_use()
        if record is not None:
            self._tell(record.release.name, what)

    async def which(self, disk: DiskWait) -> str | None:
        """Which version is in use, once the disk tells it; as long as it does not, nothing was watched."""
        begun_s = _now()
        in_use = await disk.until_read(partial(self._means.slots.current, "vault"))
        await self.look_back(_now() - begun_s)
        return in_use

    async def count(self, in_use: str | None) -> None:
        """Count the watch; end it when a newer release is in use for good; leave a version whose files are damaged."""
        record, one = watched(self._records.values()), active(self._records.values())
        used, is_up = self.in_use(), self._means.host.neighbours() is not None
        if used is not None and used.way.late_starts and is_up:  # at once: what comes next may be a power cut
            await self._take(used.release.name, Ticked(_now()))
        for older in [each for each in self._records.values() if each.way.watch is not None and each is not record]:
            await self._take(older.release.name, Succeeded(_now()))
        if record is None:
            return
        if record.release.tree_hash == in_use:
            if _now() - record.way.since_s >= self._limits.watch_count_s:
                await self._take(record.release.name, Ticked(_now(), is_idle=not is_up))
        elif is_succeeded(record, self._records.values(), in_use) or self._is_recalled_as_another(record):
            await self._take(record.release.name, Succeeded(_now()))
        elif one is None or one.way.phase in STOPPABLE:  # else one is just taking over
            await self.concern(record.release.name, Vetoed(_now(), DAMAGED))

    def _is_recalled_as_another(self, record: Record) -> bool:
        """Whether its files were gone back from because they were recalled under another name: no fault was found."""
        alike = (other for other in self._records.values() if other.release.tree_hash == record.release.tree_hash)
        return any(other.way.phase == "recalled" for other in alike)

    async def came_back(self, left: Record, event: Returned | ReturnFailed) -> None:
        """What was in use before ``left`` is in use again: if it is still watched, from now on that goes on."""
        record = watched(self._records.values())
        if record is not None and record.release.tree_hash == left.way.baseline:
            await self._take(record.release.name, event)

    async def look_back(self, late_s: float) -> None:
        """Something came so much later than it should have: if the computer slept, nothing was watched meanwhile."""
        if late_s < SLEPT_S:
            return
        log.info("the computer slept, or its disk was out seconds=%.0f", late_s)
        for record in (active(self._records.values()), watched(self._records.values())):
            if record is not None:
                await self._take(record.release.name, Ticked(_now(), is_idle=True))

    async def concern(self, name: str, event: Event) -> None:
        """Take what concerns the version in use; if it must be left, what is on trial beside it begins anew later."""
        record, one = self._records[name], active(self._records.values())
        is_left = record.way.step(event, self._limits)[0].is_going_back
        if is_left and one is not None and one is not record:
            if one.way.phase not in STOPPABLE:
                return  # it takes over, which is a way out too
            await self._take(one.release.name, Halted(_now()))
        await self._take(name, event)

    async def run(self) -> None:
        """Look for proofs for ever: often in probation, seldom in the watch, never when nothing could be left.

        Whether the version finds anybody is looked at always often: one that is alone hears of no proof.
        """
        while True:
            await asyncio.sleep(self._limits.probation_look_s)
            record = self.in_use()
            if record is None:
                continue
            if await self._loneliness.is_at_fault(record.release.name):
                self._tell(record.release.name, FINDS_NOBODY)
                continue
            pause_s = self._limits.watch_look_s if record.way.watch is not None else self._limits.probation_look_s
            if _now() - self._looked_s >= pause_s:
                self._looked_s = _now()
                await self._look(record)

    async def _look(self, record: Record) -> None:
        host = self._means.host
        try:
            around = await host.neighbourhood()
        except TwinFailed as error:
            log.info("neighbours not asked about the version in use reason=%s", error)
            return
        proofs = await asyncio.to_thread(
            proofs_against, host.vault_id(), record.way.serial, around.neighbours, utc_s=self._means.utc_s()
        )
        if proofs:
            self._tell(record.release.name, says.proven_by_neighbours(proofs))


def _now() -> float:
    return asyncio.get_running_loop().time()
