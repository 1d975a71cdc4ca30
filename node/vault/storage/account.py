"""What the store uses: in memory as it is, on the disk as an upper bound that no power cut makes too small.

A put goes

    reserve --> written, renamed, flushed --> store
            `-> it failed --> release | leave | remove | store, not durable

and a removal ``begin``, remove, flush the folder, ``settle``.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Final

from node.vault.core.held import Held
from node.vault.errors import QuotaExceeded
from node.vault.storage import tally
from node.vault.storage.quota import Disk, room
from node.vault.storage.tally import Extent

# One tally for so much: with chunks of 1 MiB every 64th put waits for two more flushes.  After a power cut the store
# looks so much fuller until it is counted; therefore never more than a small part of the quota.
STEP_BYTES_MAX: Final = 64 << 20
STEPS_PER_QUOTA: Final = 16
STEP_CHUNKS: Final = 1024
TURN_S_MAX: Final = 60.0  # how long one put waits for the tally that another one writes


class Census:
    """What lies on the disk, as far as it was counted: ``sizes`` by address, and what is ``gone`` since."""

    __slots__ = ("gone", "sizes")

    def __init__(self) -> None:
        self.sizes = Held()
        self.gone: set[bytes] = set()

    def note(self, address: bytes, size: int | None) -> None:
        """A change, which is newer than whatever is found."""
        if size is None:
            self.gone.add(address)
            self.sizes.pop(address, None)
        else:
            self.gone.discard(address)
            self.sizes[address] = size


class Account:
    """Bytes and chunks in use.  Several threads may call it.

    Invariants: ``used_bytes`` is never less than what all chunks and all that is being written take, as far as they
    were counted or the tally can be believed; until then it is the whole quota, and no tally is written.  The tally
    is never less than that, even if a power cut takes back every removal that was not flushed yet.
    """

    def __init__(self, filesystem: Disk, quota_bytes: int) -> None:
        self.quota_bytes = quota_bytes
        self.is_counted = False  # whether every chunk was looked at since the tally was loaded
        self.is_known = False  # whether there was a tally or a count, of whatever age
        self.is_marked = False  # whether the tally lies on the disk
        self._filesystem = filesystem
        self._turn = threading.Lock()  # held while the tally is written
        self._lock = threading.Lock()  # guards all that follows; never held during a system call
        self._bound = Extent(0, 0)  # what the tally allows at least
        self._used_bytes = 0  # of whole chunks
        self._chunk_count = 0
        self._incoming_bytes = 0
        self._changing: dict[bytes, int | None] = {}  # chunks that are written or removed, with what they took before
        self._haunting: dict[bytes, int] = {}  # gone, but a power cut may bring so many bytes back
        self._census: Census | None = None

    @property
    def used_bytes(self) -> int:
        used_bytes = self._used_bytes + self._incoming_bytes
        return used_bytes if self.is_known else max(used_bytes, self.quota_bytes)

    @property
    def chunk_count(self) -> int:
        return self._chunk_count

    def load(self) -> bool:
        """Believe the tally; False if there is none."""
        found = tally.load(self._filesystem)
        with self._lock:
            self.is_counted = False
            self.is_known = self.is_marked = found is not None
            self._bound = found or Extent(0, 0)
            self._used_bytes, self._chunk_count = self._bound
        return found is not None

    def room(self, free_bytes: int) -> int:
        return room(quota_bytes=self.quota_bytes, used_bytes=self.used_bytes, free_bytes=free_bytes)

    def reserve(self, address: bytes, length: int, old_bytes: int | None, free_bytes: int) -> None:
        """Take room for a chunk that now takes ``old_bytes``.

        Raises:
            QuotaExceeded: There is none.
            OSError: The tally cannot be written; nothing is taken.
        """
        with self._lock:
            left = self.room(free_bytes)
            if length > left:
                raise QuotaExceeded(f"a chunk of {length} bytes is over the room of {left}")
            self._incoming_bytes += length
            self._changing[address] = old_bytes
            is_covered = self._bound.covers(self._most())
        if not is_covered:
            try:
                self._write_tally(self._step(), is_for_room=True)
            except OSError:
                self.release(address, length)
                raise

    def release(self, address: bytes, length: int) -> None:
        """The put failed and left no file behind."""
        with self._lock:
            self._incoming_bytes -= length
            self._changing.pop(address)

    def leave(self, address: bytes) -> None:
        """The put failed and its file could not be removed: it counts until the next start cleans up."""
        with self._lock:
            self._changing.pop(address)

    def store(self, address: bytes, length: int, *, is_durable: bool) -> None:
        """The chunk is in its place."""
        with self._lock:
            old_bytes = self._changing[address]
            self._incoming_bytes -= length
            self._set(address, length)
            if is_durable:
                self._haunting.pop(address, None)
            else:
                self._haunt(address, old_bytes or 0)

    def begin(self, address: bytes, old_bytes: int | None) -> None:
        """The chunk is about to be removed."""
        with self._lock:
            self._changing[address] = old_bytes

    def remove(self, address: bytes, length: int = 0) -> None:
        """The chunk is gone, not yet for good; also that of a put of ``length`` which failed after its rename."""
        with self._lock:
            old_bytes = self._changing[address]
            self._incoming_bytes -= length
            self._set(address, None)
            self._haunt(address, max(length, old_bytes or 0))

    def settle(self, address: bytes) -> None:
        """The removal was flushed."""
        with self._lock:
            self._haunting.pop(address, None)
        self.follow()

    def follow(self) -> None:
        """Bring the tally near to what is used, if it is far from it."""
        with self._lock:
            most = self._most()
            is_far = self._bound.used_bytes > most.used_bytes + 2 * self._step().used_bytes
            is_near = self._bound.covers(most) and not is_far
        if not is_near:
            with contextlib.suppress(OSError):  # the next put that needs it tries again, and tells
                self.renew()

    def renew(self) -> None:
        """Write the tally, some steps ahead.

        Raises:
            OSError: It cannot be written; it is as true as before.
        """
        self._write_tally(self._step())

    def close(self) -> None:
        """Let the tally say exactly what is used, if that is known.

        Raises:
            OSError: It cannot be written; it is as true as before, and less exact.
        """
        self._write_tally(Extent(0, 0))

    def start_census(self) -> Census:
        """Begin to count: what is changed from now on is noted in the census too.  A later census ends this one."""
        with self._lock:
            self._census = Census()
            return self._census

    def count(self, census: Census, address: bytes, size: int) -> bool:
        """A chunk was found on the disk; return whether it is there by what is known besides."""
        with self._lock:
            if address in census.gone:
                return False
            if address not in census.sizes:
                census.sizes[address] = size
            return True

    def end_census(self, census: Census) -> None:
        """Every chunk was looked at: what the census holds is the truth."""
        with self._lock:
            if self._census is not census:
                return
            self._census = None
            for address, size in self._changing.items():  # accounted for later, as changes of what they took before
                census.note(address, size)
            self._used_bytes, self._chunk_count = census.sizes.sum_bytes, len(census.sizes)
            self.is_known = self.is_counted = True

    def _step(self) -> Extent:
        return Extent(min(STEP_BYTES_MAX, self.quota_bytes // STEPS_PER_QUOTA), STEP_CHUNKS)

    def _most(self) -> Extent:
        """What may lie on the disk after a power cut now, once all puts that have room were done."""
        return Extent(
            self._used_bytes + self._incoming_bytes + sum(self._haunting.values()),
            self._chunk_count + len(self._changing) + len(self._haunting),
        )

    def _set(self, address: bytes, size: int | None) -> None:
        old_bytes = self._changing.pop(address)
        # A file may have shrunk since it was counted, by rot or by another hand.
        self._used_bytes = max(0, self._used_bytes + (size or 0) - (old_bytes or 0))
        self._chunk_count = max(0, self._chunk_count + (size is not None) - (old_bytes is not None))
        if self._census is not None:
            self._census.note(address, size)

    def _haunt(self, address: bytes, length: int) -> None:
        self._haunting[address] = max(length, self._haunting.get(address, 0))

    def _write_tally(self, ahead: Extent, *, is_for_room: bool = False) -> None:
        if not self._turn.acquire(timeout=TURN_S_MAX):
            raise TimeoutError(f"the tally is not written within {TURN_S_MAX:.0f} s")
        try:
            with self._lock:
                if not self.is_known:
                    return
                most, old = self._most(), self._bound
                if is_for_room and old.covers(most):
                    return  # by whoever had the turn before
                # Never beyond the quota: after a power cut the store would look overfull until it is counted.
                used_bytes = max(most.used_bytes, min(most.used_bytes + ahead.used_bytes, self.quota_bytes))
                new = Extent(used_bytes, most.chunk_count + ahead.chunk_count)
                # Until it is written, and if that fails, either may be what the disk says.
                self._bound = Extent(*map(min, old, new))
            tally.save(self._filesystem, new)
            with self._lock:
                self._bound = new
                self.is_marked = True
        finally:
            self._turn.release()
