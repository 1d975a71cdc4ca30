"""What pods can do together, and the statements that each of it comes down to.

A plan says in a few words what shall happen; ``statements_of`` derives the statements from it.  Everyone who signs
derives them again and compares: so nobody signs what only the drafter's computer made, and nothing that the plan does
not say can hide in what is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from node.pod.capabilities import check_asked
from node.pod.conflict import Branch, Dispute, look_into
from node.pod.errors import PodError
from node.pod.founding import check_numbers, first_statements
from node.pod.invitation import Invitation
from node.pod.known import KnownNetwork
from node.pod.parties import Member
from node.pod.release_file import ReleaseFile
from node.pod.resolution import numbers_past, resolution
from node.pod.rotation import Exchange, pods_of, rotation
from node.pod.statements import Draft, following_head
from node.pod.writing import (
    NOTHING_PASSED,
    Numbers,
    Statements,
    is_too_high,
    next_snapshot,
    next_targets,
    next_timestamp,
)
from node.trust.equivocation import contradiction
from node.trust.errors import TrustError
from node.trust.head import Head
from node.trust.layers import ROLES
from node.trust.metadata import (
    TIME_FORMAT,
    Metadata,
    Root,
    Snapshot,
    Statement,
    Targets,
    Timestamp,
    public_halves,
    read,
)
from node.trust.policy import check_delegated, check_delegations, check_root, names_in
from node.trust.release import REAFFIRMED_FIELD, RECALLED_FIELD, check_releases, recalled_in, releases_in
from node.trust.roots import holds_culprit
from node.trust.state import check_follows, read_state


class Founding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="found"):
    """Found a network of these pods and founders."""

    pods: tuple[Invitation, ...]
    founders: tuple[Invitation, ...]


class Releasing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="release"):
    """Release what was built.  ``manifest`` names every file, so that a difference can be named too."""

    release: ReleaseFile
    manifest: bytes


class Recalling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="recall"):
    """Withdraw a release for ever."""

    release: str


class Reaffirming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="reaffirm"):
    """Stand by a release, whatever others think of it, and for farms that cannot prove it."""

    release: str


class Rotating(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="rotate"):
    """Renew every date; let ``join`` take the place of the pod named ``leave``; move the foundation's date."""

    leave: str = ""
    join: Invitation | None = None
    foundation_until: str = ""


class Resolving(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="resolve"):
    """End a conflict: those who signed both statements leave, ``join`` take their places, ``recall`` is withdrawn.

    ``branches`` are what halted farms carry, so that everybody who signs can look into the conflict.
    """

    branches: tuple[Branch, ...]
    join: tuple[Invitation, ...]
    recall: tuple[str, ...] = ()


class Beating(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="purpose", tag="heartbeat"):
    """Say that the newest is still the newest."""


Plan = Founding | Releasing | Recalling | Reaffirming | Rotating | Resolving | Beating


def founding_statements(plan: Founding, at: datetime) -> Statements:
    """The statements that a network begins with, unsigned.

    Raises:
        PodError: Such a network is not possible.
    """
    check_numbers(len(plan.pods), len(plan.founders))
    pods, founders = ([invitation.member() for invitation in group] for group in (plan.pods, plan.founders))
    if len({member.name for member in (*pods, *founders)}) != len(pods) + len(founders):
        raise PodError("two pods or founders have the same name")
    if len({key for member in (*pods, *founders) for key in member.keyids}) != 2 * (len(pods) + len(founders)):
        raise PodError("two pods or founders have the same key")
    statements = first_statements(pods, founders, at)
    try:
        root, targets = statements["root"].signed, statements["targets"].signed
        check_root(root, None)
        check_delegations(targets, root)
    except TrustError as error:
        raise PodError(f"this network cannot be founded: {error}") from error
    return statements


