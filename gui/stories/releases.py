"""A release told for the Updates page: where it stands, and what became of others.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec

from gui.stories.evidence import Evidence, tell_evidence
from gui.stories.rollouts import Notice, is_others_turn, tell_next, tell_notice, tell_turn
from gui.texts import release as words
from gui.texts.app import at, lasted
from gui.texts.said import in_words
from node.api.schema import Phase, ProgramLeft, RefusedHead, Status, TrialView, Update, Updates

Outcome = Literal["open", "in_use", "thrown_away", "not_proven", "taken_back"]
Kind = Literal["in_use", "took_over", "thrown_away", "not_proven", "taken_back", "turned_away"]

UNPROVEN: Final = ("starting", "problem")  # states in which a node's figures may be old ones
HISTORY_MAX: Final = 200
NOTES_CHARACTERS_MAX: Final = 700  # shown; its makers may write more
_STAGE: Final[dict[Phase, int]] = {
    "announced": 0,
    "fetching": 0,
    "staged": 0,
    "on_trial": 1,
    "rehearsing": 1,
    "promoting": 2,
    "probation": 2,
    "confirmed": 2,
    "refused": 1,
    "not_proven": 1,
    "rolled_back": 2,
    "returning": 2,
    "recalling": 2,
    "recalled": 2,
}
_OUTCOME: Final[dict[Phase, Outcome]] = {
    "confirmed": "in_use",
    "refused": "thrown_away",
    "not_proven": "not_proven",
    "rolled_back": "taken_back",
    "recalled": "taken_back",
}
_LEAD: Final[dict[Phase, str]] = {
    "announced": words.ANNOUNCED_LEAD,
    "fetching": words.FETCHING_LEAD,
    "staged": words.STAGED_LEAD,
    "on_trial": "",  # depends on the sandbox
    "rehearsing": words.REHEARSING_LEAD,
    "promoting": words.PROMOTING_LEAD,
    "probation": words.PROBATION_LEAD,
    "returning": words.RETURNING_LEAD,
    "recalling": words.RECALLING_LEAD,
}
# What a release is in while nothing carries it on, for the phases in which something would have to run.
_STOPPED: Final[dict[Phase, Phase]] = {"fetching": "announced", "on_trial": "staged"}
_UNDER_WAY: Final = ("on_trial", "rehearsing", "promoting", "probation", "returning", "recalling")


@dataclass(frozen=True, slots=True)
class Stop:
    word: str
    under: str


@dataclass(frozen=True, slots=True)
class Way:
    """Three stops, the one at which it stands, and whether that is open or how it ended."""

    stops: tuple[Stop, Stop, Stop]
    stage: int
    outcome: Outcome
    is_fetching: bool


@dataclass(frozen=True, slots=True)
class HistoryRow:
    kind: Kind
    version: str
    when: str
    verdict: str
    reason: str
    details: str
    notes: str = ""  # what is new in it, as its makers say


@dataclass(frozen=True, slots=True)
class ReleaseStory:
    title: str
    lead: str
    way: Way | None
    evidence: Evidence | None
    history: tuple[HistoryRow, ...]
    turn: str = ""
    notes: str = ""
    notice: Notice | None = None


def current(updates: Updates | None) -> Update | None:
    """The release that is on its way: the one being tried out or taking over, else whose turn it is of those that wait.

    Which waits behind another one has no rollout here yet.
    """
    items = [] if updates is None else [item for item in updates.items if item.phase not in _OUTCOME]
    under_way = [item for item in items if item.phase in _UNDER_WAY]
    begun = [item for item in items if item.phase != "announced" or item.rollout is not None]
    return next(iter(under_way or begun or items), None)


def trying(updates: Updates | None) -> str:
    """The version that runs beside the one in use right now, or nothing."""
    one = current(updates)
    return one.version if one is not None and one.phase == "on_trial" and not _has_stopped(updates) else ""


def _has_stopped(updates: Updates | None) -> bool:
    """Whether nothing carries releases on until the node is started anew; the twins of a trial have ended with it."""
    return updates is not None and any(one.code == "updates.stopped" for one in updates.trouble_said)


def tell_releases(
    status: Status | None, updates: Updates | None, trial: TrialView | None, now: datetime
) -> ReleaseStory:
    if status is None or updates is None:
        return ReleaseStory(words.NOT_KNOWN, words.NOT_KNOWN_LEAD, None, None, ())
    notice, can_try = tell_notice(updates), _can_try(status)
    is_held_up = notice is not None and notice.is_grave
    one, in_use = current(updates), status.in_use.version if status.in_use else ""
    if one is not None and _has_stopped(updates):
        again_s = now.timestamp() if one.phase == "rehearsing" else None  # it has had its trial: it waits to take over
        one = msgspec.structs.replace(one, phase=_STOPPED.get(one.phase, one.phase), again_s=again_s)
    decided = max(
        (item for item in updates.items if item.phase in _OUTCOME), key=lambda item: item.decided_s or 0.0, default=None
    )
    told = one or decided
    if one is not None:
        title, lead = words.title_of(one.phase, one.version), "" if is_held_up else _lead(one, status, now)
        title = title if one.again_s is None else words.waits_to_take_over(one.version)
    else:
        title = words.using(in_use) if in_use else words.NOTHING_IN_USE
        news = words.NO_NEWS if can_try else words.NO_NEWS_UNTRIED
        lead = _lead_of_ended(status, updates, decided, now, news="" if is_held_up else news)
    evidence = None
    if told is not None and trial is not None and trial.release == told.release:
        evidence = tell_evidence(trial, is_open=told.phase == "on_trial")
    way = None if told is None else tell_way(told, in_use, trial, now, can_try=can_try)
    return ReleaseStory(
        title, lead, way, evidence, tell_history(status, updates, one, now),
        turn="" if is_held_up else f"{tell_turn(one)} {tell_next(one, updates)}".strip(),
        notes=_notes(one), notice=notice,
    )  # fmt: skip


def _can_try(status: Status) -> bool:
    """Whether a version can be tried out here: not without anything that shuts it off.

    ``none`` may mean as well that nothing runs yet that could be shut off.
    """
    return status.sandbox != "none" or status.state in UNPROVEN


def _lead(one: Update, status: Status, now: datetime) -> str:
    """What happens next with a release that is on its way."""
    if one.again_s is not None:
        return words.again_lead(at(one.again_s, now))
    if one.phase == "announced" and one.reason:
        return words.waits_because(one.reason)
    if one.phase == "announced" and (is_others_turn(one) or not _can_try(status)):
        return words.SIGNED_LEAD
    if one.phase == "rehearsing" and one.exception:
        return words.SELF_TEST_LEAD
    return _LEAD[one.phase] or words.on_trial_lead(status.sandbox)


def _lead_of_ended(status: Status, updates: Updates, decided: Update | None, now: datetime, *, news: str) -> str:
    """What came of the last release while none is on its way; ``news``: what is to be said of the next one."""
    kept = [item for item in updates.items if item.phase == "confirmed" and item.is_recalled]
    if status.in_use and any(item.tree_hash == status.in_use.tree_hash for item in kept):
        return words.recalled_lead(status.in_use.version)  # whatever was decided since
    if decided is None:
        return news
    moment = at(_decided_s(decided), now)
    if decided.phase == "confirmed" and decided.exception:
        return words.exception_lead(moment, decided.exception, news)
    was_tried = "on_trial" in decided.seconds
    return words.decided_lead(decided.phase, decided.version, moment, decided.reason, news, was_tried=was_tried)


def tell_way(one: Update, in_use: str, trial: TrialView | None, now: datetime, *, can_try: bool) -> Way:
    stage, outcome = _STAGE[one.phase], _OUTCOME.get(one.phase, "open")
    checked = Stop(words.BEING_FETCHED if one.phase == "fetching" else words.CHECKED, words.signed_by(one.signers))
    started_s = trial.started_s if trial is not None and trial.release == one.release else None
    tried_s = one.seconds.get("on_trial")
    tried_for = words.for_time(lasted(tried_s)) if tried_s else ""
    since = words.since(at(started_s, now)) if started_s else ""
    decided = words.at_moment(at(_decided_s(one), now))
    tried_out = Stop(words.TRIED, tried_for)
    if not tried_s:
        tried_out = Stop(words.NOT_TRIED, words.AS_EXCEPTION if one.exception else words.SAME_FILES)
    waits = one.again_s is not None  # and is neither rehearsed nor taking over until then
    tried = {
        "on_trial": Stop(words.BEING_TRIED, since or words.BEING_TRIED),
        "rehearsing": tried_out if waits else Stop(words.REHEARSING, words.WAY_BACK),
        "refused": Stop(words.THROWN_AWAY, decided),
        "not_proven": Stop(words.NOT_PROVEN, decided),
    }.get(one.phase, tried_out if stage == 2 else Stop(words.TRIED, words.NEXT))
    if one.phase == "on_trial" and not since:
        tried = Stop(words.BEING_TRIED, "")
    if stage == 0 and not can_try:
        tried = Stop(words.NOT_TRIED, words.AS_EXCEPTION if one.exception else "")
    used = {
        "promoting": Stop(words.TAKING_OVER, words.now_using(in_use) if in_use else ""),
        "probation": Stop(words.IN_USE, words.WATCHED),
        "confirmed": Stop(words.IN_USE, _watched(one, now) or words.since(at(_decided_s(one), now))),
        "rolled_back": Stop(words.TAKEN_BACK, decided),
        "returning": Stop(words.GOING_BACK, words.FAILED),
        "recalling": Stop(words.GOING_BACK, words.RECALLED),
        "recalled": Stop(words.RECALLED, decided),
        "refused": Stop(words.IN_USE, words.still_using(in_use) if in_use else ""),
        "not_proven": Stop(words.IN_USE, words.still_using(in_use) if in_use else ""),
    }.get(
        one.phase,
        Stop(words.TAKES_OVER_LATER if waits else words.IN_USE, words.now_using(in_use) if in_use else ""),
    )
    return Way((checked, tried, used), stage, outcome, is_fetching=one.phase == "fetching")


def _decided_s(one: Update) -> float:
    return one.announced_s if one.decided_s is None else one.decided_s


def _watched(one: Update, now: datetime) -> str:
    return words.watched_until(at(one.watched_until_s, now)) if one.watched_until_s is not None else ""


def tell_history(status: Status, updates: Updates, told: Update | None, now: datetime) -> tuple[HistoryRow, ...]:
    """What became of every release, newest first; the one still on its way is told above it."""
    in_use_hash = status.in_use.tree_hash if status.in_use else ""
    ended = [item for item in updates.items if item is not told and item.phase in _OUTCOME]
    dated = [(_decided_s(item), _row(item, in_use_hash, now)) for item in ended]
    dated += [(head.at_s, _turned_away(head, now)) for head in updates.refused_heads]
    dated += [(left.at_s, _left(left, now)) for left in updates.left_programs]
    dated.sort(key=lambda pair: pair[0], reverse=True)
    rows = [row for _, row in dated[:HISTORY_MAX]]
    known = {item.tree_hash for item in updates.items}
    if any(one.code == "updates.unread" for one in updates.trouble_said):
        return tuple(rows)  # which one was the first would be guessed
    if status.in_use is not None and in_use_hash not in known:
        when = words.since(at(status.in_use.since_s, now))
        rows.append(HistoryRow("in_use", status.in_use.version, when, words.IN_USE, words.FIRST_VERSION, ""))
    return tuple(rows)


def _row(item: Update, in_use_hash: str, now: datetime) -> HistoryRow:
    kinds: dict[Phase, tuple[Kind, str]] = {
        "confirmed": ("took_over", words.TOOK_OVER),
        "refused": ("thrown_away", words.THROWN_AWAY),
        "not_proven": ("not_proven", words.NOT_PROVEN),
        "rolled_back": ("taken_back", words.TAKEN_BACK),
        "recalled": ("taken_back", words.RECALLED),
    }
    kind, verdict = kinds[item.phase]
    when = at(_decided_s(item), now)
    if item.phase == "confirmed" and item.tree_hash == in_use_hash:
        kind, verdict, when = "in_use", words.IN_USE, words.since(when)
    say = words.in_use_reason if item.phase == "confirmed" else words.as_sentence
    reason = say(item.reason or verdict)
    watched_until = at(item.watched_until_s, now) if item.watched_until_s is not None else ""
    details = words.details(item.signers, item.bytes_fetched, watched_until, is_urgent=item.is_urgent)
    return HistoryRow(
        kind=kind, version=item.version, when=when, verdict=verdict, reason=reason, details=details,
        notes=_notes(item),
    )  # fmt: skip


def _notes(one: Update | None) -> str:
    """What its makers say is new in it: text of strangers, in one line and not too long."""
    text = " ".join(one.notes.split()) if one is not None else ""
    return text if len(text) <= NOTES_CHARACTERS_MAX else f"{text[: NOTES_CHARACTERS_MAX - 1].rstrip()}…"


def _left(one: ProgramLeft, now: datetime) -> HistoryRow:
    """A version of Perennial itself that did not start: another one does already, so there is nothing to do."""
    why = in_words(one.sentence, one.said)
    return HistoryRow("taken_back", one.version or words.ITSELF, at(one.at_s, now), words.TAKEN_BACK, why, "")


def _turned_away(head: RefusedHead, now: datetime) -> HistoryRow:
    why, details = words.turned_away(head.reason)
    return HistoryRow("turned_away", words.OFFER, at(head.at_s, now), words.TURNED_AWAY, why, details)
