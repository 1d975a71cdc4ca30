"""What is known, told as what is shown: one sentence, its sign, its proof.  Pure: no Qt, no clock.

    Seen (link, status, updates, trial, settings)  --tell-->  Story (sign, sentence, home, releases, what can be done)

Three rules: nothing is ticked that was not looked at; what was heard before the line went dead is said to be
old; a practice network is never taken for a real one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from gui import texts
from gui.plain import plain
from gui.release_story import Mark, ReleaseStory, tell_releases, trying
from node.api.schema import NodeState, SandboxLevel, Settings, Status, TrialView, Updates

HEADLINE_CHARACTERS_MAX: Final = 60
Sign = NodeState  # the six signs of the tray are the six states of a node
_SHUT_OFF: Final[dict[SandboxLevel, Mark]] = {"full": "ok", "partial": "note", "none": "bad"}
_UNPROVEN: Final = ("starting", "problem")  # states in which a node's figures may be old ones
Link = Literal["connecting", "connected", "lost"]
Action = Literal["start", "grow"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the app has heard so far.  ``heard_s`` is the time of the last word; 0 before the first."""

    link: Link = "connecting"
    heard_s: float = 0.0
    status: Status | None = None
    updates: Updates | None = None
    trial: TrialView | None = None
    settings: Settings | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    mark: Mark
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Bed:
    """The space lent: its used part from 0 to 1, and the words on it."""

    used_ratio: float
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class HomeStory:
    headline: str
    lead: str
    note: str
    bed: Bed
    seedling: str  # the label of the new version beside the plant; empty when none is tried out
    proofs: tuple[Proof, ...]
    looked: str
    action: Action | None
    action_text: str


@dataclass(frozen=True, slots=True)
class Story:
    sign: Sign
    tray_line: str
    foot_line: str
    version_line: str
    farm_line: str
    is_practice: bool
    home: HomeStory
    releases: ReleaseStory


def tell(
    seen: Seen,
    now: datetime,
    *,
    offer: Action | None = None,
    has_practice_ended: bool = False,
    trouble: str = "",
) -> Story:
    """The story of this moment.

    Args:
        seen: What was heard.
        now: The time, with its zone: times of day are told in it.
        offer: What the app itself could do if nothing answers.
        has_practice_ended: The practice network that the app had started is over.
        trouble: The last words of the node that the app had started, when it has ended.
    """
    status, is_live = seen.status, seen.link == "connected" and seen.status is not None
    is_practice = status.is_practice if status else False
    sign: Sign = "problem" if seen.link == "lost" else "starting"
    if status is not None and is_live:
        sign = status.state
    headline, lead, note = _sentences(seen, now, has_practice_ended=has_practice_ended)
    if seen.link == "lost" and trouble:
        lead = plain(trouble)
    tried = trying(seen.updates) if is_live else ""
    home = HomeStory(
        headline=headline,
        lead=lead,
        note=note,
        bed=_bed(status),
        seedling=texts.being_tried(tried) if tried else "",
        proofs=_proofs(status if is_live else None),
        looked=_looked(seen, now),
        action=offer if seen.link == "lost" else None,
        action_text={"start": texts.START, "grow": texts.GROW_ANEW}.get(offer or "", ""),
    )
    in_use = status.in_use.version if status and status.in_use else ""
    return Story(
        sign=sign,
        tray_line=texts.tray_line(headline, tried if sign == "trial" else "", is_practice=is_practice),
        foot_line=texts.foot_line(headline),
        version_line=texts.version_line(in_use, tried),
        farm_line=texts.farm(status.farm) if status and is_practice else "",
        is_practice=is_practice,
        home=home,
        releases=tell_releases(status, seen.updates, seen.trial, now),
    )


