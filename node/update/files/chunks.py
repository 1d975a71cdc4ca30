"""Chunks of a release: from the disk if they came before, else from the network, several at once, all checked."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from node.update.disk_wait import DiskWait
from node.update.errors import FetchFailed
from node.update.files.objects import Objects
from node.vault.share.tree import CHUNK_BYTES_MAX

CHUNKS_AT_ONCE: Final = 8
TRIES_MAX: Final = 4  # of one chunk; the lifecycle tries the whole again later
PAUSE_S: Final = 0.5  # after the first failed try; doubles
CHUNK_S_MAX: Final = 120.0  # for one try

GetChunk = Callable[[bytes], Awaitable[bytes]]

log = logging.getLogger(__name__)


class Counter:
    """What came over the network so far; still right when the fetch fails half-way."""

    def __init__(self) -> None:
        self.bytes_fetched = 0
        self.objects_fetched = 0


class Source:
    """Belongs to one fetch.  Invariant: what it returns has the address that was asked for, and is kept on disk.

    A chunk for which a full disk has no room waits for it in memory, by ``disk``; without that it fails.
    """

    def __init__(self, objects: Objects, get_chunk: GetChunk, counter: Counter, disk: DiskWait | None = None) -> None:
        self._objects = objects
        self._get_chunk = get_chunk
        self._disk = disk
        self.counter = counter

    async def get(self, address: bytes) -> bytes:
        """Return a chunk; it is kept on disk from then on.

        Raises:
            FetchFailed: It could not be had in TRIES_MAX tries.
            StageFailed: This machine could not keep it.
        """
        kept = await asyncio.to_thread(self._objects.get, address)
        if kept is not None:
            return kept
        for attempt in range(TRIES_MAX):
            if attempt:
                await asyncio.sleep(PAUSE_S * 2 ** (attempt - 1))
            content = await self._ask(address)
            if content is not None:
                await self._keep(content)
                return content
        raise FetchFailed(f"chunk {address.hex()[:8]} could not be had in {TRIES_MAX} tries")

    async def get_all(self, addresses: Iterable[bytes]) -> None:
        """Let all of these be on disk.  At most CHUNKS_AT_ONCE of them are in memory.

        Raises:
            FetchFailed: One could not be had in TRIES_MAX tries.
            StageFailed: This machine could not keep one.
        """
        gate = asyncio.Semaphore(CHUNKS_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:
                for address in dict.fromkeys(addresses):
                    tasks.create_task(self._get_gated(address, gate))
        except ExceptionGroup as errors:
            first = errors.exceptions[0]  # it stopped the others
            raise first from first.__cause__  # from the group it would be its own cause

    async def _get_gated(self, address: bytes, gate: asyncio.Semaphore) -> None:
        async with gate:
            await self.get(address)

    async def _keep(self, content: bytes) -> None:
        def keep() -> Awaitable[None]:
            return asyncio.to_thread(self._objects.keep, content)

        await (keep() if self._disk is None else self._disk.while_full(keep))

    async def _ask(self, address: bytes) -> bytes | None:
        try:
            async with asyncio.timeout(CHUNK_S_MAX):
                content = await self._get_chunk(address)
        except Exception as error:  # noqa: BLE001 - whatever fails in the network is one failed try
            log.info("chunk not fetched address=%s reason=%s", address.hex()[:8], error or type(error).__name__)
            return None
        if len(content) > CHUNK_BYTES_MAX or hashlib.sha256(content).digest() != address:
            log.warning("wrong bytes for address=%s", address.hex()[:8])
            return None
        self.counter.bytes_fetched += len(content)
        self.counter.objects_fetched += 1
        return content
