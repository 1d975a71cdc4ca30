"""What the local API says: typed JSON, version 1.  Times are seconds since 1970 in UTC, sizes bytes.

Endpoints: ``GET /v1/status`` Status, ``GET /v1/updates`` Updates, ``GET /v1/trial`` TrialView (or null),
``GET|PATCH /v1/settings`` Settings, ``GET /v1/events?since=N`` a stream of Event, ``PUT /v1/chunks``
(body: a chunk) StoredChunk, ``GET /v1/chunks/{address}`` the chunk's bytes, ``GET /v1/heads`` the bytes of the head
that the node carries (none before the first one), ``POST /v1/heads`` (body: a head) HeadAnswer,
``GET /v1/invitation`` Invitation, ``POST /v1/invitation`` (body: JoinRequest) Joined.  A failure is an ErrorAnswer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

NodeState = Literal["starting", "fine", "trial", "paused", "attention", "problem"]
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
SandboxLevel = Literal["full", "partial", "none"]


class Space(msgspec.Struct, frozen=True):
    """The space that the farmer lends.  ``used_bytes`` is the sum of all that the home takes."""

    used_bytes: int
    quota_bytes: int
    chunk_count: int


class VersionInUse(msgspec.Struct, frozen=True):
    """The vault version in use: its name, and the tree hash of its slot."""

    version: str
    tree_hash: str
    since_s: float


class Handover(msgspec.Struct, frozen=True):
    """Chunks that are being given to others: ``done`` of them are, ``left`` are not yet."""

    done: int
    left: int


KeyPlace = Literal["keyring", "passphrase", "unprotected"]  # where the farm's private key is kept


class Status(msgspec.Struct, frozen=True):
    """How it stands.  ``sentence`` is true at this moment and meant for a person.

    ``sandbox`` is what really holds the vault in use, ``sandbox_reasons`` why it is no better, and
    ``is_sandbox_tried`` whether it was ever tried on such a system.
    """

    state: NodeState
    sentence: str
    is_practice: bool
    space: Space
    peer_count: int
    subnet_count: int
    in_use: VersionInUse | None
    sandbox: SandboxLevel
    farm: str  # the vault id's first 8 hex digits
    last_event: int  # number of the newest event: read on from here
    handover: Handover | None = None  # while the vault shrinks or leaves
    key_place: KeyPlace = "keyring"
    sandbox_reasons: tuple[str, ...] = ()
    is_sandbox_tried: bool = True


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
    exception: str = ""  # why it was, or is, taken without the proof that every release needs
    is_urgent: bool = False  # its developers asked for a trial of hours
    rollout: RolloutView | None = None  # None: it has not been up for its turn here


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


class Updates(msgspec.Struct, frozen=True):
    """Newest first.  ``measured_itself``: how much two equal versions differ on this computer."""

    items: tuple[Update, ...]
    refused_heads: tuple[RefusedHead, ...]
    developers: DeveloperNews | None = None  # None: updates wait for a reason of this computer's own
    measured_itself: tuple[SelfMeasurement, ...] = ()


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``local_discovery``: whether vaults on the local network are looked for; it holds from the vault's next start."""

    quota_bytes: int
    local_discovery: bool = True


class SettingsPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is given changes; all of it or, on any error, nothing."""

    quota_bytes: int | msgspec.UnsetType = msgspec.UNSET
    local_discovery: bool | msgspec.UnsetType = msgspec.UNSET


class Invitation(msgspec.Struct, frozen=True):
    """A short text by which a home of the same network finds this one."""

    text: str


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of an invitation, as it was given to a person."""

    text: str


class Joined(msgspec.Struct, frozen=True):
    """An invitation was taken: how many vaults it names, and what happens now."""

    vaults: int
    sentence: str


class StoredChunk(msgspec.Struct, frozen=True):
    address: str
    holders: int


class HeadAnswer(msgspec.Struct, frozen=True):
    """What became of an offered head: ``outdated`` if a newer one is known, ``refused`` with the reason."""

    outcome: Literal["accepted", "known", "outdated", "refused"]
    reason: str


class Event(msgspec.Struct, frozen=True):
    """Something changed; ``data`` is the whole new object.  Numbers have no gaps: at a gap, read all anew."""

    number: int
    at_s: float
    kind: Literal["status", "updates", "trial", "settings"]
    data: Status | Updates | TrialView | Settings | None


class ErrorAnswer(msgspec.Struct, frozen=True):
    """``code`` is stable; ``message`` is one sentence for a person."""

    code: str
    message: str
