"""Every word of the app, in one place.  Plain language: no word that one must have learnt first.

What the node says itself (how it stands, why a release was refused) is exact and in its own words; ``gui.texts.plain``
puts everyday words for those that one must have learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gui.language import LANGUAGE, number, translate
from node.api.schema import CheckName, CheckResult, PauseKind, PauseLasts, SandboxLevel

APP: Final = "Perennial"
HOME: Final = translate("app", "Home")
UPDATES: Final = translate("app", "Updates")
RESOURCES: Final = translate("app", "Resources")
PRACTICE: Final = translate("app", "Practice network")
WINDOW_OF_PRACTICE: Final = translate("app", "Perennial (practice network)")
PRACTICE_EXPLAINED: Final = translate(
    "app", "A whole small network on this computer, to look at. Nobody's data is kept here."
)

OPEN: Final = translate("app", "Open Perennial")
SETTINGS: Final = translate("app", "Settings")
PAUSE: Final = translate("app", "Pause")
PAUSE_LASTS: Final[dict[PauseLasts, str]] = {
    "1h": translate("app", "For 1 hour"),
    "tomorrow": translate("app", "Until tomorrow"),
    "until-resumed": translate("app", "Until I resume"),
}
RESUME: Final = translate("app", "Go on now")
PAUSE_EXPLAINED: Final = translate("app", "Nothing new is taken in meanwhile; pieces kept here can still be read.")
PAUSE_HOLDS: Final = translate("app", "Until then no new version is tried out, not even an urgent one")
NOT_DONE: Final = translate("app", "Nothing answered, so that was not done.")
QUIT: Final = translate("app", "Quit")
QUIT_PRACTICE: Final = translate("app", "Quit and end the practice network")
QUIT_WINDOW_ONLY: Final = translate("app", "Quit (Perennial goes on without this window)")
START: Final = translate("app", "Start it again")
GROW: Final = translate("app", "Grow a practice network")
OPEN_PAGE: Final = {
    "updates": translate("app", "Show Updates"),
    "resources": translate("app", "Show Resources"),
    "network": translate("app", "Show Network"),
    "help": translate("app", "Show Help"),
}
GROW_ANEW: Final = translate("app", "Grow a new practice network")

QUIT_TITLE: Final = translate("app", "Quit Perennial?")
QUIT_QUESTION: Final = translate("app", "Your computer stops helping until you start Perennial again.")
QUIT_UNTIL_LOGIN: Final = translate(
    "app", "Your computer stops helping until you start Perennial again, or log in the next time."
)
QUIT_YES: Final = translate("app", "Quit")
QUIT_NO: Final = translate("app", "Go on helping")
NO_TRAY_TITLE: Final = translate("app", "It goes on in the background")
NO_TRAY: Final = translate(
    "app",
    "This desktop has no place for a tray icon, so the window is only made small. "
    "To see it again, click it among your windows or start Perennial once more. To quit, look under Help.",
)
NO_TRAY_YES: Final = translate("app", "All right")

WELCOME_PICTURE: Final = translate("app", "A bed of flowering plants whose roots meet below the ground")
NOT_JOINED: Final = translate("app", "No network joined yet")
GROWING_LINE: Final = translate("app", "Growing a practice network")
GROWING: Final = translate(
    "app", "Growing a practice network. Eight small computers are starting; this takes a moment."
)
GROWING_STOPPED: Final = translate("app", "The practice network did not start.")

STARTING: Final = translate("app", "Starting up.")
STARTING_LEAD: Final = translate("app", "Perennial has been started and has not said anything yet.")
STARTING_LONG: Final = translate(
    "app", "It has not said anything yet. If this computer asks for the password of its keyring, it waits for that."
)
HOME_MISSING: Final = translate("app", "The folder of Perennial is not there.")
HOME_MISSING_LEAD: Final = translate(
    "app",
    "If it lies on a disk that can be unplugged, plug that back in. If it is gone for good, quit Perennial and start it"
    " again to begin anew.",
)
NOT_RUNNING: Final = translate("app", "It does not run.")
SAYS_NOTHING: Final = translate("app", "It does not talk to this window.")
NO_ANSWER_EVER: Final = translate("app", "Nothing answers on this computer. This window keeps asking by itself.")
TRIES_AGAIN: Final = translate("app", "It is tried again by itself, after five minutes and then more and more rarely.")
PRACTICE_ENDED: Final = translate("app", "The practice network has ended.")
PRACTICE_ENDED_LEAD: Final = translate("app", "You can grow a new one at any time.")
NOTHING_TO_DO: Final = translate("app", "There is nothing you need to do.")
NOBODY_LOSES: Final = translate("app", "Nobody's data is at stake: this is practice.")
OTHERS_SHOULD_HOLD: Final = translate(
    "app", "Other computers should hold the same pieces; that cannot be checked right now."
)

FINE: Final = translate("app", "Everything is fine.")
STARTING_UP: Final = translate("app", "Starting up.")
PAUSED: Final = translate("app", "Paused.")
PAUSED_BY_YOU: Final = translate("app", "Paused by you.")
ATTENTION: Final = translate("app", "Something to know.")
PROBLEM: Final = translate("app", "Something is wrong.")
PAUSED_LEAD: Final = translate("app", "Pieces kept here can still be read meanwhile.")
PROBLEM_LEAD: Final = translate("app", "It keeps trying by itself.")

NOTHING_KEPT: Final = translate("app", "Nothing to keep yet. Pieces come by themselves when others need room.")
BED_UNKNOWN: Final = translate("app", "How much space is in use is not known yet")
PAUSE_SHORT: Final[dict[PauseKind, str]] = {
    "battery": translate("app", "on battery"),
    "metered": translate("app", "on a metered connection"),
    "hours": translate("app", "outside your hours"),
}
PAUSE_REASONS: Final[dict[PauseKind, str]] = {
    "asked": translate("app", "You asked for it"),
    "battery": translate("app", "On battery"),
    "metered": translate("app", "On a metered connection"),
    "hours": translate("app", "Outside your hours"),
}
PAUSE_ENDS: Final[dict[PauseKind, str]] = {
    "asked": translate("app", "ends when you say so"),
    "battery": translate("app", "ends when you plug in"),
    "metered": translate("app", "ends with another connection"),
    "hours": translate("app", "ends with the next of your hours"),
}
GOES_ON_BY_ITSELF: Final = translate("app", "It goes on by itself. Until then, pieces kept here can still be read.")
GOES_ON_WHEN_ASKED: Final = translate(
    "app", "It goes on when you say so. Until then, pieces kept here can still be read."
)

CHECKS: Final[dict[tuple[CheckName, CheckResult], str]] = {
    ("disk", "ok"): translate("app", "Disk works"),
    ("disk", "wait"): translate("app", "Disk not known"),
    ("disk", "bad"): translate("app", "Disk fails"),
    ("clock", "ok"): translate("app", "Clock is right"),
    ("clock", "wait"): translate("app", "Clock not known"),
    ("clock", "bad"): translate("app", "Clock is wrong"),
    ("reach", "ok"): translate("app", "Others reach you"),
    ("reach", "wait"): translate("app", "Not reached lately"),
    ("reach", "bad"): translate("app", "Not reached"),
    ("exchange", "ok"): translate("app", "Others answer"),
    ("exchange", "wait"): translate("app", "No answer lately"),
    ("exchange", "bad"): translate("app", "Nobody answers"),
    ("audit", "ok"): translate("app", "Pieces proved"),
    ("audit", "wait"): translate("app", "No proof lately"),
    ("audit", "bad"): translate("app", "A proof failed"),
}
TROUBLES: Final[dict[CheckName, str]] = {
    "disk": translate("app", "The disk does not work."),
    "clock": translate("app", "The clock is wrong."),
    "reach": translate("app", "Others do not reach you."),
    "exchange": translate("app", "Nobody answers."),
    "audit": translate("app", "A piece could not be proved."),
}
LOOKED_NOW: Final = translate("app", "Last look: just now")
NOT_LOOKED: Final = translate("app", "Nothing could be looked at yet")
SHUT_OFF_WHAT: Final = translate("app", "The version in use")
SHUT_OFF_UNKNOWN: Final = translate("app", "Not known how it is shut off")
SHUT_OFF: Final[dict[SandboxLevel, str]] = {
    "full": translate("app", "Shut off from your files"),
    "partial": translate("app", "Partly shut off"),
    "none": translate("app", "Not shut off from your files"),
}
SHUT_OFF_MEANS: Final[dict[SandboxLevel, str]] = {
    "full": translate("app", "It reads none of them, and a fault in it could not either."),
    "partial": translate(
        "app",
        "It reads none of your files. If a fault in it tried more than it may, this system would stop some of that.",
    ),
    "none": translate("app", "It reads none of them. If a fault in it did, this system would not stop it."),
}
SHUT_OFF_UNTRIED: Final = translate("app", "Partly shut off, never tried on this system")

MONTHS: Final = tuple(translate("app", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split())


def pieces(count: int) -> str:
    return translate("app", "%n piece(s)", "", count)


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return translate("app", "{these} and {last}").format(these=", ".join(names[:-1]), last=names[-1])


def amount(size_bytes: int) -> str:
    """Bytes as people say them: 640 kB, 1.2 GB."""
    value, unit = float(size_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    if unit == "bytes":
        return translate("app", "%n byte(s)", "", size_bytes)
    return f"{number(value, 1 if value < 9.95 else 0)} {unit}"


def at(at_s: float, now: datetime, *, with_seconds: bool = False) -> str:
    """A moment, as short as it can be told: 14:03 today, 22 Nov 14:03 this year, else 22 Nov 2025 14:03."""
    moment = datetime.fromtimestamp(at_s, now.tzinfo)
    clock = f"{moment:%H:%M:%S}" if with_seconds else f"{moment:%H:%M}"
    if moment.date() == now.date():
        return clock
    if moment.year == now.year:
        return _dated(moment, translate("app", "{day} {month} {clock}"), clock)
    return _dated(moment, translate("app", "{day} {month} {year} {clock}"), clock)


def _dated(moment: datetime, form: str, clock: str) -> str:
    return form.format(day=moment.day, month=MONTHS[moment.month - 1], year=moment.year, clock=clock)


def lasted(seconds: float) -> str:
    """How long something took, or will: 5 minutes."""
    if seconds < 90:
        return translate("app", "%n second(s)", "", max(1, round(seconds)))
    if seconds < 5400:
        return translate("app", "%n minute(s)", "", round(seconds / 60))
    if seconds < 129_600:
        return translate("app", "%n hour(s)", "", round(seconds / 3600))
    return translate("app", "%n day(s)", "", round(seconds / 86_400))


def ago(seconds: float) -> str:
    """How long something is past: 5 minutes ago."""
    if seconds < 90:
        return translate("app", "%n second(s) ago", "", max(1, round(seconds)))
    if seconds < 5400:
        return translate("app", "%n minute(s) ago", "", round(seconds / 60))
    if seconds < 129_600:
        return translate("app", "%n hour(s) ago", "", round(seconds / 3600))
    return translate("app", "%n day(s) ago", "", round(seconds / 86_400))


def no_answer_since(moment: str) -> str:
    return translate("app", "There has been no answer since {moment}. This window keeps asking by itself.").format(
        moment=moment
    )


def moment(at_s: float, now: datetime) -> str:
    """When something comes: at 19:00 today, tomorrow at 06:00, else at 22 Nov 14:03."""
    when = datetime.fromtimestamp(at_s, now.tzinfo)
    clock = f"{when:%H:%M}"
    if when.date() == now.date():
        return translate("app", "at {clock}").format(clock=clock)
    if (when.date() - now.date()).days == 1:
        return translate("app", "tomorrow at {clock}").format(clock=clock)
    return _dated(when, translate("app", "at {day} {month} {clock}"), clock)


def ends(moment: str) -> str:
    return translate("app", "ends {moment}").format(moment=moment)


def goes_on(moment: str) -> str:
    return translate("app", "It goes on by itself {moment}. Until then, pieces kept here can still be read.").format(
        moment=moment
    )


def goes_on_after(reasons: int) -> str:
    """What follows when that many reasons have ended."""
    if reasons == 1:
        return translate("app", "It goes on a few minutes after that.")
    if reasons == 2:
        return translate("app", "It goes on at most a few minutes after both have ended.")
    return translate("app", "It goes on at most a few minutes after all of them have ended.")


def paused_because(reasons: Sequence[str]) -> str:
    return translate("app", "Paused: {reasons}.").format(reasons=listed(reasons))


def urgent_waits(version: str) -> str:
    return translate("app", "Version {version}, which its makers call urgent, is not tried out before that.").format(
        version=version
    )


def paused_for_many(reasons: int) -> str:
    return translate("app", "Paused for %n reason(s).", "", reasons)


def looked_ago(age_s: float) -> str:
    return LOOKED_NOW if age_s < 60 else translate("app", "Last look: {ago}").format(ago=ago(age_s))


def last_look(moment: str) -> str:
    return translate("app", "Last look: {moment}").format(moment=moment)


def last_heard(moment: str) -> str:
    return translate("app", "As it was when last heard, at {moment}").format(moment=moment)


def keeps(chunks: int, *, is_practice: bool) -> str:
    if is_practice:
        return translate(
            "app", "This farm keeps %n piece(s) for its neighbours, all of them on this computer.", "", chunks
        )
    return translate("app", "Your computer is helping to keep %n piece(s) of other people's data safe.", "", chunks)


def bed_used(used: int, quota: int) -> str:
    return translate("app", "{used} of {quota} in use").format(used=amount(used), quota=amount(quota))


def bed_free(free: int) -> str:
    return translate("app", "{free} still free to lend").format(free=amount(free))


def being_tried(version: str) -> str:
    return translate("app", "{version} is being tried out").format(version=version)


def version_line(in_use: str, trying: str) -> str:
    if not in_use:
        return ""
    if trying:
        return translate("app", "{in_use} · trying {trying}").format(in_use=in_use, trying=trying)
    return translate("app", "Version {in_use}").format(in_use=in_use)


def foot_line(sentence: str) -> str:
    return sentence.rstrip(" .")


def tray_line(sentence: str, trying: str, *, is_practice: bool) -> str:
    """The first line of the tray's menu; in a practice network it begins with that word."""
    line = foot_line(sentence)
    if trying:
        line = translate("app", "{line}, trying {version}").format(line=line, version=trying)
    if not is_practice:
        return line
    # English goes on small after a colon.  Where every noun is written large, small would be wrong as often as not.
    is_small = LANGUAGE == "en" and not line.startswith(APP)
    return translate("app", "Practice: {line}").format(line=f"{line[:1].lower()}{line[1:]}" if is_small else line)


def farm(name: str) -> str:
    return translate("app", "Farm {name}").format(name=name)


# The processes that the app starts itself.


def child_silent(seconds: float) -> str:
    return translate("app", "It said nothing for {seconds} seconds.").format(seconds=number(seconds))


def child_ended(code: int | None) -> str:
    """``code``: as Python has it, so below zero the signal by which it was ended."""
    if code == -9:
        return translate("app", "It was killed.")
    if code is not None and code < 0:
        return translate("app", "It was stopped from outside.")
    return translate("app", "It ended with code {code}.").format(code=code)


CHILD_ODD: Final = translate("app", "It said something that is not understood.")
NO_FARM: Final = translate("app", "It has no farm to look at.")
