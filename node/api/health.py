"""The sentence of the status, and what is said of chunks that are handed over: how it stands, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.api.checks import ALONE_S
from node.api.schema import Check, CheckName, Handover, NodeState, Space
from node.api.texts import count, size, stopping
from node.api.told import Told, told

SILENT_S_MAX: Final = 20.0  # a vault that has not answered for so long is said to be silent
DEAF: Final[tuple[CheckName, ...]] = ("clock", "audit")
CUT_OFF: Final[tuple[CheckName, ...]] = ("exchange", "reach")
DOUBLED: Final = told(
    "vault.doubled",
    "Another computer runs with this home's key. Only one of them can be counted: end one of them (there: perennial"
    " leave, or delete the copy).",
)
FULL_BYTES: Final = 4 << 20  # with less left of the limit it is the limit that is reached, not the disk


@dataclass(frozen=True, slots=True)
class Health:
    """All that the status sentence is made of, as it is at one moment."""

    silent_s: float | None  # seconds since the vault last answered; None: not once in this run
    failures: int  # how often in a row it did not start or ended by itself
    failure: str  # why, the last time
    disk_trouble: str  # why the home cannot be written, else ""
    settings_trouble: Told  # why the defaults hold, else NOTHING
    other_trouble: Told  # something else that the farmer should know, else NOTHING
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
    ahead_subnets: int = 0  # in which vaults answer that speak no version of this one's
    pause: str = ""  # why the node helps less and what ends it, else ""
    is_doubled: bool = False  # another computer runs with this home's key


def status_sentence(health: Health) -> tuple[NodeState, Told]:
    """Say how it stands, the most pressing first.

    A check that is bad is never passed over for good news, but for one: that others cannot come in, where nobody here
    could change it.  First what loses pieces now; then what makes this computer
    deaf to all others; then what the farmer has set off himself; then that nobody can be reached, or can come.
    """
    if health.leave_s is not None:
        return "attention", leaving(health.handover, health.leave_s)
    if health.disk_trouble:
        sentence = f"The disk cannot be written, so nothing new is stored: {health.disk_trouble}."
        return "problem", told("home.refused", sentence, why=health.disk_trouble)
    bad = {check.name: _with_advice(check) for check in health.checks if _is_pressing(check)}
    fault = store_fault(health)
    if "disk" in bad and fault is None:
        return "problem", bad["disk"]
    if (running := _running(health)) is not None:
        return running
    if fault is not None:
        return "problem", fault
    if health.is_doubled:
        return "problem", DOUBLED
    for name in DEAF:
        if name in bad:
            return "attention", bad[name]
    if health.handover is not None and health.handover.left:
        return "attention", _shrinking(health.space, health.handover)
    if health.settings_trouble.sentence:
        return "attention", health.settings_trouble
    if health.other_trouble.sentence:
        return "attention", health.other_trouble
    if health.space.used_bytes > health.space.quota_bytes:
        return "attention", _over(health.space)
    if health.pause:  # whoever has wanted it, or unplugged the computer, need do nothing about the rest
        return "paused", Told(health.pause)
    if health.peer_count == 0:
        return _alone(health)
    for name in CUT_OFF:
        if name in bad:
            return "attention", bad[name]
    if health.trial_of:
        sentence = f"Version {health.trial_of} is being tried out; version {health.version} keeps your chunks."
        return "trial", told("trial.runs", sentence, version=health.trial_of, in_use=health.version)
    lent = f"{size(health.space.used_bytes)} of {size(health.space.quota_bytes)} in use"
    sentence = f"All is well: {lent}, connected to {count(health.peer_count, 'vault')}."
    return "fine", told(
        "fine",
        sentence,
        used_bytes=health.space.used_bytes,
        quota_bytes=health.space.quota_bytes,
        vaults=health.peer_count,
    )


def store_fault(health: Health) -> Told | None:
    """Why the vault's store takes nothing; None if it does, or keeps as much as it may."""
    if health.store_trouble.startswith("storage"):
        sentence = "The disk with the chunks is not there, or refuses; nothing new is stored until it is back."
        return told("store.gone", sentence)
    if health.store_trouble and health.space.quota_bytes - health.space.used_bytes > FULL_BYTES:
        return _full(health.free_bytes, health.reserve_bytes)
    return None


