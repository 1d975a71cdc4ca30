"""How a release comes to all computers, and what holds all of them up, told for the Updates page.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gui.texts import rollout as words
from gui.texts.app import lasted
from gui.texts.said import in_words
from node.api.schema import RolloutView, Update, Updates

_WAITING: Final = ("announced", "fetching", "staged", "on_trial", "rehearsing")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about all updates.  ``is_grave``: none is taken up until it has ended."""

    text: str
    is_grave: bool


def tell_turn(one: Update | None) -> str:
    """Whose turn it is, and what others found; "" once it does not matter any more."""
    if one is None or one.rollout is None or one.phase not in _WAITING:
        return words.URGENT if one is not None and one.is_urgent and one.phase in _WAITING else ""
    parts = [words.URGENT] if one.is_urgent else []
    parts += [_turn(one.rollout)]
    if one.rollout.passed or one.rollout.failed:
        parts.append(words.others(one.rollout.enrolled, one.rollout.passed, one.rollout.failed))
    if one.rollout.is_slow:
        parts.append(words.TWICE)
    return " ".join(parts)


def is_others_turn(one: Update) -> bool:
    """Whether others try it out first here, or have found so much fault with it that it waits."""
    return one.rollout is not None and (one.rollout.halted_s > 0 or one.rollout.own_wave > one.rollout.open_wave)


def tell_next(one: Update | None, updates: Updates) -> str:
    """Which release waits behind this one; "" if none does."""
    if one is None or one.phase not in _WAITING:
        return ""
    behind = [
        item.version
        for item in updates.items
        if item is not one and item.phase == "announced" and item.rollout is None and _is_app(item) == _is_app(one)
    ]
    return words.is_next(behind[0]) if behind else ""


def _is_app(one: Update) -> bool:
    return one.release.startswith("app/")


def tell_notice(updates: Updates) -> Notice | None:
    """Why this computer takes none up, else what was last heard of those who sign; None where that is not known."""
    if updates.trouble:
        return Notice(in_words(updates.trouble, updates.trouble_said), is_grave=True)
    news = updates.developers
    return None if news is None else Notice(in_words(news.sentence, news.said), is_grave=news.state != "current")


def _turn(rollout: RolloutView) -> str:
    if rollout.halted_s > 0:
        return words.halted(lasted(rollout.halted_s))
    if rollout.waves == 1:
        return words.ALL_AT_ONCE
    if rollout.own_wave > rollout.open_wave:
        return words.not_yet(rollout.open_wave, rollout.own_wave, rollout.waves)
    return words.OUR_TURN
