"""How statements are written: what all of them have in common.

All times are handed in.  What is made here is what ``node.trust.policy`` demands: every statement of root and targets
names its predecessor, and a snapshot or timestamp names the signed part of what it lists instead of hashing files,
so that pods can add their signatures one after the other.

A number that somebody has signed and that was never published is left out: a second statement in its place, signed by
enough, would be a proof that halts every farm.  What comes next is numbered two higher than the highest of them,
because a statement of the very next number would have to name one of them as its predecessor.

Numbers go up by one or two at a time, so honest ones stay far below the seconds since 1970.  What is numbered higher
was numbered so on purpose, for nothing can follow the highest number of all: nobody builds on it.

Numbers of releases are scarcer: each costs every farm a link of the chain that its vote on a release takes
(``node.trial.membership``).  So few of them are left out at a time, however many somebody signed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from tuf.api.metadata import MetaFile  # type: ignore[attr-defined]  # documented there, not listed for type checkers

from node.pod.parties import Party
from node.trust.head import Head
from node.trust.metadata import (
    NAMED_FIELD,
    Metadata,
    Root,
    Snapshot,
    Targets,
    Timestamp,
    is_signed,
    read,
    signed_hash,
    time_text,
)
from node.trust.policy import NETWORK_FIELD, PREVIOUS_FIELD, ROLE_FIELD, SIGNED_AT_FIELD

ROOT_DAYS: Final = 3 * 365
STATEMENT_DAYS: Final = 365
TIMESTAMP_DAYS: Final = 45
AHEAD_DAYS: Final = 1  # for timestamps, whose numbers one pod alone decides: as far ahead as farms let them be
FOUNDATION_DAYS: Final = 180
RELEASES_LEFT_OUT: Final = 16  # numbers of releases that are left out at a time: more than a year has, at one a month

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)
Statements = dict[str, Metadata[Any]]  # role -> its statement


class Passed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of one role that are left out, up to ``number``.

    ``previous`` is what the next statement names as its predecessor ("" in a snapshot, which names none): nobody has
    signed anything that names the same.  ``sequence`` is the highest number of a release in what is passed over.
    """

    number: int
    previous: str
    sequence: int = 0


Numbers = Mapping[str, Passed]  # role -> what it leaves out
NOTHING_PASSED: Final[Numbers] = MappingProxyType({})


def sign(metadata: Metadata[T], parties: Sequence[Party]) -> Metadata[T]:
    """Add one signature of each party; signing again replaces a party's own.  A root is signed with the root keys."""
    for party in parties:
        metadata.sign(party.root_signer if isinstance(metadata.signed, Root) else party.signer, append=True)
    return metadata


def next_targets(head: Head, role: str, now: datetime, passed: Numbers = NOTHING_PASSED) -> Metadata[Targets]:
    """The statement of ``role`` after the head's: it says the same until it is changed, and names its predecessor."""
    held = read(head.targets if role == "targets" else head.delegated[role], Targets)
    # The foundation's statements keep their date: it ends with the network's beginning, not with its last release.
    expires = held.signed.expires if role == "foundation" else in_days(now, STATEMENT_DAYS)
    following = copy.deepcopy(held.metadata)
    following.signatures.clear()
    following.signed.version = _number_after(held.signed.version, role, passed)
    following.signed.expires = expires
    previous = passed[role].previous if role in passed else held.signed_hash
    following.signed.unrecognized_fields[PREVIOUS_FIELD] = previous
    return following


def next_snapshot(
    head: Head, changed: Statements, now: datetime, passed: Numbers = NOTHING_PASSED
) -> Metadata[Snapshot]:
    """The snapshot after the head's, in which ``changed`` stand in the place of their predecessors."""
    before = read(head.snapshot, Snapshot).signed
    listed = {f"{role}.json": named(statement) for role, statement in changed.items()}
    scope = {field: before.unrecognized_fields[field] for field in (ROLE_FIELD, NETWORK_FIELD)}
    return snapshot(now, _number_after(before.version, "snapshot", passed), {**before.meta, **listed}, scope)


def snapshot(now: datetime, version: int, meta: dict[str, MetaFile], scope: dict[str, str]) -> Metadata[Snapshot]:
    fields = {SIGNED_AT_FIELD: time_text(now), **scope}
    return Metadata(Snapshot(version, expires=in_days(now, STATEMENT_DAYS), meta=meta, unrecognized_fields=fields))


def next_timestamp(
    head: Head,
    snapshot: Metadata[Snapshot],
    now: datetime,
    passed: Numbers = NOTHING_PASSED,
    root: Root | None = None,
) -> Metadata[Timestamp]:
    """The timestamp after the head's, naming ``snapshot``; ``root`` is the one that comes with it, if one does.

    Under that root a timestamp binds nothing which was signed by a pod that leaves: if it was numbered too high, the
    new one is numbered by the time, above all that were not.
    """
    held = read(head.timestamp, Timestamp)
    number = _number_after(held.signed.version, "timestamp", passed)
    if root is not None and is_too_high(number, now):
        least = held.signed.version + 1 if is_signed("timestamp", held, root) else 1
        number = max(least, highest_number(now))
    return timestamp(now, number, snapshot)


def highest_number(now: datetime) -> int:
    """What no honest statement is numbered above."""
    return int(now.timestamp())


def is_too_high(number: int, now: datetime) -> bool:
    """Whether a timestamp of this number is one that nobody builds on."""
    return number > highest_number(in_days(now, AHEAD_DAYS))


def timestamp(now: datetime, version: int, snapshot: Metadata[Snapshot]) -> Metadata[Timestamp]:
    fields = {SIGNED_AT_FIELD: time_text(now)}
    expires = in_days(now, TIMESTAMP_DAYS)
    return Metadata(Timestamp(version, expires=expires, snapshot_meta=named(snapshot), unrecognized_fields=fields))


def named(metadata: Metadata[Any]) -> MetaFile:
    return MetaFile(metadata.signed.version, unrecognized_fields={NAMED_FIELD: signed_hash(metadata)})


def _number_after(held: int, role: str, passed: Numbers) -> int:
    return passed[role].number + 2 if role in passed else held + 1


def in_days(now: datetime, days: int) -> datetime:
    return now + timedelta(days=days)
