"""What is worth a notification, and what is not.  Pure: it is given the time, and remembers what was told.

Told is what needs a person, at most once a day for each cause and some more rarely; and, to those who want good news
too, that a new version took over, at most once a week.  What was told and goes on holds up nothing else; good news wait
until all that needs a person was told.  What was thrown away stands in the history and is news to nobody.  Nothing is
told in the first hour of the first start, nothing in a practice network, and nothing while something fills the screen;
where that cannot be known, good news wait, and what needs a person does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from gui.stories.home import Seen
from gui.stories.pause import held_back
from gui.texts import notification as words
from gui.texts.app import lasted
from gui.texts.said import in_words, status_in_words
from node.api.schema import Check, Notifications, Status, Update, Updates

FIRST_START_S: Final = 3600.0  # so long after the first start of all nothing is told
HOLD_S: Final = 120.0  # what needs a person must have lasted so long; most of it mends itself before
CAUSE_S: Final = 86_400.0  # between two words on one cause
# A computer that is on the way is often without a line, and a router that lets nobody in may be nobody's to change.
LONGER_HOLD_S: Final = {"exchange": 3600.0}
RARER_CAUSE_S: Final = {"reach": 30 * 86_400.0, "urgent": 7 * 86_400.0}
NEWS_S: Final = 7 * 86_400.0  # between two good news
NEWS_S_MAX: Final = 7 * 86_400.0  # good news that had to wait for longer are none any more
CAUSES_MAX: Final = 32
_NUMBERS: Final = re.compile(r"\d+")

Kind = Literal["act", "news"]
Look = Literal["free", "full", "unknown"]  # of the screen


class NothingShown(Exception):
    """It could not be told in this way.  Try another, or later."""


@dataclass(frozen=True, slots=True)
class Note:
    """``cause``: by it a second word on the same is known."""

    kind: Kind
    cause: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is remembered across restarts.  ``first_s``: the first start of all; ``causes``: when each was told last.

    ``news_s``: when good news were told last; ``release``: the last release of which it is known that it took over.
    ``setting``: what the person last wanted to be told; a node that does not start does not say it.
    """

    first_s: float = 0.0
    causes: dict[str, float] = field(default_factory=dict)
    news_s: float = 0.0
    release: str | None = None
    setting: Notifications = "act"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What needs a person at this moment, and since when each; remembered in this run alone."""

    since_s: dict[str, float] = field(default_factory=dict)


def wanted(seen: Seen, now_s: float, told: Told) -> tuple[Note, ...]:
    """What there is to tell at all, whatever was told before; the most pressing first, good news last."""
    status = seen.status
    if status is not None and status.is_practice:
        return ()
    if seen.link == "lost":
        if seen.is_home_missing:
            return (Note("act", "disk", words.HOME_MISSING, words.HOME_MISSING_BODY),)
        return () if seen.refused else (Note("act", "link", words.NOT_RUNNING, words.NOT_RUNNING_BODY),)
    if status is None:
        return ()
    rest = (_forgotten(status, seen.updates), _news(seen.updates, status, now_s, told))
    return (*_needs(status), *(note for note in rest if note is not None))


def decide(seen: Seen, now_s: float, told: Told, waiting: Waiting, screen: Look) -> tuple[Note | None, Told, Waiting]:
    """What to tell now, and what to remember from now on."""
    if not 0 < told.first_s <= now_s:  # one of the future is of a clock that was wrong
        told = replace(told, first_s=now_s)
    if seen.settings is not None:
        told = replace(told, setting=seen.settings.notifications)
    told = _caught_up(seen, told)
    notes = wanted(seen, now_s, told)
    acts = [note for note in notes if note.kind == "act"]
    waiting = Waiting({note.cause: min(waiting.since_s.get(note.cause, now_s), now_s) for note in acts})
    if all(_is_told(note, now_s, told) for note in acts):
        acts = [note for note in notes if note.kind == "news"]
    note = next((note for note in acts if _is_due(note, now_s, told, waiting, screen)), None)
    if note is None:
        return None, told, waiting
    if note.kind == "news":
        return note, replace(told, news_s=now_s, release=_newest(seen.updates)), waiting
    recent = {cause: at_s for cause, at_s in told.causes.items() if 0 <= now_s - at_s < _between_s(cause)}
    newest = dict(sorted({**recent, note.cause: now_s}.items(), key=lambda one: one[1])[-CAUSES_MAX:])
    return note, replace(told, causes=newest), waiting


def _is_due(note: Note, now_s: float, told: Told, waiting: Waiting, screen: Look) -> bool:
    if told.setting == "never" or screen == "full" or now_s - told.first_s < FIRST_START_S:
        return False
    if note.kind == "news":
        return told.setting == "news" and screen == "free" and not 0 <= now_s - told.news_s < NEWS_S
    held_s = now_s - waiting.since_s[note.cause]
    return not _is_told(note, now_s, told) and held_s >= LONGER_HOLD_S.get(note.cause, HOLD_S)


def _is_told(note: Note, now_s: float, told: Told) -> bool:
    """Whether a word on its cause is not old yet.

    A clock that was set back makes an old word look like one of the future; then it counts as forgotten.
    """
    told_s = told.causes.get(note.cause)
    return told_s is not None and 0 <= now_s - told_s < _between_s(note.cause)


def _between_s(cause: str) -> float:
    return RARER_CAUSE_S.get(cause, CAUSE_S)


def _needs(status: Status) -> tuple[Note, ...]:
    """What a person can mend: whatever the node calls a problem, and each check that is bad and has an advice."""
    is_doubled = bool(status.said) and status.said[0].code == "vault.doubled"  # then that is why nobody may answer
    bad = [check for check in status.checks if check.result == "bad" and check.advice]
    of_checks = tuple(_of_check(check) for check in bad if not (is_doubled and check.name == "exchange"))
    if is_doubled:
        return (Note("act", "doubled", words.DOUBLED, words.DOUBLED_BODY), *of_checks)
    # Of all checks the disk's alone makes a problem of what it found; it says better what to do.
    if status.state != "problem" or any(note.cause == "disk" for note in of_checks):
        return of_checks
    said = status_in_words(status)
    return (Note("act", _NUMBERS.sub("", status.sentence), _title(said), words.PROBLEM_BODY), *of_checks)


def _forgotten(status: Status, updates: Updates | None) -> Note | None:
    """A pause that only a person ends, while its makers call a version urgent: it may well have been forgotten."""
    has_no_end = any(reason.kind == "asked" and reason.until_s is None for reason in status.pauses)
    if not has_no_end or not held_back(status, updates):
        return None
    return Note("act", "urgent", words.URGENT_WAITS, words.URGENT_WAITS_BODY)


def _of_check(check: Check) -> Note:
    return Note(
        "act",
        check.name,
        _title(in_words(check.sentence, check.said)),
        f"{in_words(check.advice, check.advised)} {words.ELSE_GOES_ON}",
    )


def _title(sentence: str) -> str:
    return sentence.rstrip(".") if len(sentence) <= words.TITLE_CHARACTERS_MAX else words.NEEDS_YOU


def _news(updates: Updates | None, status: Status, now_s: float, told: Told) -> Note | None:
    newest = _took_over(updates)
    if newest is None or told.release is None or newest.release == told.release:
        return None
    if status.in_use is None or status.in_use.tree_hash != newest.tree_hash:
        return None
    if now_s - (newest.decided_s or 0.0) > NEWS_S_MAX:
        return None
    tried_s = newest.seconds.get("on_trial", 0.0)
    body = words.took_over(newest.version, "" if newest.exception or not tried_s else lasted(tried_s))
    return Note("news", newest.release, words.TOOK_OVER, body)


def _took_over(updates: Updates | None) -> Update | None:
    taken = [] if updates is None else [item for item in updates.items if item.phase == "confirmed"]
    return max(taken, key=lambda item: item.decided_s or 0.0, default=None)


def _newest(updates: Updates | None) -> str:
    newest = _took_over(updates)
    return newest.release if newest is not None else ""


def _caught_up(seen: Seen, told: Told) -> Told:
    """What had taken over before the app was first started is no news."""
    is_first = told.release is None and seen.updates is not None and seen.link == "connected"
    return replace(told, release=_newest(seen.updates)) if is_first else told
