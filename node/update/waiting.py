"""Work that is waited for even when whoever wanted it is cancelled.

Whoever wanted it is held until the work has ended, because what comes next uses the same files.
``node.supervisor.finishing`` is for the other case, in which whoever asked may go and the work goes on alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


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
