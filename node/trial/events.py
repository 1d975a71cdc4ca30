"""What a trial is told.  Past tense, immutable, each with the time at which it is told.

``now_s`` is of one clock that only goes forward and stands still while the computer is off; when it starts
anew, ``Resumed`` says so.  Late and repeated events do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from node.trial.evidence import Pair, Usage
from node.trial.peers import Report

Twin = Literal["candidate", "control"]


@dataclass(frozen=True, slots=True)
class Started:
    """Both twins have joined the network.  ``duration_s`` is drawn by the caller: ``Profile.duration_s``."""

    now_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """The supervisor starts again and goes on with a loaded trial.  Both twins are down until VaultStarted."""

    now_s: float


@dataclass(frozen=True, slots=True)
class VaultStarted:
    """A twin is up (again) and has joined.

    ``is_late``: not at the first try, or so late that another one need not be up in time on this computer.
    """

    now_s: float
    twin: Twin
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class VaultExited:
    """A twin ended.  ``exit_code`` is negative for a signal.  ``is_intended``: the supervisor itself ended it."""

    now_s: float
    twin: Twin
    exit_code: int
    is_intended: bool = False


@dataclass(frozen=True, slots=True)
class PairMeasured:
    now_s: float
    pair: Pair


@dataclass(frozen=True, slots=True)
class UsageSampled:
    """Both twins' use, read at the same moment."""

    now_s: float
    candidate: Usage
    control: Usage


@dataclass(frozen=True, slots=True)
class NewsAsked:
    """Both twins were asked for the developers' newest head: who names it and hands it out as it was signed."""

    now_s: float
    candidate: bool
    control: bool


@dataclass(frozen=True, slots=True)
class PeersRated:
    """All neighbours' newest reports.  ``subnets_known``: how many subnets the network has, if known."""

    now_s: float
    candidate: tuple[Report, ...]
    control: tuple[Report, ...]
    subnets_known: int | None = None


@dataclass(frozen=True, slots=True)
class ChunkLost:
    """A chunk that the twin acknowledged was not served in ``Profile.lost_tries`` tries."""

    now_s: float
    twin: Twin
    address: bytes


@dataclass(frozen=True, slots=True)
class Denied:
    """The twin was stopped from doing what it may not do, by the sandbox or by whoever watches it."""

    now_s: float
    twin: Twin
    what: str


@dataclass(frozen=True, slots=True)
class Rescanned:
    """Both twins were started again and their whole stores read: what each should hold and does not.

    ``is_planned``: on purpose, at a moment that was drawn.  A restart that came by itself is no evidence of how the
    candidate stands restarts; what is lost at it counts as always.
    """

    now_s: float
    candidate_lost: tuple[bytes, ...] = ()
    control_lost: tuple[bytes, ...] = ()
    is_planned: bool = True


@dataclass(frozen=True, slots=True)
class HostFault:
    """The computer itself failed: its disk is full or refuses, or the farm's own vault died.

    Told again and again for as long as it is so.  ``is_brief``: it is over, and was not so for long before it is told.
    """

    now_s: float
    what: str
    is_brief: bool = False


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passes.  Told regularly, more often than ``Profile.gap_s_max``.

    ``calendar_s``: how long ago the trial was begun, with all the time in which the computer slept or was off.
    """

    now_s: float
    calendar_s: float = 0.0


Event = (
    Started
    | Resumed
    | VaultStarted
    | VaultExited
    | PairMeasured
    | UsageSampled
    | NewsAsked
    | PeersRated
    | ChunkLost
    | Denied
    | Rescanned
    | HostFault
    | Ticked
)
