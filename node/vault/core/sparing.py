"""How much of the line goes to what the vault does by itself: copies for others, and own chunks fetched again."""

from __future__ import annotations

import math
from typing import Final

OWN_PART: Final = 2  # of a limit; the other half is for those who wait for an answer
PAUSED_PART: Final = 8  # of the pace, while no new chunks are taken


def own_bytes_per_s(wanted_bytes_per_s: int, limit_bytes_per_s: int, *, is_taking: bool) -> float:
    """The most that may be used a second; infinity when nothing but the pace, ``wanted_bytes_per_s``, bounds it."""
    most = limit_bytes_per_s / OWN_PART if limit_bytes_per_s else math.inf
    return most if is_taking else min(most, wanted_bytes_per_s / PAUSED_PART)