def statements_of(
    plan: Plan, known: KnownNetwork, at: datetime, stamped_at: datetime, passed: Numbers = NOTHING_PASSED
) -> Statements:
    """The unsigned statements that follow what is published.

    The same arguments always give the same.

    Args:
        plan: What shall happen.
        known: The network as it is published.
        at: When the plan was made.
        stamped_at: When its timestamp was made: a heartbeat that went out in between makes it, and nothing else, be
            made anew.
        passed: Numbers that are left out.

    Raises:
        PodError: The plan is not possible in this network.
    """
    root, head, dispute = known.root, known.head, None
    match plan:
        case Founding():
            raise PodError("a network is founded once")
        case Releasing(release=release):
            statements = Draft.begin(head, release, at, passed).statements(release.role)
        case Recalling(release=name):
            statements = _recall(head, name, at, passed)
        case Reaffirming(release=name):
            statements = _reaffirm(head, name, at, passed)
        case Rotating():
            statements = rotation(root, head, _exchanges(plan, root.signed), _until(plan), at, passed)
        case Resolving():
            dispute = look_into(plan.branches, known)
            joining, passed = _joining(plan.join, root.signed), numbers_past(head, dispute, passed)
            statements = resolution(root, head, dispute, joining=joining, recalled=plan.recall, now=at, numbers=passed)
        case Beating():
            statements = {"snapshot": read(head.snapshot, Snapshot).metadata}
    following = statements["root"].signed if "root" in statements else None
    statements["timestamp"] = _timestamp(known, statements["snapshot"], stamped_at, passed, following)
    if isinstance(plan, Beating):
        del statements["snapshot"]
    _check_allowed(root, head, statements)
    if dispute is not None:
        _check_resolves(dispute, head, statements)
    return statements


def root_before_fork(plan: Plan, known: KnownNetwork) -> Root | None:
    """The root that must allow what resolves two contradicting roots; None if nothing of the kind is resolved.

    Raises:
        PodError: There is nothing to resolve.
    """
    dispute = look_into(plan.branches, known) if isinstance(plan, Resolving) else None
    if dispute is None or dispute.role != "root":
        return None
    return known.root_of(dispute.conflicts[0].judge_version).signed


def stamped_anew(
    plan: Plan, known: KnownNetwork, snapshot: Metadata[Snapshot], root: Root | None, at: datetime
) -> Metadata[Timestamp]:
    """The timestamp of a plan on top of what is published now, after heartbeats; ``root`` is the plan's, if it has one.

    Raises:
        PodError: The plan is not possible any more.
    """
    past = NOTHING_PASSED
    if isinstance(plan, Resolving):
        past = numbers_past(known.head, look_into(plan.branches, known), NOTHING_PASSED)
    return _timestamp(known, snapshot, at, past, root)


def _timestamp(
    known: KnownNetwork, snapshot: Metadata[Snapshot], at: datetime, passed: Numbers, root: Root | None
) -> Metadata[Timestamp]:
    """Raises PodError if the one before was numbered so high that nothing can follow it."""
    stamp = next_timestamp(known.head, snapshot, at, passed, root)
    if is_too_high(stamp.signed.version, at):
        names = names_in(known.root.signed)
        signers = read(known.head.timestamp, Timestamp).metadata.signatures
        who = ", ".join(sorted(names.get(keyid, "somebody") for keyid in signers))
        raise PodError(
            f"{who} numbered the last sign of life so high that nothing can follow it: "
            f"begin with another pod's copy of the folder, or let {who} leave with 'rotate'"
        )
    return stamp


def _recall(head: Head, name: str, at: datetime, passed: Numbers) -> Statements:
    statement = next_targets(head, "vault", at, passed)
    targets = statement.signed
    _check_released(head, name, targets)
    targets.targets.pop(name, None)
    targets.unrecognized_fields[RECALLED_FIELD] = sorted([*recalled_in(targets), name])
    targets.unrecognized_fields.pop(REAFFIRMED_FIELD, None)  # so that a recall never needs more than its own threshold
    changed = {"vault": statement}
    return {**changed, "snapshot": next_snapshot(head, changed, at, passed)}


