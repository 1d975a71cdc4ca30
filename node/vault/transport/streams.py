"""Requests and answers as frames on a QUIC stream of two directions.

    length, 4 bytes, big-endian | content

One side asks, the other answers, one question at a time; then the same stream carries the next one.  Opening a stream
for each request would cost two more crossings into iroh on either side, which is most of what a small request takes
(0.65 against 0.2 ms; two cores, 2026-11-22).  A stream on which anything broke off is never used again.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import iroh
from iroh import IrohError

from node.vault.transport.throttle import SMALL_BYTES, Meter
from node.vault.transport.unhurried import unhurried

LENGTH_BYTES: Final = 4
FIRST_BYTES_MAX: Final = 1 << 14  # what one look takes: the whole of a small message
PIECE_BYTES: Final = 1 << 18  # of a large frame that has to come in time
UNHURRIED_BYTES_MIN: Final = 1 << 15  # fewer have mostly come when they are read
BROKEN_CODE: Final = 400


class FrameStream:
    """One stream.  ``is_spent``: what comes next on it would have no meaning.  ``meter``: None if none holds here.

    Every call may raise IrohError; after a cancelled one the stream is only good for ``break_off``.
    """

    def __init__(self, stream: iroh.BiStream, meter: Meter | None = None) -> None:
        self._sending, self._receiving = stream.send(), stream.recv()
        self._first = b""
        self.is_spent = False
        self.meter = meter

    async def write(self, content: bytes) -> None:
        frame = len(content).to_bytes(LENGTH_BYTES, "big") + content
        piece_bytes = self.meter.sending.piece_bytes if self.meter is not None else 0
        if self.meter is None or not piece_bytes:
            await self._sending.write_all(frame)
            return
        for start in range(0, len(frame), piece_bytes):
            piece = frame[start : start + piece_bytes]
            await self.meter.sending.take(self.meter.subnet, len(piece), is_small=len(frame) <= SMALL_BYTES)
            await self._sending.write_all(piece)

    async def wait(self) -> bool:
        """Wait until a frame begins; False when the other side has ended the stream."""
        assert not self._first, "a frame has begun already"
        self._first = await self._receiving.read(FIRST_BYTES_MAX)
        return bool(self._first)

    async def read(self, bytes_max: int, piece_s: float | None = None) -> bytes:
        """The next frame's content; its size is looked at before any memory is taken for it.

        Empty, and the stream spent, when it is longer or not the only one: no message is empty, so whoever decodes
        it blames the sender.  With ``piece_s`` its length, and then every PIECE_BYTES of it, must come within that
        time: a frame that has begun and does not come ends soon, a large one over a slow line is waited for.

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
        await self._may_take(len(first), length)
        while missing:
            metered_bytes = self.meter.receiving.piece_bytes if self.meter is not None else 0
            size = min(missing, metered_bytes or (missing if piece_s is None else PIECE_BYTES))
            if metered_bytes:
                await self._may_take(size, length)  # our own waiting is not the peer's
            async with asyncio.timeout(piece_s):
                pieces.append(await self._piece(size))
            missing -= size
        return b"".join(pieces)

    async def _may_take(self, size_bytes: int, frame_bytes: int) -> None:
        if self.meter is not None:
            await self.meter.receiving.take(self.meter.subnet, size_bytes, is_small=frame_bytes <= SMALL_BYTES)

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
