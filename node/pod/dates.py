"""Until when holds what pods have signed, in words for those who sign: once it has ended, only a rotation helps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from node.api.texts import count
from node.pod.known import KnownNetwork
from node.trust.metadata import Snapshot, Targets, Timestamp, read
from node.trust.policy import high_threshold, pod_names
from node.trust.state import MUST_LIVE

WARNED: Final = timedelta(days=90)  # before the end: time enough to gather as many pods as a rotation takes
NOTHING: Final = "no farm takes up anything, not even a recall or a sign of life, before a rotation"
NO_APP: Final = "no farm takes up an app or a runtime before a rotation"


def ends(known: KnownNetwork, at: datetime) -> list[str]:
    """What ends first of what the pods have signed, when, and what follows; and what to do if that is near."""
    must = _must_live(known)
    first = min(must, key=lambda role: must[role])
    found = [(first, must[first], NOTHING)]
    app = known.head.delegated.get("app")
    if app is not None and (until := read(app, Targets).signed.expires) < must[first]:
        found.append(("app", until, NO_APP))
    lines = [_sentence(role, until, at, consequence) for role, until, consequence in found]
    if any(until - at < WARNED for _, until, _ in found):
        pods = len(pod_names(known.root.signed))
        lines.append(f"Rotate now, while you can: it takes {high_threshold(pods)} of {pods} pods.")
    return lines


def newest_until(known: KnownNetwork) -> datetime:
    """Until when farms take this for the newest, if nothing else comes."""
    return min(read(known.head.timestamp, Timestamp).signed.expires, *_must_live(known).values())


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _must_live(known: KnownNetwork) -> dict[str, datetime]:
    """When each statement ends without which nothing may follow, but for the timestamp, which any pod renews."""
    head = known.head
    targets = {"targets": head.targets, **{role: head.delegated[role] for role in sorted(MUST_LIVE)}}
    return {
        "root": known.root.signed.expires,
        "snapshot": read(head.snapshot, Snapshot).signed.expires,
        **{role: read(content, Targets).signed.expires for role, content in targets.items()},
    }


def _sentence(role: str, until: datetime, at: datetime, consequence: str) -> str:
    if until <= at:
        return f"What the pods signed as {role} ended on {day(until)}: {consequence}."
    return (
        f"What the pods signed as {role} ends on {day(until)}, in {count((until - at).days, 'day')}:"
        f" from then on {consequence}."
    )
