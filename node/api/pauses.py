"""What is said of pauses: why the node helps less, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from node.api.schema import PauseKind, PauseReason

_WHY: dict[PauseKind, str] = {
    "asked": "as you asked",
    "battery": "on battery",
    "metered": "on a metered connection",
    "hours": "outside the hours that you chose",
}
_ENDS: dict[PauseKind, str] = {
    "asked": "It goes on when you say so",
    "battery": "It goes on by itself some minutes after the computer is plugged in",
    "metered": "It goes on by itself some minutes after the connection is no longer metered",
    "hours": "It goes on by itself",
}


def reason(kind: PauseKind, until_s: float | None, now_s: float, zone: tzinfo | None) -> PauseReason:
    """One reason, as a sentence of its own."""
    ends = _ENDS[kind] if until_s is None else f"It goes on by itself {_at(until_s, now_s, zone)}"
    return PauseReason(kind, f"Paused: {_WHY[kind]}. {ends}.", until_s)


def sentence(reasons: Sequence[PauseReason]) -> str:
    """All of them in one; "" without any."""
    if len(reasons) < 2:
        return "".join(one.sentence for one in reasons)
    why = ", ".join(_WHY[one.kind] for one in reasons)
    by_hand = any(one.kind == "asked" and one.until_s is None for one in reasons)
    ends = "It goes on when you say so" if by_hand else "It goes on by itself when none of this holds any longer"
    return f"Paused: {why}. {ends}."


def no_trial() -> str:
    return "nothing is tried out while Perennial is paused"


def _at(until_s: float, now_s: float, zone: tzinfo | None) -> str:
    until, now = datetime.fromtimestamp(until_s, zone), datetime.fromtimestamp(now_s, zone)
    if until.date() == now.date():
        return f"at {until:%H:%M}"
    day = "tomorrow" if until.date() == now.date() + timedelta(days=1) else f"on {until:%Y-%m-%d}"
    return f"{day} at {until:%H:%M}"
