"""What one trial is held of, and beside what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.trial.profile import Profile
from node.trial.ratchet import Estimates
from node.update.trials.folders import TrialFolders


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOrder:
    """What to try out.  ``folders`` makes one of a random name for each twin's data.

    ``number`` tells the trial from others of the same release.  ``announced_s``: when the release was announced (UTC);
    neighbours must be older than that.  ``distances``: the control beside each version that was in use before it.
    ``known_since``: since when the farm has known a vault (UTC).
    """

    number: int
    started_s: float  # UTC
    candidate: str
    control: str
    folders: TrialFolders
    quota_bytes: int
    profile: Profile
    announced_s: float
    distances: tuple[Estimates, ...] = ()
    known_since: Callable[[bytes], float | None] = lambda _: None
