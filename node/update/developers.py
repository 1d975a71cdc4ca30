"""What is said of the developers: how old their last word is, and whether updates wait because of them (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from node.api.schema import DeveloperNews, Updates
from node.api.texts import count
from node.trust.freshness import Freshness

DAY_S: Final = 86_400.0


def news(fresh: Freshness | None, halted_at: datetime | None, now: datetime) -> DeveloperNews:
    """What was last heard of them, and what stops updates because of it; the most pressing first."""
    if halted_at is not None:
        return DeveloperNews("halted", _halted(halted_at), _signed_s(fresh, now), halted_at.timestamp())
    if fresh is not None and fresh.is_expired(now):
        return DeveloperNews("expired", _expired(fresh, now), _signed_s(fresh, now), fresh.expires_at.timestamp())
    return DeveloperNews("current", _last_news(fresh, now), _signed_s(fresh, now))


def trouble(updates: Updates, in_use: str) -> str:
    """What the farmer should know of the developers, while the files ``in_use`` serve; "" if there is nothing."""
    told = updates.developers
    if told is not None and told.state != "current":
        return told.sentence
    recalled = (item for item in updates.items if item.tree_hash == in_use and item.is_recalled)
    return next((_recalled(item.version) for item in recalled if item.phase == "confirmed"), "")


def _last_news(fresh: Freshness | None, now: datetime) -> str:
    if fresh is None:
        return "Nothing has been heard of the developers yet."
    days = int(fresh.age_s(now) // DAY_S)
    when = ("today", "yesterday")[days] if days < 2 else f"{days} days ago"
    return f"Last news from the developers: {when}."


def _halted(since: datetime) -> str:
    return (
        f"Updates are halted: the developers' signatures contradict each other (since {since.date()});"
        " your chunks are served as before."
    )


def _recalled(version: str) -> str:
    return (
        f"The developers have recalled version {version}, and no version from before may take its place; it keeps"
        " serving your chunks until a newer one has proven itself."
    )


def _expired(fresh: Freshness, now: datetime) -> str:
    what = "their last word" if fresh.expiring == "timestamp" else f"what they signed as {fresh.expiring}"
    return (
        f"Updates wait for the developers: {what} expired on {fresh.expires_at.date()}, and the last news from them is"
        f" {count(int(fresh.age_s(now) // DAY_S), 'day')} old; your chunks are served as before."
    )


def _signed_s(fresh: Freshness | None, now: datetime) -> float | None:
    return None if fresh is None else min(fresh.signed_at, now).timestamp()
