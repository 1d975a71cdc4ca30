"""Heads that the vault hands up, until they are judged: fair to those who offer them, at a bounded cost.

Anyone can offer heads without end, and an old or a known one with a space added takes as long to verify as a good
one and is nobody's fault.  So each subnet has one head waiting, its newest; who was judged longest ago, or never,
comes first; and judging takes no more than a fifth of the time.  Subnets are counted and not senders: anyone can be
as many vaults as they like that were never judged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from node.vault.control import HEAD_BYTES_MAX, HeadSeen

SUBNET_CHARACTERS_MAX: Final = 64  # a vault's word, and kept: none that is really seen is longer
SUBNETS_MAX: Final = 16  # that have a head waiting
TURNS_KEPT: Final = 1024  # subnets of which it is known when they were judged
REST_PER_S: Final = 4.0  # of judging
REST_S_MAX: Final = 30.0

log = logging.getLogger(__name__)


class HeadQueue:
    """Belongs to one event loop.  Invariant: at most SUBNETS_MAX heads wait, and at most one of each subnet."""

    def __init__(self) -> None:
        self._waiting: dict[str, HeadSeen] = {}
        self._turns: dict[str, int] = {}  # subnet -> number of its last turn, the oldest first
        self._turn = 0
        self._arrived = asyncio.Event()

    def put(self, seen: HeadSeen) -> None:
        """Let a head wait, if there is room or it comes from where was judged longer ago than another."""
        if len(seen.content) > HEAD_BYTES_MAX or len(seen.subnet) > SUBNET_CHARACTERS_MAX:
            return
        if seen.subnet not in self._waiting and len(self._waiting) >= SUBNETS_MAX:
            latest = max(self._waiting, key=self._last_turn)
            if self._last_turn(latest) <= self._last_turn(seen.subnet):
                return
            del self._waiting[latest]
        self._waiting[seen.subnet] = seen
        self._arrived.set()

    async def get(self) -> HeadSeen:
        """Wait for a head and take it: of the subnet whose turn it is.  Safe to cancel."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        subnet = min(self._waiting, key=self._last_turn)
        self._turn += 1
        self._turns.pop(subnet, None)
        self._turns[subnet] = self._turn
        if len(self._turns) > TURNS_KEPT:
            del self._turns[next(iter(self._turns))]
        return self._waiting.pop(subnet)

    async def judge(self, offer: Callable[[bytes, bytes], Awaitable[object]]) -> None:
        """Have one after the other judged, with rests in between, until cancelled."""
        while True:
            seen = await self.get()
            begun_s = asyncio.get_running_loop().time()
            try:
                await offer(seen.content, seen.sender)
            except Exception:
                log.exception("a head could not be judged")
            await asyncio.sleep(rest_s(asyncio.get_running_loop().time() - begun_s))

    def _last_turn(self, subnet: str) -> int:
        return self._turns.get(subnet, 0)


def rest_s(judged_s: float) -> float:
    """How long to rest after judging for so long."""
    return min(REST_S_MAX, REST_PER_S * judged_s)
