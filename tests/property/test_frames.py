"""Whatever a peer writes to a stream is one message, or ends the stream, and takes no more memory than allowed."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node.vault.transport.streams import FIRST_BYTES_MAX, LENGTH_BYTES, FrameStream

BYTES_MAX = 40_000


class Ended(Exception):
    """As iroh says that a stream was shorter than what was asked of it."""


class Wire:
    """A stream on which these pieces come in, one for each look; both directions of it."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces, self.written, self.longest = [piece for piece in pieces if piece], b"", 0

    def send(self) -> Wire:
        return self

    def recv(self) -> Wire:
        return self

    async def write_all(self, content: bytes) -> None:
        self.written += content

    async def read(self, bytes_max: int) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if piece[bytes_max:]:
            self.pieces.insert(0, piece[bytes_max:])
        return piece[:bytes_max]

    async def read_exact(self, count: int) -> bytes:
        self.longest = max(self.longest, count)
        whole = b"".join(self.pieces)
        if len(whole) < count:
            raise Ended
        self.pieces = [whole[count:]] if whole[count:] else []
        return whole[:count]


def stream_of(wire: Any) -> FrameStream:
    return FrameStream(wire)


def cut(content: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(content) + 1) for place in at), len(content)]
    return [content[start:end] for start, end in itertools.pairwise(places)]


@given(
    st.lists(st.integers(0, BYTES_MAX) | st.integers(FIRST_BYTES_MAX - 8, FIRST_BYTES_MAX + 8), min_size=1, max_size=3),
    st.lists(st.integers(0, 1 << 17), max_size=6),
)
def test_what_is_written_is_read_however_the_line_cuts_it(lengths, at):
    async def story() -> None:
        for length in lengths:  # one question at a time: the next one comes after the answer
            content = bytes(range(256)) * (length // 256 + 1)
            wire = Wire([])
            await stream_of(wire).write(content[:length])
            stream = stream_of(Wire(cut(wire.written, at)))
            assert await stream.wait()
            assert await stream.read(BYTES_MAX) == content[:length]
            assert not stream.is_spent

    asyncio.run(story())


@given(st.lists(st.binary(max_size=64), max_size=6), st.booleans())
def test_garbage_is_cut_off_before_memory_is_taken_for_it(pieces, is_waited_for):
    async def story() -> None:
        wire = Wire(pieces)
        stream = stream_of(wire)
        if is_waited_for and not await stream.wait():
            return
        try:
            content = await stream.read(BYTES_MAX)
        except Ended:
            content = b""
        assert len(content) <= BYTES_MAX
        assert wire.longest <= BYTES_MAX
        if content:
            assert b"".join(pieces)[LENGTH_BYTES : LENGTH_BYTES + len(content)] == content

    asyncio.run(story())


def test_a_size_over_the_limit_is_not_waited_for():
    async def story() -> None:
        wire = Wire([(BYTES_MAX + 1).to_bytes(LENGTH_BYTES, "big"), bytes(8)])
        stream = stream_of(wire)
        assert await stream.read(BYTES_MAX) == b""
        assert stream.is_spent
        assert wire.longest == 0

    asyncio.run(story())
