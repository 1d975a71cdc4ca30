"""About how many vaults the network has, from what one of them knows (pure).

A vault knows all that stand next to it, and of the far ones a few of each distance.  So the number of those it knows
says less the larger the network is; how near its nearest stand says more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

POSITION_BITS: Final = 256
NEAREST: Final = 12  # fewer make a rougher guess, and of more not all may be known


def network_size(position: int, others: Iterable[int]) -> int:
    """With the vault at ``position``, which knows ``others``, by their positions.

    The guess is within a factor of two but once in twenty times.  Whoever draws keys next to this vault makes it
    larger, without limit, and nobody can make it smaller than what is known.
    """
    away = sorted(position ^ other for other in others)
    if len(away) < NEAREST:
        return len(away) + 1
    by_nearness = ((NEAREST - 1) << POSITION_BITS) // max(1, away[NEAREST - 1])
    return max(len(away) + 1, by_nearness)
