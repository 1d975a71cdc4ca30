"""Every word of the app, in one place.  Plain language: no word that one must have learnt first.

What the node says itself (how it stands, why a release was refused) is exact and in its own words; ``gui.plain`` puts
everyday words for those that one must have learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from node.api.schema import CheckName, CheckResult, PauseKind, PauseLasts, SandboxLevel

APP: Final = "Perennial"
HOME: Final = "Home"
UPDATES: Final = "Updates"
RESOURCES: Final = "Resources"
PRACTICE: Final = "Practice network"
PRACTICE_EXPLAINED: Final = "A whole small network on this computer, to look at. Nobody's data is kept here."

OPEN: Final = "Open Perennial"
SETTINGS: Final = "Settings"
PAUSE: Final = "Pause"
PAUSE_LASTS: Final[dict[PauseLasts, str]] = {
    "1h": "For 1 hour",
    "tomorrow": "Until tomorrow",
    "until-resumed": "Until I resume",
}
RESUME: Final = "Go on now"
PAUSE_EXPLAINED: Final = "Nothing new is taken in meanwhile; pieces kept here can still be read."
NOT_DONE: Final = "Nothing answered, so that was not done."
QUIT: Final = "Quit"
QUIT_PRACTICE: Final = "Quit and end the practice network"
QUIT_WINDOW_ONLY: Final = "Quit (Perennial goes on without this window)"
START: Final = "Start it again"
GROW: Final = "Grow a practice network"
GROW_ANEW: Final = "Grow a new practice network"

QUIT_TITLE: Final = "Quit Perennial?"
QUIT_QUESTION: Final = "Your computer stops helping until you start Perennial again."
QUIT_YES: Final = "Quit"
QUIT_NO: Final = "Go on helping"
NO_TRAY_TITLE: Final = "It goes on in the background"
NO_TRAY: Final = (
    "This desktop has no place for a tray icon, so the window is only made small. "
    "To see it again, click it among your windows or start Perennial once more."
)
NO_TRAY_YES: Final = "All right"

WELCOME_TITLE: Final = "Lend a little space"
WELCOME_LEAD: Final = (
    "Perennial lets home computers keep each other's data safe, without any company in the middle. "
    "This computer has not joined a network yet."
)
WELCOME_POINTS: Final = (
    (True, "A practice network is eight small computers inside this one"),
    (True, "You can watch new versions being tried out and taking over"),
    (False, "It reads none of your files and asks nobody on the internet"),
    (False, "It leaves nothing running: it ends when you quit"),
)
WELCOME_PICTURE: Final = "A bed of flowering plants whose roots meet below the ground"
NOT_JOINED: Final = "No network joined yet"
GROWING_LINE: Final = "Growing a practice network"
GROWING: Final = "Growing a practice network. Eight small computers are starting; this takes a moment."
GROWING_STOPPED: Final = "The practice network did not start."

STARTING: Final = "Starting up."
STARTING_LEAD: Final = "Perennial has been started and has not said anything yet."
NOT_RUNNING: Final = "It does not run."
NO_ANSWER_EVER: Final = "Nothing answers on this computer. This window keeps asking by itself."
PRACTICE_ENDED: Final = "The practice network has ended."
PRACTICE_ENDED_LEAD: Final = "You can grow a new one at any time."
NOTHING_TO_DO: Final = "There is nothing you need to do."
NOBODY_LOSES: Final = "Nobody's data is at stake: this is practice."
OTHERS_SHOULD_HOLD: Final = "Other computers should hold the same pieces; that cannot be checked right now."

FINE: Final = "Everything is fine."
STARTING_UP: Final = "Starting up."
PAUSED: Final = "Paused."
PAUSED_BY_YOU: Final = "Paused by you."
ATTENTION: Final = "Something to know."
PROBLEM: Final = "Something is wrong."
PAUSED_LEAD: Final = "Pieces kept here can still be read meanwhile."
PROBLEM_LEAD: Final = "It keeps trying by itself."

NOTHING_KEPT: Final = "Nothing to keep yet. Pieces come by themselves when others need room."
BED_UNKNOWN: Final = "How much space is in use is not known yet"
PAUSE_SHORT: Final[dict[PauseKind, str]] = {
    "battery": "on battery",
    "metered": "on a metered connection",
    "hours": "outside your hours",
}
PAUSE_REASONS: Final[dict[PauseKind, str]] = {
    "asked": "You asked for it",
    "battery": "On battery",
    "metered": "On a metered connection",
    "hours": "Outside your hours",
}
PAUSE_ENDS: Final[dict[PauseKind, str]] = {
    "asked": "ends when you say so",
    "battery": "ends when you plug in",
    "metered": "ends with another connection",
    "hours": "ends with the next of your hours",
}
_MEANWHILE: Final = "Until then, pieces kept here can still be read."
GOES_ON_BY_ITSELF: Final = f"It goes on by itself. {_MEANWHILE}"
GOES_ON_WHEN_ASKED: Final = f"It goes on when you say so. {_MEANWHILE}"

CHECKS: Final[dict[tuple[CheckName, CheckResult], str]] = {
    ("disk", "ok"): "Disk works",
    ("disk", "wait"): "Disk not known",
    ("disk", "bad"): "Disk fails",
    ("clock", "ok"): "Clock is right",
    ("clock", "wait"): "Clock not known",
    ("clock", "bad"): "Clock is wrong",
    ("reach", "ok"): "Others reach you",
    ("reach", "wait"): "Not reached lately",
    ("reach", "bad"): "Not reached",
    ("exchange", "ok"): "Others answer",
    ("exchange", "wait"): "No answer lately",
    ("exchange", "bad"): "Nobody answers",
    ("audit", "ok"): "Pieces proved",
    ("audit", "wait"): "No proof lately",
    ("audit", "bad"): "A proof failed",
}
TROUBLES: Final[dict[CheckName, str]] = {
    "disk": "The disk does not work.",
    "clock": "The clock is wrong.",
    "reach": "Others do not reach you.",
    "exchange": "Nobody answers.",
    "audit": "A piece could not be proved.",
}
LOOKED_NOW: Final = "Last look: just now"
NOT_LOOKED: Final = "Nothing could be looked at yet"
SHUT_OFF_WHAT: Final = "The version in use"
SHUT_OFF_UNKNOWN: Final = "Not known how it is shut off"
SHUT_OFF: Final[dict[SandboxLevel, str]] = {
    "full": "Shut off from your files",
    "partial": "Partly shut off",
    "none": "Not shut off from your files",
}
SHUT_OFF_UNTRIED: Final = "Partly shut off, never tried on this system"

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plural(count: int, one: str, many: str) -> str:
    """The count with its word: 1 piece, 1,204 pieces."""
    return f"{count:,} {one if count == 1 else many}"


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def amount(size_bytes: int) -> str:
    """Bytes as people say them: 640 kB, 1.2 GB."""
    value, unit = float(size_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    if unit == "bytes":
        return plural(size_bytes, "byte", "bytes")
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"


def at(at_s: float, now: datetime, *, with_seconds: bool = False) -> str:
    """A moment, as short as it can be told: 14:03 today, else 22 Nov 14:03."""
    moment = datetime.fromtimestamp(at_s, now.tzinfo)
    clock = f"{moment:%H:%M:%S}" if with_seconds else f"{moment:%H:%M}"
    if moment.date() == now.date():
        return clock
    return f"{moment.day} {MONTHS[moment.month - 1]} {clock}"


def lasted(seconds: float) -> str:
    if seconds < 90:
        return plural(max(1, round(seconds)), "second", "seconds")
    if seconds < 5400:
        return plural(round(seconds / 60), "minute", "minutes")
    if seconds < 129_600:
        return plural(round(seconds / 3600), "hour", "hours")
    return plural(round(seconds / 86_400), "day", "days")


def no_answer_since(moment: str) -> str:
    return f"There has been no answer since {moment}. This window keeps asking by itself."


def moment(at_s: float, now: datetime) -> str:
    """A moment to come: 19:00 today, tomorrow at 06:00, else 22 Nov 14:03."""
    when = datetime.fromtimestamp(at_s, now.tzinfo)
    return f"tomorrow at {when:%H:%M}" if (when.date() - now.date()).days == 1 else at(at_s, now)


def ends_at(moment: str) -> str:
    return f"ends {moment}" if moment.startswith("tomorrow") else f"ends at {moment}"


def goes_on_at(moment: str) -> str:
    at_moment = moment if moment.startswith("tomorrow") else f"at {moment}"
    return f"It goes on by itself {at_moment}. {_MEANWHILE}"


def goes_on_after(reasons: int) -> str:
    """What follows when that many reasons have ended."""
    if reasons == 1:
        return "It goes on a few minutes after that."
    return f"It goes on at most a few minutes after {'both' if reasons == 2 else 'all of them'} have ended."


def paused_because(reasons: Sequence[str]) -> str:
    return f"Paused: {listed(reasons)}."


def paused_for_many(reasons: int) -> str:
    return f"Paused for {reasons} reasons."


def looked_ago(age_s: float) -> str:
    return LOOKED_NOW if age_s < 60 else f"Last look: {lasted(age_s)} ago"


def last_look(moment: str) -> str:
    return f"Last look: {moment}"


def last_heard(moment: str) -> str:
    return f"As it was when last heard, at {moment}"


def keeps(chunks: int, *, is_practice: bool) -> str:
    pieces = plural(chunks, "piece", "pieces")
    if is_practice:
        return f"This farm keeps {pieces} for its neighbours, all of them on this computer."
    return f"Your computer is helping to keep {pieces} of other people's data safe."


def bed_used(used: int, quota: int) -> str:
    return f"{amount(used)} of {amount(quota)} in use"


def bed_free(free: int) -> str:
    return f"{amount(free)} still free to lend"


def being_tried(version: str) -> str:
    return f"{version} is being tried out"


def version_line(in_use: str, trying: str) -> str:
    if not in_use:
        return ""
    return f"{in_use} · trying {trying}" if trying else f"Version {in_use}"


def foot_line(sentence: str) -> str:
    return sentence.rstrip(" .")


def tray_line(sentence: str, trying: str, *, is_practice: bool) -> str:
    """The first line of the tray's menu; in a practice network it begins with that word."""
    line = foot_line(sentence) + (f", trying {trying}" if trying else "")
    if not is_practice:
        return line
    return f"Practice: {line}" if line.startswith(APP) else f"Practice: {line[:1].lower()}{line[1:]}"


def farm(name: str) -> str:
    return f"Farm {name}"
