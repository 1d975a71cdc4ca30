"""Releases that come in another way than the usual one: in turns, urgent, excepted, of makers who disagree."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from gui.stories.home import Seen
from node.api.schema import DeveloperNews, RolloutView, Said, Status, Update, Updates

NOTES = (
    "Answers come faster when a neighbour is slow.\n\nAlso: less memory for large homes, and a fault is mended that"
    " made a vault forget a neighbour whose clock was wrong."
)


def rollout(
    *, own: int = 2, opened: int = 1, waves: int = 3, heard: int = 14, bad: int = 0, halted_s: float = 0.0
) -> RolloutView:
    return RolloutView(
        "Wave 1 of 3 is open, this farm is in wave 2.", own, opened, waves, heard, heard - bad, bad,
        is_slow=bad > 0, halted_s=halted_s, since_s=0.0,
    )  # fmt: skip


def with_rollout(one: Update, view: RolloutView, *, is_urgent: bool = False) -> Update:
    return msgspec.structs.replace(one, rollout=view, is_urgent=is_urgent, notes=NOTES)


def excepted(one: Update) -> Update:
    why = "no version can be shut off on this computer"
    reason = f"taken without a proof, as an exception, because {why}"
    return msgspec.structs.replace(one, exception=why, reason=reason, seconds={})


def told(status: Status, items: tuple[Update, ...], news: DeveloperNews, now_s: float) -> Seen:
    return Seen("connected", now_s, status, Updates(items, (), news))


def stopped(seen: Seen) -> Seen:
    """What is seen once a fault has ended all work on updates."""
    assert seen.updates is not None
    assert seen.status is not None
    said = (Said("updates.stopped"),)
    words = "Updates have stopped because of a fault in Perennial; your chunks are served as before."
    status = msgspec.structs.replace(seen.status, state="attention", sentence=words, said=said)
    updates = msgspec.structs.replace(seen.updates, trouble=words, trouble_said=said)
    return replace(seen, status=status, updates=updates)


HALTED = DeveloperNews(
    "halted",
    "Updates are halted: the developers' signatures contradict each other (since 2026-11-20);"
    " your chunks are served as before.",
    0.0,
    0.0,
)
CURRENT = DeveloperNews("current", "Last news from the developers: yesterday.", 0.0)
