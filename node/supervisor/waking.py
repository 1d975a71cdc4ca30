"""The clock that goes on while the computer sleeps, and whether it has slept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Final

# Where there is no such clock, the usual one goes on meanwhile (Windows).
_SLEEPLESS: Final = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
STEADY: Final[Callable[[], float]] = time.monotonic if _SLEEPLESS is None else partial(time.clock_gettime, _SLEEPLESS)
SLEPT_S_MIN: Final = 5.0  # by which the two clocks must part; both are read, one after the other


class Waking:
    """``woke_s``: when it was last noticed that the computer had slept, by the clock that goes on meanwhile."""

    def __init__(self, steady_s: Callable[[], float] = STEADY, awake_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._awake_s = awake_s
        self._slept_s = steady_s() - awake_s()
        self.woke_s = -math.inf

    def awake_s(self) -> float:
        """By the clock that stands still while the computer sleeps."""
        return self._awake_s()

    def now_s(self) -> float:
        """By the one that goes on; look whether it has slept since the last call."""
        now_s = self._steady_s()
        slept_s = now_s - self._awake_s()
        if slept_s - self._slept_s > SLEPT_S_MIN:
            self.woke_s = now_s
        self._slept_s = slept_s
        return now_s
