"""The same bytes by bare QUIC streams: what no network that uses this transport can be faster than.

One process exchanges blocks with some others at once, with the transport's own reading in large pieces.  ``move`` does
nothing else.  ``put``, and ``move`` with hashes, add by hand what nobody may leave out who keeps chunks under their
hashes: who receives a block hashes it, who keeps it writes and flushes it.  Nothing is signed, looked up or limited.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from node.vault.transport.unhurried import unhurried
from tests.benchmarks.by_hand import Put, by_hand, hashed
from tests.benchmarks.peers import BLOCK_BYTES, SMALL_BYTES, asked_for, bare_endpoint, connect_bare, process

STREAMS = 4  # to each of the others, for moving


class BareStreams:
    """Streams to every other process."""

    def __init__(self, connections: Sequence[Any], keep: Put) -> None:
        self._connections = connections
        self._keep = hashed(keep)

    async def move(self, blocks: int, *, is_hashed: bool = False) -> float:
        """Seconds until ``blocks`` of BLOCK_BYTES have come, shared out among STREAMS to each of the others."""
        streams = [await connection.open_bi() for connection in self._connections for _ in range(STREAMS)]

        async def fetch(stream: Any, count: int) -> None:
            await stream.send().write_all(asked_for(count))
            for _ in range(count):
                content = await unhurried(stream.recv().read_exact(BLOCK_BYTES))
                if is_hashed:
                    await asyncio.to_thread(hashlib.sha256, content)

        shares = [blocks // len(streams) + (n < blocks % len(streams)) for n in range(len(streams))]
        started_s = time.perf_counter()
        await asyncio.gather(*(fetch(*one) for one in zip(streams, shares, strict=True) if one[1]))
        return time.perf_counter() - started_s

    async def put(self, contents: Sequence[bytes], at_a_time: int) -> float:
        """Seconds until each block is kept durably here and by all others."""
        left = iter(contents)
        lanes = [[await connection.open_bi() for connection in self._connections] for _ in range(at_a_time)]

        async def send(stream: Any, content: bytes) -> None:
            await stream.send().write_all(asked_for(1, to_keep=True) + content)
            await stream.recv().read_exact(SMALL_BYTES)

        async def work(streams: Sequence[Any]) -> None:
            for content in left:
                own = asyncio.to_thread(self._keep, content)
                await asyncio.gather(own, *(send(stream, content) for stream in streams))

        started_s = time.perf_counter()
        await asyncio.gather(*(work(streams) for streams in lanes))
        return time.perf_counter() - started_s


@asynccontextmanager
async def bare_streams(others: int, folder: Path) -> AsyncIterator[BareStreams]:
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(process("bare", str(folder / f"{number}"))) for number in range(others)]
        endpoint = await bare_endpoint("127.0.7.1:0")
        connections = [await connect_bare(endpoint, words) for words in places]
        yield BareStreams(connections, by_hand(folder / "own"))
        await endpoint.close()
