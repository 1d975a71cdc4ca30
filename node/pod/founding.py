"""The first statements of a network: who its pods and founders are, and how many of them must sign what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from securesystemslib.signer import Key  # type: ignore[attr-defined]  # likewise
from tuf.api.metadata import (  # type: ignore[attr-defined]  # documented there, not listed for type checkers
    DelegatedRole,
    Delegations,
    Role,
)

from node.pod.errors import PodError
from node.pod.parties import Member
from node.pod.writing import (
    FOUNDATION_DAYS,
    ROOT_DAYS,
    STATEMENT_DAYS,
    Statements,
    in_days,
    named,
    snapshot,
    timestamp,
)
from node.trust.metadata import Metadata, Root, Targets, signed_hash, time_text
from node.trust.policy import (
    FOLDERS,
    FOUNDERS_FIELD,
    FOUNDERS_THRESHOLD_MIN,
    PODS_FIELD,
    ROOT_KEYS_FIELD,
    THRESHOLD_MIN,
    UNTIL_FIELD,
    foundation_until,
    high_threshold,
    majority,
    scope_fields,
)
from node.trust.release import SEQUENCE_FIELD

PODS_MAX: Final = 12
FOUNDERS_MAX: Final = 9


def check_numbers(pods: int, founders: int) -> None:
    """Check how many there are.

    Raises:
        PodError: No network has so many, or so few.
    """
    if not THRESHOLD_MIN <= pods <= PODS_MAX:
        raise PodError(f"a network has {THRESHOLD_MIN} to {PODS_MAX} pods, not {pods}")
    if founders and not FOUNDERS_THRESHOLD_MIN <= founders <= FOUNDERS_MAX:
        raise PodError(f"a network has no founders, or {FOUNDERS_THRESHOLD_MIN} to {FOUNDERS_MAX}, not {founders}")


def first_statements(pods: Sequence[Member], founders: Sequence[Member], now: datetime) -> Statements:
    """Everything that a new network begins with, unsigned.  The same members and moment always give the same."""
    root = _genesis(pods, founders, now)
    statements = {"targets": Targets(expires=in_days(now, STATEMENT_DAYS), delegations=_delegations(pods, founders))}
    for role in FOLDERS if founders else ("vault", "app"):
        until = foundation_until(root) if role == "foundation" else None
        statements[role] = Targets(expires=until or in_days(now, STATEMENT_DAYS))
        statements[role].unrecognized_fields[SEQUENCE_FIELD] = 0
    # Statements name their network by what its genesis root says: who signs it is not known yet.
    origin = bytes.fromhex(signed_hash(Metadata(root)))
    for role, signed in statements.items():
        signed.unrecognized_fields |= scope_fields(role, origin)
    files: Statements = {role: Metadata(signed) for role, signed in statements.items()}
    listed = {f"{role}.json": named(metadata) for role, metadata in files.items()}
    first_snapshot = snapshot(now, 1, listed, scope_fields("snapshot", origin))
    return {
        "root": Metadata(root),
        **files,
        "snapshot": first_snapshot,
        "timestamp": timestamp(now, 1, first_snapshot),
    }


def name_pods(root: Root, pods: Sequence[Member]) -> None:
    """Write into the root whose keys are whose."""
    root.unrecognized_fields[PODS_FIELD] = {pod.key.keyid: pod.name for pod in pods}
    if any(pod.root_key.keyid != pod.key.keyid for pod in pods):
        root.unrecognized_fields[ROOT_KEYS_FIELD] = {pod.root_key.keyid: pod.name for pod in pods}


def _genesis(pods: Sequence[Member], founders: Sequence[Member], now: datetime) -> Root:
    thresholds = {
        "root": high_threshold(len(pods)),
        "targets": high_threshold(len(pods)),
        "snapshot": majority(len(pods)),
        "timestamp": 1,
    }
    roles = {role: Role([], threshold) for role, threshold in thresholds.items()}
    root = Root(expires=in_days(now, ROOT_DAYS), consistent_snapshot=True, roles=roles)
    for role in roles:
        for pod in pods:
            root.add_key(pod.root_key if role == "root" else pod.key, role)
    name_pods(root, pods)
    root.unrecognized_fields[FOUNDERS_FIELD] = {founder.key.keyid: founder.name for founder in founders}
    if founders:
        root.unrecognized_fields[UNTIL_FIELD] = time_text(in_days(now, FOUNDATION_DAYS))
    return root


def _delegations(pods: Sequence[Member], founders: Sequence[Member]) -> Delegations:
    keys: dict[str, Key] = {member.key.keyid: member.key for member in (*pods, *founders)}
    members = {"vault": pods, "app": pods, "foundation": founders}
    thresholds = {
        "vault": majority(len(pods)),
        "app": high_threshold(len(pods)),
        "foundation": len(founders) // 2 + 1,
    }
    roles = {
        name: DelegatedRole(
            name,
            [member.key.keyid for member in members[name]],
            thresholds[name],
            terminating=True,
            paths=[f"{folder}/*" for folder in folders],
        )
        for name, folders in FOLDERS.items()
        if members[name]
    }
    return Delegations(keys, roles)
