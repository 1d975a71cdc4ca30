"""Looks at the surroundings in a thread of its own, so that a system which does not answer stops nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from typing import Final

from node.api.schema import Surroundings
from node.supervisor.surroundings.senses import Senses

IN_USE_S: Final = 180.0  # after the last key somebody still works here
LOOK_S_MAX: Final = 5.0  # what has not been told by then is unknown

log = logging.getLogger(__name__)


class Watcher:
    """``look`` from one event loop.  The thread ends with the process: it may hang in the system for ever."""

    def __init__(self, senses: Senses) -> None:
        self._senses = senses
        self._wanted: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Future[Surroundings]]] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        self._looking: asyncio.Future[Surroundings] | None = None

    async def look(self) -> Surroundings:
        """What can be told within LOOK_S_MAX; all is unknown while an earlier look has not come back.  Never raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="surroundings", daemon=True)
            self._thread.start()
        if self._looking is not None and not self._looking.done():
            return Surroundings()
        loop = asyncio.get_running_loop()
        self._looking = loop.create_future()
        self._wanted.put((loop, self._looking))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S_MAX):
                return await asyncio.shield(self._looking)
        return Surroundings()

    def _work(self) -> None:
        while True:
            loop, waiting = self._wanted.get()
            try:
                found = self._ask()
            except Exception:  # without this thread all would be unknown for as long as the process lives
                log.exception("surroundings not known")
                found = Surroundings()
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_tell, waiting, found)

    def _ask(self) -> Surroundings:
        idle_s = self._senses.idle_s()
        is_in_use = None if idle_s is None else idle_s < IN_USE_S
        return Surroundings(self._senses.is_on_battery(), self._senses.is_metered(), is_in_use)


def _tell(waiting: asyncio.Future[Surroundings], found: Surroundings) -> None:
    if not waiting.done():
        waiting.set_result(found)
