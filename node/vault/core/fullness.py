"""Which peers have said that they take no new chunks, or have refused one for want of room.

Only the peer itself is believed, and only about itself.  What it holds it still has to prove: being full takes nobody
out of a close group, others merely stand in for it with the chunks that it does not hold.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

# Since it said so last, or refused.  It may have room long before, but others go on holding chunks in its place until a
# sweep has brought it these: so it is longer than a sweep takes.
FULL_S: Final = 36 * 3600.0
FULL_KEPT: Final = 1_000  # peers of each kind


class Fullness:
    """Invariant: at most FULL_KEPT peers of each kind, those that said so last."""

    def __init__(self) -> None:
        self._said_s: OrderedDict[bytes, float] = OrderedDict()
        self._refused_s: OrderedDict[bytes, float] = OrderedDict()

    def said(self, vault_id: bytes, now_s: float) -> None:
        """The peer has just said that it is full."""
        _note(self._said_s, vault_id, now_s)

    def refused(self, vault_id: bytes, now_s: float) -> None:
        """The peer has no room for one chunk; for smaller ones it may have, and so it may never say that it is full."""
        _note(self._refused_s, vault_id, now_s)

    def ids(self, now_s: float) -> frozenset[bytes]:
        """The vault ids of those in whose place others may hold something, as far as is known."""
        noted = (*self._said_s.items(), *self._refused_s.items())
        return frozenset(vault_id for vault_id, said_s in noted if now_s - said_s < FULL_S)


def _note(noted: OrderedDict[bytes, float], vault_id: bytes, now_s: float) -> None:
    noted[vault_id] = now_s
    noted.move_to_end(vault_id)
    if len(noted) > FULL_KEPT:
        noted.popitem(last=False)
