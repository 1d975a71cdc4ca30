"""Own chunks that turned out to be missing or corrupt here: fetched from their group and written again.

lost --> waits --> fetched --> written: restored
^----------'-----------'  not now: again later, TRIES_MAX times, then given up
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from node.vault.core.desk import Desk
from node.vault.core.fetch import Fetch

PARALLEL: Final = 4
WAITING_MAX: Final = 10_000
TRIES_MAX: Final = 6
PAUSE_S: Final = 30.0  # after the first failure, twice as long after each further one


@dataclass(slots=True)
class _Lost:
    at_s: float  # not before
    tries: int = 0


class Restorer:
    """Invariant: an address waits or is being worked on, never both; at most PARALLEL are."""

    def __init__(self, bytes_per_s: int) -> None:
        self._bytes_per_s = max(1, bytes_per_s)
        self.bytes_per_s_max = math.inf  # what the farmer leaves of the line
        self._waiting: OrderedDict[bytes, _Lost] = OrderedDict()
        self._working: dict[bytes, _Lost] = {}
        self._free_at_s = 0.0  # the line has room again, or the disk is worth another try

    def __len__(self) -> int:
        return len(self._waiting) + len(self._working)

    @property
    def due_s(self) -> float:
        if not self._waiting or len(self._working) >= PARALLEL:
            return math.inf
        return max(self._free_at_s, next(iter(self._waiting.values())).at_s)

    def lost(self, desk: Desk, address: bytes) -> None:
        """Of a chunk that was held no whole copy is left here."""
        if address in self._waiting or address in self._working or not desk.is_mine(address):
            return
        if len(self._waiting) >= WAITING_MAX:
            desk.counters["restore queue full"] += 1  # those who audit this vault give it the chunk again
            return
        self._waiting[address] = _Lost(desk.now.monotonic_s)
        self._waiting.move_to_end(address, last=False)

    def tick(self, desk: Desk) -> None:
        now_s = desk.now.monotonic_s
        while self._waiting and len(self._working) < PARALLEL and now_s >= self._free_at_s:
            address, lost = next(iter(self._waiting.items()))
            if lost.at_s > now_s:
                return
            if desk.trouble:
                self._free_at_s = now_s + PAUSE_S
                return
            del self._waiting[address]
            if address in desk.held or not desk.is_mine(address):
                continue  # given again meanwhile, or not asked for any more
            self._working[address] = lost
            _Restoring(self, address).begin(desk)

    def fetched(self, desk: Desk, length: int) -> None:
        self._free_at_s = max(self._free_at_s, desk.now.monotonic_s) + length / min(
            self._bytes_per_s, self.bytes_per_s_max
        )

    def finished(self, desk: Desk, address: bytes, *, is_restored: bool, is_tried: bool = True) -> None:
        """``is_tried``: whether its failure says something about this chunk."""
        if is_restored:
            del self._working[address]
            desk.counters["chunk restored"] += 1
        else:
            self._again(desk, address, is_tried=is_tried)

    def _again(self, desk: Desk, address: bytes, *, is_tried: bool) -> None:
        lost = self._working.pop(address)
        lost.tries += is_tried
        if lost.tries >= TRIES_MAX:
            desk.counters["chunk lost"] += 1
            return
        lost.at_s = desk.now.monotonic_s + PAUSE_S * 2 ** max(0, lost.tries - 1)
        # The one that may be tried first stands in front.
        later = [other for other, waiting in self._waiting.items() if waiting.at_s > lost.at_s]
        self._waiting[address] = lost
        for other in later:
            self._waiting.move_to_end(other)


class _Restoring:
    """One chunk:  fetched and verified -> written."""

    def __init__(self, restorer: Restorer, address: bytes) -> None:
        self._restorer = restorer
        self._address = address
        self._fetch = Fetch(address, self._fetched)

    def begin(self, desk: Desk) -> None:
        self._fetch.begin(desk)

    def written(self, desk: Desk, address: bytes, length: int, code: str) -> None:
        # What the disk refuses is counted too: it may be well, and refuse this chunk alone for ever.
        self._restorer.finished(desk, address, is_restored=not code)

    def _fetched(self, desk: Desk, content: bytes | None) -> None:
        if content is not None:
            self._restorer.fetched(desk, len(content))
        if self._address in desk.held:
            self._restorer.finished(desk, self._address, is_restored=True)
        elif content is None or desk.trouble or not desk.has_room(self._address, len(content)):
            # A disk that takes nothing says nothing about the chunk, nor does a line that is cut.
            is_tried = not desk.trouble and self._fetch.has_answer
            self._restorer.finished(desk, self._address, is_restored=False, is_tried=is_tried)
        else:
            desk.write_chunk(self, self._address, content)
