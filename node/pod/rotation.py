"""The statements of a rotation: the next root, and everything below it anew.

One pod may leave and another take its place: then the same key is exchanged in the root and in the delegations of
targets, and `vault` and `app` are issued anew, because signatures of the pod that left no longer count.  Without an
exchange it renews the dates of everything.  The foundation's date can be moved too, to an earlier one.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime

from node.pod.errors import PodError
from node.pod.founding import name_pods
from node.pod.parties import Member
from node.pod.writing import ROOT_DAYS, Statements, in_days, next_snapshot, next_targets, next_timestamp
from node.trust.head import Head
from node.trust.metadata import Metadata, Root, Statement, Targets, time_text
from node.trust.policy import PREVIOUS_FIELD, UNTIL_FIELD, foundation_until, pod_names, root_key_names


@dataclass(frozen=True, slots=True)
class Exchange:
    """``joining`` takes the place of ``leaving``."""

    leaving: Member
    joining: Member


def rotation(
    root: Statement[Root], head: Head, exchange: Exchange | None, until: datetime | None, now: datetime
) -> Statements:
    """The unsigned statements that follow the head whose root is ``root``.

    Raises:
        PodError: There is no foundation whose date could move, or the new date is not earlier.
    """
    next_root = _next_root(root, exchange, until, now)
    changed: Statements = {"targets": next_targets(head, "targets", now)}
    if exchange is not None:
        _exchange_in_delegations(changed["targets"].signed, exchange)
    for role in ("vault", "app"):
        changed[role] = next_targets(head, role, now)
    if until is not None and "foundation" in head.delegated:
        changed["foundation"] = next_targets(head, "foundation", now)
        changed["foundation"].signed.expires = until
    snapshot = next_snapshot(head, changed, now)
    return {"root": next_root, **changed, "snapshot": snapshot, "timestamp": next_timestamp(head, snapshot, now)}


def pods_of(root: Root) -> list[Member]:
    """The pods that the root names, in the order of their root keys."""
    keyids = {name: keyid for keyid, name in pod_names(root).items()}
    names = root_key_names(root)
    return [
        Member(names[keyid], root.keys[keyids[names[keyid]]], root.keys[keyid]) for keyid in root.roles["root"].keyids
    ]


def _next_root(
    held: Statement[Root], exchange: Exchange | None, until: datetime | None, now: datetime
) -> Metadata[Root]:
    root = copy.deepcopy(held.signed)
    root.version += 1
    root.expires = in_days(now, ROOT_DAYS)
    root.unrecognized_fields[PREVIOUS_FIELD] = held.signed_hash
    if until is not None:
        before = foundation_until(held.signed)
        if before is None or until >= before:
            raise PodError("the foundation's date can only be moved to an earlier one")
        root.unrecognized_fields[UNTIL_FIELD] = time_text(until)
    if exchange is not None:
        leaving, joining = exchange.leaving, exchange.joining
        for role, given in root.roles.items():
            gone, new = (leaving.root_key, joining.root_key) if role == "root" else (leaving.key, joining.key)
            given.keyids = [new.keyid if keyid == gone.keyid else keyid for keyid in given.keyids]
            root.keys.pop(gone.keyid, None)
            root.keys[new.keyid] = new
        name_pods(root, [joining if pod.name == leaving.name else pod for pod in pods_of(held.signed)])
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
