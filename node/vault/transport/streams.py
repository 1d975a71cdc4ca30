"""Requests and answers as frames on a QUIC stream of two directions.

    length, 4 bytes, big-endian | content

One side asks, the other answers, one question at a time; then the same stream carries the next one.  Opening a stream
for each request would cost two more crossings into iroh on either side, which is most of what a small request takes
(0.65 against 0.2 ms; two cores, 2026-11-22).  A stream on which anything broke off is never used again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

import iroh
from iroh import IrohError

from node.vault.transport.throttle import Frame, Meter, Throttle
from node.vault.transport.unhurried import unhurried

LENGTH_BYTES: Final = 4
FIRST_BYTES_MAX: Final = 1 << 14  # what one look takes: the whole of a small message
PIECE_BYTES: Final = 1 << 18  # of a large frame that has to come in time
UNHURRIED_BYTES_MIN: Final = 1 << 15  # fewer have mostly come when they are read
BROKEN_CODE: Final = 400
OWN_LINE_S_MAX: Final = 600.0  # in which a frame has its turn even on the slowest line with the most before it


class Passage:
    """A frame's way through our own line.  ``line`` and ``place`` are None where no limit holds."""

    def __init__(self, line: Throttle | None, place: Frame | None, limit: asyncio.Timeout | None) -> None:
        self._line = line
        self._place = place
        self._limit = limit

    async def some(self, bytes_max: int) -> int:
        """Wait until so much of it may pass, or the most that may at once; return how much."""
        if self._line is None or self._place is None:
            return bytes_max
        size = min(self._line.piece_bytes or bytes_max, bytes_max)
        with standing_still(self._limit):
            await self._line.take(self._place, size)
        return size


def passage(meter: Meter | None, size_bytes: int, limit: asyncio.Timeout | None, *, is_out: bool) -> Passage:
    """A place in the line for a frame; ``limit``: of the peer's time for it."""
    if meter is None:
        return Passage(None, None, limit)
    line = meter.sending if is_out else meter.receiving
    return Passage(line, line.frame(meter.subnet, size_bytes), limit)


@contextlib.contextmanager
def standing_still(limit: asyncio.Timeout | None) -> Iterator[None]:
    """What passes in the ``with`` is our own waiting, and not the peer's; bounded by OWN_LINE_S_MAX."""
    until_s = limit.when() if limit is not None else None
    if limit is None or until_s is None:
        yield
        return
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    limit.reschedule(began_s + OWN_LINE_S_MAX)
    try:
        yield
    finally:
        if not limit.expired():
            limit.reschedule(until_s + loop.time() - began_s)


class FrameStream:
    """One stream.  ``is_spent``: what comes next on it would have no meaning.  ``meter``: None if none holds here.

    Every call may raise IrohError; after a cancelled one the stream is only good for ``break_off``.
    """

    def __init__(self, stream: iroh.BiStream, meter: Meter | None = None) -> None:
        self._sending, self._receiving = stream.send(), stream.recv()
        self._first = b""
        self.is_spent = False
        self.meter = meter

    async def write(self, content: bytes, limit: asyncio.Timeout | None = None) -> None:
        await self.send(content, passage(self.meter, LENGTH_BYTES + len(content), limit, is_out=True))

    async def send(self, content: bytes, way: Passage, first_bytes: int = 0) -> None:
        """Write a frame that has its place in the line already; so much of it may go at once."""
        rest = len(content).to_bytes(LENGTH_BYTES, "big") + content
        while rest:
            size = first_bytes or await way.some(len(rest))
            await self._sending.write_all(rest[:size])
            rest, first_bytes = rest[size:], 0

    async def wait(self) -> bool:
        """Wait until a frame begins; False when the other side has ended the stream."""
        assert not self._first, "a frame has begun already"
        self._first = await self._receiving.read(FIRST_BYTES_MAX)
        return bool(self._first)

    async def read(self, bytes_max: int, piece_s: float | None = None, limit: asyncio.Timeout | None = None) -> bytes:
        """The next frame's content; its size is looked at before any memory is taken for it.

        Empty, and the stream spent, when it is longer or not the only one: no message is empty, so whoever decodes
        it blames the sender.  With ``piece_s`` its length, and then every PIECE_BYTES of it, must come within that
        time: a frame that has begun and does not come ends soon, a large one over a slow line is waited for.
        ``limit`` is the caller's own, of all; it stands still while our own line is waited for.

        Raises:
            TimeoutError: A piece did not come in time.
        """
        first, self._first = self._first, b""
        async with asyncio.timeout(piece_s):
            while len(first) < LENGTH_BYTES:
                more = await self._receiving.read(FIRST_BYTES_MAX)
                if not more:
                    break
                first += more
        length = int.from_bytes(first[:LENGTH_BYTES], "big")
        missing = length + LENGTH_BYTES - len(first)
        if len(first) < LENGTH_BYTES or length > bytes_max or missing < 0:
            self.is_spent = True
            return b""
        pieces = [first[LENGTH_BYTES:]]
        way = passage(self.meter, length, limit, is_out=False)
        await way.some(len(first))
        while missing:
            size = await way.some(missing if piece_s is None else min(missing, PIECE_BYTES))
            async with asyncio.timeout(piece_s):  # our own waiting is not the peer's
                pieces.append(await self._piece(size))
            missing -= size
        return b"".join(pieces)

    async def _piece(self, size: int) -> bytes:
        reading = self._receiving.read_exact(size)
        return await (unhurried(reading) if size > UNHURRIED_BYTES_MIN else reading)

    async def finish(self) -> None:
        """What has been sent is whole; nothing more is read."""
        with contextlib.suppress(IrohError):
            await self._sending.finish()
        with contextlib.suppress(IrohError):
            await self._receiving.stop(BROKEN_CODE)

    async def break_off(self) -> None:
        """Let neither side take what has been sent for whole, and free what has come."""
        with contextlib.suppress(IrohError):
            await self._sending.reset(BROKEN_CODE)
        with contextlib.suppress(IrohError):
            await self._receiving.stop(BROKEN_CODE)
