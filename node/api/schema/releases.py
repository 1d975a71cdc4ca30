"""What is known of releases, of their trials, and of those who sign them."""

from __future__ import annotations

from typing import Literal

import msgspec

from node.api.schema.programs import ProgramLeft
from node.api.schema.said import Said

Phase = Literal[
    "announced",
    "fetching",
    "staged",
    "on_trial",
    "rehearsing",
    "promoting",
    "probation",
    "confirmed",
    "refused",
    "not_proven",
    "rolled_back",
    "returning",
    "recalling",
    "recalled",
]


class MetricView(msgspec.Struct, frozen=True):
    """One efficiency figure of the candidate against its twin, as a factor (1.02: 2 % more of it).

    ``low`` and ``high`` bound the factor once there is enough evidence; ``limit`` is the margin allowed.
    """

    name: str  # p50, tail, cpu, mem, leak, bytes, fail
    estimate: float | None
    low: float | None
    high: float | None
    limit: float
    is_proven: bool
    is_alarming: bool
    noise: float | None = None  # standard deviation from block to block, in margins


class TrialView(msgspec.Struct, frozen=True):
    """What a running or finished trial has found so far."""

    release: str
    version: str
    phase: Phase
    started_s: float
    blocks: int
    pairs: int
    verified_reads: int
    lost: int
    wrong: int
    restarts: int
    neighbours_rated: int
    neighbours_needed: int
    metrics: tuple[MetricView, ...]


class RolloutView(msgspec.Struct, frozen=True):
    """How a release comes to the farms of the network, one wave after the other, as this farm sees it.

    ``sentence`` is meant for a person.  Waves count from 1; ``enrolled``, ``passed`` and ``failed`` are other farms
    whose word counts here; ``halted_s`` is how long their verdicts hold it up yet.
    """

    sentence: str
    own_wave: int
    open_wave: int
    waves: int
    enrolled: int
    passed: int
    failed: int
    is_slow: bool
    halted_s: float
    since_s: float  # when the release was first heard of


class Update(msgspec.Struct, frozen=True):
    """One release and what became of it here."""

    release: str
    version: str
    tree_hash: str
    phase: Phase
    verdict: str  # "" while open; promoted, refused, not proven, rolled back, recalled
    reason: str
    signers: tuple[str, ...]
    announced_s: float
    decided_s: float | None
    bytes_fetched: int
    seconds: dict[str, float]  # how long each phase took
    trial: TrialView | None = None  # what its trial found, once there was one
    is_recalled: bool = (
        False  # by its developers; where nothing from before may be gone back to it is in use all the same
    )
    watched_until_s: float | None = None  # if the node runs until then; the version from before comes back by itself
    again_s: float | None = None  # when its take-over, which took too long, is tried again if the node runs until then
    exception: str = ""  # why it was, or is, taken without the proof that every release needs
    is_urgent: bool = False  # its developers asked for a trial of hours
    rollout: RolloutView | None = None  # None: it has not been up for its turn here
    notes: str = ""  # what is new in it, in its developers' words


class SelfMeasurement(msgspec.Struct, frozen=True):
    """A decoy trial, the version in use beside itself.  ``noise``: standard deviation between blocks, in margins."""

    at_s: float
    tree_hash: str
    outcome: str  # promote, refuse, keep or void; nothing follows from it
    blocks: int
    noise: dict[str, float]


class RefusedHead(msgspec.Struct, frozen=True):
    """Update metadata that was offered and thrown away unstaged.

    ``is_senders_fault``: nobody honest would have passed it on.
    """

    digest: str
    reason: str
    at_s: float
    is_senders_fault: bool = False


class DeveloperNews(msgspec.Struct, frozen=True):
    """What was last heard of the developers.  ``sentence`` is meant for a person.

    ``expired``: they have not signed for too long.  ``halted``: their signatures contradict each other.  In both states
    no update is taken up, since ``since_s``; the vault goes on.
    """

    state: Literal["current", "expired", "halted"]
    sentence: str
    signed_s: float | None  # when they last signed anything; None: never heard of them
    since_s: float | None = None
    said: tuple[Said, ...] = ()  # the sentence as data


class Updates(msgspec.Struct, frozen=True):
    """Newest first.  ``measured_itself``: how much two equal versions differ on this computer.

    ``left_programs``: which versions of this node itself the launcher has left, and for which ones.
    ``trouble``: why they wait at the moment for something on this computer, as one sentence for a person; else "".
    """

    items: tuple[Update, ...]
    refused_heads: tuple[RefusedHead, ...]
    developers: DeveloperNews | None = None  # None: updates wait for a reason of this computer's own
    measured_itself: tuple[SelfMeasurement, ...] = ()
    trouble: str = ""
    trouble_said: tuple[Said, ...] = ()  # the same as data
    left_programs: tuple[ProgramLeft, ...] = ()
