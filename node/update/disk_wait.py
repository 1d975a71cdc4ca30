"""Waiting for a disk that refuses: nothing is done before it is written down, and a person is told why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from node.api import texts
from node.update.waiting import to_its_end

PAUSE_S: Final = 10.0  # after the disk has refused

log = logging.getLogger(__name__)
T = TypeVar("T")


def nothing_to_give() -> bool:
    """Where no room is held back."""
    return False


async def write_down(write: Callable[[], None], make_room: Callable[[], bool]) -> None:
    """Have something short written in a thread; on a full disk once more, if room could be made for it.

    Raises:
        OSError: The disk refuses it.
    """
    try:
        await to_its_end(write)
    except OSError as error:
        if error.errno not in texts.DISK_FULL or not await asyncio.to_thread(make_room):
            raise
        await to_its_end(write)


class DiskWait:
    """Tries again until the disk takes it.  Belongs to one event loop.

    ``why`` says why the disk refuses what is waited for, by one or by several; "" while nobody waits.  ``on_change``:
    called when it changes.
    ``make_room`` blocks, and says whether it has made room on a full disk for what is short and must be written.
    """

    def __init__(self, on_change: Callable[[], None], make_room: Callable[[], bool] = nothing_to_give) -> None:
        self._on_change = on_change
        self._make_room = make_room
        self._waiting = 0
        self.why = ""

    async def until_kept(self, write: Callable[[], None]) -> float:
        """Have it written in a thread, whatever the disk says, and return for how long it refused."""
        begun_s = _now()
        await self._until(_of_the_disk, partial(write_down, write, self._make_room))
        return _now() - begun_s

    async def until_read(self, read: Callable[[], T]) -> T:
        """Have it read in a thread, again for as long as the disk refuses: a guess would be held against a release."""
        return await self._until(_of_the_disk, partial(asyncio.to_thread, read))

    async def while_full(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, again from its beginning for as long as it fails because the disk is full.

        Raises:
            Exception: What else ``work`` raises.
        """
        return await self._until(_of_a_full_disk, work)

    async def _until(self, refusal: Callable[[BaseException], OSError | None], work: Callable[[], Awaitable[T]]) -> T:
        is_waiting = False
        try:
            while True:
                try:
                    return await work()
                except Exception as error:
                    refused = refusal(error)
                    if refused is None:
                        raise
                    log.warning("updates wait for the disk reason=%s", error)
                    self._waiting += not is_waiting
                    is_waiting = True
                    self._tell(texts.disk_refuses(refused))
                await asyncio.sleep(PAUSE_S)
        finally:
            self._waiting -= is_waiting
            if not self._waiting:
                self._tell("")

    def _tell(self, why: str) -> None:
        if why != self.why:
            self.why = why
            self._on_change()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _of_the_disk(error: BaseException) -> OSError | None:
    return error if isinstance(error, OSError) else None


def _of_a_full_disk(error: BaseException) -> OSError | None:
    """What the disk said, if that it is full is what led to the error, or to one of several."""
    found: list[BaseException] = [error]
    for one in found:  # which grows meanwhile
        if isinstance(one, OSError) and one.errno in texts.DISK_FULL:
            return one
        causes = one.exceptions if isinstance(one, BaseExceptionGroup) else (one.__cause__,)
        found.extend(cause for cause in causes if cause is not None and cause not in found)
    return None
