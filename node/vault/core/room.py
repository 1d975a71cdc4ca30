"""How much of its quota a vault has left, and for whom.

Others' chunks fill all but a part of it, which is kept for who runs on the same computer: so whoever wants to see how
a vault does can have it keep something, however much its neighbours have brought.  It is so in every vault, and tells
none of them anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.vault.core.messages import CHUNK_BYTES_MAX

FULL_PART: Final = 64  # of a small quota; with no more than this part left of it, or a chunk's size, a vault is full
PLACE_BYTES: Final = 4_096  # that a file takes of a disk, however short it is
# Each takes some 45 bytes of the memory that a vault has, and 90 while it is counted: of 1 GiB a third, so that the
# rest is left for everything else.  Source: resources/handbook/decisions/0074-what-a-large-farm-needs.md.
PLACES_MAX: Final = 4_000_000  # chunks, however much is lent
PLACES_MIN: Final = 128  # chunks, where next to nothing is lent
HELD_BACK_BYTES_MAX: Final = 64 << 20  # of any quota; about what a usual trial stores
HELD_BACK_PART: Final = 4  # of a small one


def held_back_bytes(quota_bytes: int) -> int:
    """How much of a quota others' chunks do not fill."""
    return min(HELD_BACK_BYTES_MAX, quota_bytes // HELD_BACK_PART)


@dataclass(frozen=True, slots=True)
class Room:
    """The quota, and what is used of it: by how many bytes, in how many files.

    ``is_here``: it is for somebody on this computer.
    """

    quota_bytes: int
    used_bytes: int
    files: int

    def fits(self, length: int, *, instead_bytes: int = 0, is_here: bool = False) -> bool:
        """Whether so many bytes may be written in a file, where another one of ``instead_bytes`` is removed before.

        What takes no more than was there is asked of the whole quota: others may fill less than when it came.
        """
        is_anywhere = is_here or length <= instead_bytes
        has_place = instead_bytes > 0 or self._places_left(is_here=is_here) > 0
        return has_place and length - instead_bytes <= self._bytes_left(is_here=is_anywhere)

    @property
    def is_full(self) -> bool:
        """Whether to say to others that nothing need be sent; a small chunk may find room all the same."""
        least_bytes = min(CHUNK_BYTES_MAX, self.quota_bytes // FULL_PART)
        return self._places_left(is_here=False) <= 0 or self._bytes_left(is_here=False) <= least_bytes

    @property
    def others_bytes(self) -> int:
        """How much of the quota others' chunks may fill."""
        return self.quota_bytes - held_back_bytes(self.quota_bytes)

    @property
    def left_bytes(self) -> int:
        """What is left for others: short chunks use up its places before its bytes."""
        return min(self._bytes_left(is_here=False), self._places_left(is_here=False) * self.place_bytes)

    @property
    def place_bytes(self) -> int:
        return self.quota_bytes // self._places

    @property
    def _places(self) -> int:
        """For so many files there is a place: short ones take more of a disk than their bytes, and all some memory."""
        return min(PLACES_MAX, max(PLACES_MIN, self.quota_bytes // PLACE_BYTES))

    def _bytes_left(self, *, is_here: bool) -> int:
        return (self.quota_bytes if is_here else self.others_bytes) - self.used_bytes

    def _places_left(self, *, is_here: bool) -> int:
        kept = 0 if is_here else held_back_bytes(self.quota_bytes) // max(1, self.place_bytes)
        return self._places - self.files - kept
