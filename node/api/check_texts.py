"""What is said to people of the things that were looked at end to end; ``checks`` decides which."""

from __future__ import annotations

from typing import Final

from node.api.texts import count, wants_room
from node.api.told import Told, told

MINUTE_S: Final = 60.0
# From how many seconds on a span is told in which unit.
UNITS: Final = (
    (1.9 * 365.25 * 86_400.0, 365.25 * 86_400.0, "year"), (2 * 86_400.0, 86_400.0, "day"), (2 * 3600.0, 3600.0, "hour"),
)  # fmt: skip


def span(seconds: float) -> str:
    """``12 minutes``, ``3 hours``, ``2 years``: as rough as a person would say it."""
    for from_s, unit_s, noun in UNITS:
        if seconds >= from_s:
            return count(round(seconds / unit_s), noun)
    return count(max(1, round(seconds / MINUTE_S)), "minute")


def rough_s(seconds: float) -> int:
    """As many seconds as ``span`` tells of, so that what is told anew is the same for as long as its words are."""
    unit_s = next((unit_s for from_s, unit_s, _ in UNITS if seconds >= from_s), MINUTE_S)
    return round(max(1, round(seconds / unit_s)) * unit_s)


def others(number: int) -> str:
    return "another computer" if number == 1 else f"{number} other computers"


# The disk.

DISK_NOT_LOOKED: Final = told("disk.not_looked", "The disk has not been looked at yet.")
DISK_WORKS: Final = told("disk.works", "The disk works: a file was written, read back and removed.")
DISK_GONE: Final = told("disk.gone", "The disk with the pieces is not there.")
DISK_GONE_ADVICE: Final = told("disk.plug_in", "Plug it back in.")
DISK_REFUSED_ADVICE: Final = told("disk.look_why", "Look whether the disk is full, write-protected or broken.")
DISK_FULL_ADVICE: Final = told("disk.make_room", "Make room on it.")
DISK_ALTERED: Final = told("disk.altered", "The disk gives back something else than was written to it.")
DISK_ALTERED_ADVICE: Final = told("disk.save", "Do not trust this disk any more; save what is on it.")
DISK_SILENT: Final = told("disk.silent", "The disk does not answer any more.")
DISK_SILENT_ADVICE: Final = told("disk.start_anew", "Look whether it is plugged in well, and start the computer anew.")


def disk_refused(why: str) -> Told:
    return told("disk.refused", f"The disk cannot be written: {why}.", why=why)


def disk_refused_advice(why: str) -> Told:
    return DISK_FULL_ADVICE if wants_room(why) else DISK_REFUSED_ADVICE


def disk_looked(age_s: float) -> Told:
    return told("disk.looked", f"The disk was last looked at {span(age_s)} ago.", age_s=rough_s(age_s))


# The clock.

CLOCK_UNKNOWN: Final = told(
    "clock.unknown", "Whether the clock is right is not known yet: no other computer was heard lately."
)
CLOCK_DISPUTED: Final = told(
    "clock.disputed", "Whether the clock is right is not known: the clocks of others contradict each other."
)
CLOCK_ADVICE: Final = told("clock.set", "Set date and time right, or let the system set them by itself.")


def clock_right(agreeing: int) -> Told:
    return told("clock.right", f"The clock is right: it agrees with {others(agreeing)}.", others=agreeing)


def clock_wrong(ahead_s: float, agreeing: int) -> Told:
    """``ahead_s``: by how much the others' clocks are ahead of this one."""
    side = "behind" if ahead_s > 0 else "ahead"
    return told(
        f"clock.{side}",
        f"The clock of this computer is about {span(abs(ahead_s))} {side}; so say {others(agreeing)}.",
        off_s=rough_s(abs(ahead_s)),
        others=agreeing,
    )


def clock_differs(ahead_s: float) -> Told:
    side = "behind" if ahead_s > 0 else "ahead"
    return told(
        f"clock.perhaps_{side}",
        f"By the few others that were heard the clock is about {span(abs(ahead_s))} {side}; which of them is wrong is"
        " not known.",
        off_s=rough_s(abs(ahead_s)),
    )


# Whether others can come in.

