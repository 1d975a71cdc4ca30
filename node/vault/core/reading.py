"""How much of the own disk is read for proofs: so little that a hard disk has time for whoever else uses it.

A proof reads the chunk once here, and once at each of those that it asks.  It moves next to nothing, so that the line
does not slow it down; but no vault asks another one for more than it reads itself, so that this spares their disks as
well.  Where all do the same, each is asked by others for four times as much.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Final

READ_BYTES_MIN: Final = 1 << 16  # of a short chunk too: the disk has to move its head for it as well
BURST_S: Final = 1.0


class Purpose(IntEnum):
    """What a proof is for."""

    REPAIR = auto()  # a holder is gone, or may have lost what it held
    UPKEEP = auto()
    ROOM = auto()  # the farmer wants some back, or all


BYTES_PER_S: Final = {
    Purpose.REPAIR: 4 << 20,
    Purpose.UPKEEP: 1 << 20,  # all of 20,000 full chunks in less than six hours
    Purpose.ROOM: 4 << 20,
}


class Reads:
    """A budget of bytes per second for each purpose: none waits for another one.

    ``slowness``: by what the farmer's pause divides them.
    """

    def __init__(self) -> None:
        self.slowness = 1
        self._factor = 1
        self._free_at_s = dict.fromkeys(Purpose, 0.0)

    def free_at_s(self, purpose: Purpose) -> float:
        """From when on another chunk may be read."""
        return self._free_at_s[purpose]

    def spend(self, purpose: Purpose, length: int, now_s: float) -> None:
        """A chunk of that length is read."""
        cost_s = max(length, READ_BYTES_MIN) * self.slowness / (self._factor * BYTES_PER_S[purpose])
        self._free_at_s[purpose] = max(self._free_at_s[purpose], now_s - BURST_S) + cost_s

    def widen(self, factor: int) -> None:
        """So many times as much from now on, whatever the farmer's pause."""
        self._factor *= factor
        self.slowness = 1
        self._free_at_s = dict.fromkeys(Purpose, 0.0)
