"""The network told for its page: the ring of neighbours, how others reach this computer, the last hour.  Pure.

However many are known, what is painted is bounded: so many plants, so many marks, so many minutes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gui.stories.evidence import Mark
from gui.texts import network as words
from gui.texts.app import ago, at
from gui.texts.said import in_words
from node.api.schema import Neighbour, NeighbourState, NetworkView, Reach, ReachState, Settings

PLANTS_MAX: Final = 24  # neighbours of the own close group that are drawn as plants
MARKS_MAX: Final = 96  # small marks for all others; then one stands for several
MINUTES: Final = 60
MINUTE_S: Final = 60.0
LIMIT_RATIO_MAX: Final = 6.0  # a limit so much above the highest bar is told in words: drawn, it would flatten them
STATES: Final[tuple[NeighbourState, ...]] = ("answers", "slow", "silent")
_MARKS: Final[dict[ReachState, Mark]] = {"open": "ok", "closed": "note", "unknown": "wait"}


@dataclass(frozen=True, slots=True)
class NetworkSeen:
    """What was heard of the network; ``heard_s`` is 0 before the first word.  ``is_live``: the last answer was one."""

    view: NetworkView | None = None
    settings: Settings | None = None
    heard_s: float = 0.0
    is_live: bool = False
    is_practice: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """What is painted round the own plant, the nearest first.  ``per_mark``: how many one small mark stands for."""

    plants: tuple[NeighbourState, ...] = ()
    marks: tuple[NeighbourState, ...] = ()
    per_mark: int = 1


@dataclass(frozen=True, slots=True)
class Fact:
    mark: Mark
    text: str
    under: str


@dataclass(frozen=True, slots=True)
class Hour:
    """Bytes a second, minute by minute, oldest first; None where nothing was measured.  A limit of 0 is not drawn."""

    sent: tuple[float | None, ...] = (None,) * MINUTES
    received: tuple[float | None, ...] = (None,) * MINUTES
    sent_limit: int = 0
    received_limit: int = 0

    @property
    def is_measured(self) -> bool:
        return any(value is not None for value in self.sent)


@dataclass(frozen=True, slots=True)
class NetworkStory:
    lead: str
    ring: Ring
    counts: tuple[tuple[NeighbourState, str], ...]
    beyond: str
    facts: tuple[Fact, ...]
    hour: Hour
    sent: str  # in the last minute that was measured
    received: str
    hour_told: str
    peaks: str
    limits: str
    takes_invitation: bool = False  # nobody answers, and an invitation could change that


def tell_network(seen: NetworkSeen, now: datetime) -> NetworkStory:
    view = seen.view
    if view is None:
        return NetworkStory(
            lead=words.NOT_HEARD, ring=Ring(), counts=(), beyond="", facts=(), hour=Hour(), sent="", received="",
            hour_told=words.NO_TRAFFIC, peaks="", limits="",
        )  # fmt: skip
    lead = words.LEAD if seen.is_live else words.as_heard(at(seen.heard_s, now, with_seconds=True))
    close = [one for one in view.neighbours if one.is_close]
    others = [one for one in view.neighbours if not one.is_close]
    if not close and seen.is_live:
        lead = words.NOBODY_IN_PRACTICE if seen.is_practice else words.NOBODY
    hour = _hour(view, seen.settings, now.timestamp())
    traffic = words.NO_TRAFFIC
    if hour.is_measured:
        sent, received = (sum(one.sent_bytes for one in view.traffic), sum(one.received_bytes for one in view.traffic))
        traffic = words.totals(sent, received) if sent or received else words.QUIET
    upload, download = (
        (seen.settings.upload_bytes_per_s, seen.settings.download_bytes_per_s) if seen.settings else (0, 0)
    )
    return NetworkStory(
        lead=lead,
        ring=ring(close, others),
        counts=_counts(close),
        beyond=_beyond(close, others),
        facts=(_reach(view.reach, now.timestamp(), is_live=seen.is_live), *_networks(view, is_live=seen.is_live)),
        hour=hour,
        sent=_newest(hour.sent),
        received=_newest(hour.received),
        hour_told=traffic,
        peaks=words.peaks(_highest(hour.sent), _highest(hour.received)) if hour.is_measured else "",
        limits=words.limits(
            upload, download, is_upload_drawn=hour.sent_limit > 0, is_download_drawn=hour.received_limit > 0
        )
        if seen.settings
        else "",
        takes_invitation=seen.is_live
        and not seen.is_practice
        and all(one.state == "silent" for one in view.neighbours),
    )


def ring(close: Sequence[Neighbour], others: Sequence[Neighbour]) -> Ring:
    per_mark = max(1, math.ceil(len(others) / MARKS_MAX))
    runs = [others[i : i + per_mark] for i in range(0, len(others), per_mark)]
    marks = tuple(Counter(one.state for one in run).most_common(1)[0][0] for run in runs)
    return Ring(tuple(one.state for one in close[:PLANTS_MAX]), marks, per_mark)


def _counts(close: Sequence[Neighbour]) -> tuple[tuple[NeighbourState, str], ...]:
    """How many of the close ones are in each state that any of them is in."""
    counted = Counter(one.state for one in close)
    return tuple((state, words.in_state(counted[state], state)) for state in STATES if counted[state])


def _beyond(close: Sequence[Neighbour], others: Sequence[Neighbour]) -> str:
    parts = [words.shown_of(PLANTS_MAX, len(close))] if len(close) > PLANTS_MAX else []
    if others:
        answering = sum(one.state == "answers" for one in others)
        parts.append(f"{words.beyond(len(others), answering, ring((), others).per_mark)}.")
    return " ".join(parts)


def _reach(reach: Reach, now_s: float, *, is_live: bool) -> Fact:
    parts = [] if reach.contact_s is None else [words.from_outside(ago(now_s - reach.contact_s))]
    parts += [in_words(reach.advice, reach.advised)] if reach.advice else []
    return Fact(_MARKS[reach.state] if is_live else "wait", in_words(reach.sentence, reach.said), " ".join(parts))


def _networks(view: NetworkView, *, is_live: bool) -> tuple[Fact, ...]:
    if not view.subnet_count:
        return ()
    mark: Mark = "ok" if view.subnet_count > 1 and is_live else "wait"
    why = words.NETWORKS_WHY if view.subnet_count > 1 else ""
    return (Fact(mark, words.networks(view.subnet_count), f"{words.known(view.vault_count)} {why}".strip()),)


def _hour(view: NetworkView, settings: Settings | None, now_s: float) -> Hour:
    sent: list[float | None] = [None] * MINUTES
    received: list[float | None] = [None] * MINUTES
    for minute in view.traffic:
        place = MINUTES - math.floor((now_s - minute.at_s) / MINUTE_S)
        if 0 <= place < MINUTES:
            sent[place] = minute.sent_bytes / MINUTE_S
            received[place] = minute.received_bytes / MINUTE_S
    upload, download = (settings.upload_bytes_per_s, settings.download_bytes_per_s) if settings else (0, 0)
    return Hour(tuple(sent), tuple(received), _drawn(upload, sent), _drawn(download, received))


def _drawn(limit: int, values: Sequence[float | None]) -> int:
    return limit if limit <= LIMIT_RATIO_MAX * _highest(values) else 0


def _highest(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _newest(values: Sequence[float | None]) -> str:
    newest = next((value for value in reversed(values) if value is not None), None)
    return "" if newest is None else words.rate(newest)
