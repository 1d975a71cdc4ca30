"""All releases together: which one is on its way, which one is watched, and how a new one begins (pure)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from node.trial.ratchet import YEAR_S
from node.trust.anchor import factor_beside
from node.trust.capabilities import Capabilities, cost
from node.trust.layers import role_of
from node.trust.release import Release
from node.update.events import Limits
from node.update.lifecycle import Lifecycle
from node.update.phases import STOPPABLE
from node.update.reasons import CAME_FIRST, NO_TRIAL, REASON_CHARACTERS_MAX, RECALLED, WITHDRAWN
from node.update.store import Record

GAINS_IN_PLACE: Final = "the same files are in use and may do less; only files of its own could be tried out with more"
NOT_PROVEN: Final = "full trials could not prove it here"
NOT_HELD: Final = "no trial of it could be held here"


def active(records: Iterable[Record]) -> Record | None:
    """The release that is on its way; those that wait for their turn are not."""
    on_the_way = [r for r in records if not r.way.is_over and r.way.phase != "announced"]
    assert len(on_the_way) <= 1, [record.release.name for record in on_the_way]
    return on_the_way[0] if on_the_way else None


def watched(records: Iterable[Record]) -> Record | None:
    """The release that is in use for good and still watched, or will be again if a newer one fails in its probation.

    For a moment the one before is watched too, until that is ended.
    """
    return max((record for record in records if record.way.watch is not None), key=age, default=None)


def is_succeeded(record: Record, records: Iterable[Record], in_use: str | None) -> bool:
    """Whether a newer release than this one is in use for good."""
    newer = (other for other in records if age(other) > age(record) and other.release.tree_hash == in_use)
    return any(other.way.phase == "confirmed" for other in newer)


def in_use_before(tree_hash: str, records: Collection[Record]) -> str:
    """What was in use before these files were taken into use, if nothing was found against it; else ""."""
    alike = [r for r in records if r.release.tree_hash == tree_hash and r.way.phase == "confirmed" and r.way.baseline]
    if not alike:
        return ""
    found = max(alike, key=age).way.baseline
    ways = [record.way for record in records if record.release.tree_hash == found]
    return "" if any(has_failed(way) or way.is_recalled or way.is_going_back for way in ways) else found


def age(record: Record) -> tuple[int, bool]:
    """By what a release is newer than another; at equal numbers the pods' before the foundation's."""
    return record.release.sequence, not record.release.name.startswith("foundation/")


def new_record(
    release: Release,
    records: Iterable[Record],
    in_use: str | None,
    may: Capabilities,
    *,
    stagger_s: float,
    now_s: float,
    utc_s: float,
) -> Record:
    """The beginning of a release's way; over at once if its files are in use, or failed here under another name.

    ``may`` is what the files in use may do.
    """
    tree = release.tree_hash
    alike = [record for record in records if record.release.tree_hash == tree and record.release.name != release.name]
    bad = next((record for record in alike if has_failed(record.way)), None)
    is_undecided = any(not record.way.is_over and record.way.phase != "announced" for record in alike)
    if tree == in_use and not is_undecided:  # else it waits for what becomes of them under the other name
        is_gaining = cost(may, release.capabilities) > 0
        return Record(release, already_in_use(release.name, tree, now_s, is_gaining=is_gaining), utc_s, utc_s)
    if bad is not None:
        reason = f"the same files as {bad.release.name}: {bad.way.reason}"
        return Record(release, known_as_bad(release.name, tree, now_s, reason), utc_s, utc_s)
    return Record(release, Lifecycle(release.name, tree, stagger_s, now_s), utc_s)


def is_known_as_bad(release: Release, records: Iterable[Record]) -> bool:
    """Whether its files did not do here under another name."""
    return any(has_failed(record.way) and record.release.tree_hash == release.tree_hash for record in records)


def made_way_in_vain(record: Record, listed: Collection[str], recalled: Collection[str]) -> bool:
    """Whether it was set aside for a newer release that the developers took back: then it has its turn after all."""
    newer = record.way.reason.removesuffix(CAME_FIRST)
    was_set_aside = record.way.phase == "not_proven" and newer != record.way.reason
    return was_set_aside and (newer in recalled or newer not in listed)


def is_withdrawn(release: Release, listed: Collection[Release]) -> bool:
    """Whether the newest head, which lists these, lists it no more, and for another reason than its age.

    A head lists the last few of each role: what is older than all of them was not taken back.
    """
    if any(other.name == release.name for other in listed):
        return False
    alike = [other for other in listed if role_of(other.name) == role_of(release.name) and other.layer == release.layer]
    return not alike or any(other.sequence < release.sequence for other in alike)


def is_still_needed(record: Record, utc_s: float) -> bool:
    """Whether anything depends on it yet: its way goes on, or what is tried out later is compared with it."""
    way, decided_s = record.way, record.decided_s
    is_step = way.phase == "confirmed" and way.baseline and decided_s is not None and decided_s >= utc_s - YEAR_S
    return not way.is_over or way.watch is not None or bool(is_step)


def is_against_another(record: Record, in_use: str | None) -> bool:
    """Whether what it is tried out beside is in use no more, as when its files were found damaged."""
    return record.way.phase in STOPPABLE and record.way.baseline != in_use


def has_failed(way: Lifecycle) -> bool:
    """Whether its files did not do here.  That the developers took it back may be for what was said of them."""
    return way.phase in ("refused", "rolled_back") and not is_taken_back(way)


def is_taken_back(way: Lifecycle) -> bool:
    """Whether the developers took it back, however the way back went: it did nothing wrong here."""
    return way.reason.startswith((RECALLED, WITHDRAWN))


def said_again(record: Record, release: Release) -> Record:
    """The record after a later head has listed its release again: pods may say of it what they did not say before."""
    said = dataclasses.replace(record.release, is_urgent=release.is_urgent, is_reaffirmed=release.is_reaffirmed)
    return msgspec.structs.replace(record, release=said)


def stretched(record: Record, used: Capabilities, *, is_slow: bool) -> Record:
    """The record with a longer trial, if its release may do more than anything that was tried out here before it."""
    release = record.release
    factor = max(release.trial_factor, factor_beside(used, release.capabilities))
    return msgspec.structs.replace(record, release=dataclasses.replace(release, trial_factor=factor), is_slow=is_slow)


def is_untriable(record: Record, *, can_try: bool) -> bool:
    """Whether the release waits for a trial that this computer cannot hold."""
    is_before_trial = record.way.phase in STOPPABLE or record.way.phase == "announced"
    return is_before_trial and not record.way.exception and not can_try


def later(record: Record, seconds: float) -> Record:
    """The record after a time that does not count: nothing could be done."""
    way = record.way
    return msgspec.structs.replace(record, way=dataclasses.replace(way, since_s=way.since_s + seconds))


def already_in_use(release: str, tree_hash: str, now_s: float, *, is_gaining: bool) -> Lifecycle:
    """The way of a release whose files are the ones in use: over before it began.

    If it would let them do more it comes to nothing: beside themselves they cannot be tried out.
    """
    if is_gaining:
        return Lifecycle(release, tree_hash, 0.0, now_s, phase="not_proven", reason=GAINS_IN_PLACE)
    return Lifecycle(release, tree_hash, 0.0, now_s, phase="confirmed", reason="already in use")


def known_as_bad(release: str, tree_hash: str, now_s: float, reason: str) -> Lifecycle:
    """The way of a release whose files failed here before, under another name."""
    return Lifecycle(release, tree_hash, 0.0, now_s, phase="refused", reason=reason[:REASON_CHARACTERS_MAX])


def exception_for(record: Record, limits: Limits, *, can_try: bool) -> str:
    """Why this release may be taken without a proof once its last wave is over; "" if it may not.

    Nothing speaks against it: what was refused, recalled or gone back from is in another phase for ever.
    """
    if not record.release.is_reaffirmed:
        return ""
    if record.way.phase == "announced" and not can_try:
        return NO_TRIAL
    # What did not come through as an exception either is not begun with again and again.
    is_open = record.way.phase == "announced" or (record.way.phase == "not_proven" and not record.way.exception)
    if not is_open or not limits.are_trials_over(record.way.full_trials, record.way.voids):
        return ""
    return NOT_PROVEN if record.way.full_trials >= limits.full_trials_max else NOT_HELD
