"""How the node stands: its state, what it was looked at for, and why it helps less than it could."""

from __future__ import annotations

from typing import Literal

import msgspec

from node.api.schema.programs import ProgramInUse
from node.api.schema.said import Said

NodeState = Literal["starting", "fine", "trial", "paused", "attention", "problem"]
SandboxLevel = Literal["full", "partial", "none"]
KeyPlace = Literal["keyring", "passphrase", "unprotected"]  # where the farm's private key is kept
PASSPHRASE_CHARACTERS_MIN = 12
PASSPHRASE_CHARACTERS_MAX = 1_024
LEFT_BYTES = 1 << 30  # of a disk; where no more is free, nothing new is stored
CheckName = Literal["disk", "clock", "reach", "exchange", "audit"]
CheckResult = Literal["ok", "wait", "bad"]
PauseKind = Literal["asked", "battery", "metered", "hours"]
PauseLasts = Literal["1h", "tomorrow", "until-resumed"]


class Space(msgspec.Struct, frozen=True):
    """The space that the farmer lends.  ``used_bytes`` is the sum of all that the home takes."""

    used_bytes: int
    quota_bytes: int
    chunk_count: int
    free_bytes: int | None = None  # of the disk it lies on; None: not known


class VersionInUse(msgspec.Struct, frozen=True):
    """The vault version in use: its name, and the tree hash of its slot."""

    version: str
    tree_hash: str
    since_s: float


class Handover(msgspec.Struct, frozen=True):
    """Chunks that are being given to others: ``done`` of them are, ``left`` are not yet."""

    done: int
    left: int


class Check(msgspec.Struct, frozen=True):
    """One thing that was really tried, end to end.

    ``disk``: a file was written, read back and removed where the chunks lie.  ``clock``: agrees with other vaults'.
    ``reach``: somebody came in from outside.  ``exchange``: an answer that checked was had from another vault.
    ``audit``: another vault asked this one to prove what it should hold, and by its own signed table was satisfied.
    ``wait``: not known, or too long ago.
    """

    name: CheckName
    result: CheckResult
    sentence: str  # for a person
    looked_s: float | None  # when it was last known to be so; None: never yet
    advice: str = ""  # the one thing that a person can do; "" if there is none or need for none
    said: tuple[Said, ...] = ()  # the sentence as data
    advised: tuple[Said, ...] = ()  # the advice as data


class PauseReason(msgspec.Struct, frozen=True):
    """Why the node helps less now.  ``until_s``: when this ends by itself; None: when what it names ends."""

    kind: PauseKind
    sentence: str  # for a person
    until_s: float | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """What is known of the computer now; None where it cannot be told."""

    is_on_battery: bool | None = None
    is_metered: bool | None = None
    is_in_use: bool | None = None  # somebody works at it


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
    checks: tuple[Check, ...] = ()  # what was looked at end to end, always in the same order
    pauses: tuple[PauseReason, ...] = ()  # all that hold now; empty: it helps as the settings say
    is_eased: bool = False  # it uses less of the line, because somebody works here
    surroundings: Surroundings = Surroundings()
    said: tuple[Said, ...] = ()  # the sentence as data; empty where a part of it has no code
    program: ProgramInUse | None = None  # None: the node was started from a checkout, by no launcher


class PauseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long: an hour, until tomorrow at six by the computer's own clock, or until somebody resumes."""

    lasts: PauseLasts
