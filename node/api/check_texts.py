"""What is said to people of the things that were looked at end to end; ``checks`` decides which."""

from __future__ import annotations

from typing import Final

from node.api.texts import count

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


def others(number: int) -> str:
    return "another computer" if number == 1 else f"{number} other computers"


# The disk.

DISK_NOT_LOOKED: Final = "The disk has not been looked at yet."
DISK_WORKS: Final = "The disk works: a file was written, read back and removed."
DISK_GONE: Final = "The disk with the pieces is not there."
DISK_GONE_ADVICE: Final = "Plug it back in."
DISK_REFUSED_ADVICE: Final = "Look whether the disk is full, write-protected or broken."
DISK_ALTERED: Final = "The disk gives back something else than was written to it."
DISK_ALTERED_ADVICE: Final = "Do not trust this disk any more; save what is on it."
DISK_SILENT: Final = "The disk does not answer any more."
DISK_SILENT_ADVICE: Final = "Look whether it is plugged in well, and start the computer anew."


def disk_refused(why: str) -> str:
    return f"The disk cannot be written: {why}."


def disk_looked(age_s: float) -> str:
    return f"The disk was last looked at {span(age_s)} ago."


# The clock.

CLOCK_UNKNOWN: Final = "Whether the clock is right is not known yet: no other computer was heard lately."
CLOCK_DISPUTED: Final = "Whether the clock is right is not known: the clocks of others contradict each other."
CLOCK_ADVICE: Final = "Set date and time right, or let the system set them by itself."


def clock_right(agreeing: int) -> str:
    return f"The clock is right: it agrees with {others(agreeing)}."


def clock_wrong(ahead_s: float, agreeing: int) -> str:
    """``ahead_s``: by how much the others' clocks are ahead of this one."""
    return f"The clock of this computer is about {span(abs(ahead_s))} {_side(ahead_s)}; so say {others(agreeing)}."


def clock_differs(ahead_s: float) -> str:
    return (
        f"By the few others that were heard the clock is about {span(abs(ahead_s))} {_side(ahead_s)}; which of them is"
        " wrong is not known."
    )


def _side(ahead_s: float) -> str:
    return "behind" if ahead_s > 0 else "ahead"


# Whether others can come in.

REACH_UNKNOWN: Final = "Whether others can reach this computer by themselves is not known yet."
REACH_OPEN: Final = "Others on the internet reach this computer by themselves."
REACH_PRACTICE: Final = "The others of this practice network reach this one; nobody comes from the internet."
REACH_PRACTICE_UNKNOWN: Final = "No other of this practice network has come by itself lately."
REACH_NEARBY: Final = "Others on your own network reach this computer; whether the internet could is not known."
REACH_ROUTER: Final = "Your router lets nobody in: others can only be asked, and not come by themselves."
# An opened port of IPv4 would help nobody: a vault names its own addresses, and not that of the router.
REACH_ROUTER_ADVICE: Final = "Switch on IPv6 in your router, and let others reach this computer over it."


def reach_last(age_s: float) -> str:
    return f"The last time that somebody on the internet came by himself was {span(age_s)} ago."


def reach_nobody(seconds: float) -> str:
    return f"Nobody on the internet has come by himself for {span(seconds)} or more."


def reach_nobody_advice(port: str) -> str:
    return f"Let UDP port {port} through the firewalls of this computer and of your router."


# An exchange with others.

EXCHANGE_UNKNOWN: Final = "No answer of another computer was checked yet."
EXCHANGE_WORKS: Final = "Another computer answered, and its signature was right."
EXCHANGE_ALONE: Final = "No other computer answers."
EXCHANGE_ADVICE: Final = "Look whether this computer is connected to the internet."


def exchange_fails(age_s: float) -> str:
    return f"For {span(age_s)} no other computer has given an answer that is right."


# Proofs that this computer gave.

AUDIT_UNKNOWN: Final = "Nobody has asked this computer for a proof yet."
AUDIT_NOTHING: Final = "Nothing is kept here yet, so there is nothing to prove."
AUDIT_PASSED: Final = "Another computer asked for a proof of a piece that is kept here, and was satisfied."
AUDIT_DOUBTED: Final = "Another computer was not satisfied with a proof of a piece; others are still to say."
AUDIT_ADVICE: Final = "Look whether the disk is well: pieces on it may be damaged."


def audit_failed(auditors: int) -> str:
    return f"{others(auditors).capitalize()} asked for a proof of a piece that should be kept here, and got none."


def audit_last(age_s: float) -> str:
    return f"The last proof that satisfied another computer was given {span(age_s)} ago."
