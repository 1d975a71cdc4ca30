"""What a node holds of its home, once the disk was pulled out and plugged in again.

All else goes on by its name.  But the lock and the API's socket belong to the file system in which they were made: on
the one that is there now it looks as if no node ran, and a second one could begin.  And what holds a vault inside its
folders holds it to those of the file system that is gone: it may do nothing on the new one until it is started anew.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from node.supervisor.errors import HomeError, HomeInUse, SwitchFailed
from node.supervisor.home import Home, Lock

log = logging.getLogger(__name__)


class Holding:
    """Holds the home on.  ``serve_again`` makes the socket anew if need be; ``end`` lets the node end.

    ``moved`` is told that home or store are on another file system; ``start_anew`` starts the vault in use anew there.
    """

    def __init__(
        self,
        home: Home,
        lock: Lock,
        serve_again: Callable[[], Awaitable[None]],
        end: Callable[[], None],
        moved: Callable[[], None],
        start_anew: Callable[[], Awaitable[None]],
    ) -> None:
        """``start_anew`` may raise SwitchFailed."""
        self._home = home
        self._lock = lock
        self._serve_again = serve_again
        self._end = end
        self._moved = moved
        self._start_anew = start_anew
        self._store: os.stat_result | None = None  # its folder, when it was looked at last
        self._is_behind = False  # whether the vault in use may be one of the file system before
        self._is_due = asyncio.Event()
        self.lost: HomeInUse | None = None  # another process has taken the home meanwhile

    async def hold_on(self) -> None:
        """Take again what is held no more.  Call it while the disk works; never raises for what the disk does."""
        if self.lost is not None:
            return
        try:
            if await asyncio.to_thread(self._follow):
                self._is_behind = True
                self._moved()
                log.info("home followed: it is on another file system by now")
            if self._is_behind:
                self._is_due.set()
            await self._serve_again()
        except HomeInUse as error:
            log.warning("home taken by another process")
            self.lost = error
            self._end()
        except (HomeError, OSError) as error:
            log.warning("home not held anew yet reason=%s", error)

    async def keep_up(self) -> None:
        """Start the vault in use anew whenever its file system is gone, until cancelled.

        What fails is tried again when the disk has been seen to work once more.
        """
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            self._is_behind = False
            try:
                await self._start_anew()
            except SwitchFailed as error:
                log.warning("vault not started anew reason=%s", error)
                self._is_behind = True

    def _follow(self) -> bool:
        """Whether the home, or the store, to which a link may lead, is another one than before.  Blocking.

        As long as a vault works in the store's folder, its file system keeps its number.
        """
        store = self._home.vault.stat()
        is_another = self._store is not None and not os.path.samestat(self._store, store)
        is_another = self._lock.follow() or is_another
        self._store = store
        return is_another
