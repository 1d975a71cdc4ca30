"""What others' clocks say, seen from the own one: the newest of each subnet.

One vault's word is worth little, and a crowd behind one address no more than one: whoever decides looks at how many
subnets agree.
"""

from __future__ import annotations

from collections import OrderedDict

from node.vault.looks import CLOCKS_MAX, SPAN_S_MAX, ClockSeen


class Clocks:
    """Invariant: at most CLOCKS_MAX subnets, those heard of last."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, float, float]] = OrderedDict()

    def heard(self, subnet: str, low_s: float, high_s: float, now_s: float) -> None:
        """A clock in ``subnet`` is ahead of the own one by ``low_s`` to ``high_s``; negative: behind."""
        if not -SPAN_S_MAX <= low_s <= high_s <= SPAN_S_MAX:
            return  # nor is NaN: nobody means such a time
        self._seen[subnet] = low_s, high_s, now_s
        self._seen.move_to_end(subnet)
        if len(self._seen) > CLOCKS_MAX:
            self._seen.popitem(last=False)

    def fresh(self, since_s: float) -> set[str]:
        """The subnets that were heard of since then."""
        return {subnet for subnet, (_, _, at_s) in self._seen.items() if at_s >= since_s}

    def told(self, now_s: float) -> tuple[ClockSeen, ...]:
        """The newest first."""
        return tuple(
            ClockSeen(low_s, high_s, max(0.0, now_s - at_s)) for low_s, high_s, at_s in reversed(self._seen.values())
        )
