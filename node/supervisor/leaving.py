"""The end of the vault in use: what it holds goes to others first, unless somebody is in a hurry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from node.supervisor.ports import Run


async def leave(run: Run, handover_s: float, hurried: asyncio.Event, before: Callable[[], Awaitable[None]]) -> None:
    """Await ``before``, then drain the vault; return when it has ended, or at once when ``hurried`` is set.

    Whoever is in a hurry has to kill the vault.
    """

    async def drain() -> None:
        await before()
        await run.drain(handover_s)

    leaving = asyncio.create_task(drain())
    hurrying = asyncio.create_task(hurried.wait())
    try:
        await asyncio.wait({leaving, hurrying}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        hurrying.cancel()
        await asyncio.gather(leaving, hurrying, return_exceptions=True)
