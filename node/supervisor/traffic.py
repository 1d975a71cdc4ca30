"""What the vault sends and receives, minute by minute, for the last hour, over all of its runs."""

from __future__ import annotations

from typing import Final

from node.api.schema import Traffic

MINUTE_S: Final = 60
MINUTES_KEPT: Final = 60


class TrafficLog:
    """Invariant: at most MINUTES_KEPT + 1 minutes, none of them of the future.

    What is between two totals belongs to the minute of the later one; what a run moved after its last total is lost.
    """

    def __init__(self) -> None:
        self._minutes: dict[int, tuple[int, int]] = {}
        self._run: object = None
        self._sent_bytes, self._received_bytes = 0, 0

    def take(self, run: object, sent_bytes: int, received_bytes: int, now_s: float) -> None:
        """``run`` has moved so much since it was started."""
        if run is not self._run:
            self._run, self._sent_bytes, self._received_bytes = run, 0, 0
        minute = int(now_s // MINUTE_S)
        sent, received = self._minutes.get(minute, (0, 0))
        self._minutes[minute] = (
            sent + max(0, sent_bytes - self._sent_bytes),
            received + max(0, received_bytes - self._received_bytes),
        )
        self._sent_bytes, self._received_bytes = sent_bytes, received_bytes
        self._minutes = {at: moved for at, moved in self._minutes.items() if minute - MINUTES_KEPT <= at <= minute}

    def minutes(self, now_s: float) -> tuple[Traffic, ...]:
        """The last hour, oldest first, from the first minute that is known to the last one that is over."""
        over = int(now_s // MINUTE_S)
        first = min((at for at in self._minutes if at >= over - MINUTES_KEPT), default=over)
        return tuple(Traffic(float(at * MINUTE_S), *self._minutes.get(at, (0, 0))) for at in range(first, over))
