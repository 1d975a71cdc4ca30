"""The farmer's limits on the line: how many bytes go out, and are taken in, in a second.

    a frame -> a place behind those before it -> piece by piece, as the bucket fills, the foremost first -> on the line

Frames pass one after the other.  Side by side all would take as long as all together, and each would come too late for
whoever waits for it.  Of every subnet one passes before a second one of any; one whose peer takes nothing at the
moment holds nobody up.

What is small goes at once, and the others make up for it: a proof or a refusal that came late would be held against
this vault.  Only so much of it, so that many small ones can neither break the limit nor take all of it; then it waits
for its turn, as all else does.

What peers send before anybody reads it lies in the windows of iroh, up to 1.25 MB for each stream, which cannot be
set from Python: of a moment more may come in than the limit says, but not of a minute.

Source: Goyal, Vin and Cheng, "Start-time fair queueing" (1996), with frames for its packets.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Final

PIECE_BYTES_MIN: Final = 1 << 14
PIECE_BYTES_MAX: Final = 1 << 18
PIECE_S: Final = 0.05  # of the limit: nobody is kept waiting longer by one piece of another
SMALL_BYTES: Final = 1 << 14  # a frame of no more goes first: all but chunks, heads and tables of ranks
BURST_S: Final = 0.25  # what an idle line may catch up
BORROWED_S: Final = 1.0  # of the limit, that small frames may go ahead of it
SMALL_PART: Final = 0.5  # of the limit, the most that goes ahead in the long run: else nothing else would ever go
WAIT_S_MIN: Final = 0.001
ROUNDS_KEPT: Final = 1_000  # subnets whose last place is remembered

Place = tuple[int, int]  # the round of its subnet, and how many frames came before it


@dataclass(slots=True)
class Frame:
    """One on its way: its place in the line, and how much of it has still to pass."""

    subnet: str
    place: Place
    left_bytes: int
    is_small: bool


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
        self._numbers = itertools.count()
        self._round = 0  # of the frame that passed last
        self._rounds: dict[str, int] = {}  # by subnet, of its newest frame
        self._waiting: dict[Place, tuple[Frame, int, asyncio.Future[None]]] = {}
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

    def wait_s(self, subnet: str, size_bytes: int) -> float:
        """In how many seconds a frame that was begun now would have passed, if no other comes before it."""
        if not self._bytes_per_s:
            return 0.0
        self._fill()
        here = self._round_of(subnet)
        before_bytes = sum(frame.left_bytes for frame, _, _ in self._waiting.values() if frame.place[0] <= here)
        return max(0.0, before_bytes + size_bytes - self._level_bytes) / self._bytes_per_s

    def frame(self, subnet: str, size_bytes: int) -> Frame:
        """A frame that passes from here on, piece by piece."""
        place = (self._round_of(subnet), next(self._numbers))
        frame = Frame(subnet, place, size_bytes, is_small=size_bytes <= SMALL_BYTES)
        if not frame.is_small:
            self._use_up(frame)
        return frame

    async def take(self, frame: Frame, size_bytes: int) -> None:
        """Return when so much of it may pass.  Safe to cancel: what was not used is given back."""
        if self._bytes_per_s and not self._may_pass(frame, size_bytes):
            admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[frame.place] = (frame, size_bytes, admitted)
            self._use_up(frame)
            self._set_timer()
            try:
                await admitted
            except asyncio.CancelledError:
                if self._waiting.pop(frame.place, None) is None and not admitted.cancelled():
                    self._level_bytes += size_bytes
                raise
        frame.left_bytes -= size_bytes

    def close(self) -> None:
        """Nothing is let through by time any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _may_pass(self, frame: Frame, size_bytes: int) -> bool:
        """Whether it need not wait; then it is counted."""
        self._fill()
        is_first = not self._waiting and self._level_bytes > 0
        is_ahead = frame.is_small and self._small_bytes > 0
        if is_first:
            self._round = max(self._round, frame.place[0])
        elif is_ahead and self._level_bytes > -BORROWED_S * self._bytes_per_s:
            self._small_bytes -= size_bytes
        else:
            return False
        self._level_bytes -= size_bytes
        return True

    def _round_of(self, subnet: str) -> int:
        """Where a frame of this subnet would stand now."""
        return max(self._round, self._rounds.get(subnet, -1) + 1)

    def _use_up(self, frame: Frame) -> None:
        """The next frame of this subnet stands a round farther back.  Small ones that need not wait use up none."""
        used = max(self._rounds.pop(frame.subnet, -1), frame.place[0])
        self._rounds[frame.subnet] = used
        if len(self._rounds) > ROUNDS_KEPT:
            del self._rounds[next(iter(self._rounds))]

    def _admit(self) -> None:
        self._timer = None
        self._fill()
        while self._waiting and (self._level_bytes > 0 or not self._bytes_per_s):
            frame, size_bytes, admitted = self._waiting.pop(min(self._waiting))
            self._round = max(self._round, frame.place[0])
            if not admitted.done():  # else it is being cancelled
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

    def would_last(self, size_bytes: int, longer_than_s: float) -> bool:
        """Whether so much that went out to them from now on would take so long.

        Never so of what is small: it goes ahead, and where it may not, a refusal in its place would come no sooner.
        """
        return size_bytes > SMALL_BYTES and self.sending.wait_s(self.subnet, size_bytes) > longer_than_s
