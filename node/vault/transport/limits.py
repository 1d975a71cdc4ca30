"""Who may connect, and how much of this machine one subnet gets.

Whatever a peer sends lies in our memory until somebody reads it: up to 1.25 MB for each stream, which cannot be set
from Python.  Hence connections, and requests that have begun to arrive, are counted by subnet and in all, and attempts
to connect by time: one subnet, however busy, leaves room for the others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final
from weakref import WeakValueDictionary

ACCEPTED_MAX: Final = 256  # connections made by peers; about 100 kB of memory each
ACCEPTED_PER_SUBNET_MAX: Final = 16
ACCEPTED_PART: Final = 8  # no subnet takes more than this part of what is left, so that a few do not take all
UNPROVEN_MAX: Final = 32  # handshakes at once; then a peer must first prove that its address is its own
UNPROVEN: Final = "unproven"
ATTEMPTS_PER_S: Final = 4.0  # to connect, of one subnet in the long run
ATTEMPTS_AT_ONCE_MAX: Final = 32
ATTEMPTS_SUBNETS_MAX: Final = 4096
REQUESTS_MAX: Final = 128  # that have begun to arrive, each up to 1.25 MB; more are broken off
SERVING_PER_SUBNET_MAX: Final = 32  # of these, being answered; each up to 1 MiB in and 1 MiB out
SIGNS_PER_S_MAX: Final = 64  # datagrams of one peer; its signs of life are far fewer
SIGN_BYTES_MAX: Final = 16  # of each; ours have one.  They never wait, so long ones would take the line from all others


class Places:
    """Connections that peers have made, by subnet.  A place is held for as long as the connection stands.

    ``let_idle_go``: close one of this subnet that is of no use; whether there was one.
    """

    def __init__(self, counters: Counter[str], let_idle_go: Callable[[str], bool] = lambda _: False) -> None:
        self._counters = counters
        self._let_idle_go = let_idle_go
        self.taken: Counter[str] = Counter()

    def has_room(self, subnet: str) -> bool:
        left = ACCEPTED_MAX - self.taken.total()
        return self.taken[subnet] < min(ACCEPTED_PER_SUBNET_MAX, left // ACCEPTED_PART)

    def makes_room(self, subnet: str) -> bool:
        """Whether one that has proven its address may come, if need be in the place of another one of its subnet."""
        has_room = self.has_room(subnet) or self._let_idle_go(subnet)
        self._counters["connection over limit"] += not has_room
        return has_room

    @property
    def is_crowded(self) -> bool:
        """Whether so many strangers shake hands that the next one must first prove its address."""
        return self.taken[UNPROVEN] >= UNPROVEN_MAX

    @contextlib.contextmanager
    def take(self, subnet: str) -> Iterator[None]:
        self.taken[subnet] += 1
        try:
            yield
        finally:
            self.taken[subnet] -= 1
            self.taken += Counter()  # drops the subnets that have none left


class Attempts:
    """Attempts to connect, by name: ATTEMPTS_AT_ONCE_MAX at once, ATTEMPTS_PER_S for ever.  Of bounded size."""

    def __init__(self) -> None:
        self._level: dict[str, tuple[float, float]] = {}  # by name: how full its bucket was, and when

    def is_allowed(self, name: str, now_s: float) -> bool:
        level, at_s = self._level.pop(name, (0.0, now_s))
        level = max(0.0, level - (now_s - at_s) * ATTEMPTS_PER_S)
        is_allowed = level + 1 <= ATTEMPTS_AT_ONCE_MAX
        self._level[name] = (level + is_allowed, now_s)  # at the end: the first one was heard of longest ago
        if len(self._level) > ATTEMPTS_SUBNETS_MAX:
            del self._level[next(iter(self._level))]
        return is_allowed


class Requests:
    """Requests that are arriving, at work or being answered, by subnet.

    No subnet takes more than what it leaves: a second one finds half of the whole, the next one half of that, and many
    that ask at once get the same each.  Whoever wants all of it needs as many subnets as it has halves.

    Source: Choudhury and Hahne, "Dynamic queue length thresholds" (1998).
    """

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()
        self._serving: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def serving(self, subnet: str) -> asyncio.Semaphore:
        """Shared by all sessions of the subnet; whoever holds it keeps it alive."""
        return self._serving.setdefault(subnet, asyncio.Semaphore(SERVING_PER_SUBNET_MAX))

    def has_room(self, subnet: str) -> bool:
        return self._begun[subnet] < REQUESTS_MAX - self._begun.total()

    @contextlib.contextmanager
    def take(self, subnet: str) -> Iterator[None]:
        self._begun[subnet] += 1
        try:
            yield
        finally:
            self._begun[subnet] -= 1
            if not self._begun[subnet]:
                del self._begun[subnet]


class Signs:
    """Datagrams of one peer, second by second."""

    def __init__(self) -> None:
        self._count = 0
        self._since_s = 0.0

    def is_flood(self, now_s: float) -> bool:
        """Count one more."""
        if now_s - self._since_s >= 1.0:
            self._count, self._since_s = 0, now_s
        self._count += 1
        return self._count > SIGNS_PER_S_MAX
