"""Chunks that came a while ago: each two of the group of one prove it to each other once.

Whoever put a chunk, or gave a copy of it, knows best who of its group has none yet, and may be gone before he has
brought it there.  Only the sweep would find that out, a day later.

came --> waits FRESH_S, and the longer the more holders are nearer --> due: its group is asked,
               `--- asked by another of its group for a proof meanwhile --------^ but for that one

Whoever asks has the chunk, or does itself harm alone: that the others have it is nothing that one is believed.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection
from typing import Final

from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, SUBNET_VAULTS_MAX

FRESH_S: Final = 120.0  # by then whoever brought it is through with the others
TURN_S: Final = 30.0  # for each nearer holder
FRESH_MAX: Final = 4_000  # what is more is left to the sweep
ASKERS_MAX: Final = CLOSE_GROUP_SUBNETS * SUBNET_VAULTS_MAX  # no group has more; who is not remembered is asked


class Fresh:
    """Invariant: at most FRESH_MAX chunks wait; each is due once."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, set[bytes]] = {}  # by address, the vault ids of those who have asked for it
        self._due: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def due_s(self) -> float:
        return self._due[0][0] if self._due else math.inf

    def came(self, address: bytes, now_s: float, nearer: int) -> None:
        """The chunk was brought here; so many other vaults are nearer to it."""
        if len(self._due) < FRESH_MAX and address not in self._waiting:
            self._waiting[address] = set()
            heapq.heappush(self._due, (now_s + FRESH_S + nearer * TURN_S, address))

    def asked(self, address: bytes, vault_id: bytes) -> None:
        """This other holder has just asked for a proof that the chunk lies here: it has one to compare it with."""
        askers = self._waiting.get(address)
        if askers is not None and len(askers) < ASKERS_MAX:
            askers.add(vault_id)

    def take(self, now_s: float) -> tuple[bytes, Collection[bytes]] | None:
        """The next one whose group is to be asked now, and who of it need not be."""
        if self.due_s > now_s:
            return None
        _, address = heapq.heappop(self._due)
        return address, self._waiting.pop(address)