def _sentences(seen: Seen, now: datetime, *, has_practice_ended: bool) -> tuple[str, str, str]:
    """The headline, the line under it, and what it means for the person."""
    status = seen.status
    if seen.link == "connecting":
        return texts.STARTING, texts.STARTING_LEAD, ""
    if seen.link == "lost" or status is None:
        note = texts.OTHERS_SHOULD_HOLD
        if status is None or status.is_practice:
            note = texts.NOBODY_LOSES if status else ""
        if has_practice_ended:
            return texts.PRACTICE_ENDED, texts.PRACTICE_ENDED_LEAD, note
        if not seen.heard_s:
            return texts.NOT_RUNNING, texts.NO_ANSWER_EVER, note
        since = texts.at(seen.heard_s, now, with_seconds=True)
        return texts.NOT_RUNNING, texts.no_answer_since(since), note
    kept = texts.keeps(status.space.chunk_count, is_practice=status.is_practice)
    if not status.space.chunk_count:
        kept = texts.NOTHING_KEPT
    match status.state:
        case "fine" | "trial":
            return texts.FINE, kept, texts.NOTHING_TO_DO
        case "starting":
            return texts.STARTING_UP, plain(status.sentence), ""
        case "paused":
            return _headline(plain(status.sentence), texts.PAUSED, texts.PAUSED_LEAD)
        case "attention":
            return _headline(plain(status.sentence), texts.ATTENTION, kept)
        case "problem":
            headline, lead, _ = _headline(plain(status.sentence), texts.PROBLEM, texts.PROBLEM_LEAD)
            return headline, lead, texts.NOBODY_LOSES if status.is_practice else texts.OTHERS_SHOULD_HOLD


def _headline(sentence: str, instead: str, lead: str) -> tuple[str, str, str]:
    """What the node says as the headline; a long sentence goes into the line under it."""
    if len(sentence) <= HEADLINE_CHARACTERS_MAX:
        return sentence, lead, ""
    return instead, sentence, ""


def _bed(status: Status | None) -> Bed:
    if status is None or status.space.quota_bytes <= 0:
        return Bed(0.0, texts.BED_UNKNOWN, "")
    space = status.space
    if status.state in _UNPROVEN and not space.chunk_count:  # nobody has counted the pieces yet
        return Bed(0.0, texts.BED_UNKNOWN, "")
    free = max(0, space.quota_bytes - space.used_bytes)
    used_ratio = min(1.0, max(0.0, space.used_bytes / space.quota_bytes))
    return Bed(used_ratio, texts.bed_used(space.used_bytes, space.quota_bytes), texts.bed_free(free))


def _proofs(status: Status | None) -> tuple[Proof, ...]:
    if status is None:
        return (
            Proof("wait", texts.VERSION_UNKNOWN),
            Proof("wait", texts.NEIGHBOURS_UNKNOWN),
            Proof("wait", texts.SHUT_OFF_UNKNOWN),
        )
    is_proven = status.state not in _UNPROVEN
    version = Proof("wait", texts.VERSION_NONE)
    if status.in_use is not None:
        name = status.in_use.version
        version = Proof("ok", texts.version_runs(name)) if is_proven else Proof("wait", texts.version_chosen(name))
    neighbours = Proof("wait", texts.NEIGHBOURS_NONE if is_proven else texts.NEIGHBOURS_UNKNOWN)
    if status.subnet_count and is_proven:
        # Homes, not identities: the versions that a neighbour tries out are no neighbours of their own.
        neighbours = Proof("ok", texts.neighbours(status.subnet_count))
    held = texts.SHUT_OFF[status.sandbox]
    if status.sandbox == "partial" and not status.is_sandbox_tried:
        held = texts.SHUT_OFF_UNTRIED
    shut_off = Proof(_SHUT_OFF[status.sandbox], held, "; ".join(status.sandbox_reasons))
    if status.sandbox == "none" and not is_proven:  # perhaps only because nothing runs that could be shut off
        shut_off = Proof("wait", texts.SHUT_OFF_UNKNOWN)
    return version, neighbours, shut_off


def _looked(seen: Seen, now: datetime) -> str:
    if seen.link == "connected":
        return texts.LOOKED_NOW
    if not seen.heard_s:
        return texts.NOT_LOOKED
    return texts.last_heard(texts.at(seen.heard_s, now, with_seconds=True))
