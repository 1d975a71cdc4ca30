"""What the way of a release means for this farm's note about it, and what a person is told of its rollout (pure)."""

from __future__ import annotations

import hashlib
from typing import Final

from node.api.schema import RolloutView
from node.api.texts import count
from node.trial.membership import Role, position, reveal
from node.trial.notes import State, Subject
from node.trial.waves import Standing
from node.trust.release import Release
from node.update.events import Event, Recalled, TrialEnded, Withdrawn
from node.update.lifecycle import Lifecycle
from node.update.records import is_taken_back

NOT_YET: Final = "its turn in the rollout has not come"
TOO_EARLY: Final = "this computer has not met its neighbours yet"
HALTED: Final = "many other farms have refused it, so it waits for a while"
PATH_SIGNS: Final = ("/", "\\")

_TRIED: Final = ("on_trial", "rehearsing")


def subject_of(release: Release) -> Subject:
    """What notes about the release name it by: its name and its files, under its number."""
    role: Role = "foundation" if release.name.startswith("foundation/") else "vault"
    digest = hashlib.sha256(b"perennial/1 release\0" + release.name.encode() + b"\0" + release.manifest).digest()
    return Subject(digest, role, release.sequence)


def position_in(subject: Subject, seed: bytes) -> float:
    """Where the farm with this membership seed stands in the rollout."""
    return position(reveal(seed, subject.role, subject.sequence), subject.digest)


def state_told(before: Lifecycle, after: Lifecycle, event: Event) -> State | None:
    """What this step lets the farm say of the release; None: nothing new.

    What the developers do is no verdict of this farm, and a trial that was never held is none either.
    """
    if before.phase == after.phase or after.is_recalled:
        return None
    match after.phase:
        case "on_trial":
            return "on_trial"
        case "promoting" | "probation" | "confirmed":
            return None if after.exception else "pass"  # an exception was proven by nobody here
        case "refused" if before.phase in _TRIED:
            return "void" if isinstance(event, Withdrawn | Recalled) else "fail"
        case "not_proven":
            return "not_proven" if isinstance(event, TrialEnded) and event.outcome == "keep" else "void"
        case "rolled_back":
            return None if is_taken_back(after) else "fail"
        case _:
            return None


def reason_told(event: Event) -> str:
    """Why the trial refused or proved nothing, for others; what names files of this computer is told to nobody."""
    if not isinstance(event, TrialEnded) or event.outcome not in ("refuse", "keep"):
        return ""
    return "" if any(sign in event.reason for sign in PATH_SIGNS) else event.reason


def rollout_view(standing: Standing, heard_s: float) -> RolloutView:
    """How the rollout stands, in words and numbers; waves count from 1 for people."""
    return RolloutView(
        sentence=_sentence(standing),
        own_wave=standing.own_wave + 1,
        open_wave=standing.open_wave + 1,
        waves=standing.wave_count,
        enrolled=standing.enrolled,
        passed=standing.passes,
        failed=standing.fails,
        is_slow=standing.is_slow,
        halted_s=standing.halted_s,
        since_s=heard_s,
    )


def _sentence(standing: Standing) -> str:
    waves = "Every farm may try it out now."
    if standing.wave_count > 1:
        waves = (
            f"Wave {standing.open_wave + 1} of {standing.wave_count} is open, this farm is in wave "
            f"{standing.own_wave + 1}."
        )
    if standing.halted_s > 0:
        waves = f"It is halted for {count(max(1, round(standing.halted_s / 3600)), 'hour')} more, by what others say."
    others = "Nothing has been heard from other farms yet."
    if standing.enrolled:
        heard = count(standing.enrolled, "other farm")
        others = f"Of {heard} that tried it out, {standing.passes} found it good and {standing.fails} bad."
    return f"{waves} {others}" + (" So its trial lasts twice as long." if standing.is_slow else "")
