"""Looking after the own disk: one chunk after the other is read, and a store in trouble is asked whether it is well.

What a read finds missing or corrupt is noticed where every read ends, in ``vault``; the scrub only sees to it that no
chunk goes unread for long.
"""

from __future__ import annotations

import math
from typing import Final

from node.vault.core.desk import Desk
from node.vault.core.events import CheckStore
from node.vault.core.held import Lap

STORE_CHECK_S: Final = 10.0
PAUSE_S_MIN: Final = 0.5  # between two chunks, however many there are: 2 MiB a second at most


class Scrub:
    """Goes through all held chunks in the order of their addresses, round after round, from a random one on.

    A round takes ``scrub_s``, however many chunks there are, or PAUSE_S_MIN for each.
    """

    def __init__(self, scrub_s: float) -> None:
        self._scrub_s = scrub_s
        self._round: Lap | None = None
        self._has_begun = False
        self._is_reading = False
        self._since_s = 0.0
        self._pauses = 1.0  # until the next chunk

    def start(self, desk: Desk) -> None:
        self._since_s = desk.now.monotonic_s
        self._pauses = desk.random.random()  # who runs for short times only does its part of a round too

    def due_s(self, desk: Desk) -> float:
        if not desk.held:
            return math.inf
        return self._since_s + self._pauses * max(PAUSE_S_MIN, self._scrub_s / len(desk.held))

    def tick(self, desk: Desk) -> None:
        if desk.now.monotonic_s < self.due_s(desk):
            return
        self._since_s, self._pauses = desk.now.monotonic_s, 1.0
        if self._is_reading:
            return
        if self._round is None or self._round.is_over(desk.held):
            self._round = self._begin(desk)
        for address in self._round.take(desk.held, 1):
            self._is_reading = True
            desk.counters["scrubbed"] += 1
            desk.read_chunk(self, address)

    def _begin(self, desk: Desk) -> Lap:
        if self._has_begun or not desk.held or not desk.is_counted:
            return Lap()
        self._has_begun = True
        return Lap(desk.held.at(desk.random.randrange(len(desk.held))))

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        self._is_reading = False


class StoreCare:
    """While the store takes no chunks, it is asked again and again whether it would, not before it has answered."""

    def __init__(self) -> None:
        self._check_at_s = math.inf
        self._is_asking = False

    def due_s(self, desk: Desk) -> float:
        if not desk.trouble or self._is_asking:
            return math.inf
        return self._check_at_s if self._check_at_s < math.inf else desk.now.monotonic_s

    def tick(self, desk: Desk) -> None:
        if not desk.trouble or self._is_asking:
            return
        if self._check_at_s == math.inf:
            self._check_at_s = desk.now.monotonic_s + STORE_CHECK_S
        elif desk.now.monotonic_s >= self._check_at_s:
            self._is_asking = True
            desk.do(CheckStore())

    def checked(self, desk: Desk, code: str) -> None:
        desk.trouble = code
        self._is_asking = False
        self._check_at_s = desk.now.monotonic_s + STORE_CHECK_S if code else math.inf
