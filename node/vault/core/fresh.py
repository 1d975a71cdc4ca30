"""Chunks that came a while ago: the whole group of each is asked once, by the first holder whose turn it is.

Whoever put a chunk, or gave a copy of it, knows best who of its group has none yet, and may be gone before he has
brought it there.  Only the sweep would find that out, a day later.

came --> waits FRESH_S, and the longer the more holders are nearer --> due: its group is asked
               `--- asked by another of its group to prove it meanwhile: that one is at it
"""

from __future__ import annotations

import heapq
import math
from typing import Final

FRESH_S: Final = 120.0  # by then whoever brought it is through with the others
TURN_S: Final = 30.0  # for each nearer holder
FRESH_MAX: Final = 4_000  # what is more is left to the sweep


class Fresh:
    """Invariant: at most FRESH_MAX chunks wait; each is due once."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, float] = {}
        self._due: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def due_s(self) -> float:
        return self._due[0][0] if self._due else math.inf

    def came(self, address: bytes, now_s: float, nearer: int) -> None:
        """The chunk was brought here; so many other vaults are nearer to it."""
        if len(self._due) < FRESH_MAX and address not in self._waiting:
            self._waiting[address] = due_s = now_s + FRESH_S + nearer * TURN_S
            heapq.heappush(self._due, (due_s, address))

    def asked(self, address: bytes) -> None:
        """Another holder has just asked for a proof that it lies here."""
        self._waiting.pop(address, None)

    def take(self, now_s: float) -> bytes | None:
        """The next one whose group is to be asked now."""
        while self._due and self._due[0][0] <= now_s:
            _, address = heapq.heappop(self._due)
            if self._waiting.pop(address, None) is not None:
                return address
        return None
