"""What is said of the developers: how old their last word is, and whether updates wait because of them (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from node.api.schema import DeveloperNews, Updates
from node.api.texts import count
from node.api.told import NOTHING, Told, told
from node.trust.freshness import Freshness

DAY_S: Final = 86_400.0


def news(fresh: Freshness | None, halted_at: datetime | None, now: datetime) -> DeveloperNews:
    """What was last heard of them, and what stops updates because of it; the most pressing first."""
    signed_s = _signed_s(fresh, now)
    if halted_at is not None:
        found = _halted(halted_at)
        return DeveloperNews("halted", found.sentence, signed_s, halted_at.timestamp(), said=found.said)
    if fresh is not None and fresh.is_expired(now):
        found = _expired(fresh, now)
        return DeveloperNews("expired", found.sentence, signed_s, fresh.expires_at.timestamp(), said=found.said)
    found = _last_news(fresh, now)
    return DeveloperNews("current", found.sentence, signed_s, said=found.said)


def stopped(updates: Updates, why: Told) -> Updates:
    """The updates, and why this computer takes none up, which goes before what they wait for; NOTHING if it does."""
    return msgspec.structs.replace(updates, trouble=why.sentence, trouble_said=why.said) if why.sentence else updates


def trouble(updates: Updates, in_use: str) -> Told:
    """What the farmer should know of updates, while the files ``in_use`` serve; NOTHING if there is nothing."""
    if updates.trouble:
        return Told(updates.trouble, updates.trouble_said)
    heard = updates.developers
    if heard is not None and heard.state != "current":
        return Told(heard.sentence, heard.said)
    recalled = (item for item in updates.items if item.tree_hash == in_use and item.is_recalled)
    return next((_recalled(item.version) for item in recalled if item.phase == "confirmed"), NOTHING)


def _last_news(fresh: Freshness | None, now: datetime) -> Told:
    if fresh is None:
        return told("developers.unheard", "Nothing has been heard of the developers yet.")
    days = int(fresh.age_s(now) // DAY_S)
    when = ("today", "yesterday")[days] if days < 2 else f"{days} days ago"
    return told("developers.heard", f"Last news from the developers: {when}.", days=days)


def _halted(since: datetime) -> Told:
    return told(
        "developers.halted",
        f"Updates are halted: the developers' signatures contradict each other (since {since.date()});"
        " your chunks are served as before.",
        since_s=round(since.timestamp()),
    )


def _recalled(version: str) -> Told:
    return told(
        "developers.recalled",
        f"The developers have recalled version {version}, and no version from before may take its place; it keeps"
        " serving your chunks until a newer one has proven itself.",
        version=version,
    )


def _expired(fresh: Freshness, now: datetime) -> Told:
    days, expired_s = int(fresh.age_s(now) // DAY_S), round(fresh.expires_at.timestamp())
    rest = (
        f"expired on {fresh.expires_at.date()}, and the last news from them is {count(days, 'day')} old;"
        " your chunks are served as before."
    )
    if fresh.expiring == "timestamp":
        sentence = f"Updates wait for the developers: their last word {rest}"
        return told("developers.expired", sentence, expired_s=expired_s, days=days)
    sentence = f"Updates wait for the developers: what they signed as {fresh.expiring} {rest}"
    return told("developers.role_expired", sentence, role=fresh.expiring, expired_s=expired_s, days=days)


def _signed_s(fresh: Freshness | None, now: datetime) -> float | None:
    return None if fresh is None else min(fresh.signed_at, now).timestamp()
