"""Work in a thread that is waited for even when whoever wanted it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def to_its_end(work: Callable[[], None]) -> None:
    """Do blocking work; cancelled, wait until it is done all the same, or it would meet what is done after it.

    Raises:
        Exception: What ``work`` raises.
    """
    working = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    finally:
        await asyncio.wait({working})
