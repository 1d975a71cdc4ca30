"""The words of notifications: what happened, and what it means for you.  Two lines at most, and no exclamation mark."""

from __future__ import annotations

from typing import Final

from gui.language import translate

TITLE_CHARACTERS_MAX: Final = 70  # what desktops show on one or two lines
NEEDS_YOU: Final = translate("notifications", "Perennial needs you")
NOT_RUNNING: Final = translate("notifications", "Perennial does not run")
NOT_RUNNING_BODY: Final = translate(
    "notifications", "Your computer does not help at the moment. Open Perennial to see why, or to start it again."
)
HOME_MISSING: Final = translate("notifications", "The folder of Perennial is not there")
HOME_MISSING_BODY: Final = translate(
    "notifications",
    "If it lies on a disk that can be unplugged, plug that back in. Open Perennial to see what else can be done.",
)
PROBLEM_BODY: Final = translate("notifications", "It keeps trying by itself. Open Perennial to see what can be done.")
DOUBLED: Final = translate("notifications", "Another computer runs with the key of this one")
DOUBLED_BODY: Final = translate(
    "notifications", "Others count only one of the two. Open Perennial to see what can be done."
)
ELSE_GOES_ON: Final = translate("notifications", "Everything else goes on by itself.")
URGENT_WAITS: Final = translate("notifications", "An urgent update waits, because you have paused Perennial")
URGENT_WAITS_BODY: Final = translate(
    "notifications", "It goes on when you say so. Open Perennial, and choose Go on now."
)
TOOK_OVER: Final = translate("notifications", "A new version took over")
OPEN: Final = translate("notifications", "Open")


def took_over(version: str, tried: str) -> str:
    """Why it took over, if it was tried out; a version taken without a proof is not said to have done well."""
    if tried:
        return translate(
            "notifications",
            "Version {version} did well for {tried} and is now in use. There is nothing you need to do.",
        ).format(version=version, tried=tried)
    return translate("notifications", "Version {version} is now in use. There is nothing you need to do.").format(
        version=version
    )
