"""What the local API says: typed JSON, version 1.  Times are seconds since 1970 in UTC, sizes bytes.

What can be asked, and what answers, is in ``node.api.routes``.  A failure is an ErrorAnswer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from node.api.schema.doctor import Examination, Finding, FindingName, FindingResult
from node.api.schema.network import (
    HeadAnswer,
    Invitation,
    Joined,
    JoinRequest,
    Neighbour,
    NeighbourState,
    NetworkView,
    Reach,
    ReachState,
    StoredChunk,
    Traffic,
)
from node.api.schema.programs import ProgramInUse, ProgramLeft
from node.api.schema.releases import (
    DeveloperNews,
    MetricView,
    Phase,
    RefusedHead,
    RolloutView,
    SelfMeasurement,
    TrialView,
    Update,
    Updates,
)
from node.api.schema.said import Said
from node.api.schema.settings import HOURS, Notifications, Settings, SettingsPatch
from node.api.schema.shares import StoredShare
from node.api.schema.status import (
    LEFT_BYTES,
    PASSPHRASE_CHARACTERS_MAX,
    PASSPHRASE_CHARACTERS_MIN,
    Check,
    CheckName,
    CheckResult,
    Handover,
    KeyPlace,
    NodeState,
    PauseKind,
    PauseLasts,
    PauseReason,
    PauseRequest,
    SandboxLevel,
    Space,
    Status,
    Surroundings,
    VersionInUse,
)

__all__ = [
    "HOURS",
    "LEFT_BYTES",
    "PASSPHRASE_CHARACTERS_MAX",
    "PASSPHRASE_CHARACTERS_MIN",
    "Check",
    "CheckName",
    "CheckResult",
    "DeveloperNews",
    "ErrorAnswer",
    "Event",
    "Examination",
    "Finding",
    "FindingName",
    "FindingResult",
    "Handover",
    "HeadAnswer",
    "Invitation",
    "JoinRequest",
    "Joined",
    "KeyPlace",
    "MetricView",
    "Neighbour",
    "NeighbourState",
    "NetworkView",
    "NodeState",
    "Notifications",
    "PauseKind",
    "PauseLasts",
    "PauseReason",
    "PauseRequest",
    "Phase",
    "ProgramInUse",
    "ProgramLeft",
    "Reach",
    "ReachState",
    "RefusedHead",
    "RolloutView",
    "Said",
    "SandboxLevel",
    "SelfMeasurement",
    "Settings",
    "SettingsPatch",
    "Space",
    "Status",
    "StoredChunk",
    "StoredShare",
    "Surroundings",
    "Traffic",
    "TrialView",
    "Update",
    "Updates",
    "VersionInUse",
]


class Event(msgspec.Struct, frozen=True):
    """Something changed; ``data`` is the whole new object.  Numbers have no gaps: at a gap, read all anew."""

    number: int
    at_s: float
    kind: Literal["status", "updates", "trial", "settings"]
    data: Status | Updates | TrialView | Settings | None


class ErrorAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """``code`` is stable; ``message`` is one sentence for a person."""

    code: str
    message: str
    said: tuple[Said, ...] = ()  # the message as data; empty where a part of it has no code
