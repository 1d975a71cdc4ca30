"""The sweep: every held chunk once in a while, whatever has happened, and its whole group is asked for it.

It goes around the addresses from a random one on.  A home that is on for some hours a day comes to a part of them each
day: so it is another part, and not for ever the same one.
"""

from __future__ import annotations

from typing import Final

from node.vault.core.desk import Desk
from node.vault.core.held import Lap

SWEEP_PAUSE_S: Final = 60.0  # when nothing was held
SWEEP_BEAT_S: Final = 1.0


class Sweep:
    """A round takes ``sweep_s``, spread over all chunks; a hurried one only waits for room.

    It comes by what was brought meanwhile if that lies ahead of it, and each step of it looks at no more than there is
    room for.
    """

    def __init__(self, sweep_s: float) -> None:
        self.due_s = 0.0  # when ``take`` is wanted next
        self._sweep_s = sweep_s
        self._first: bytes | None = None  # address with which each round begins
        self._round: Lap | None = None
        self._count = 0  # chunks held at its beginning
        self._taken = 0
        self._from_s = 0.0
        self._is_hurried = False  # this round
        self._is_next_hurried = False

    def hurry(self) -> None:
        """Come by everything as soon as there is room, from where the sweep is; then it takes its time again."""
        if self._round is not None and self._taken:
            self._first = self._round.next_address
        self._round = None
        self._is_next_hurried, self.due_s = True, 0.0

    def is_soon(self, address: bytes) -> bool:
        """Whether a hurried round has still to come by it."""
        is_ahead = self._is_hurried and self._round is not None and self._round.is_ahead(address)
        return self._is_next_hurried or is_ahead

    def take(self, desk: Desk, room: int) -> list[bytes]:
        """The next ones that are due, ``room`` at most."""
        now_s, held = desk.now.monotonic_s, desk.held
        if self._round is None or self._round.is_over(held):
            self._round = self._begin(desk)
        if not held:
            self._round = None
            self.due_s = now_s + min(SWEEP_PAUSE_S, self._sweep_s)
            return []
        # What came since the beginning is gone by at the same pace as the rest.
        count = max(self._count, len(held))
        due = room if self._is_hurried else int((now_s - self._from_s) * count / self._sweep_s) + 1 - self._taken
        addresses = self._round.take(held, max(0, min(due, room)))
        self._taken += len(addresses)
        next_s = self._from_s + (0.0 if self._is_hurried else self._taken * self._sweep_s / count)
        self.due_s = max(next_s, now_s + min(SWEEP_BEAT_S, self._sweep_s))
        return addresses

    def stop(self, desk: Desk) -> None:
        """There is nobody to ask: another round begins when there is."""
        self._round = None
        self.due_s = desk.now.monotonic_s + min(SWEEP_PAUSE_S, self._sweep_s)

    def _begin(self, desk: Desk) -> Lap:
        self._is_hurried, self._is_next_hurried = self._is_next_hurried, False
        count = len(desk.held)
        if self._first is None and count:
            self._first = desk.held.at(desk.random.randrange(count))
        self._count, self._taken, self._from_s = count, 0, desk.now.monotonic_s
        return Lap(self._first or b"")