REACH_UNKNOWN: Final = told("reach.unknown", "Whether others can reach this computer by themselves is not known yet.")
REACH_OPEN: Final = told("reach.open", "Others on the internet reach this computer by themselves.")
REACH_PRACTICE: Final = told(
    "reach.practice", "The others of this practice network reach this one; nobody comes from the internet."
)
REACH_PRACTICE_UNKNOWN: Final = told(
    "reach.practice_unknown", "No other of this practice network has come by itself lately."
)
REACH_NEARBY: Final = told(
    "reach.nearby", "Others on your own network reach this computer; whether the internet could is not known."
)
REACH_ROUTER: Final = told(
    "reach.router", "Your router lets nobody in: others can only be asked, and not come by themselves."
)
REACH_ANNOUNCED: Final = told(
    "reach.announced", "Others can reach this computer through your router: a third one introduces them to each other."
)
REACH_INTRODUCED: Final = told(
    "reach.introduced",
    "Others can reach this computer once a third one has introduced them to each other; nobody comes by himself.",
)
# A router that shows the vault at another port to each cannot be named.  Whether there is IPv6 to switch on only the
# provider knows; so this is a hint for the curious, and nothing that anybody has to do.  With it most routers still let
# in only what answers, but they show the vault as it is.
REACH_ROUTER_HINT: Final = told(
    "reach.switch_on_ipv6",
    "It helps all the same. If your provider offers IPv6, switch it on in your router; others can then be introduced"
    " to this computer by a third one.",
)


def reach_last(age_s: float) -> Told:
    sentence = f"The last time that somebody on the internet came by himself was {span(age_s)} ago."
    return told("reach.last", sentence, age_s=rough_s(age_s))


def reach_nobody(seconds: float) -> Told:
    sentence = f"Nobody on the internet has come by himself for {span(seconds)} or more."
    return told("reach.nobody", sentence, lasts_s=rough_s(seconds))


def reach_nobody_advice(port: str) -> Told:
    sentence = f"Let UDP port {port} through the firewalls of this computer and of your router."
    return told("reach.open_port", sentence, port=port)


def reach_introduced_hint(port: str) -> Told:
    sentence = (
        f"All is well so. If you let UDP port {port} through the firewalls of this computer and of your router, others"
        " can come by themselves."
    )
    return told("reach.may_open_port", sentence, port=port)


# An exchange with others.

EXCHANGE_UNKNOWN: Final = told("exchange.unknown", "No answer of another computer was checked lately.")
EXCHANGE_WORKS: Final = told("exchange.works", "Another computer answered, and its signature was right.")
EXCHANGE_ALONE: Final = told("exchange.alone", "No other computer answers.")
EXCHANGE_ADVICE: Final = told("exchange.connect", "Look whether this computer is connected to the internet.")
EXCHANGE_DOUBLED_ADVICE: Final = told(
    "exchange.end_other",
    "Others count only one of two computers with one key. On the other one use perennial leave, or delete the copy.",
)
EXCHANGE_BEHIND: Final = told("exchange.behind", "The other computers run a version that this one cannot speak with.")
EXCHANGE_BEHIND_ADVICE: Final = told(
    "exchange.install", "It updates itself if it can. If this stays so for weeks, install Perennial anew."
)


def exchange_fails(age_s: float) -> Told:
    sentence = f"For {span(age_s)} no other computer has given an answer that is right."
    return told("exchange.fails", sentence, lasts_s=rough_s(age_s))


# Proofs that this computer gave.

AUDIT_UNKNOWN: Final = told("audit.unknown", "Nobody has asked this computer for a proof yet.")
AUDIT_NOTHING: Final = told("audit.nothing", "Nothing is kept here yet, so there is nothing to prove.")
AUDIT_PASSED: Final = told(
    "audit.passed", "Another computer asked for a proof of a piece that is kept here, and was satisfied."
)
AUDIT_DOUBTED: Final = told(
    "audit.doubted", "Another computer was not satisfied with a proof of a piece; others are still to say."
)
AUDIT_ADVICE: Final = told("audit.look_at_disk", "Look whether the disk is well: pieces on it may be damaged.")


def audit_failed(auditors: int) -> Told:
    sentence = f"{others(auditors).capitalize()} asked for a proof of a piece that should be kept here, and got none."
    return told("audit.failed", sentence, others=auditors)


def audit_last(age_s: float) -> Told:
    sentence = f"The last proof that satisfied another computer was given {span(age_s)} ago."
    return told("audit.last", sentence, age_s=rough_s(age_s))
