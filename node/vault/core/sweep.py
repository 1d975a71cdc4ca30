"""The sweep: every held chunk once in a while, whatever has happened, and its whole group is asked for it.

It goes around the addresses from a random one on.  A home that is on for some hours a day comes to a part of them each
day: so it is another part, and not for ever the same one.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from node.vault.core.desk import Desk

SWEEP_PAUSE_S: Final = 60.0  # when nothing was held
SWEEP_BEAT_S: Final = 1.0


class Sweep:
    """A round takes ``sweep_s``, spread over all chunks held at its beginning; a hurried one only waits for room."""

    def __init__(self, sweep_s: float) -> None:
        self.due_s = 0.0  # when ``take`` is wanted next
        self._sweep_s = sweep_s
        self._first: bytes | None = None  # address with which each round begins
        self._round: list[bytes] = []
        self._cursor = 0
        self._from_s = 0.0
        self._is_hurried = False  # this round
        self._is_next_hurried = False

    def hurry(self) -> None:
        """Come by everything as soon as there is room, from where the sweep is; then it takes its time again."""
        if self._cursor < len(self._round):
            self._first = self._round[self._cursor]
        self._round, self._cursor = [], 0
        self._is_next_hurried, self.due_s = True, 0.0

    def soon(self, desk: Desk) -> set[bytes]:
        """What a hurried round has still to come by."""
        if self._is_next_hurried:
            return set(desk.held)
        return set(self._round[self._cursor :]) if self._is_hurried else set()

    def take(self, desk: Desk, room: int) -> list[bytes]:
        """The next ones that are due, ``room`` at most."""
        now_s = desk.now.monotonic_s
        if self._cursor == len(self._round):
            self._begin(desk)
        count = len(self._round)
        if not count:
            self.due_s = now_s + min(SWEEP_PAUSE_S, self._sweep_s)
            return []
        round_s = 0.0 if self._is_hurried else self._sweep_s
        due = count if self._is_hurried else min(count, int((now_s - self._from_s) * count / round_s) + 1)
        begin, self._cursor = self._cursor, max(self._cursor, min(due, self._cursor + room))
        next_s = self._from_s + self._cursor * round_s / count
        self.due_s = max(next_s, now_s + min(SWEEP_BEAT_S, self._sweep_s))
        return self._round[begin : self._cursor]

    def stop(self, desk: Desk) -> None:
        """There is nobody to ask: another round begins when there is."""
        self._round, self._cursor = [], 0
        self.due_s = desk.now.monotonic_s + min(SWEEP_PAUSE_S, self._sweep_s)

    def _begin(self, desk: Desk) -> None:
        self._is_hurried, self._is_next_hurried = self._is_next_hurried, False
        addresses = sorted(desk.held)
        if self._first is None and addresses:
            self._first = addresses[desk.random.randrange(len(addresses))]
        cut = bisect_left(addresses, self._first or b"")
        self._round, self._cursor, self._from_s = addresses[cut:] + addresses[:cut], 0, desk.now.monotonic_s
