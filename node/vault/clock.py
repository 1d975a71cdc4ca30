"""EDGE: the machine's clocks."""

from __future__ import annotations

import time


class SystemClock:
    """Fulfils ``ports.Clock``."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def utc_s(self) -> float:
        return time.time()
