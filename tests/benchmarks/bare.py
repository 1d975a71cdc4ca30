"""The same bytes by bare QUIC streams and nothing else: what no network that uses this transport can be faster than.

One process fetches blocks from some others at once, over a few streams to each, with the transport's own reading in
large pieces.  No chunk is written, hashed, signed or looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from node.vault.transport.unhurried import unhurried
from tests.benchmarks.peers import BLOCK_BYTES, SMALL_BYTES, bare_endpoint, connect_bare, process

STREAMS = 4  # to each of the others


class BareStreams:
    """Streams to every other process, ``STREAMS`` to each."""

    def __init__(self, streams: Sequence[Any]) -> None:
        self._streams = streams

    async def move(self, blocks: int) -> float:
        """Seconds until ``blocks`` of BLOCK_BYTES have come, shared out among all streams."""

        async def fetch(stream: Any, count: int) -> None:
            await stream.send().write_all(count.to_bytes(4, "big") + bytes(SMALL_BYTES - 4))
            receiving = stream.recv()
            for _ in range(count):
                await unhurried(receiving.read_exact(BLOCK_BYTES))

        shares = [blocks // len(self._streams) + (n < blocks % len(self._streams)) for n in range(len(self._streams))]
        started_s = time.perf_counter()
        await asyncio.gather(*(fetch(*one) for one in zip(self._streams, shares, strict=True) if one[1]))
        return time.perf_counter() - started_s


@asynccontextmanager
async def bare_streams(others: int) -> AsyncIterator[BareStreams]:
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(process("bare")) for _ in range(others)]
        endpoint = await bare_endpoint("127.0.7.1:0")
        connections = [await connect_bare(endpoint, words) for words in places]
        yield BareStreams([await connection.open_bi() for connection in connections for _ in range(STREAMS)])
        await endpoint.close()
