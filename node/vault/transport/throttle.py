"""The farmer's limits on the line: how many bytes go out, and are taken in, in a second.

    a piece of a frame -> its subnet's queue -> one subnet after the other, as the bucket fills -> on the line

What is small goes at once, and the others make up for it: a proof or a refusal that came late would be held against
this vault.  Only so much of it, so that many small ones can neither break the limit nor take all of it; then it waits
for its subnet's turn, as all else does.

What peers send before anybody reads it lies in the windows of iroh, up to 1.25 MB for each stream, which cannot be
set from Python: of a moment more may come in than the limit says, but not of a minute.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

PIECE_BYTES_MIN: Final = 1 << 14
PIECE_BYTES_MAX: Final = 1 << 18
PIECE_S: Final = 0.05  # of the limit: nobody is kept waiting longer by one piece of another
SMALL_BYTES: Final = 1 << 12  # a frame of no more goes first
BURST_S: Final = 0.25  # what an idle line may catch up
BORROWED_S: Final = 1.0  # of the limit, that small frames may go ahead of it
SMALL_PART: Final = 0.5  # of the limit, the most that goes ahead in the long run: else nothing else would ever go
WAIT_S_MIN: Final = 0.001


class Throttle:
    """One direction.  Belongs to one event loop.

    Invariant: from any moment on no more than ``BURST_S + BORROWED_S`` of the limit and one piece pass above it.  Who
    waits here has a request on its way, and those are counted (``limits.Requests``, ``sessions.ASKING_MAX``).
    """

    def __init__(self) -> None:
        self._bytes_per_s = 0
        self._level_bytes = 0.0  # may pass now; below zero it was borrowed
        self._small_bytes = 0.0  # of what is small may go ahead now
        self._at_s = 0.0
        self._waiting: OrderedDict[str, deque[tuple[asyncio.Future[None], int]]] = OrderedDict()  # by subnet
        self._timer: asyncio.TimerHandle | None = None

    @property
    def piece_bytes(self) -> int:
        """How much to ask for at once; 0: as much as there is."""
        wanted = int(self._bytes_per_s * PIECE_S)
        return min(max(wanted, PIECE_BYTES_MIN), PIECE_BYTES_MAX) if self._bytes_per_s else 0

    def set(self, bytes_per_s: int) -> None:
        """Keep to this from now on; 0: no limit, and nobody waits any longer."""
        if bytes_per_s == self._bytes_per_s:
            return
        self._fill()
        self._bytes_per_s = bytes_per_s
        self._level_bytes = min(self._level_bytes, bytes_per_s * BURST_S)
        self._small_bytes = bytes_per_s * BORROWED_S
        self._admit()

    def count(self, size_bytes: int) -> None:
        """So much passes without waiting; what comes later makes up for it, for BORROWED_S at most."""
        if self._bytes_per_s:
            self._fill()
            owed_bytes = BORROWED_S * self._bytes_per_s
            self._level_bytes = max(self._level_bytes - size_bytes, min(self._level_bytes, -owed_bytes))

    async def take(self, subnet: str, size_bytes: int, *, is_small: bool) -> None:
        """Return when so much may pass.  Safe to cancel: what was not used is given back."""
        if not self._bytes_per_s:
            return
        self._fill()
        is_first = not self._waiting and self._level_bytes > 0
        is_ahead = is_small and self._small_bytes > 0 and self._level_bytes > -BORROWED_S * self._bytes_per_s
        if is_first or is_ahead:
            self._level_bytes -= size_bytes
            self._small_bytes -= 0 if is_first else size_bytes
            return
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(subnet, deque()).append((admitted, size_bytes))
        self._set_timer()
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self._level_bytes += size_bytes
            raise

    def close(self) -> None:
        """Nothing is let through by time any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _admit(self) -> None:
        self._timer = None
        self._fill()
        while self._waiting and (self._level_bytes > 0 or not self._bytes_per_s):
            subnet, queue = self._waiting.popitem(last=False)
            admitted, size_bytes = queue.popleft()
            if queue:
                self._waiting[subnet] = queue  # behind the others
            if not admitted.done():  # else it was cancelled
                self._level_bytes -= size_bytes
                admitted.set_result(None)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._waiting and self._timer is None:
            wait_s = max(WAIT_S_MIN, -self._level_bytes / self._bytes_per_s)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._admit)

    def _fill(self) -> None:
        now_s = asyncio.get_running_loop().time()
        filled = self._level_bytes + (now_s - self._at_s) * self._bytes_per_s
        small = self._small_bytes + (now_s - self._at_s) * self._bytes_per_s * SMALL_PART
        self._small_bytes = min(small, self._bytes_per_s * BORROWED_S)
        self._level_bytes, self._at_s = min(filled, self._bytes_per_s * BURST_S), now_s


@dataclass(frozen=True, slots=True)
class Meter:
    """Both directions of the line, for the streams with the peers of one subnet."""

    sending: Throttle
    receiving: Throttle
    subnet: str
