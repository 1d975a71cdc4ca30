"""The statements that end a conflict: a rotation without everybody who signed twice, numbered past all branches.

A farm on any branch must be able to follow, and so must a newcomer who has seen none:

    root        names the conflict; nobody who signed both statements holds a key in it
    numbers     of every role but the root are past what any branch is known to have reached, with room for what a
                branch reached that nobody has brought here
    releases    stay listed if every branch lists the same one: any other would be new on one branch under an old number
    recalls     of all branches stay, and the highest floor; more can be recalled in the same step
    vaults      may do no more than on any branch; it counts as grown when it last grew on any
    foundation  ends if a founder signed twice: its statements cannot be issued anew without that founder
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from node.pod.conflict import Dispute
from node.pod.errors import PodError
from node.pod.listing import drop_without_runtime
from node.pod.parties import Member
from node.pod.rotation import Exchange, next_root, pods_of, reissued
from node.pod.statements import delegated_in
from node.pod.writing import RELEASES_LEFT_OUT, Numbers, Passed, Statements, next_snapshot, next_targets
from node.trust.anchor import ANCHOR_FIELD, GROWN_FIELD, Anchor, anchor_in
from node.trust.capabilities import TODAY, as_declared, capabilities_in, cost
from node.trust.head import Head
from node.trust.layers import ROLES
from node.trust.metadata import (
    MetaFile,
    Root,
    Snapshot,
    Statement,
    Targets,
    Timestamp,
    halves_of,
    read,
    signed_time,
    time_text,
)
from node.trust.policy import FOUNDERS_FIELD, RESOLVES_FIELD, founder_names
from node.trust.release import (
    FLOOR_FIELD,
    RECALLED_FIELD,
    SEQUENCE_FIELD,
    floor_of,
    highest_sequence,
    recalled_in,
)
from node.trust.state import read_state

LEFT_OUT: Final = 1_000  # numbers, for what a branch reached that nobody has brought here


@dataclass(frozen=True, slots=True)
class Listing:
    """Names of releases: those that stay listed, and those that any branch listed and that do not."""

    staying: tuple[str, ...]
    leaving: tuple[str, ...]


def resolution(
    root: Statement[Root],
    head: Head,
    dispute: Dispute,
    joining: Sequence[Member],
    recalled: Sequence[str],
    now: datetime,
    numbers: Numbers,
) -> Statements:
    """The unsigned statements that follow ``head``, whose root is ``root``, but for the timestamp.

    Args:
        root: The root in force on the branch that is gone on with.
        head: What was published on it.
        dispute: What all branches show.
        joining: Who take the places of those that signed twice, in the order of ``culprits_in``.
        recalled: Names of releases of any branch that are withdrawn in the same step.
        now: When.
        numbers: What ``numbers_past`` gives.

    Raises:
        PodError: Others join than leave, or what is to be recalled was never released.
    """
    leaving = culprits_in(root.signed, dispute)
    if len(leaving) != len(joining):
        names = ", ".join(pod.name for pod in leaving) or "no pod that is still there"
        raise PodError(f"{names} signed twice: {len(leaving)} must join in their place, not {len(joining)}")
    exchanges = [Exchange(*pair) for pair in zip(leaving, joining, strict=True)]
    root_after = next_root(root, exchanges, None, now)
    root_after.signed.unrecognized_fields[RESOLVES_FIELD] = dispute.identity
    changed = reissued(head, exchanges, now, numbers)
    is_ending = _drop_founders(root_after.signed, changed["targets"].signed, dispute)
    if "foundation" in head.delegated and not is_ending and _is_disputed("foundation", head, dispute):
        changed["foundation"] = next_targets(head, "foundation", now, numbers)
    for role in sorted(set(changed) - {"targets"}):
        _merge(changed[role].signed, role, _known(role, head, dispute), numbers)
    _limit(changed, head, dispute)
    _recall(changed["vault"].signed, recalled, head, dispute, is_ending=is_ending)
    snapshot = next_snapshot(head, changed, now, numbers)
    if is_ending:  # a snapshot must list what it once listed, and no lower
        snapshot.signed.meta["foundation.json"] = MetaFile(numbers["foundation"].number)
    return {"root": root_after, **changed, "snapshot": snapshot}


def numbers_past(head: Head, dispute: Dispute, passed: Numbers) -> Numbers:
    """The numbers that are left out in every role below the root, so that farms on every branch can follow."""
    sequences = [left_out.sequence for left_out in passed.values()]
    for role in ROLES:
        sequences += [highest_sequence(role, one.signed) for one in _known(role, head, dispute)]
    highest = max(sequences) + RELEASES_LEFT_OUT
    found = {}
    for role, held in (("timestamp", read(head.timestamp, Timestamp)), ("snapshot", read(head.snapshot, Snapshot))):
        number = max(held.signed.version, *dispute.numbers_of(role), _passed_number(role, passed))
        found[role] = Passed(number + LEFT_OUT, "", highest)
    for role, content in {"targets": head.targets, **head.delegated}.items():
        known = [read(content, Targets), *dispute.targets_of(role)]
        # Nobody names the newest statement as a predecessor, so whoever names it contradicts none.
        newest = max(known, key=lambda statement: statement.signed.version)
        is_passed = _passed_number(role, passed) > newest.signed.version
        number = max(newest.signed.version, _passed_number(role, passed))
        previous = passed[role].previous if is_passed else newest.signed_hash
        found[role] = Passed(number + LEFT_OUT, previous, highest)
    return found


def culprits_in(root: Root, dispute: Dispute) -> list[Member]:
    """The pods of a root that signed both statements, or hold a key of who did; by name."""
    found = [pod for pod in pods_of(root) if dispute.halves & {*halves_of(pod.key), *halves_of(pod.root_key)}]
    return sorted(found, key=lambda pod: pod.name)


def listing(statements: Statements, head: Head, dispute: Dispute) -> Listing:
    """Which releases stay listed, and which do not."""
    known = {name for role in ROLES for one in _known(role, head, dispute) for name in one.signed.targets}
    staying = {name for role in ROLES if role in statements for name in statements[role].signed.targets}
    if "foundation" not in statements and "foundation" in delegated_in(statements["targets"].signed):
        staying |= set(read(head.delegated["foundation"], Targets).signed.targets)
    staying -= set(recalled_in(statements["vault"].signed))
    return Listing(tuple(sorted(staying)), tuple(sorted(known - staying)))


def _known(role: str, head: Head, dispute: Dispute) -> list[Statement[Targets]]:
    """The statements of a role on all branches."""
    held = [read(head.delegated[role], Targets)] if role in head.delegated else []
    return [*held, *dispute.targets_of(role)]


def _passed_number(role: str, passed: Numbers) -> int:
    return passed[role].number if role in passed else 0


def _is_disputed(role: str, head: Head, dispute: Dispute) -> bool:
    return len({one.signed_hash for one in _known(role, head, dispute)}) > 1


def _merge(targets: Targets, role: str, known: Sequence[Statement[Targets]], numbers: Numbers) -> None:
    """Make a statement one that may follow any of ``known``."""
    others = [one.signed for one in known]
    targets.targets = {
        name: target
        for name, target in targets.targets.items()
        if all(other.targets.get(name) == target for other in others)
    }
    if role in ROLES:
        targets.unrecognized_fields[SEQUENCE_FIELD] = numbers[role].sequence
        _withdraw(targets, [name for other in others for name in recalled_in(other)], max(map(floor_of, others)))
    drop_without_runtime(targets)


def _limit(changed: Statements, head: Head, dispute: Dispute) -> None:
    """Let vaults do no more than every branch allowed: more would be growth on one of them, and come too soon.

    Raises:
        PodError: No anchor of any branch is one that all of them allow.
    """
    vault, targets = changed["vault"].signed, changed["targets"].signed
    grown = [signed_time(one.signed, GROWN_FIELD) for one in _known("vault", head, dispute)]
    if moments := [moment for moment in grown if moment is not None]:
        vault.unrecognized_fields[GROWN_FIELD] = time_text(max(moments))
    states = (read_state(head), *dispute.states)
    anchors = [anchor_in(state.targets.signed) for state in states]
    if all(anchor == anchors[0] for anchor in anchors):
        return
    reaches = [state.reach().capabilities for state in states]
    for anchor in (*anchors, Anchor("", TODAY)):
        if not any(cost(reach, anchor.capabilities) for reach in reaches):
            break
    else:
        raise PodError("what the branches allow vaults differs so much that none of their anchors fits all of them")
    targets.unrecognized_fields.pop(ANCHOR_FIELD, None)
    if anchor.version:
        said = {"version": anchor.version, "capabilities": as_declared(anchor.capabilities)}
        targets.unrecognized_fields[ANCHOR_FIELD] = said
    for role in sorted({"vault", "foundation"} & set(changed)):
        listed = changed[role].signed.targets
        changed[role].signed.targets = {
            name: target
            for name, target in listed.items()
            if not cost(anchor.capabilities, capabilities_in(target.custom or {}))
        }


def _recall(vault: Targets, names: Sequence[str], head: Head, dispute: Dispute, *, is_ending: bool) -> None:
    """Recall what the pods want withdrawn, and what the foundation had recalled if it ends."""
    known = {role: [one.signed for one in _known(role, head, dispute)] for role in ROLES}
    released = {name for statements in known.values() for statement in statements for name in statement.targets}
    for name in names:
        if name not in released:
            raise PodError(f"{name} is released on no branch; released are {', '.join(sorted(released)) or 'none'}")
    ended = known["foundation"] if is_ending else []
    _withdraw(
        vault, [*names, *(name for one in ended for name in recalled_in(one))], max(map(floor_of, ended), default=0)
    )


def _withdraw(targets: Targets, names: Sequence[str], floor: int) -> None:
    recalled = sorted({*recalled_in(targets), *names})
    if recalled:
        targets.unrecognized_fields[RECALLED_FIELD] = recalled
    if floor > floor_of(targets):
        targets.unrecognized_fields[FLOOR_FIELD] = floor
    targets.targets = {name: target for name, target in targets.targets.items() if name not in recalled}


def _drop_founders(root: Root, targets: Targets, dispute: Dispute) -> bool:
    """Take every power from founders who signed twice; whether the foundation ends with that."""
    culprits = {culprit.keyid for culprit in dispute.culprits}
    founders = founder_names(root)
    if not culprits & set(founders):
        return False
    root.unrecognized_fields[FOUNDERS_FIELD] = {key: name for key, name in founders.items() if key not in culprits}
    delegations = targets.delegations
    assert delegations is not None, "a network without delegations was never verified"
    assert delegations.roles is not None, "delegations by name, not by hash"
    if delegations.roles.pop("foundation", None) is None:
        return False
    for keyid in founders:
        delegations.keys.pop(keyid, None)
    return True
