"""When to start a vault again that ended: soon at first, then ever more slowly.  Pure.

A run that lasted STEADY_S counts as a good one and forgives the failures before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DELAY_S_MIN: Final = 1.0
DELAY_S_MAX: Final = 60.0
STEADY_S: Final = 60.0  # a vault that was up for so long did start


@dataclass(slots=True)
class Watchdog:
    """The failures of one slot's vault.  A new slot gets a new watchdog."""

    _in_a_row: int = 0

    def ended(self, up_s: float) -> float:
        """Note that the vault ended, unasked, after being up for ``up_s`` (0: never); return the delay in seconds."""
        assert up_s >= 0.0, up_s
        self._in_a_row = 1 if up_s >= STEADY_S else self._in_a_row + 1
        return self._delay_s()

    @property
    def failures_in_a_row(self) -> int:
        return self._in_a_row

    def was_steady(self) -> None:
        """Note that the vault has been up for STEADY_S: what failed before is forgiven."""
        self._in_a_row = 0

    def _delay_s(self) -> float:
        # The exponent is bounded before the power is taken: 2 ** 10_000 has no float.
        return min(DELAY_S_MAX, DELAY_S_MIN * 2.0 ** min(self._in_a_row - 1, 10))
