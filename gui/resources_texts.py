"""Every word of the Resources page, in one place.  Plain language, as in ``gui.texts``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gui.texts import amount, listed
from node.api.schema import Notifications

LEAD: Final = "What you lend, and when. Your own work always comes first."
NO_ANSWER: Final = "Nothing answers now, so nothing can be changed. As soon as it does, this page comes back to life."
NOT_READ: Final = "What is set is not known yet."

SPACE: Final = "Disk space to lend"
UPLOAD: Final = "Upload"
DOWNLOAD: Final = "Download"
NO_LIMIT: Final = "no limit"
FREE_UNKNOWN: Final = "How much is free on this disk is not known now."

EASES: Final = "Use less while I am working"
BATTERY: Final = "Pause on battery"
METERED: Final = "Pause on a metered connection"
LOGIN: Final = "Start when I log in"
HOLDING_BACK: Final = "You are working now: it is holding back"
IN_USE: Final = "You are working now"
NOT_IN_USE: Final = "Nobody works here now"
USE_UNKNOWN: Final = "This computer does not say whether somebody works at it"
ON_BATTERY: Final = "On battery now"
PLUGGED_IN: Final = "Plugged in now"
BATTERY_UNKNOWN: Final = "This computer has no battery, or does not say"
IS_METERED: Final = "This connection is metered"
NOT_METERED: Final = "This connection is not metered"
METERED_UNKNOWN: Final = "This computer does not say what its connection costs"
STARTS: Final = "It helps without being asked"
STARTS_NOT: Final = "It helps only after you have started it"
NEVER_EASED_IN_PRACTICE: Final = "A practice network never holds back"
NEVER_IN_PRACTICE: Final = "A practice network never pauses by itself"
ENDS_WITH_PRACTICE: Final = "A practice network ends when you quit"

HOURS: Final = "Hours of the day"
HOURS_HINT: Final = "Click an hour to change it; or go there with the arrows and press space."
HELPS: Final = "helps"
HELPS_NOT: Final = "does not help"
ALWAYS: Final = "Helps all day."
NEVER: Final = "Helps at no hour of the day."

NOTIFY: Final = "Messages"
NOTIFICATIONS: Final[dict[Notifications, str]] = {
    "act": "Only when I must do something",
    "news": "Good news too, at most once a week",
    "never": "Never",
}


def in_use(used: int) -> str:
    return f"now {amount(used)} in use"


def shrinking(used: int, quota: int) -> str:
    return f"shrinking {amount(used)} → {amount(quota)}"


def will_shrink(over: int) -> str:
    return f"{amount(over)} of what is kept here go to other computers first, then the room is yours again."


def leaves(free: int) -> str:
    return f"Leaves you {amount(free)} of this disk."


def per_second(rate: int) -> str:
    return f"at most {amount(rate)} per second" if rate else NO_LIMIT


def hour(at: int, *, is_helping: bool) -> str:
    return f"{at}:00 to {at + 1}:00: {HELPS if is_helping else HELPS_NOT}"


def helps_from(spans: Sequence[tuple[int, int]]) -> str:
    return f"Helps from {listed([f'{begin}:00 to {end}:00' for begin, end in spans])}."
