"""How large and how fast a practice network is.  A demonstration: the rule's code is that of a real farm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.trial.profile import PRACTICE, Profile
from node.update.events import PRACTICE as PRACTICE_LIMITS
from node.update.events import Limits
from node.vault.control import Pace

PACE: Final = Pace(audit_s=1.0, ping_s=5.0, refresh_s=10.0)
VAULTS_MIN: Final = 6  # five subnets for a close group, and one that is left over
VAULTS_MAX: Final = 60
FARMS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class PracticeProfile:
    """Every number of a practice network; printed with its result."""

    vaults: int = 8  # the farms' own vaults among them
    farms: int = 3
    pods: int = 5
    quota_bytes: int = 1 << 30
    pace: Pace = PACE
    traffic_per_s: float = 2.0  # of all people together
    traffic_chunk_bytes_max: int = 1 << 16
    traffic_chunks_max: int = 300
    stand_s_max: float = 60.0  # for the network to stand
    decide_s_max: float = 480.0  # for all farms to decide one release
    trial: Profile = PRACTICE
    limits: Limits = PRACTICE_LIMITS
