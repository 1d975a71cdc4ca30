"""The words for how a release comes to all computers, a few first."""

from __future__ import annotations

from typing import Final

from gui.language import number, translate

URGENT: Final = translate("rollout", "Its makers call it urgent, so it is tried out for hours instead of days.")
OUR_TURN: Final = translate("rollout", "It is this computer's turn.")
ALL_AT_ONCE: Final = translate("rollout", "Every computer may try it out now.")
TWICE: Final = translate("rollout", "Because of that its trial here lasts twice as long.")


def not_yet(open_group: int, own_group: int, groups: int) -> str:
    return translate(
        "rollout",
        "Computers take turns, so that a fault meets a few first: group {open_group} of {groups} has its turn now,"
        " this computer is in group {own_group}.",
    ).format(open_group=open_group, groups=groups, own_group=own_group)


def is_next(version: str) -> str:
    return translate("rollout", "Version {version} has its turn after it.").format(version=version)


def halted(lasts: str) -> str:
    return translate("rollout", "Others found fault with it, so it waits here for at most {lasts} more.").format(
        lasts=lasts
    )


def others(tried: int, good: int, bad: int) -> str:
    told = translate(
        "rollout", "Of %n other computer(s) that tried it out, {good} found it good and {bad} bad.", "", tried
    )
    return told.format(good=number(good), bad=number(bad))
