"""Why it is paused, and what ends that.  Pure: no Qt, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from gui.texts import app as texts
from node.api.schema import PauseKind, PauseReason, Phase, Status, Updates

PauseControl = Literal["pause", "resume", "none"]  # what a person may ask for now
_SLOW: Final = ("battery", "metered")  # a node waits for some minutes before it believes that these have ended
_BEFORE_TRIAL: Final[tuple[Phase, ...]] = ("announced", "fetching", "staged")  # a trial that runs goes on
_NAMED_MAX: Final = 2  # so many reasons are named in the headline


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason that holds now.  ``why``: the same in whole sentences."""

    kind: PauseKind
    text: str
    ends: str
    why: str


@dataclass(frozen=True, slots=True)
class PauseStory:
    """``headline`` and ``lead`` are "" while it is not paused; ``after``: what follows when the reasons have ended."""

    control: PauseControl
    headline: str = ""
    lead: str = ""
    reasons: tuple[Reason, ...] = ()
    after: str = ""


def tell_pause(status: Status | None, now: datetime) -> PauseStory:
    """Tell why it is paused; ``status`` is None when nothing can be known now."""
    if status is None:
        return PauseStory("none")
    if not status.pauses:
        return PauseStory("resume" if status.state == "paused" else "pause")
    is_slow = any(reason.kind in _SLOW for reason in status.pauses)
    return PauseStory(
        "resume",
        _headline(status.pauses),
        _lead(status.pauses, now),
        tuple(_reason(reason, now) for reason in status.pauses),
        texts.goes_on_after(len(status.pauses)) if is_slow else "",
    )


def held_back(status: Status, updates: Updates | None) -> str:
    """The urgent version that waits for the end of a pause; "" if there is none."""
    if not status.pauses or updates is None:
        return ""
    return next((one.version for one in updates.items if one.is_urgent and one.phase in _BEFORE_TRIAL), "")


def _reason(reason: PauseReason, now: datetime) -> Reason:
    ends = texts.PAUSE_ENDS[reason.kind]
    if reason.until_s is not None:
        ends = texts.ends(texts.moment(reason.until_s, now))
    after = [texts.goes_on_after(1)] if reason.kind in _SLOW else []
    why = " ".join([_headline((reason,)), _lead((reason,), now), *after])
    return Reason(reason.kind, texts.PAUSE_REASONS[reason.kind], ends, why)


def _headline(pauses: tuple[PauseReason, ...]) -> str:
    kinds = list(dict.fromkeys(reason.kind for reason in pauses))
    if "asked" in kinds:
        return texts.PAUSED_BY_YOU
    if len(kinds) > _NAMED_MAX:
        return texts.paused_for_many(len(kinds))
    return texts.paused_because([texts.PAUSE_SHORT[kind] for kind in kinds])


def _lead(pauses: tuple[PauseReason, ...], now: datetime) -> str:
    asked = [reason for reason in pauses if reason.kind == "asked"]
    if any(reason.until_s is None for reason in asked):
        return texts.GOES_ON_WHEN_ASKED
    if asked and len(asked) == len(pauses):
        return texts.goes_on(texts.moment(max(reason.until_s or 0.0 for reason in asked), now))
    return texts.GOES_ON_BY_ITSELF