def leaving(handover: Handover | None, leave_s: float) -> Told:
    """What happens while the node is being stopped."""
    if not leave_s:
        return told("node.stopping", stopping())
    within = f"at most {leave_s:.0f} s."
    if handover is None:
        sentence = f"Perennial is being stopped: handing over its chunks, {within}"
        return told("node.handing_over", sentence, within_s=round(leave_s))
    sentence = f"Perennial is being stopped: handing over {_handed(handover)}, {within}"
    return told("node.leaving", sentence, **_handed_values(handover), within_s=round(leave_s))


def left(handover: Handover, *, are_others_there: bool) -> str:
    """What was reached when the node was stopped."""
    if not handover.left:
        rest = "nothing waits for this computer"
    elif are_others_there:
        rest = "the rest is copied from other holders"
    else:
        rest = "no other vault can be reached, so the rest waits here until Perennial runs again"
    return f"Perennial has stopped: {_handed(handover)} handed over; {rest}."


def _running(health: Health) -> tuple[NodeState, Told] | None:
    """What is to be said of the vault's process; None while it answers."""
    if health.failures > 1:
        sentence = f"The vault does not keep running ({health.failure}); it is started again and again."
        return "problem", told("vault.failing", sentence, why=health.failure)
    if health.silent_s is None and health.failures:
        return "starting", told("vault.again", f"The vault is started again ({health.failure}).", why=health.failure)
    if health.silent_s is None:
        return "starting", told("vault.starting", "The vault is starting.")
    if health.silent_s > SILENT_S_MAX:
        sentence = f"The vault has not answered for {health.silent_s:.0f} seconds."
        return "problem", told("vault.silent", sentence, silent_s=round(health.silent_s))
    return None


def _is_pressing(check: Check) -> bool:
    """Who is only called, and never comes by himself, helps all the same: without anything to do that is no news."""
    return check.result == "bad" and (check.name != "reach" or bool(check.advice))


def _with_advice(check: Check) -> Told:
    sentence = Told(check.sentence, check.said)
    return sentence.then(Told(check.advice, check.advised)) if check.advice else sentence


def _full(free_bytes: int, reserve_bytes: int) -> Told:
    if free_bytes > reserve_bytes + FULL_BYTES:  # a limit of the system on this user, or room that came this moment
        return told("store.refused", "The disk takes nothing more, so nothing new is stored; make room on it.")
    return told(
        "store.full",
        f"Nothing new is stored: only {size(free_bytes)} of the disk are free, and Perennial leaves its last"
        f" {size(reserve_bytes)} to you; make room on it.",
        free_bytes=free_bytes,
        reserve_bytes=reserve_bytes,
    )


def _shrinking(space: Space, handover: Handover) -> Told:
    sentence = f"Shrinking {size(space.used_bytes)} -> {size(space.quota_bytes)}: {_handed(handover)} handed over."
    return told(
        "space.shrinking",
        sentence,
        used_bytes=space.used_bytes,
        quota_bytes=space.quota_bytes,
        **_handed_values(handover),
    )


def _over(space: Space) -> Told:
    over_bytes = space.used_bytes - space.quota_bytes
    over = f"{size(over_bytes)} more than the {size(space.quota_bytes)} that you lend"
    sentence = f"{over} are in use, so nothing new is stored."
    return told("space.over", sentence, over_bytes=over_bytes, quota_bytes=space.quota_bytes)


def _alone(health: Health) -> tuple[NodeState, Told]:
    if health.ahead_subnets:
        return "attention", told(
            "alone.behind", "The vault runs, but the others run a version that it cannot speak with."
        )
    if health.has_met:
        return "attention", told("alone.cut_off", "The vault runs, but no other vault can be reached at the moment.")
    if health.up_s < ALONE_S:
        return "starting", told("alone.looking", "The vault runs and looks for other vaults.")
    return "attention", told("alone.never", "The vault runs, but it has reached no other vault yet.")


def _handed(handover: Handover) -> str:
    return f"{handover.done} of {count(handover.done + handover.left, 'chunk')}"


def _handed_values(handover: Handover) -> dict[str, int]:
    return {"done": handover.done, "chunks": handover.done + handover.left}
