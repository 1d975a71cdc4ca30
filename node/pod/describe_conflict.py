"""What a conflict and its resolution come to, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from node.pod.conflict import Dispute, look_into
from node.pod.invitation import Invitation
from node.pod.known import KnownNetwork
from node.pod.plans import Resolving
from node.pod.resolution import culprits_in, listing
from node.pod.writing import Statements
from node.trust.equivocation import Provable
from node.trust.head import Head
from node.trust.layers import ROLES
from node.trust.metadata import Root, Snapshot, Targets, read
from node.trust.policy import pod_names
from node.trust.release import recalled_in

TREE_CHARACTERS: Final = 16  # of a tree hash


def describe_conflict(dispute: Dispute, known: KnownNetwork) -> list[str]:
    """Who signed what twice, and what each branch releases."""
    first, second = sorted(dispute.pair, key=lambda one: one.signed.version)
    is_one_number = first.signed.version == second.signed.version
    twice = ", ".join(sorted({culprit.name for conflict in dispute.conflicts for culprit in conflict.culprits}))
    numbers = f"both number {first.signed.version}" if is_one_number else f"number {first.signed.version} and the next"
    lines = [
        f"{twice} signed two statements of {dispute.role} that contradict each other, {numbers}.",
        "Every farm that knows of it takes up no update until a root resolves it.",
        f"One of them {_says(first)}.",
        f"The other {_says(second)}.",
        f"What this folder has published {_releases(known.head.delegated)}.",
    ]
    for conflict in dispute.besides:
        others = _names(culprit.name for culprit in conflict.culprits)
        lines.append(
            f"Of {conflict.role}, too, there are two statements, number {conflict.version}, signed by {others}."
        )
    for state in dispute.states:
        contents = {role: statement.content for role, statement in state.delegated.items()}
        lines.append(f"A halted farm holds snapshot {state.snapshot.signed.version}, which {_releases(contents)}.")
    return lines


def describe_resolution(plan: Resolving, known: KnownNetwork, statements: Statements) -> list[str]:
    """What a rotation that resolves a conflict does."""
    dispute = look_into(plan.branches, known)
    exchanged = []
    for old, new in zip(culprits_in(known.root.signed, dispute), plan.join, strict=True):
        exchanged += [f"{old.name} leaves; its keys sign nothing any more. In its place comes:", who(new)]
    releases = listing(statements, known.head, dispute)
    return [
        *describe_conflict(dispute, known),
        f"It ends this conflict, {dispute.identity[:16]}…: farms on every branch go on with it.",
        *exchanged,
        *_foundation(known.head, statements),
        f"Releases that stay listed, because every branch lists them: {_names(releases.staying)}.",
        f"Releases that are listed no longer: {_names(releases.leaving)}.",
        "Farms that run one of them go on with it.",
        f"It recalls, for ever: {_names(plan.recall)}.",
        "It renews the dates of everything: the root for three years, the statements below it for one.",
    ]


def who(invitation: Invitation) -> str:
    """Who joins, with what to compare: one line."""
    return f"  {invitation.name}, fingerprint {invitation.fingerprint}"


def _foundation(head: Head, statements: Statements) -> list[str]:
    roles = statements["targets"].signed.delegations.roles
    is_ending = "foundation" in head.delegated and "foundation" not in roles
    return ["The foundation ends with it, because a founder signed both."] if is_ending else []


def _says(statement: Provable) -> str:
    signed = statement.signed
    if isinstance(signed, Root):
        return f"names the pods {_names(pod_names(signed).values())}"
    if isinstance(signed, Snapshot):
        listed = (f"{name.removesuffix('.json')} {meta.version}" for name, meta in signed.meta.items())
        return f"puts together {_names(listed)}"
    if signed.delegations is not None:
        keys = {keyid[:8] for role in (signed.delegations.roles or {}).values() for keyid in role.keyids}
        return f"lets the keys {_names(keys)} release"
    return f"releases {_listed(signed)}"


def _releases(delegated: Mapping[str, bytes]) -> str:
    statements = [read(delegated[role], Targets).signed for role in ROLES if role in delegated]
    return f"releases {'; '.join(_listed(one) for one in statements if one.targets or recalled_in(one)) or 'nothing'}"


def _listed(signed: Targets) -> str:
    found = [
        f"{name} (tree {str(target.custom.get('tree'))[:TREE_CHARACTERS]}…)"
        for name, target in sorted(signed.targets.items())
    ]
    recalled = f", having recalled {', '.join(recalled_in(signed))}" if recalled_in(signed) else ""
    return (", ".join(found) or "nothing") + recalled


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
