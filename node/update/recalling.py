"""Recalls heeded: what runs makes way for what this farm ran right before, if that may be gone back to and is whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from node.update.disk_wait import DiskWait
from node.update.errors import SlotDamaged
from node.update.events import Event, Halted, Recalled
from node.update.files.slots import Slots
from node.update.judging import Judge
from node.update.phases import STOPPABLE
from node.update.records import active
from node.update.store import Record

log = logging.getLogger(__name__)


class Recalling:
    """Belongs to one event loop; ``records`` is the driver's own, ``take`` makes one step of one of them."""

    def __init__(
        self,
        records: Mapping[str, Record],
        judge: Judge,
        slots: Slots,
        disk: DiskWait,
        take: Callable[[str, Event], Awaitable[None]],
    ) -> None:
        self._records = records
        self._judge = judge
        self._slots = slots
        self._disk = disk
        self._take = take

    async def heed(self, in_use: str | None) -> None:
        """Go back from what was recalled, once nothing new is just taking over."""
        recalled = [
            r for name, r in self._records.items() if name in self._judge.recalls.names and not r.way.is_recalled
        ]
        for record in recalled:
            is_used = record.way.phase == "confirmed" and record.release.tree_hash == in_use
            if is_used or not record.way.is_over:
                await self._heed(record)

    async def _heed(self, record: Record) -> None:
        one, back_to = active(self._records.values()), await self._way_back(record)
        if record.way.phase == "confirmed" and one is not None and back_to:
            if one.way.phase not in STOPPABLE:
                return  # it takes over, which is a way out too; if it fails, this is looked at again
            await self._take(one.release.name, Halted(_now()))
        await self._take(record.release.name, Recalled(_now(), back_to))

    async def _way_back(self, record: Record) -> str:
        """What ran before it, if a recall may lead there and it is still whole; else ""."""
        before = await self._disk.until_read(partial(self._slots.previous, "vault")) or record.way.baseline
        releases = {r.release.name: r.release.sequence for r in self._records.values() if r.release.tree_hash == before}
        if not before or before == record.release.tree_hash or not self._judge.recalls.leads_to(releases):
            return ""
        try:
            await asyncio.to_thread(self._slots.verify, "vault", before)
        except SlotDamaged as error:
            log.warning("there is no way back from a recalled release reason=%s", error)
            return ""
        return before


def _now() -> float:
    return asyncio.get_running_loop().time()
