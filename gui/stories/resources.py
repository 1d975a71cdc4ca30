"""What is lent and when, told for the Resources page.  Pure: no Qt, no clock.

Sliders move in steps that people would choose themselves; what is set stays exactly as it is until someone moves it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gui.texts import resources as words
from gui.texts import welcome as welcome_texts
from node.api.schema import LEFT_BYTES, Settings, Space, Status

SPACE_STEPS: Final = 200  # so many steps, about, from nothing to the whole disk
SPACE_BYTES_MIN: Final = 20_000_000  # a vault with less has no room for its own things
PRACTICE_BYTES_MAX: Final = 1_000_000_000  # a practice farm needs no more, and its slider no further
RATES: Final = tuple(  # bytes per second; with less than the first a vault could not keep its word to others
    tenth * unit
    for unit in (100_000, 1_000_000, 10_000_000)
    for tenth in (1, 2, 3, 4, 5, 6, 8)
    if tenth * unit > 100_000
)
_WHOLE_DAY: Final = 24


@dataclass(frozen=True, slots=True)
class Scale:
    """The steps of a slider, from the least to the most; ``used_ratio``: how far along it what is in use reaches."""

    values: tuple[int, ...]
    used_ratio: float = 0.0

    def place(self, value: int) -> int:
        """The step that is nearest to a value.  No limit, 0, is the last where a slider ends in it."""
        if not value and self.values[-1] == 0:
            return len(self.values) - 1
        known = [i for i, step in enumerate(self.values) if step]
        return min(known, key=lambda i: abs(self.values[i] - value))


@dataclass(frozen=True, slots=True)
class SwitchStory:
    """``truth``: what is so now, whatever is chosen."""

    is_on: bool
    truth: str
    can_change: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the last change was not taken, and what it would have changed."""

    sentence: str = ""
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResourcesStory:
    """``hindrance``: why nothing can be changed now, else ""; ``settings`` are the last that were heard."""

    hindrance: str
    refused: Refusal
    settings: Settings
    space: Scale
    rates: Scale
    space_now: str
    space_note: str
    eases: SwitchStory
    battery: SwitchStory
    metered: SwitchStory
    login: SwitchStory
    hours_text: str
    now_hour: float


def tell_resources(
    settings: Settings | None, status: Status | None, now: datetime, refused: Refusal, *, is_live: bool
) -> ResourcesStory:
    """Tell it.  What was never heard is None; what was heard before the line went dead is shown, but not as of now."""
    hindrance = "" if is_live else words.NO_ANSWER
    if settings is None:
        hindrance, settings = hindrance or words.NOT_READ, Settings(quota_bytes=SPACE_BYTES_MIN)
    space = status.space if status else None
    is_practice = status is not None and status.is_practice
    eases, battery, metered = _surroundings(settings, status if is_live else None)
    return ResourcesStory(
        hindrance=hindrance,
        refused=refused,
        settings=settings,
        space=space_scale(settings.quota_bytes, space, is_practice=is_practice),
        rates=rate_scale(),
        space_now=_space_now(settings.quota_bytes, space if is_live else None),
        space_note=_space_note(settings.quota_bytes, space if is_live else None),
        eases=eases,
        battery=battery,
        metered=metered,
        login=_login(settings, status),
        hours_text=f"{words.NEVER_IN_PRACTICE}." if is_practice else hours_said(settings.hours),
        now_hour=now.hour + now.minute / 60,
    )


