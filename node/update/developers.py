"""What is said of the developers: how old their last word is, and whether updates wait because of them (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from node.api.schema import DeveloperNews
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


def trouble(told: DeveloperNews | None) -> str:
    """Why no update is taken up because of the developers; "" if there is no reason."""
    return "" if told is None or told.state == "current" else told.sentence


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


def _expired(fresh: Freshness, now: datetime) -> str:
    what = "their last word" if fresh.expiring == "timestamp" else f"what they signed as {fresh.expiring}"
    return (
        f"Updates wait for the developers: {what} expired on {fresh.expires_at.date()}, and the last news from them is"
        f" {count(int(fresh.age_s(now) // DAY_S), 'day')} old; your chunks are served as before."
    )


def _signed_s(fresh: Freshness | None, now: datetime) -> float | None:
    return None if fresh is None else min(fresh.signed_at, now).timestamp()
