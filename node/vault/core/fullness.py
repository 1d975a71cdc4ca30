"""Which peers have said that they take no new chunks.

Only the peer itself is believed, and only about itself.  What it holds it still has to prove: being full takes nobody
out of a close group, others merely stand in for it with the chunks that it does not hold.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

FULL_S: Final = 3600.0  # since it said so last; then it is taken to have room until it says so again
FULL_KEPT: Final = 1_000  # peers


class Fullness:
    """Invariant: at most FULL_KEPT peers, those that said so last."""

    def __init__(self) -> None:
        self._said_s: OrderedDict[bytes, float] = OrderedDict()

    def heard(self, vault_id: bytes, now_s: float, *, is_full: bool) -> None:
        """The peer has just said whether it is full."""
        self._said_s.pop(vault_id, None)
        if is_full:
            self._said_s[vault_id] = now_s
            if len(self._said_s) > FULL_KEPT:
                self._said_s.popitem(last=False)

    def ids(self, now_s: float) -> frozenset[bytes]:
        """The vault ids of those who are full as far as is known."""
        return frozenset(vault_id for vault_id, said_s in self._said_s.items() if now_s - said_s < FULL_S)
