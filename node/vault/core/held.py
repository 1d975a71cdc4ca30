"""Which chunks there are, and how large: a mapping that stays small and in order, however many they are.

    blocks   0  32  address    one record after the other, ascending; a block that has grown too large is split
             32  4  size       in bytes, little-endian

A dict takes up to 170 bytes for a chunk, and its order is found by copying and sorting all of it.  Here it is about 40
bytes, and whoever goes through all of them takes so many at a time, from an address on (``Lap``).  No block belongs to
fixed bits of an address: those that one vault holds begin alike.

Source: resources/handbook/decisions/0074-what-a-large-farm-needs.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, MutableMapping
from itertools import accumulate, islice
from typing import Final

ADDRESS_BYTES: Final = 32
SIZE_BYTES_MAX: Final = (1 << 32) - 1  # a file that is larger is no chunk, and counts as this
RECENT_KEPT: Final = 20_000  # addresses of those that came last
RECENT_BESIDES: Final = 5_000  # so many more are let go at once

_RECORD_BYTES: Final = ADDRESS_BYTES + 4
_BLOCK_BYTES_MAX: Final = 128 * _RECORD_BYTES


class Held(MutableMapping[bytes, int]):
    """Sizes by address, in the order of the addresses.

    Invariants: the addresses of block n are not less than ``_firsts[n]``, and less than the next of these; ``_recent``
    has those of the latest RECENT_KEPT that are still there, and nothing that is not, in the order in which they came.
    """

    __slots__ = ("_blocks", "_count", "_ends", "_firsts", "_recent", "_sum_bytes")

    def __init__(self, found: Mapping[bytes, int] | None = None) -> None:
        self.clear()
        self.update(found or {})

    def clear(self) -> None:
        self._blocks: list[bytearray] = [bytearray()]
        self._firsts = [b""]
        self._count = 0
        self._sum_bytes = 0
        self._ends: list[int] | None = None  # of each block, how many there are up to its end; None: not known now
        self._recent: dict[bytes, None] = {}

    @property
    def sum_bytes(self) -> int:
        """Of all sizes."""
        return self._sum_bytes

    def __len__(self) -> int:
        return self._count

    def __contains__(self, address: object) -> bool:
        return isinstance(address, bytes) and self._find(address)[2]

    def __getitem__(self, address: bytes) -> int:
        number, at, is_there = self._find(address)
        if not is_there:
            raise KeyError(address)
        return self._size_at(self._blocks[number], at)

    def __setitem__(self, address: bytes, size: int) -> None:
        assert len(address) == ADDRESS_BYTES, len(address)
        number, at, is_there = self._find(address)
        block, size = self._blocks[number], min(size, SIZE_BYTES_MAX)
        packed = size.to_bytes(4, "little")
        self._sum_bytes += size
        if is_there:
            self._sum_bytes -= self._size_at(block, at)
            block[at + ADDRESS_BYTES : at + _RECORD_BYTES] = packed
            return
        block[at:at] = address + packed
        self._count += 1
        self._ends = None
        if len(block) > _BLOCK_BYTES_MAX:
            self._split(number)
        self._recent[address] = None
        if len(self._recent) > RECENT_KEPT + RECENT_BESIDES:
            self._recent = dict.fromkeys(islice(self._recent, RECENT_BESIDES, None))

    def __delitem__(self, address: bytes) -> None:
        number, at, is_there = self._find(address)
        if not is_there:
            raise KeyError(address)
        block = self._blocks[number]
        self._sum_bytes -= self._size_at(block, at)
        del block[at : at + _RECORD_BYTES]
        self._count -= 1
        self._ends = None
        self._recent.pop(address, None)
        self._merge(number)

    def __iter__(self) -> Iterator[bytes]:
        """Ascending; whoever changes it meanwhile uses ``Lap``."""
        for block in self._blocks:
            yield from _addresses(block, 0, len(block))

    def following(self, first: bytes, count: int, before: bytes | None = None) -> list[bytes]:
        """The next ``count`` addresses from ``first`` on, ascending; fewer when there are no more ``before``."""
        number, at, _ = self._find(first)
        taken: list[bytes] = []
        while number < len(self._blocks) and len(taken) < count:
            block = self._blocks[number]
            taken += _addresses(block, at, min(len(block), at + (count - len(taken)) * _RECORD_BYTES))
            number, at = number + 1, 0
            if before is not None and taken and taken[-1] >= before:
                return [address for address in taken if address < before]
        return taken

    def at(self, index: int) -> bytes:
        """The address that so many smaller ones stand before."""
        if self._ends is None:
            self._ends = list(accumulate(len(block) // _RECORD_BYTES for block in self._blocks))
        number = bisect_right(self._ends, index)
        block = self._blocks[number]
        at = (index - self._ends[number]) * _RECORD_BYTES + len(block)
        return bytes(block[at : at + ADDRESS_BYTES])

    @property
    def has_all_recent(self) -> bool:
        """Whether ``recent`` can name all."""
        return len(self._recent) == self._count <= RECENT_KEPT

    def recent(self, count: int = RECENT_KEPT) -> list[bytes]:
        """Those of the latest that are still there, the newest first: at most ``count`` of them, and RECENT_KEPT."""
        return list(islice(reversed(self._recent), min(count, RECENT_KEPT)))

    def _find(self, address: bytes) -> tuple[int, int, bool]:
        """In which block, and where in it, it lies or would lie; and whether it does."""
        number = bisect_right(self._firsts, address) - 1
        block = self._blocks[number]
        low, high = 0, len(block) // _RECORD_BYTES
        while low < high:
            middle = (low + high) // 2
            at = middle * _RECORD_BYTES
            if block[at : at + ADDRESS_BYTES] < address:
                low = middle + 1
            else:
                high = middle
        at = low * _RECORD_BYTES
        return number, at, block[at : at + ADDRESS_BYTES] == address and bool(address)

    @staticmethod
    def _size_at(block: bytearray, at: int) -> int:
        return int.from_bytes(block[at + ADDRESS_BYTES : at + _RECORD_BYTES], "little")

    def _split(self, number: int) -> None:
        block = self._blocks[number]
        half = len(block) // _RECORD_BYTES // 2 * _RECORD_BYTES
        self._blocks[number : number + 1] = [block[:half], block[half:]]
        self._firsts.insert(number + 1, bytes(block[half : half + ADDRESS_BYTES]))

    def _merge(self, number: int) -> None:
        """Join a block that has become small with a neighbour, so that there are not many of them for a few chunks."""
        for left in (number, number - 1):
            if left < 0 or left + 1 >= len(self._blocks):
                continue
            if len(self._blocks[left]) + len(self._blocks[left + 1]) <= _BLOCK_BYTES_MAX // 2:
                self._blocks[left] += self._blocks.pop(left + 1)
                del self._firsts[left + 1]
                return


class Lap:
    """Once around all that is held, from an address on.  What comes meanwhile is met if it lies ahead."""

    __slots__ = ("_first", "_has_wrapped", "next_address")

    def __init__(self, first: bytes = b"") -> None:
        self.next_address = first  # from here on none was met yet
        self._first = first
        self._has_wrapped = False

    def take(self, held: Held, count: int) -> list[bytes]:
        """The next ones, ``count`` at most; fewer when the lap is over."""
        taken: list[bytes] = []
        if not self._has_wrapped:
            taken = held.following(self.next_address, count)
            if len(taken) < count:
                self._has_wrapped, self.next_address = True, b""
        if self._has_wrapped:
            taken += held.following(self.next_address, count - len(taken), self._first)
        if taken:
            self.next_address = after(taken[-1])
        return taken

    def is_over(self, held: Held) -> bool:
        if not self._has_wrapped and held.following(self.next_address, 1):
            return False
        return not held.following(self.next_address if self._has_wrapped else b"", 1, self._first)

    def is_ahead(self, address: bytes) -> bool:
        """Whether it comes to this address, if that is held then."""
        if self._has_wrapped:
            return self.next_address <= address < self._first
        return address >= self.next_address or address < self._first


def after(address: bytes) -> bytes:
    """What is next to this address in the order of them."""
    return address + b"\0"


def latest(held: Held, count: int) -> list[bytes] | None:
    """The ``count`` that came last, the newest first; None: it is not known any more which these are."""
    return held.recent(count) if count <= RECENT_KEPT or held.has_all_recent else None


def _addresses(block: bytearray, begin: int, end: int) -> list[bytes]:
    return [bytes(block[at : at + ADDRESS_BYTES]) for at in range(begin, end, _RECORD_BYTES)]
