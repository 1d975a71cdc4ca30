"""The watch over a release that was confirmed: what ends it, and what the release is left for (pure).

Only time in which the node runs counts: a computer that was off has watched nothing, and switching off is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.update.events import Event, Limits, Succeeded, VaultFailed, Vetoed, watched_s


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
        return _failed(watch, event.reason, limits) if isinstance(event, VaultFailed) else (watch, "")

    def left_s(self, limits: Limits) -> float:
        return max(0.0, limits.watch_s - self.spent_s)


def _failed(watch: Watch, reason: str, limits: Limits) -> tuple[Watch | None, str]:
    recent = tuple(at_s for at_s in watch.failed_s if watch.spent_s - at_s < limits.watch_failures_s)
    if len(recent) + 1 >= limits.failures_max:
        return None, f"it failed {len(recent) + 1} times in short succession: {reason}"
    return replace(watch, failed_s=(*recent, watch.spent_s)), ""
