"""What the node says, in everyday words and in the language of the app.

The node says a sentence, and as data what stands in it: a code and values.  Here is a text for each code.  A code that
is not known, or has other values than it should, comes from another version of the node: then there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from gui.language import number, translate
from gui.texts import refusal as refusal_texts
from gui.texts.app import amount
from gui.texts.why import say_why
from node.api.schema import Said

Values = dict[str, int | str]
_MINUTE_S: Final = 60
_YEAR_S: Final = 365.25 * 86_400
_SPANS: Final = ((1.9 * _YEAR_S, _YEAR_S), (2 * 86_400, 86_400), (2 * 3600, 3600), (0, _MINUTE_S))

TEXTS: Final[dict[str, str]] = {
    "disk.not_looked": translate("node", "The disk has not been looked at yet."),
    "disk.works": translate("node", "The disk works: a file was written, read back and removed."),
    "disk.gone": translate("node", "The disk with the pieces is not there."),
    "disk.plug_in": translate("node", "Plug it back in."),
    "disk.look_why": translate("node", "Look whether the disk is full, write-protected or broken."),
    "disk.make_room": translate("node", "Make room on it."),
    "disk.altered": translate("node", "The disk gives back something else than was written to it."),
    "disk.save": translate("node", "Do not trust this disk any more; save what is on it."),
    "disk.silent": translate("node", "The disk does not answer any more."),
    "disk.start_anew": translate("node", "Look whether it is plugged in well, and start the computer anew."),
    "disk.refused": translate("node", "The disk cannot be written: {why}."),
    "disk.looked": translate("node", "The disk was last looked at {ago}."),
    "clock.unknown": translate(
        "node", "Whether the clock is right is not known yet: no other computer was heard lately."
    ),
    "clock.disputed": translate(
        "node", "Whether the clock is right is not known: the clocks of others contradict each other."
    ),
    "clock.set": translate("node", "Set date and time right, or let the system set them by itself."),
    "clock.perhaps_behind": translate(
        "node",
        "By the few others that were heard the clock is about {span} behind; which of them is wrong is not known.",
    ),
    "clock.perhaps_ahead": translate(
        "node",
        "By the few others that were heard the clock is about {span} ahead; which of them is wrong is not known.",
    ),
    "reach.unknown": translate("node", "Whether others can reach this computer by themselves is not known yet."),
    "reach.open": translate("node", "Others on the internet reach this computer by themselves."),
    "reach.practice": translate(
        "node", "The others of this practice network reach this one; nobody comes from the internet."
    ),
    "reach.practice_unknown": translate("node", "No other of this practice network has come by itself lately."),
    "reach.nearby": translate(
        "node", "Others on your own network reach this computer; whether the internet could is not known."
    ),
    "reach.router": translate(
        "node", "Your router lets nobody in: others can only be asked, and not come by themselves."
    ),
    "reach.announced": translate(
        "node", "Others can reach this computer through your router: a third one introduces them to each other."
    ),
    "reach.introduced": translate(
        "node",
        "Others can reach this computer once a third one has introduced them to each other; nobody comes by himself.",
    ),
    "reach.may_open_port": translate(
        "node",
        "All is well so. If you let UDP port {port} through the firewalls of this computer and of your router, others"
        " can come by themselves.",
    ),
    "reach.switch_on_ipv6": translate(
        "node",
        "It helps all the same. If your provider offers IPv6, switch it on in your router; others can then be"
        " introduced to this computer by a third one.",
    ),
    "reach.last": translate("node", "The last time that somebody on the internet came by himself was {ago}."),
    "reach.nobody": translate("node", "Nobody on the internet has come by himself for {span} or more."),
    "reach.open_port": translate(
        "node", "Let UDP port {port} through the firewalls of this computer and of your router."
    ),
    "exchange.unknown": translate("node", "No answer of another computer was checked lately."),
    "exchange.works": translate("node", "Another computer answered, and its signature was right."),
    "exchange.alone": translate("node", "No other computer answers."),
    "exchange.behind": translate("node", "The other computers run a version that this one cannot speak with."),
    "exchange.install": translate(
        "node", "It updates itself if it can. If this stays so for weeks, install Perennial anew."
    ),
    "exchange.end_other": translate(
        "node",
        "Others count only one of two computers with one key. On the other one use perennial leave, or delete the"
        " copy.",
    ),
    "exchange.connect": translate("node", "Look whether this computer is connected to the internet."),
    "exchange.fails": translate("node", "For {span} no other computer has given an answer that is right."),
    "audit.unknown": translate("node", "Nobody has asked this computer for a proof yet."),
    "audit.nothing": translate("node", "Nothing is kept here yet, so there is nothing to prove."),
    "audit.passed": translate(
        "node", "Another computer asked for a proof of a piece that is kept here, and was satisfied."
    ),
    "audit.doubted": translate(
        "node", "Another computer was not satisfied with a proof of a piece; others are still to say."
    ),
    "audit.look_at_disk": translate("node", "Look whether the disk is well: pieces on it may be damaged."),
    "audit.last": translate("node", "The last proof that satisfied another computer was given {ago}."),
    "home.refused": translate("node", "The disk cannot be written, so nothing new is stored: {why}."),
    "store.gone": translate(
        "node", "The disk with the pieces is not there, or refuses; nothing new is stored until it is back."
    ),
    "store.refused": translate("node", "The disk takes nothing more, so nothing new is stored; make room on it."),
    "store.full": translate(
        "node",
        "Nothing new is stored: only {free} of the disk are free, and Perennial leaves its last {reserve} to you;"
        " make room on it.",
    ),
    "space.over": translate("node", "{over} more than the {quota} that you lend are in use, so nothing new is stored."),
    "vault.failing": translate("node", "Perennial does not keep running ({why}); it is started again and again."),
    "vault.again": translate("node", "Perennial is started again ({why})."),
    "vault.doubled": translate(
        "node",
        "Another computer runs with the key of this one, and others count only one of the two. End the other one: type"
        " perennial leave in a terminal there, or delete its copy of the folder.",
    ),
    "vault.starting": translate("node", "Perennial is starting."),
    "alone.cut_off": translate("node", "Perennial runs, but no other computer can be reached at the moment."),
    "alone.behind": translate("node", "Perennial runs, but the others run a version that it cannot speak with."),
    "alone.looking": translate("node", "Perennial runs and looks for other computers."),
    "alone.never": translate("node", "Perennial runs, but it has reached no other computer yet."),
    "node.stopping": translate("node", "Perennial is being stopped."),
    "node.handing_over": translate("node", "Perennial is being stopped: handing over its pieces, at most {within} s."),
    "trial.runs": translate("node", "Version {version} is being tried out; version {in_use} keeps your pieces."),
    "developers.recalled": translate(
        "node",
        "The makers have recalled version {version}, and no version from before may take its place; it keeps"
        " serving your pieces until a newer one has proven itself.",
    ),
    "developers.unheard": translate("node", "Nothing has been heard of the makers yet."),
    "developers.halted": translate(
        "node",
        "Updates are halted: the makers' signatures contradict each other (since {date});"
        " your pieces are served as before.",
    ),
    "program.failed": translate("node", "Version {version} of Perennial itself has failed to start."),
    "program.silent": translate("node", "Version {version} of Perennial itself was started, but did not come to work."),
    "program.damaged": translate("node", "Version {version} of Perennial itself is damaged on the disk."),
    "program.installed_failed": translate(
        "node", "The version of Perennial itself that was installed last did not come to work."
    ),
    "program.back": translate("node", "The version from before runs again."),
    "program.back_installed": translate("node", "The version that was installed runs again."),
    "program.record_damaged": translate(
        "node", "Which version of Perennial itself was in use could not be read from the disk."
    ),
    "program.record_newer": translate(
        "node",
        "Which version of Perennial itself was in use is written down in a newer way than the installed start program"
        " knows; install Perennial anew to go on with that version.",
    ),
}


def _counted(code: str, values: Values) -> str:
    """The text of a code with a plural in it."""
    others, chunks = int(values.get("others", 0)), int(values.get("chunks", 0))
    days, vaults = int(values.get("days", 0)), int(values.get("vaults", 0))
    match code:
        case "clock.right":
            return translate("node", "The clock is right: it agrees with %n other computer(s).", "", others)
        case "clock.behind":
            return translate(
                "node", "The clock of this computer is about {span} behind; so say %n other computer(s).", "", others
            )
        case "clock.ahead":
            return translate(
                "node", "The clock of this computer is about {span} ahead; so say %n other computer(s).", "", others
            )
        case "audit.failed":
            return translate(
                "node",
                "%n other computer(s) asked for a proof of a piece that should be kept here, and got none.",
                "",
                others,
            )
        case "space.shrinking":
            return translate("node", "Shrinking {used} -> {quota}: {done} of %n piece(s) handed over.", "", chunks)
        case "node.leaving":
            return translate(
                "node",
                "Perennial is being stopped: handing over {done} of %n piece(s), at most {within} s.",
                "",
                chunks,
            )
        case "vault.silent":
            return translate("node", "Perennial has not answered for %n second(s).", "", int(values["silent_s"]))
        case "fine":
            return translate("node", "All is well: {used} of {quota} in use, connected to %n computer(s).", "", vaults)
        case "developers.heard" if days == 0:
            return translate("node", "Last news from the makers: today.")
        case "developers.heard" if days == 1:
            return translate("node", "Last news from the makers: yesterday.")
        case "developers.heard":
            return translate("node", "Last news from the makers: %n day(s) ago.", "", days)
        case "developers.expired":
            return translate(
                "node",
                "Updates wait for the makers: their last word expired on {date}, and the last news from them is"
                " %n day(s) old; your pieces are served as before.",
                "",
                days,
            )
        case "developers.role_expired":
            return translate(
                "node",
                "Updates wait for the makers: what they signed as {role} expired on {date}, and the last news from"
                " them is %n day(s) old; your pieces are served as before.",
                "",
                days,
            )
        case _:
            return refusal_texts.counted(code, others)


def say(said: Said) -> str | None:
    """Its text; None where there is none."""
    try:
        text = TEXTS.get(said.code) or refusal_texts.TEXTS.get(said.code) or _counted(said.code, said.values)
        shown = dict(_shown(name, value) for name, value in said.values.items())
        return text.format(**shown)
    except (KeyError, IndexError, ValueError, OverflowError, OSError):
        return None


def _shown(name: str, value: int | str) -> tuple[str, str]:
    """A value as it stands in a text, and the name of its place there."""
    if name == "why":
        return name, say_why(str(value))
    if name in _SHOWN:
        place, show = _SHOWN[name]
        return place, show(int(value))
    if name.endswith("_bytes"):
        return name.removesuffix("_bytes"), amount(int(value))
    return name, number(value) if isinstance(value, int) else value


def _date(at_s: int) -> str:
    day = datetime.fromtimestamp(at_s, UTC)
    text = translate("node", "{year}-{month}-{day}")
    return text.format(year=day.year, month=f"{day.month:02}", day=f"{day.day:02}")


def _in_units(seconds: int) -> tuple[int, float]:
    unit_s = next(unit_s for from_s, unit_s in _SPANS if seconds >= from_s)
    return max(1, round(seconds / unit_s)), unit_s


def _span(seconds: int) -> str:
    count, unit_s = _in_units(seconds)
    if unit_s == _YEAR_S:
        return translate("node", "%n year(s)", "", count)
    if unit_s == _MINUTE_S:
        return translate("node", "%n minute(s)", "", count)
    if unit_s == 3600:
        return translate("node", "%n hour(s)", "", count)
    return translate("node", "%n day(s)", "", count)


def _ago(seconds: int) -> str:
    count, unit_s = _in_units(seconds)
    if unit_s == _YEAR_S:
        return translate("node", "%n year(s) ago", "", count)
    if unit_s == _MINUTE_S:
        return translate("node", "%n minute(s) ago", "", count)
    if unit_s == 3600:
        return translate("node", "%n hour(s) ago", "", count)
    return translate("node", "%n day(s) ago", "", count)


_SHOWN: Final[dict[str, tuple[str, Callable[[int], str]]]] = {
    "age_s": ("ago", _ago),
    "lasts_s": ("span", _span),
    "off_s": ("span", _span),
    "within_s": ("within", number),
    "since_s": ("date", _date),
    "expired_s": ("date", _date),
}
