"""Bytes of any length as a tree of chunks: only length and address are needed to read them again.

    length <= 1 MiB     the chunk itself; no bytes, no chunk
    else                an index chunk: the addresses (32 bytes each) of up to FANOUT chunks below it, in order

All chunks but the last are full, and so are all index chunks but the last of each level.  Therefore the length alone
says how deep the tree is and how many addresses each index chunk must hold: a hostile one has nothing to lie about.
Builder and reader keep one index chunk per level, whatever the length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from node.vault.errors import MalformedMessage
from node.vault.share.tree import CHUNK_BYTES_MAX, address_of

ADDRESS_BYTES: Final = 32
FANOUT: Final = 4_096  # an index chunk of 128 KiB stands for 4 GiB
BLOB_BYTES_MAX: Final = 1 << 50  # 1 PiB: three levels


class Blob(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """So many bytes, and the address of the tree's uppermost chunk; ``b""`` when there are none."""

    length: int
    address: bytes


EMPTY: Final = Blob(0, b"")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a blob: the chunk at ``address`` stands for ``length`` bytes from ``offset``; at depth 0 it is them."""

    address: bytes
    depth: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The two numbers that make a tree.  Shares have one shape; tests try small ones."""

    chunk_bytes: int = CHUNK_BYTES_MAX
    fanout: int = FANOUT

    def spans(self, depth: int) -> int:
        """How many bytes a full chunk at ``depth`` stands for."""
        return int(self.chunk_bytes * self.fanout**depth)

    def top(self, blob: Blob) -> Span | None:
        """The part that is the whole; None when there are no bytes.

        Raises:
            MalformedMessage: Length or address is out of its limits.
        """
        check_blob(blob)
        if not blob.length:
            return None
        depth = 0
        while self.spans(depth) < blob.length:
            depth += 1
        return Span(blob.address, depth, 0, blob.length)

    def below(self, span: Span, content: bytes) -> Iterator[Span]:
        """The parts that the index chunk ``content`` leads to, in order.

        Raises:
            MalformedMessage: It does not hold exactly as many addresses as its length asks for.
        """
        assert span.depth > 0
        each = self.spans(span.depth - 1)
        count = -(-span.length // each)
        if len(content) != count * ADDRESS_BYTES:
            raise MalformedMessage(f"an index of {len(content)} bytes does not stand for {span.length} bytes")
        for number in range(count):
            address = content[number * ADDRESS_BYTES : (number + 1) * ADDRESS_BYTES]
            start = number * each
            yield Span(address, span.depth - 1, span.offset + start, min(each, span.length - start))


SHAPE: Final = Shape()


def check_blob(blob: Blob) -> None:
    """Check what a stranger says of a blob.

    Raises:
        MalformedMessage: Length or address is out of its limits.
    """
    if not 0 <= blob.length <= BLOB_BYTES_MAX or len(blob.address) != (ADDRESS_BYTES if blob.length else 0):
        raise MalformedMessage("a length or an address is out of its limits")


class BlobBuilder:
    """Takes the chunks of a blob one after the other and makes the index chunks above them."""

    def __init__(self, shape: Shape = SHAPE) -> None:
        self._shape = shape
        self._length = 0
        self._is_ended = False
        self._levels: list[list[bytes]] = [[]]

    def add(self, address: bytes, length: int) -> Iterator[bytes]:
        """Append a chunk; yields the index chunks that are full with it.  Every chunk but the last one is full."""
        assert 0 < length <= self._shape.chunk_bytes
        assert not self._is_ended, "only the last chunk may be short"
        self._is_ended = length < self._shape.chunk_bytes
        self._length += length
        assert self._length <= BLOB_BYTES_MAX
        yield from self._put(0, address)

    def finish(self) -> Iterator[bytes]:
        """Yield the index chunks that are still missing."""
        self._is_ended = True
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            if self._levels[level]:
                yield from self._close(level)
            level += 1

    def blob(self) -> Blob:
        """What has been built, once ``finish`` has yielded everything."""
        if not self._length:
            return EMPTY
        (address,) = self._levels[-1]
        return Blob(self._length, address)

    def _put(self, level: int, address: bytes) -> Iterator[bytes]:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level].append(address)
        if len(self._levels[level]) == self._shape.fanout:
            yield from self._close(level)

    def _close(self, level: int) -> Iterator[bytes]:
        content = b"".join(self._levels[level])
        self._levels[level] = []
        yield content
        yield from self._put(level + 1, address_of(content))
