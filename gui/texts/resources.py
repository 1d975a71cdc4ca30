"""Every word of the Resources page, in one place.  Plain language, as in ``gui.texts.app``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gui.language import translate
from gui.texts.app import amount, listed
from node.api.schema import Notifications

LEAD: Final = translate("resources", "What you lend, and when. Your own work always comes first.")
NO_ANSWER: Final = translate(
    "resources", "Nothing answers now, so nothing can be changed. As soon as it does, this page comes back to life."
)
NOT_READ: Final = translate("resources", "What is set is not known yet.")

SPACE: Final = translate("resources", "Disk space to lend")
UPLOAD: Final = translate("resources", "Upload")
DOWNLOAD: Final = translate("resources", "Download")
NO_LIMIT: Final = translate("resources", "no limit")
FREE_UNKNOWN: Final = translate("resources", "How much is free on this disk is not known now.")

EASES: Final = translate("resources", "Use less while I am working")
BATTERY: Final = translate("resources", "Pause on battery")
METERED: Final = translate("resources", "Pause on a metered connection")
LOGIN: Final = translate("resources", "Start when I log in")
HOLDING_BACK: Final = translate("resources", "You are working now: it is holding back")
IN_USE: Final = translate("resources", "You are working now")
NOT_IN_USE: Final = translate("resources", "Nobody works here now")
USE_UNKNOWN: Final = translate("resources", "This computer does not say whether somebody works at it")
ON_BATTERY: Final = translate("resources", "On battery now")
PLUGGED_IN: Final = translate("resources", "Plugged in now")
BATTERY_UNKNOWN: Final = translate("resources", "This computer has no battery, or does not say")
IS_METERED: Final = translate("resources", "This connection is metered")
NOT_METERED: Final = translate("resources", "This connection is not metered")
METERED_UNKNOWN: Final = translate("resources", "This computer does not say what its connection costs")
STARTS: Final = translate("resources", "It helps without being asked")
STARTS_NOT: Final = translate("resources", "It helps only after you have started it")
NEVER_EASED_IN_PRACTICE: Final = translate("resources", "A practice network never holds back")
NEVER_IN_PRACTICE: Final = translate("resources", "A practice network never pauses by itself")
ENDS_WITH_PRACTICE: Final = translate("resources", "A practice network ends when you quit")

HOURS: Final = translate("resources", "Hours of the day")
HOURS_HINT: Final = translate("resources", "Click an hour to change it; or go there with the arrows and press space.")
HELPS: Final = translate("resources", "helps")
HELPS_NOT: Final = translate("resources", "does not help")
ALWAYS: Final = translate("resources", "Helps all day.")
NEVER: Final = translate("resources", "Helps at no hour of the day.")

NOTIFY: Final = translate("resources", "Messages")
NOTIFICATIONS: Final[dict[Notifications, str]] = {
    "act": translate("resources", "Only when I must do something"),
    "news": translate("resources", "Good news too, at most once a week"),
    "never": translate("resources", "Never"),
}


def in_use(used: int) -> str:
    return translate("resources", "now {used} in use").format(used=amount(used))


def shrinking(used: int, quota: int) -> str:
    return translate("resources", "shrinking {used} → {quota}").format(used=amount(used), quota=amount(quota))


def will_shrink(over: int) -> str:
    return translate(
        "resources", "{over} of what is kept here go to other computers first, then the room is yours again."
    ).format(over=amount(over))


def leaves(free: int) -> str:
    return translate("resources", "Leaves you {free} of this disk.").format(free=amount(free))


def per_second(rate: int) -> str:
    return translate("resources", "at most {rate} per second").format(rate=amount(rate)) if rate else NO_LIMIT


def hour(at: int, *, is_helping: bool) -> str:
    what = HELPS if is_helping else HELPS_NOT
    return translate("resources", "{span}: {what}").format(span=span(at, at + 1), what=what)


def helps_from(spans: Sequence[tuple[int, int]]) -> str:
    return translate("resources", "Helps from {spans}.").format(spans=listed([span(*one) for one in spans]))


def span(begin: int, end: int) -> str:
    return translate("resources", "{begin}:00 to {end}:00").format(begin=begin, end=end)
