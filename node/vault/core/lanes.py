"""A lane for each subnet, for what nobody waits for: a few turns at once, and less when they end late and unproven.

    open: SUBNET_AT_ONCE turns at once, more of them wait
     |  ^ proven
     |  probing: one turn at a time <--------- pause over ---.
     |     |                                                |
     '-----'--- a turn ends late and without a proof -----> paused: whoever comes is passed over;
                                                            each pause is twice as long as the one before

So a subnet's late answers cost time in its own lane only, whoever else stands in the queues.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from node.vault.core.desk import Desk

SUBNET_AT_ONCE: Final = 4
LATE_S: Final = 2.0  # a failure that has taken longer is late; one that comes at once costs next to nothing
PAUSE_S: Final = 10.0
PAUSE_S_MAX: Final = 120.0  # short enough for an honest subnet that was overloaded
LANES_KEPT: Final = 1_000


class Entrant(Protocol):
    """Somebody who wants to ask a peer of the lane's subnet."""

    def admitted(self, desk: Desk) -> None: ...

    def passed_over(self, desk: Desk) -> None: ...


@dataclass(slots=True)
class _Lane:
    at_work: int = 0
    pause_s: float = 0.0  # how long the last one was; 0.0 since the last proof
    free_at_s: float = 0.0
    waiting: dict[Entrant, None] = field(default_factory=dict)

    def is_paused(self, now_s: float) -> bool:
        return self.pause_s > 0 and now_s < self.free_at_s

    def is_in_use(self, now_s: float) -> bool:
        return self.at_work > 0 or bool(self.waiting) or self.is_paused(now_s)

    @property
    def is_full(self) -> bool:
        return self.at_work >= (1 if self.pause_s else SUBNET_AT_ONCE)


class Lanes:
    """Invariant: who has entered is admitted or passed over, once, unless it withdraws; who was admitted leaves."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}

    def is_paused(self, subnet: str, now_s: float) -> bool:
        lane = self._lanes.get(subnet)
        return lane is not None and lane.is_paused(now_s)

    def is_full(self, subnet: str, now_s: float) -> bool:
        """Whether who enters now would have to wait; nobody waits at a paused lane."""
        lane = self._lanes.get(subnet)
        return lane is not None and not lane.is_paused(now_s) and (lane.is_full or bool(lane.waiting))

    def enter(self, desk: Desk, subnet: str, entrant: Entrant) -> None:
        lane = self._lane(subnet, desk.now.monotonic_s)
        if lane.is_paused(desk.now.monotonic_s):
            entrant.passed_over(desk)
        else:
            lane.waiting[entrant] = None
            self._go_on(desk, lane)

    def withdraw(self, subnet: str, entrant: Entrant) -> None:
        """It waits no more."""
        lane = self._lanes.get(subnet)
        if lane is not None:
            lane.waiting.pop(entrant, None)

    def leave(self, desk: Desk, subnet: str, *, spent_s: float, is_proven: bool) -> None:
        """One that was admitted has ended; ``spent_s``: how long the peer has let it wait for answers."""
        lane = self._lanes[subnet]
        assert lane.at_work > 0, subnet
        lane.at_work -= 1
        if is_proven:
            lane.pause_s = 0.0
        elif spent_s > LATE_S and not lane.is_paused(desk.now.monotonic_s):
            lane.pause_s = min(max(PAUSE_S, 2 * lane.pause_s), PAUSE_S_MAX)
            lane.free_at_s = desk.now.monotonic_s + lane.pause_s
            passed_over, lane.waiting = lane.waiting, {}
            for entrant in passed_over:
                entrant.passed_over(desk)
        self._go_on(desk, lane)

    def _go_on(self, desk: Desk, lane: _Lane) -> None:
        while lane.waiting and not lane.is_full:
            entrant = next(iter(lane.waiting))
            del lane.waiting[entrant]
            lane.at_work += 1
            entrant.admitted(desk)

    def _lane(self, subnet: str, now_s: float) -> _Lane:
        if subnet not in self._lanes and len(self._lanes) >= LANES_KEPT:
            self._lanes = {name: lane for name, lane in self._lanes.items() if lane.is_in_use(now_s)}
        return self._lanes.setdefault(subnet, _Lane())
