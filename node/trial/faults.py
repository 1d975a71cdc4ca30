"""Whose fault it is: the candidate's, or the computer's.

A fault of the candidate refuses it, unless its twin shows the same fault at the same time: then the computer
is ill and the trial is void.  Events of both twins arrive one after the other, so a fault that only one twin
has shown yet is a *doubt* for a short while.

                    shown at the same moment that the twin is sound
    candidate's fault ------------------------------------------------> REFUSE
          |      `---> DOUBT --- window over ----------------------------> REFUSE
          |              |------ the twin shows the same ----------------> VOID
          |              `------ crash, and the computer had a fault ----> EXCUSED (too often: HOST_ILL)
          `-- the twin has just shown the same ------------------------> VOID
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, Literal

import msgspec

from node.trial.evidence import Pair
from node.trial.handed import Handed
from node.trial.relayed import Relayed

ADDRESSES_MAX: Final = 256  # of lost chunks and of wrong bytes that are told apart

FaultKind = Literal["wrong", "lost", "crash", "hang", "violation", "denial", "proof", "news"]
_EXCUSABLE: Final[frozenset[FaultKind]] = frozenset({"crash", "hang"})  # no state of the computer excuses bad data


class Ruling(Enum):
    NONE = auto()
    DOUBT = auto()
    REFUSE = auto()
    VOID = auto()
    EXCUSED = auto()
    HOST_ILL = auto()


class Doubt(msgspec.Struct, frozen=True):
    """A fault of the candidate at ``at_s`` that is not yet known to be its own."""

    kind: FaultKind
    sentence: str
    at_s: float


class Faults(msgspec.Struct):
    """The faults of a trial.  Times are of the trial's own clock and never go back."""

    doubt: Doubt | None = None
    control_at_s: dict[FaultKind, float] = msgspec.field(default_factory=dict)
    host_at_s: float | None = None
    excuses: int = 0

    def of_candidate(self, fault: Doubt, window_s: float, excuses_max: int, *, is_twin_sound: bool) -> Ruling:
        """The candidate shows a fault.  ``is_twin_sound``: the twin was seen to be sound at the same moment."""
        control_at_s = self.control_at_s.get(fault.kind)
        if control_at_s is not None and fault.at_s - control_at_s <= window_s:
            return Ruling.VOID
        is_host_ill = self.host_at_s is not None and fault.at_s - self.host_at_s <= window_s
        if fault.kind in _EXCUSABLE and is_host_ill:
            return self._excuse(excuses_max)
        if is_twin_sound:
            return Ruling.REFUSE
        if self.doubt is None:
            self.doubt = fault
        return Ruling.DOUBT

    def of_control(self, kind: FaultKind, at_s: float, window_s: float) -> Ruling:
        """The twin shows a fault: the current release's or the computer's, never the candidate's."""
        self.control_at_s[kind] = at_s
        if self.doubt is not None and self.doubt.kind == kind and at_s - self.doubt.at_s <= window_s:
            return Ruling.VOID
        return Ruling.NONE

    def of_host(self, at_s: float, window_s: float, excuses_max: int) -> Ruling:
        """The computer had a fault: no power, sleep, out of memory, disk full."""
        self.host_at_s = at_s
        doubt = self.doubt
        if doubt is not None and doubt.kind in _EXCUSABLE and at_s - doubt.at_s <= window_s:
            self.doubt = None
            return self._excuse(excuses_max)
        return Ruling.NONE

    def due(self, at_s: float, window_s: float) -> Doubt | None:
        """The doubt that has become certain by ``at_s``."""
        doubt = self.doubt
        return doubt if doubt is not None and at_s - doubt.at_s >= window_s else None

    def _excuse(self, excuses_max: int) -> Ruling:
        self.excuses += 1
        return Ruling.EXCUSED if self.excuses <= excuses_max else Ruling.HOST_ILL


class Tally(msgspec.Struct):
    """What was asked of the candidate, and where it failed its data; each address counts once.

    What both twins have stored is read again and again, until one of them hands it over.
    """

    stored: int = 0
    stored_by_both: int = 0
    reads: int = 0
    verified_reads: int = 0
    lost: list[bytes] = msgspec.field(default_factory=list)
    wrong: list[bytes] = msgspec.field(default_factory=list)
    relayed: Relayed = msgspec.field(default_factory=Relayed)
    handed: Handed = msgspec.field(default_factory=Handed)

    def count(self, pair: Pair) -> None:
        if pair.is_handed_over:
            self.handed.count(pair)
            return
        if pair.is_relayed:
            self.relayed.count(pair)
        if pair.kind == "put":
            self.stored += pair.candidate.is_good
            self.stored_by_both += pair.candidate.is_good and pair.control.is_good
        else:
            self.reads += 1
            self.verified_reads += pair.candidate.is_good

    @property
    def readable(self) -> int:
        """Of how many chunks both can be asked."""
        return self.stored_by_both - self.handed.count_all

    def missing(self, relayed_reads_min: int) -> list[str]:
        """What of it stands in the way of a promotion, in words."""
        return self.relayed.missing(relayed_reads_min) + self.handed.missing(self.stored)

    def note_lost(self, addresses: tuple[bytes, ...]) -> bool:
        return _note(self.lost, addresses)

    def note_wrong(self, address: bytes) -> bool:
        return _note(self.wrong, (address,))


class Silence(msgspec.Struct):
    """Requests in a row that the candidate left unanswered and its twin answered."""

    asks: int = 0
    since_s: float = 0.0

    def hear(self, pair: Pair, at_s: float) -> float:
        """Take one pair; return for how long the silence has lasted."""
        if pair.is_relayed:
            return at_s - self.since_s if self.asks else 0.0
        if pair.candidate.is_answered:
            self.asks = 0
        elif pair.control.is_answered:
            if self.asks == 0:
                self.since_s = at_s
            self.asks += 1
        return at_s - self.since_s if self.asks else 0.0


def _note(known: list[bytes], addresses: tuple[bytes, ...]) -> bool:
    """Remember the addresses; return whether one of them is new.  A full list takes no more."""
    new = [address for address in dict.fromkeys(addresses) if address not in known]
    known.extend(new[: ADDRESSES_MAX - len(known)])
    return bool(new)
