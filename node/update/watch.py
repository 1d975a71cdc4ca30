"""The watch over a release that was confirmed: what ends it, and what the release is left for (pure).

Only time in which the node runs counts: a computer that was off has watched nothing, and switching off is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.update.events import Event, Limits, Succeeded, Ticked, VaultFailed, Vetoed, watched_s


@dataclass(frozen=True, slots=True)
class Watch:
    """``failed_s`` are the last failures on the clock of the watch, which stands at ``spent_s``."""

    spent_s: float = 0.0
    failed_s: tuple[float, ...] = ()

    def step(self, event: Event, since_s: float, limits: Limits) -> tuple[Watch | None, str]:
        """What it is after an event, None once it is over; and why the release must be left, "" if it need not.

        ``since_s``: up to when it was counted.
        """
        watch = replace(self, spent_s=self.spent_s + watched_s(event, since_s))
        if watch.spent_s >= limits.watch_s or isinstance(event, Succeeded):
            return None, ""
        if isinstance(event, Vetoed):
            return None, event.reason
        if isinstance(event, VaultFailed) and not event.is_late:
            return _failed(watch, event.reason, limits)
        return watch, ""

    def left_s(self, limits: Limits) -> float:
        return max(0.0, limits.watch_s - self.spent_s)


def late_starts(before: int, event: Event) -> int:
    """How many starts in a row were too late after this event; a vault in use that answers has started in time."""
    if isinstance(event, VaultFailed):
        return before + event.is_late
    return 0 if isinstance(event, Ticked) and not event.is_idle else before


def why_left(starts: int, event: Event, limits: Limits) -> str:
    """Why a version must be left of which so many starts in a row were too late; "" if it need not.

    On a computer that is busy for some minutes, at log-in say, any version starts late, and none is left for that.
    """
    if not isinstance(event, VaultFailed) or not event.is_late or starts < limits.late_starts_max:
        return ""
    return f"it started too late {starts} times in a row: {event.reason}"


def _failed(watch: Watch, reason: str, limits: Limits) -> tuple[Watch | None, str]:
    """A version that ends twice an hour, and so never three times, is left as well: within a day."""
    today = tuple(at_s for at_s in (*watch.failed_s, watch.spent_s) if watch.spent_s - at_s < limits.watch_day_s)
    recent = sum(watch.spent_s - at_s < limits.watch_failures_s for at_s in today)
    for count, count_max in ((recent, limits.failures_max), (len(today), limits.day_failures_max)):
        if count >= count_max:
            return None, f"it failed {count} times in short succession: {reason}"
    return replace(watch, failed_s=today), ""
