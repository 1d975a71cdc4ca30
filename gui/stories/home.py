"""What is known, told as what is shown: one sentence, its sign, its proof.  Pure: no Qt, no clock.

    Seen (link, status, updates, trial, settings)  --tell-->  Story (sign, sentence, home, releases, resources)

Three rules: nothing is ticked that was not looked at; what was heard before the line went dead is said to be
old; a practice network is never taken for a real one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from gui.stories.checks import ChecksStory, Proof, tell_checks, trouble
from gui.stories.held import tell_held
from gui.stories.pause import PauseStory, held_back, tell_pause
from gui.stories.releases import UNPROVEN, ReleaseStory, tell_releases, trying
from gui.stories.resources import Refusal, ResourcesStory, lendable, tell_resources
from gui.texts import app as texts
from gui.texts import welcome as welcome_texts
from gui.texts.plain import plain
from gui.texts.said import in_words, status_in_words, without_advice
from node.api.schema import NodeState, Settings, Status, TrialView, Updates

HEADLINE_CHARACTERS_MAX: Final = 60
Sign = NodeState  # the six signs of the tray are the six states of a node
Link = Literal["connecting", "connected", "lost"]
Action = Literal["start", "grow", "updates", "resources", "network", "help"]
# Where a person can do what the node's sentence asks for, by the beginning of its code.
_LEADS: Final[tuple[tuple[str, Action], ...]] = (
    ("settings.", "resources"), ("space.over", "resources"), ("store.full", "resources"),
    ("reach.", "network"), ("alone.", "network"), ("developers.", "updates"), ("updates.disk", "updates"),
    ("updates.unread", "help"), ("vault.doubled", "help"),
)  # fmt: skip
Silence = Literal["none", "short", "long"]  # of a node that was just started here


@dataclass(frozen=True, slots=True)
class Seen:
    """What the app has heard so far.  ``heard_s`` is the time of the last word; 0 before the first.

    ``refused``: why the node answers and says nothing, while the link is lost; "" if it does not answer at all.
    ``is_home_missing``: nothing answers, and the folder of the home is not there either.
    ``app``: the app that answers, by its tree hash, while what it says is not understood; None where that is not known.
    """

    link: Link = "connecting"
    heard_s: float = 0.0
    status: Status | None = None
    updates: Updates | None = None
    trial: TrialView | None = None
    settings: Settings | None = None
    refused: str = ""
    is_home_missing: bool = False
    app: str | None = None


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
    checks: ChecksStory
    pause: PauseStory
    refusal: str  # why the last wish was not fulfilled
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
    held: Proof
    resources: ResourcesStory


def tell(
    seen: Seen,
    now: datetime,
    *,
    offer: Action | None = None,
    has_practice_ended: bool = False,
    trouble: str = "",
    tries_again: bool = False,
    silence: Silence = "none",
    refusal: str = "",
    refused: Refusal | None = None,
) -> Story:
    """The story of this moment.

    Args:
        seen: What was heard.
        now: The time, with its zone: times of day are told in it.
        offer: What the app itself could do if nothing answers.
        has_practice_ended: The practice network that the app had started is over.
        trouble: Why the node that the app had started has ended, if it has.
        tries_again: The app starts it again by itself.
        silence: How long the node that the app has just started has not said a word.
        refusal: Why the node did not do what the person last asked for.
        refused: Why it did not take the last change of settings.
    """
    if silence != "none" and seen.link == "lost":  # it is no longer gone, and has not come yet
        seen = replace(seen, link="connecting")
    status, is_live = seen.status, seen.link == "connected" and seen.status is not None
    is_practice = status.is_practice if status else False
    if is_practice or has_practice_ended:  # its folder goes with it
        seen = replace(seen, is_home_missing=False)
    sign: Sign = "starting"
    if seen.link == "lost":
        sign = "attention" if seen.is_home_missing else "problem"
    if status is not None and is_live:
        sign = status.state
    headline, lead, note = _sentences(seen, now, has_practice_ended=has_practice_ended)
    if seen.link == "lost" and trouble and not seen.is_home_missing:
        lead = f"{plain(trouble)} {texts.TRIES_AGAIN}" if tries_again else plain(trouble)
    if seen.link == "connecting" and silence == "long":
        lead = texts.STARTING_LONG
    heard = status if is_live else None
    action = _action(seen, heard, offer)
    tried = trying(seen.updates) if is_live else ""
    home = HomeStory(
        headline=headline,
        lead=lead,
        note=note,
        bed=_bed(status),
        seedling=texts.being_tried(tried) if tried else "",
        checks=_checks(seen, heard, now),
        pause=tell_pause(heard, now),
        refusal=refusal,
        action=action,
        action_text=_ACTION_TEXTS[action] if action else "",
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
        releases=_releases(seen, now, is_live=is_live),
        held=tell_held(heard),
        resources=tell_resources(seen.settings, status, now, refused or Refusal(), is_live=is_live),
    )


_ACTION_TEXTS: Final[dict[Action, str]] = {
    "start": texts.START,
    "grow": texts.GROW_ANEW,
    "updates": texts.OPEN_PAGE["updates"],
    "resources": texts.OPEN_PAGE["resources"],
    "network": texts.OPEN_PAGE["network"],
    "help": texts.OPEN_PAGE["help"],
}


def _action(seen: Seen, heard: Status | None, offer: Action | None) -> Action | None:
    if seen.link != "lost":
        return _leads(heard)
    # Where it runs, or its home is not there, to start it again would be in vain.
    return None if seen.refused or seen.is_home_missing else offer


def _leads(status: Status | None) -> Action | None:
    """The page on which more stands of what the sentence is about; None where there is none, or no need."""
    if status is None or status.state not in ("attention", "problem") or not status.said:
        return None
    return next((action for prefix, action in _LEADS if status.said[0].code.startswith(prefix)), None)


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
        if seen.is_home_missing:
            return texts.HOME_MISSING, texts.HOME_MISSING_LEAD, note
        if seen.refused:
            return texts.SAYS_NOTHING, seen.refused, note
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
            return texts.STARTING_UP, status_in_words(status), ""
        case "paused":
            if (pause := tell_pause(status, now)).headline:
                urgent = held_back(status, seen.updates)
                return pause.headline, pause.lead, texts.urgent_waits(urgent) if urgent else ""
            return (*_headline(status, texts.PAUSED, texts.PAUSED_LEAD), "")
        case "attention":
            return (*_headline(status, texts.ATTENTION, kept), "")
        case "problem":
            note = texts.NOBODY_LOSES if status.is_practice else texts.OTHERS_SHOULD_HOLD
            return (*_headline(status, texts.PROBLEM, texts.PROBLEM_LEAD), note)


def _headline(status: Status, instead: str, lead: str) -> tuple[str, str]:
    """What the node says as the headline, and under it what to do; a long sentence goes into the line under it.

    The node's sentence may end with what is to be done; it is not said twice.
    """
    check = trouble(status)
    to_do = in_words(check.advice, check.advised) if check else ""
    sentence = without_advice(status, check)
    if len(sentence) <= HEADLINE_CHARACTERS_MAX:
        return sentence, to_do or lead
    if check and check.sentence in status.sentence:
        instead = texts.TROUBLES[check.name]
    return instead, f"{sentence}\n{to_do}" if to_do else sentence


def _bed(status: Status | None) -> Bed:
    if status is None or status.space.quota_bytes <= 0:
        return Bed(0.0, texts.BED_UNKNOWN, "")
    space = status.space
    if status.state in UNPROVEN and not space.chunk_count:  # nobody has counted the pieces yet
        return Bed(0.0, texts.BED_UNKNOWN, "")
    used_ratio = min(1.0, max(0.0, space.used_bytes / space.quota_bytes))
    used = texts.bed_used(space.used_bytes, space.quota_bytes)
    if any(check.name == "disk" and check.result == "bad" for check in status.checks):
        return Bed(used_ratio, used, "")  # of a disk that is gone, or takes nothing, nothing can be lent
    free = max(0, space.quota_bytes - space.used_bytes)
    if space.free_bytes is not None:  # the disk may have less than was lent of it
        free = min(free, lendable(space.free_bytes))
    return Bed(used_ratio, used, texts.bed_free(free))


def _releases(seen: Seen, now: datetime, *, is_live: bool) -> ReleaseStory:
    story = tell_releases(seen.status, seen.updates, seen.trial, now)
    if is_live or story.way is None:
        return story
    # Whatever it waits for or does beside the one in use: now nothing of it runs.
    heard = texts.last_heard(texts.at(seen.heard_s, now, with_seconds=True))
    return replace(story, lead=f"{heard}.", turn="")


def _checks(seen: Seen, heard: Status | None, now: datetime) -> ChecksStory:
    story = tell_checks(heard, now)
    if heard is not None and heard.key_place == "unprotected" and not heard.is_practice:
        unprotected = Proof("note", welcome_texts.UNPROTECTED, welcome_texts.UNPROTECTED_WHY)
        story = replace(story, proofs=(*story.proofs, unprotected), remarks=(*story.remarks, unprotected.why))
    if seen.link != "lost" or not seen.heard_s:
        return story
    return replace(story, looked=texts.last_heard(texts.at(seen.heard_s, now, with_seconds=True)))
