"""Work that is carried out once it has begun, even if whoever asked for it goes away meanwhile.

Whoever asked is let go of at once, and the work goes on without them: people at the local API may hang up.
``node.update.waiting`` is for the other case, in which whoever asked must not go on before the work has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Finisher:
    """Keeps what it was given until it is done: a task that nobody keeps could vanish."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    async def carry_out(self, work: Coroutine[None, None, T]) -> T:
        """Run ``work`` to its end, also when this call is cancelled; raises what it raises."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)