def _reaffirm(head: Head, name: str, at: datetime, passed: Numbers) -> Statements:
    statement = next_targets(head, "vault", at, passed)
    _check_released(head, name, statement.signed)
    statement.signed.unrecognized_fields[REAFFIRMED_FIELD] = name
    changed = {"vault": statement}
    return {**changed, "snapshot": next_snapshot(head, changed, at, passed)}


def _check_released(head: Head, name: str, vault: Targets) -> None:
    listed = {
        path for role in ROLES if role in head.delegated for path in read(head.delegated[role], Targets).signed.targets
    }
    if name in recalled_in(vault):
        raise PodError(f"{name} was recalled before")
    if name not in listed:
        raise PodError(f"{name} is not released; released are {', '.join(sorted(listed)) or 'none'}")


def _exchanges(plan: Rotating, root: Root) -> list[Exchange]:
    if (plan.join is None) != (plan.leave == ""):
        raise PodError("one pod leaves and another takes its place: name both, or none")
    if plan.join is None:
        return []
    pods = {pod.name: pod for pod in pods_of(root)}
    if plan.leave not in pods:
        raise PodError(f"there is no pod {plan.leave[:40]!r}; there are {', '.join(sorted(pods))}")
    return [Exchange(pods[plan.leave], joining) for joining in _joining((plan.join,), root)]


def _joining(invitations: Sequence[Invitation], root: Root) -> list[Member]:
    members = [invitation.member() for invitation in invitations]
    for joining in members:
        if set(joining.keyids) & set(root.keys):
            raise PodError(f"{joining.name} has a key that is part of this network already")
    return members


def _until(plan: Rotating) -> datetime | None:
    try:
        return (
            datetime.strptime(plan.foundation_until, TIME_FORMAT).replace(tzinfo=UTC) if plan.foundation_until else None
        )
    except ValueError as error:
        raise PodError("the foundation's new date is no date") from error


def _check_allowed(held: Statement[Root], head: Head, statements: Statements) -> None:
    """Ask what every farm will ask, before anyone signs; only who signed is asked later."""
    try:
        root = statements["root"].signed if "root" in statements else held.signed
        if "root" in statements:
            check_root(root, held)
        targets = statements["targets"].signed if "targets" in statements else read(head.targets, Targets).signed
        check_delegations(targets, root)
        for role in sorted(set(statements) & set(head.delegated)):
            check_delegated(role, statements[role].signed, root)
            if role in ROLES:
                releases_in(role, statements[role].signed, ())
                check_releases(role, statements[role].signed, read(head.delegated[role], Targets).signed)
        check_asked(head, statements)
    except TrustError as error:
        raise PodError(f"no farm would accept this: {error}") from error


def _check_resolves(dispute: Dispute, head: Head, statements: Statements) -> None:
    """Ask what farms on every branch will ask, before anyone signs."""
    root = statements["root"].signed
    keys = public_halves(statements["targets"].signed)
    conflicts = (*dispute.conflicts, *dispute.besides)
    if any(holds_culprit(root, conflict) for conflict in conflicts) or dispute.halves & keys:
        raise PodError(f"a key of who signed twice ({', '.join(dispute.names)}) would be among the new ones")
    following = read_state(following_head(head, statements))
    try:
        for held in dispute.states:
            check_follows(following, held, root)
        for role, statement in {"targets": following.targets, **following.delegated}.items():
            for known in dispute.targets_of(role):
                if contradiction(statement, known):
                    raise PodError(f"the next {role} would contradict what is known of a branch")
                if role in ROLES:
                    check_releases(role, statement.signed, known.signed)
    except TrustError as error:
        raise PodError(f"farms on one of the branches could not follow: {error}") from error