def space_scale(quota: int, space: Space | None, *, is_practice: bool = False) -> Scale:
    """From the least that makes sense to all that can be had, and never less than what is set."""
    most = quota if space is None else max(quota, space.used_bytes + lendable(space.free_bytes or 0))
    if is_practice:
        most = max(quota, min(most, PRACTICE_BYTES_MAX))
    most = max(most, SPACE_BYTES_MIN)
    step = _round_step(most / SPACE_STEPS)
    first = math.ceil(SPACE_BYTES_MIN / step)
    values = tuple(step * i for i in range(first, max(first, most // step) + 1))
    reach = values[-1] - values[0]
    used = 0.0 if space is None or not reach else (space.used_bytes - values[0]) / reach
    return Scale(values, min(1.0, max(0.0, used)))


def lendable(free_bytes: int) -> int:
    """What of the free room can be lent: the disk's last bytes stay the person's."""
    return max(0, free_bytes - LEFT_BYTES)


def left(free_bytes: int, more_bytes: int) -> int:
    """What stays free when so much more is taken, as far as it can be had."""
    return free_bytes - min(more_bytes, lendable(free_bytes))


def rate_scale() -> Scale:
    """Bytes per second, and at the end no limit."""
    return Scale((*RATES, 0))


def hours_said(hours: Collection[int]) -> str:
    """The hours of the day in which it helps, as spans that may go over midnight."""
    helping = [hour in hours for hour in range(_WHOLE_DAY)]
    if all(helping):
        return words.ALWAYS
    begins = [hour for hour in range(_WHOLE_DAY) if helping[hour] and not helping[hour - 1]]
    if not begins:
        return words.NEVER
    return words.helps_from([(begin, _end(helping, begin)) for begin in begins])


def _end(helping: list[bool], begin: int) -> int:
    end = begin
    while helping[end % _WHOLE_DAY]:
        end += 1
    return end if end <= _WHOLE_DAY else end - _WHOLE_DAY


def _round_step(size: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50 and so on that is not smaller."""
    unit: int = 10 ** math.floor(math.log10(max(1.0, size)))
    return next(unit * step for step in (1, 2, 5, 10) if unit * step >= size)


def _space_now(quota: int, space: Space | None) -> str:
    if space is None:
        return ""
    if space.used_bytes > quota:
        return words.shrinking(space.used_bytes, quota)
    return words.in_use(space.used_bytes)


def _space_note(quota: int, space: Space | None) -> str:
    if space is None:
        return ""
    if space.free_bytes is None:
        return words.FREE_UNKNOWN
    if space.used_bytes > quota:
        return words.will_shrink(space.used_bytes - quota)
    return words.leaves(left(space.free_bytes, quota - space.used_bytes))


def _surroundings(settings: Settings, status: Status | None) -> tuple[SwitchStory, SwitchStory, SwitchStory]:
    truths = ("", "", "")
    if status is not None:
        now = status.surroundings
        in_use = words.HOLDING_BACK if status.is_eased else words.IN_USE
        truths = (
            _truth(now.is_in_use, in_use, words.NOT_IN_USE, words.USE_UNKNOWN),
            _truth(now.is_on_battery, words.ON_BATTERY, words.PLUGGED_IN, words.BATTERY_UNKNOWN),
            _truth(now.is_metered, words.IS_METERED, words.NOT_METERED, words.METERED_UNKNOWN),
        )
        if status.is_practice:
            truths = (words.NEVER_EASED_IN_PRACTICE, words.NEVER_IN_PRACTICE, words.NEVER_IN_PRACTICE)
    chosen = (settings.eases_in_use, settings.pauses_on_battery, settings.pauses_on_metered)
    eases, battery, metered = (SwitchStory(*each) for each in zip(chosen, truths, strict=True))
    return eases, battery, metered


def _truth(is_so: bool | None, yes: str, no: str, unknown: str) -> str:  # noqa: FBT001  (what the computer said)
    return unknown if is_so is None else yes if is_so else no


def _login(settings: Settings, status: Status | None) -> SwitchStory:
    if status is not None and status.is_practice:
        return SwitchStory(is_on=False, truth=words.ENDS_WITH_PRACTICE, can_change=False)
    if not settings.starts_at_login:
        return SwitchStory(is_on=False, truth=words.STARTS_NOT)
    is_asked = status is not None and status.key_place == "passphrase"
    return SwitchStory(is_on=True, truth=welcome_texts.ASKS_AT_LOGIN if is_asked else words.STARTS)
