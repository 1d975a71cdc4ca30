"""What a node holds of its home, once the disk was pulled out and plugged in again: the lock, and the API's socket.

All else goes on by its name.  But these belong to the file system in which they were made: on the one that is there
now it looks as if no node ran, and a second one could begin.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from node.supervisor.errors import HomeError, HomeInUse
from node.supervisor.home import Lock

log = logging.getLogger(__name__)


class Holding:
    """Holds the home on.  ``serve_again`` makes the socket anew if need be; ``end`` lets the node end."""

    def __init__(self, lock: Lock, serve_again: Callable[[], Awaitable[None]], end: Callable[[], None]) -> None:
        self._lock = lock
        self._serve_again = serve_again
        self._end = end
        self.lost: HomeInUse | None = None  # another process has taken the home meanwhile

    async def hold_on(self) -> None:
        """Take again what is held no more.  Call it while the disk works; never raises for what the disk does."""
        if self.lost is not None:
            return
        try:
            if await asyncio.to_thread(self._lock.follow):
                log.info("home locked anew: it is another file system by now")
            await self._serve_again()
        except HomeInUse as error:
            log.warning("home taken by another process")
            self.lost = error
            self._end()
        except (HomeError, OSError) as error:
            log.warning("home not held anew yet reason=%s", error)
