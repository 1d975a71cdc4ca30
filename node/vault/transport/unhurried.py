"""Waiting for many bytes without being woken for each packet.

iroh wakes whoever reads as soon as anything has come, and each time costs the event loop more than the packet did:
about 90 times for 1 MiB, most of what receiving it took (two cores, Python 3.11, 2026-11-24).  So the reader pauses
between two looks, for a part of the time that it has waited already: the end is delayed by no more than that part.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, Final, TypeVar

PAUSE_PART: Final = 0.125  # of the time since the beginning
PAUSE_S_MIN: Final = 0.0005
PAUSE_S_MAX: Final = 0.02

_T = TypeVar("_T")


@types.coroutine
def unhurried(work: Coroutine[Any, None, _T]) -> Generator[Any, None, _T]:
    """What ``work`` returns, awaited with pauses between its steps.  Cancelling it ends ``work``."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    try:
        while True:
            yield work.send(None)
            pause_s = (loop.time() - started_s) * PAUSE_PART
            yield from asyncio.sleep(min(max(pause_s, PAUSE_S_MIN), PAUSE_S_MAX)).__await__()
    except StopIteration as end:
        result: _T = end.value
        return result
    finally:
        work.close()
