"""The statements of a rotation: the next root, and everything below it anew.

One pod may leave and another take its place: then the same key is exchanged in the root and in the delegations of
targets, and `vault` and `app` are issued anew, because signatures of the pod that left no longer count.  Without an
exchange it renews the dates of everything.  The foundation's date can be moved too, to an earlier one.  To resolve a
conflict everybody who signed twice is exchanged at once: see ``resolution.py``.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from node.pod.errors import PodError
from node.pod.founding import name_pods
from node.pod.parties import Member
from node.pod.writing import NOTHING_PASSED, ROOT_DAYS, Numbers, Statements, in_days, next_snapshot, next_targets
from node.trust.head import Head
from node.trust.metadata import Metadata, Root, Statement, Targets, time_text
from node.trust.policy import PREVIOUS_FIELD, UNTIL_FIELD, foundation_until, pod_names, root_key_names


@dataclass(frozen=True, slots=True)
class Exchange:
    """``joining`` takes the place of ``leaving``."""

    leaving: Member
    joining: Member


def rotation(
    root: Statement[Root],
    head: Head,
    exchanges: Sequence[Exchange],
    until: datetime | None,
    now: datetime,
    passed: Numbers = NOTHING_PASSED,
) -> Statements:
    """The unsigned statements that follow the head whose root is ``root``, but for the timestamp.

    Raises:
        PodError: There is no foundation whose date could move, or the new date is not earlier.
    """
    root_after = next_root(root, exchanges, until, now)
    changed = reissued(head, exchanges, now, passed)
    if until is not None and "foundation" in head.delegated:
        changed["foundation"] = next_targets(head, "foundation", now, passed)
        changed["foundation"].signed.expires = until
    return {"root": root_after, **changed, "snapshot": next_snapshot(head, changed, now, passed)}


def pods_of(root: Root) -> list[Member]:
    """The pods that the root names, in the order of their root keys."""
    keyids = {name: keyid for keyid, name in pod_names(root).items()}
    names = root_key_names(root)
    return [
        Member(names[keyid], root.keys[keyids[names[keyid]]], root.keys[keyid]) for keyid in root.roles["root"].keyids
    ]


def reissued(head: Head, exchanges: Sequence[Exchange], now: datetime, passed: Numbers) -> Statements:
    """Targets, `vault` and `app` anew, as the pods will sign them that there are after the exchanges."""
    changed: Statements = {role: next_targets(head, role, now, passed) for role in ("targets", "vault", "app")}
    for exchange in exchanges:
        _exchange_in_delegations(changed["targets"].signed, exchange)
    return changed


def next_root(
    held: Statement[Root], exchanges: Sequence[Exchange], until: datetime | None, now: datetime
) -> Metadata[Root]:
    """The root after ``held``.

    Raises:
        PodError: There is no foundation whose date could move, or the new date is not earlier.
    """
    root = copy.deepcopy(held.signed)
    root.version += 1
    root.expires = in_days(now, ROOT_DAYS)
    root.unrecognized_fields[PREVIOUS_FIELD] = held.signed_hash
    if until is not None:
        before = foundation_until(held.signed)
        if before is None or until >= before:
            raise PodError("the foundation's date can only be moved to an earlier one")
        root.unrecognized_fields[UNTIL_FIELD] = time_text(until)
    for exchange in exchanges:
        leaving, joining = exchange.leaving, exchange.joining
        for role, given in root.roles.items():
            gone, new = (leaving.root_key, joining.root_key) if role == "root" else (leaving.key, joining.key)
            given.keyids = [new.keyid if keyid == gone.keyid else keyid for keyid in given.keyids]
            root.keys.pop(gone.keyid, None)
            root.keys[new.keyid] = new
    if exchanges:
        places = {exchange.leaving.name: exchange.joining for exchange in exchanges}
        name_pods(root, [places.get(pod.name, pod) for pod in pods_of(held.signed)])
    return Metadata(root)


def _exchange_in_delegations(targets: Targets, exchange: Exchange) -> None:
    delegations = targets.delegations
    assert delegations is not None, "a network without delegations was never verified"
    assert delegations.roles is not None, "delegations by name, not by hash"
    gone, new = exchange.leaving.key, exchange.joining.key
    for given in delegations.roles.values():
        given.keyids = [new.keyid if keyid == gone.keyid else keyid for keyid in given.keyids]
    delegations.keys.pop(gone.keyid, None)
    delegations.keys[new.keyid] = new
