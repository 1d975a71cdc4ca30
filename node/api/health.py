"""The sentence of the status, and what is said of chunks that are handed over: how it stands, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.api.schema import Check, CheckName, Handover, NodeState, Space
from node.api.texts import count, size, stopping

SILENT_S_MAX: Final = 20.0  # a vault that has not answered for so long is said to be silent
LOOKING_S: Final = 30.0  # after so long without a neighbour something is wrong
DEAF: Final[tuple[CheckName, ...]] = ("clock", "audit")
CUT_OFF: Final[tuple[CheckName, ...]] = ("exchange", "reach")
FULL_BYTES: Final = 4 << 20  # with less left of the limit it is the limit that is reached, not the disk


@dataclass(frozen=True, slots=True)
class Health:
    """All that the status sentence is made of, as it is at one moment."""

    silent_s: float | None  # seconds since the vault last answered; None: not once in this run
    failures: int  # how often in a row it did not start or ended by itself
    failure: str  # why, the last time
    disk_trouble: str  # why the home cannot be written, else ""
    settings_trouble: str  # why the defaults hold, else ""
    other_trouble: str  # something else that the farmer should know, else ""
    space: Space
    free_bytes: int  # of the disk
    reserve_bytes: int  # of these the vault leaves so many to the farmer
    up_s: float  # how long the vault has been reachable
    peer_count: int
    has_met: bool  # whether there were others before
    trial_of: str  # the version on trial, else ""
    version: str  # the version in use
    store_trouble: str = ""  # code of what keeps the vault's store from taking chunks, else ""
    handover: Handover | None = None  # what of its chunks the vault has given to others
    checks: tuple[Check, ...] = ()  # what was looked at end to end
    leave_s: float | None = None  # while the node is being stopped: how long the vault may hand over
    pause: str = ""  # why the node helps less and what ends it, else ""


def status_sentence(health: Health) -> tuple[NodeState, str]:
    """Say how it stands, the most pressing first.

    A check that is bad is never passed over for good news.  First what loses pieces now; then what makes this computer
    deaf to all others; then what the farmer has set off himself; then that nobody can be reached, or can come.
    """
    if health.leave_s is not None:
        return "attention", leaving(health.handover, health.leave_s)
    if health.disk_trouble:
        return "problem", f"The disk cannot be written, so nothing new is stored: {health.disk_trouble}."
    bad = {check.name: _with_advice(check) for check in health.checks if check.result == "bad"}
    if "disk" in bad and not store_fault(health):
        return "problem", bad["disk"]
    if health.failures > 1:
        return "problem", f"The vault does not keep running ({health.failure}); it is started again and again."
    if health.silent_s is None and health.failures:
        return "starting", f"The vault is started again ({health.failure})."
    if health.silent_s is None:
        return "starting", "The vault is starting."
    if health.silent_s > SILENT_S_MAX:
        return "problem", f"The vault has not answered for {health.silent_s:.0f} seconds."
    if store_fault(health):
        return "problem", store_fault(health)
    for name in DEAF:
        if name in bad:
            return "attention", bad[name]
    if health.handover is not None and health.handover.left:
        change = f"{size(health.space.used_bytes)} -> {size(health.space.quota_bytes)}"
        return "attention", f"Shrinking {change}: {_handed(health.handover)} handed over."
    if health.settings_trouble or health.other_trouble:
        return "attention", health.settings_trouble or health.other_trouble
    if health.space.used_bytes > health.space.quota_bytes:
        return "attention", _over(health.space)
    if health.pause:  # whoever has wanted it, or unplugged the computer, need do nothing about the rest
        return "paused", health.pause
    if health.peer_count == 0:
        return _alone(health)
    for name in CUT_OFF:
        if name in bad:
            return "attention", bad[name]
    if health.trial_of:
        return "trial", f"Version {health.trial_of} is being tried out; version {health.version} keeps your chunks."
    lent = f"{size(health.space.used_bytes)} of {size(health.space.quota_bytes)} in use"
    return "fine", f"All is well: {lent}, connected to {count(health.peer_count, 'vault')}."


def store_fault(health: Health) -> str:
    """Why the vault's store takes nothing, a sentence; "" if it does, or keeps as much as it may."""
    if health.store_trouble.startswith("storage"):
        return "The disk with the chunks is not there, or refuses; nothing new is stored until it is back."
    if health.store_trouble and health.space.quota_bytes - health.space.used_bytes > FULL_BYTES:
        return _full(health.free_bytes, health.reserve_bytes)
    return ""


def leaving(handover: Handover | None, leave_s: float) -> str:
    """What happens while the node is being stopped."""
    chunks = "its chunks" if handover is None else _handed(handover)
    return f"Perennial is being stopped: handing over {chunks}, at most {leave_s:.0f} s." if leave_s else stopping()


def left(handover: Handover, *, are_others_there: bool) -> str:
    """What was reached when the node was stopped."""
    if not handover.left:
        rest = "nothing waits for this computer"
    elif are_others_there:
        rest = "the rest is copied from other holders"
    else:
        rest = "no other vault can be reached, so the rest waits here until Perennial runs again"
    return f"Perennial has stopped: {_handed(handover)} handed over; {rest}."


def _with_advice(check: Check) -> str:
    return f"{check.sentence} {check.advice}".rstrip()


def _full(free_bytes: int, reserve_bytes: int) -> str:
    if free_bytes > reserve_bytes + FULL_BYTES:  # a limit of the system on this user, or room that came this moment
        return "The disk takes nothing more, so nothing new is stored; make room on it."
    return (
        f"Nothing new is stored: only {size(free_bytes)} of the disk are free, and Perennial leaves its last"
        f" {size(reserve_bytes)} to you; make room on it."
    )


def _over(space: Space) -> str:
    over = f"{size(space.used_bytes - space.quota_bytes)} more than the {size(space.quota_bytes)} that you lend"
    return f"{over} are in use, so nothing new is stored."


def _alone(health: Health) -> tuple[NodeState, str]:
    if health.has_met:
        return "attention", "The vault runs, but no other vault can be reached at the moment."
    if health.up_s < LOOKING_S:
        return "starting", "The vault runs and looks for other vaults."
    return "attention", "The vault runs, but it has reached no other vault yet."


def _handed(handover: Handover) -> str:
    return f"{handover.done} of {count(handover.done + handover.left, 'chunk')}"
