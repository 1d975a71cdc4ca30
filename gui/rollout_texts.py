"""The words for how a release comes to all computers, a few first."""

from __future__ import annotations

from typing import Final

from gui.texts import plural

URGENT: Final = "Its makers call it urgent, so it is tried out for hours instead of days."
OUR_TURN: Final = "It is this computer's turn."
ALL_AT_ONCE: Final = "Every computer may try it out now."
TWICE: Final = "Because of that its trial here lasts twice as long."


def not_yet(open_group: int, own_group: int, groups: int) -> str:
    return (
        f"Computers take turns, so that a fault meets a few first: group {open_group} of {groups} has its turn now,"
        f" this computer is in group {own_group}."
    )


def halted(lasts: str) -> str:
    return f"Others found fault with it, so it waits here for at most {lasts} more."


def others(tried: int, good: int, bad: int) -> str:
    of = plural(tried, "other computer", "other computers")
    return f"Of {of} that tried it out, {good:,} found it good and {bad:,} bad."
