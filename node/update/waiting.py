"""Work that is waited for even when whoever wanted it is cancelled.

Whoever wanted it is held until the work has ended, because what comes next uses the same files.
``node.supervisor.finishing`` is for the other case, in which whoever asked may go and the work goes on alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Owned:
    """At most one piece of work at a time.  Belongs to one event loop; whoever makes it calls ``stop`` at the end.

    Invariant: nothing is forgotten before it is over.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def begin(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Begin with it.  What was begun before is over."""
        assert not self.is_running, self._task
        self._task = asyncio.create_task(work, name=name)

    async def stop(self) -> None:
        """Cancel it, and wait until it is over.  Who is cancelled meanwhile, or comes second, may call it again."""
        task = self._task
        if task is None:
            return
        if not task.cancelling():  # cancelled twice, it would be torn from what it puts away
            task.cancel()
        await asyncio.wait({task})
        if self._task is task:
            self._task = None


async def whole(work: Coroutine[Any, Any, None]) -> None:
    """Do it; cancelled meanwhile, wait until it is done all the same, or it would meet what is done after it.

    Raises:
        Exception: What ``work`` raises.
    """
    working = asyncio.create_task(work)
    try:
        await asyncio.shield(working)
    finally:
        await asyncio.wait({working})


async def to_its_end(work: Callable[[], None]) -> None:
    """The same for blocking work, in a thread."""
    await whole(asyncio.to_thread(work))
