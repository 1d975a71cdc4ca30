"""The trial's own time, and since when each twin is up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Step:
    """From one event to the next.  ``is_gap``: the computer slept, or the clock was set anew."""

    awake_s: float = 0.0
    is_late: bool = False
    is_gap: bool = False
    is_new_clock: bool = False


class Clock(msgspec.Struct):
    """The time of a trial, summed up from the steps between events.

    ``awake_s`` counts at most ``gap_s_max`` of a step: in a longer one the computer slept, and nothing may be
    concluded from the silence.  On some systems clocks go on meanwhile, on others they stand still.
    """

    now_s: float | None = None
    awake_s: float = 0.0
    began_s: float = 0.0  # ``awake_s`` when the trial began

    def advance(self, now_s: float, gap_s_max: float) -> Step:
        """Go on to ``now_s``.  An event from before the last one is late and moves nothing."""
        assert math.isfinite(now_s), now_s
        step_s = 0.0 if self.now_s is None else now_s - self.now_s
        if -gap_s_max <= step_s < 0.0:
            return Step(is_late=True)
        self.now_s = now_s
        if step_s < 0.0:
            return Step(is_gap=True, is_new_clock=True)
        awake_s = min(step_s, gap_s_max)
        self.awake_s += awake_s
        return Step(awake_s=awake_s, is_gap=step_s > gap_s_max)

    def begin(self) -> None:
        """What has passed so far was before the trial."""
        self.began_s = self.awake_s

    @property
    def lasted_s(self) -> float:
        """How long the computer was awake since the trial began."""
        return self.awake_s - self.began_s

    def restart(self, now_s: float) -> None:
        """The clock starts anew at ``now_s``; what was summed up stays."""
        self.now_s = now_s


class Presence(msgspec.Struct):
    """Whether one twin is up.  ``changed_s``: the time of the newest event that said so."""

    is_up: bool = False
    changed_s: float | None = None

    def change(self, now_s: float, *, is_up: bool) -> bool:
        """Take the news unless it is late or repeated; return whether it was news."""
        if is_up == self.is_up or (self.changed_s is not None and now_s < self.changed_s):
            return False
        self.is_up, self.changed_s = is_up, now_s
        return True
