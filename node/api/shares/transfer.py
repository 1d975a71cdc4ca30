"""Chunks on their way: several at once, and again after a while where the network is busy or gone for a moment."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, Protocol, TypeVar

from node.api.client import ApiError, NotRunning
from node.api.schema import StoredChunk
from node.api.shares import texts
from node.api.shares.errors import NotFetched, NotStored
from node.vault.share.tree import address_of

IN_FLIGHT: Final = 8  # chunks at once, each of at most 1 MiB
PAUSES_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # before each further attempt
PATIENCE_S: Final = 3.0  # whoever waits longer for a chunk is told why
BUSY: Final = "vault.busy"  # others were before it for 24 minutes, and nothing was begun: that was no try
BUSY_PAUSE_S: Final = 0.25
TURNS_MAX: Final = 20  # waited for in vain
# A restart of the vault, a full queue, a neighbour that is just being replaced: what a moment may mend.
TRANSIENT: Final = frozenset(
    {"vault.unavailable", "peer.unreachable", "peer.not_found", "control.standby", "api.timeout", "api.not_running"}
)

NOT_FOUND: Final = "peer.not_found"

T = TypeVar("T")


class Node(Protocol):
    """What shares need of the local API; ``node.api.client.Client`` is one."""

    async def put_chunk(self, content: bytes) -> StoredChunk: ...

    async def get_chunk(self, address: str) -> bytes: ...


class Courier:
    """Carries one chunk at a time to the node or from it, and tries again what may be mended by waiting.

    ``waits`` is told when a chunk takes longer than PATIENCE_S: a sentence that says why, "" without an answer yet.
    """

    def __init__(self, node: Node, waits: Callable[[str], None]) -> None:
        self._node = node
        self._waits = waits

    async def store(self, content: bytes) -> int:
        """Store a chunk; returns in how many vaults it lies.

        Raises:
            NotStored: Not even after a while.
        """
        try:
            stored = await self._patiently(lambda: self._node.put_chunk(content))
        except (ApiError, NotRunning) as error:
            raise NotStored(texts.not_stored(str(error))) from error
        if stored.address != address_of(content).hex():
            raise NotStored(texts.not_stored("the node stored something else."))
        return stored.holders

    async def fetch_first(self, address: bytes) -> bytes:
        """Fetch the chunk that a person names: when nobody holds it, it is more likely mistyped than missing.

        Raises:
            NotFetched: It cannot be had.
        """
        try:
            content = await self._patiently(lambda: self._node.get_chunk(address.hex()), TRANSIENT - {NOT_FOUND})
        except (ApiError, NotRunning) as error:
            is_unknown = error.code == NOT_FOUND
            raise NotFetched(texts.not_found(address.hex()) if is_unknown else str(error)) from error
        return _checked(content, address)

    async def fetch(self, address: bytes) -> bytes:
        """Fetch a chunk; what is returned is what the address stands for.

        Raises:
            NotFetched: Not even after a while.
        """
        try:
            content = await self._patiently(lambda: self._node.get_chunk(address.hex()))
        except (ApiError, NotRunning) as error:
            raise NotFetched(texts.not_fetched(str(error))) from error
        return _checked(content, address)

    async def _patiently(self, ask: Callable[[], Awaitable[T]], transient: frozenset[str] = TRANSIENT) -> T:
        loop = asyncio.get_running_loop()
        late_s = loop.time() + PATIENCE_S
        late = loop.call_at(late_s, self._waits, "")
        pauses_s, turns_s = iter(PAUSES_S), itertools.repeat(BUSY_PAUSE_S, TURNS_MAX)
        try:
            while True:
                try:
                    return await ask()
                except (ApiError, NotRunning) as error:
                    pause_s = next(turns_s if error.code == BUSY else pauses_s, None)
                    if error.code not in {BUSY, *transient} or pause_s is None:
                        raise
                    late.cancel()
                    late = loop.call_at(max(late_s, loop.time()), self._waits, str(error))
                await asyncio.sleep(pause_s)
        finally:
            late.cancel()


def _checked(content: bytes, address: bytes) -> bytes:
    if address_of(content) != address:
        raise NotFetched(texts.not_fetched("the node gave something else."))
    return content


class Flight:
    """Runs up to IN_FLIGHT pieces of work at once; the first failure comes out at the next call.

    Whoever begins a flight ends it with ``abort``, which does nothing when everything has landed.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, work: Coroutine[None, None, None]) -> None:
        """Begin ``work`` as soon as there is room for it."""
        self._tasks.add(asyncio.create_task(work))  # no name for it: the frame would keep its error, and that the frame
        while len(self._tasks) >= IN_FLIGHT:
            await self._some()

    async def land(self) -> None:
        """Wait until all is done."""
        while self._tasks:
            await self._some()

    async def abort(self) -> None:
        """Cancel what is still under way and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _some(self) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        # All are asked: asyncio complains in the log of an error that nobody has looked at.
        errors = list(filter(None, [task.exception() for task in done]))
        try:
            if errors:
                raise errors[0]
        finally:
            del done, errors  # an error knows this frame: together they would keep chunks until the collector comes
