"""When the node helps less, and why: a pure state machine.

    a person: pause ---------------> asked --- its time is over, or resume -------------> not asked
    the computer: on battery, on a metered connection
              seen for SETTLE_S ---> holds --- gone for SETTLE_S -----------------------> does not hold
    the clock: outside of the hours that were chosen
              at once -------------> holds --- at once ---------------------------------> does not hold

A person who resumes ends what was asked for, and the automatic pauses that hold at this moment besides: each of these
stays ended until what it names has ended once.  So "go on now" on battery goes on until the computer was plugged in,
and the next time on battery is a pause again.

It reads no clock: a ``Look`` brings the time.  What was asked for is kept in UTC, and moved when the clock is set.
What if nobody looks for long?  The next look sees what is then the case; nothing is made up for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal

import msgspec

from node.api import pauses
from node.api.schema import HOURS, PauseKind, PauseReason, Surroundings

SETTLE_S: Final = 180.0  # a plug that is loose, or a battery near its end, does not switch the node to and fro
LOOK_S_MAX: Final = 10.0  # whoever comes back to the computer shall not wait for it to become quiet
HOUR_S: Final = 3600.0
MORNING_HOUR: Final = 6
NIGHT_S_MIN: Final = 4 * HOUR_S  # who says "until tomorrow" so shortly before six means the next morning
ASKED_S_MAX: Final = 24 * HOUR_S + NIGHT_S_MIN + HOUR_S  # "tomorrow" is never farther away, in any time zone
JUMP_S: Final = 2.0  # by which the clock must leave the steady one to have been set

Lasts = Literal["1h", "tomorrow", "until-resumed"]
SEEN: Final[tuple[PauseKind, ...]] = ("battery", "metered")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asked for, in UTC.  ``until_s``: None until somebody resumes."""

    asked_s: float
    until_s: float | None


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What outlives the process.  ``ended``: automatic pauses that a person ended and whose cause still holds."""

    asked: Asked | None = None
    ended: tuple[PauseKind, ...] = ()


NOTHING_KEPT: Final = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the settings say; ``are_any`` False (a practice home): nothing pauses or eases by itself."""

    pauses_on_battery: bool = True
    pauses_on_metered: bool = True
    eases_in_use: bool = True
    hours: tuple[int, ...] = HOURS
    are_any: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """One moment.  ``steady_s`` never jumps and goes on while the computer sleeps; ``zone``: None for the system's.

    ``around``: None until somebody has looked; then nothing is concluded from it.
    """

    steady_s: float
    utc_s: float
    around: Surroundings | None
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A fact that only counts once it has been so for SETTLE_S."""

    holds: bool = False
    other_since_s: float | None = None  # since when the opposite is seen

    def seen(self, is_so: bool, now_s: float) -> Settled:  # noqa: FBT001 - the one thing that it is about
        if is_so == self.holds:
            return Settled(self.holds)
        since_s = now_s if self.other_since_s is None else self.other_since_s
        return Settled(is_so) if now_s - since_s >= SETTLE_S else Settled(self.holds, since_s)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows at one moment.  ``look_in_s``: when to look again at the latest."""

    reasons: tuple[PauseReason, ...] = ()
    is_eased: bool = False
    look_in_s: float = LOOK_S_MAX

    @property
    def is_paused(self) -> bool:
        return bool(self.reasons)


@dataclass(frozen=True, slots=True)
class Pausing:
    """The state.  Every call returns the next one and never changes self.

    Invariant: an automatic pause is in ``kept.ended`` only while what it names holds.
    """

    kept: Kept = NOTHING_KEPT
    settled: dict[PauseKind, Settled] = field(default_factory=dict)  # never changed in place; empty before any look
    clock_s: float | None = None  # UTC less the steady clock, at the last look

    def looked(self, look: Look, wishes: Wishes) -> tuple[Pausing, Verdict]:
        """Take in one look."""
        asked = self._on_time(look)
        settled = self._settle(look)
        holding = _holding(look, wishes, settled)
        ended = tuple(kind for kind in self.kept.ended if kind in holding or look.around is None)
        after = Pausing(Kept(asked, ended), settled, look.utc_s - look.steady_s)
        return after, after._verdict(look, wishes, holding)

    def paused(self, lasts: Lasts, look: Look) -> Pausing:
        """A person asks for a pause; it takes the place of one that was asked for before."""
        match lasts:
            case "1h":
                until_s: float | None = look.utc_s + HOUR_S
            case "tomorrow":
                until_s = _next_morning(look)
            case "until-resumed":
                until_s = None
        kept = Kept(Asked(look.utc_s, until_s), self.kept.ended)
        return replace(self, kept=kept, clock_s=look.utc_s - look.steady_s)  # a jump from before is none of this one

    def resumed(self, look: Look, wishes: Wishes) -> Pausing:
        """A person wants the node to go on: see the top of this file."""
        return replace(self, kept=Kept(None, tuple(_holding(look, wishes, self.settled))))

    def _on_time(self, look: Look) -> Asked | None:
        """What was asked for, if it is not over, as the clock goes now."""
        asked = self.kept.asked
        if asked is None or asked.until_s is None:
            return asked
        jump_s = 0.0 if self.clock_s is None else look.utc_s - look.steady_s - self.clock_s
        lasts_s = min(asked.until_s - asked.asked_s, ASKED_S_MAX)
        asked_s = asked.asked_s + jump_s if abs(jump_s) > JUMP_S else asked.asked_s
        asked_s = min(asked_s, look.utc_s)  # set back while the node did not run: the whole time once more, at most
        if asked_s != asked.asked_s:
            asked = Asked(asked_s, asked_s + lasts_s)
        return asked if look.utc_s < asked_s + lasts_s else None

    def _settle(self, look: Look) -> dict[PauseKind, Settled]:
        """At the first look there is nothing to settle: who starts on battery shall not send for some minutes first."""
        if look.around is None:
            return self.settled
        seen = {"battery": look.around.is_on_battery is True, "metered": look.around.is_metered is True}
        if not self.settled:
            return {kind: Settled(seen[kind]) for kind in SEEN}
        return {kind: self.settled[kind].seen(seen[kind], look.steady_s) for kind in SEEN}

    def _verdict(self, look: Look, wishes: Wishes, holding: dict[PauseKind, float | None]) -> Verdict:
        until: dict[PauseKind, float | None] = {} if self.kept.asked is None else {"asked": self.kept.asked.until_s}
        until |= {kind: until_s for kind, until_s in holding.items() if kind not in self.kept.ended}
        reasons = tuple(pauses.reason(kind, until_s, look.utc_s, look.zone) for kind, until_s in until.items())
        due_s = [until_s - look.utc_s for until_s in until.values() if until_s is not None]
        due_s += [
            fact.other_since_s + SETTLE_S - look.steady_s
            for fact in self.settled.values()
            if fact.other_since_s is not None
        ]
        is_in_use = look.around is not None and look.around.is_in_use is True
        is_eased = wishes.are_any and wishes.eases_in_use and is_in_use
        return Verdict(reasons, is_eased, max(0.0, min([LOOK_S_MAX, *due_s])))


def _holding(look: Look, wishes: Wishes, settled: dict[PauseKind, Settled]) -> dict[PauseKind, float | None]:
    """The automatic pauses for which there is cause, and when that ends if it is known."""
    wanted = {"battery": wishes.pauses_on_battery, "metered": wishes.pauses_on_metered}
    if not wishes.are_any:
        return {}
    found: dict[PauseKind, float | None] = {
        kind: None for kind in SEEN if wanted[kind] and kind in settled and settled[kind].holds
    }
    opens_s = _opens_s(look, wishes.hours)
    return found if opens_s is None else found | {"hours": opens_s}


def _opens_s(look: Look, hours: tuple[int, ...]) -> float | None:
    """When the next of the hours begins; None: it is one of them now, or there is none."""
    local = datetime.fromtimestamp(look.utc_s, look.zone)
    if local.hour in hours:
        return None
    whole = local.replace(minute=0, second=0, microsecond=0)
    following = (whole + timedelta(hours=ahead) for ahead in range(1, len(HOURS) + 1))
    return next((moment.timestamp() for moment in following if moment.hour in hours), None)


def _next_morning(look: Look) -> float:
    """Six o'clock of the computer's own clock, at least NIGHT_S_MIN away."""
    local = datetime.fromtimestamp(look.utc_s, look.zone)
    morning = local.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    while morning.timestamp() - look.utc_s < NIGHT_S_MIN:
        morning += timedelta(days=1)
    return morning.timestamp()
