"""The statements of one head below its roots: verified one after the other, and compared with those that are held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from node.trust.anchor import Reach, Terms, anchor_in, check_growth, reach_in, terms
from node.trust.equivocation import Provable, contradiction
from node.trust.errors import ExpiredMetadata, MalformedMetadata, NotEnoughSignatures
from node.trust.head import Head
from node.trust.layers import ROLES, role_of
from node.trust.metadata import Root, Snapshot, Statement, Targets, Timestamp, TrustedSet, is_signed, read, signers
from node.trust.numbers import check_not_ahead
from node.trust.policy import (
    check_delegated,
    check_delegations,
    check_listed,
    check_named,
    check_scope,
    check_succession,
    high_threshold,
    names_in,
    signed_at,
)
from node.trust.release import (
    Release,
    check_releases,
    highest_sequence,
    reaffirmed_in,
    recalled_in,
    releases_in,
)

# The expiry of any other delegated role silences that role only: the app may go without a release for years, and the
# foundation ends.
MUST_LIVE: Final = frozenset({"vault"})


@dataclass(frozen=True, slots=True)
class State:
    """The statements of one head; ``lapsed`` are the delegated roles whose statement has expired."""

    timestamp: Statement[Timestamp]
    snapshot: Statement[Snapshot]
    targets: Statement[Targets]
    delegated: Mapping[str, Statement[Targets]]
    lapsed: frozenset[str] = frozenset()

    @property
    def signed_at(self) -> datetime:
        """When a threshold of pods says that it signed.

        Only the snapshot's time counts: the timestamp is signed by a single pod, who could push it so far ahead that
        everything has expired.
        """
        return signed_at(self.snapshot.signed)

    def reach(self) -> Reach:
        """What it lets vaults do.  Raises PolicyViolation when it does not say so as it must."""
        return reach_in(self.targets.signed, self.delegated["vault"].signed, self.signed_at)


def read_state(files: Head) -> State:
    """The statements of a head that was verified before."""
    return State(
        read(files.timestamp, Timestamp),
        read(files.snapshot, Snapshot),
        read(files.targets, Targets),
        {role: read(content, Targets) for role, content in files.delegated.items()},
    )


def highest_sequence_of(files: Head) -> int:
    """The highest number of any release of a verified head: one count for all roles.

    So the newest is the newest whoever made it.
    """
    roles = sorted(set(ROLES) & set(files.delegated))
    return max((highest_sequence(role, read(files.delegated[role], Targets).signed) for role in roles), default=0)


def verify_state(
    trusted: TrustedSet, files: Head, now: datetime, origin: bytes, clock: datetime | None = None
) -> State:
    """Verify the statements of a head, one by one, below the roots that ``trusted`` has taken.

    They are judged at ``now``; how high they may be numbered goes by ``clock``, or is not asked.

    Raises:
        TrustError: One of its branches says what is wrong.
    """
    timestamp = trusted.add_timestamp(files.timestamp)
    check_not_ahead("timestamp", (timestamp.signed.version,), clock)
    check_named(("snapshot",), {"snapshot.json": timestamp.signed.snapshot_meta})
    snapshot = trusted.add_snapshot(files.snapshot)
    listed = (meta.version for meta in snapshot.signed.meta.values())  # of statements that are not in the head, too
    check_not_ahead("snapshot", (snapshot.signed.version, *listed), clock)
    check_named(("targets", *files.delegated), snapshot.signed.meta)
    check_scope("snapshot", snapshot.signed, origin)
    now = max(now, signed_at(snapshot.signed))
    if timestamp.signed.is_expired(now) or trusted.root.signed.is_expired(now):
        raise ExpiredMetadata("the root or the timestamp had expired when the snapshot was signed")
    trusted.set_reference_time(now)
    root, targets = trusted.root, trusted.add_targets(files.targets)
    check_scope("targets", targets.signed, origin)
    roles = check_delegations(targets.signed, root.signed)
    if set(roles) != set(files.delegated):
        raise MalformedMetadata("the head does not carry exactly the delegated roles")
    delegated, lapsed = {}, set()
    for role in roles:
        try:
            delegated[role] = trusted.add_targets(files.delegated[role], role, "targets")
        except ExpiredMetadata:
            if role in MUST_LIVE:
                raise
            # Expiry is the last check of all, so apart from its time the statement is right.
            delegated[role] = read(files.delegated[role], Targets)
            lapsed.add(role)
        check_scope(role, delegated[role].signed, origin)
        # This binds the foundation to its date too: what may not outlive the date has lapsed after it.
        check_delegated(role, delegated[role].signed, root.signed)
        if role in ROLES:
            check_not_ahead(f"a release of {role}", (highest_sequence(role, delegated[role].signed),), clock)
    state = State(timestamp, snapshot, targets, delegated, frozenset(lapsed))
    state.reach()  # to whom nothing is held, this much must be told all the same
    return state


def contradictions(state: State, held: State) -> Iterator[tuple[str, Provable, Provable]]:
    """Role, held and new statement of every pair that cannot both be true.

    The timestamp is not looked at: one pod alone signs it, so two of one version prove nothing against many.
    """
    pairs: list[tuple[str, Provable, Provable]] = [("targets", held.targets, state.targets)]
    common = sorted(set(state.delegated) & set(held.delegated))
    pairs += [(role, held.delegated[role], state.delegated[role]) for role in common]
    pairs.append(("snapshot", held.snapshot, state.snapshot))
    return (pair for pair in pairs if contradiction(pair[1], pair[2]))


def check_follows(state: State, held: State, root: Root) -> bool:
    """Check every statement against the one of its role that is held; whether any is newer.

    Raises:
        Rollback, Equivocation, PolicyViolation: One may not follow.
    """
    newer = []
    # A timestamp that no longer verifies, because the newest root dropped the pod that signed it, binds nothing.
    if is_signed("timestamp", held.timestamp, root):
        newer.append(check_succession("timestamp", state.timestamp, held.timestamp))
    check_listed(state.snapshot.signed, held.snapshot.signed)
    newer.append(check_succession("snapshot", state.snapshot, held.snapshot))
    newer.append(check_succession("targets", state.targets, held.targets))
    for role in sorted(set(state.delegated) & set(held.delegated)):
        is_newer = check_succession(role, state.delegated[role], held.delegated[role])
        if is_newer and role in ROLES:
            check_releases(role, state.delegated[role].signed, held.delegated[role].signed)
        newer.append(is_newer)
    check_growth(state.reach(), held.reach())
    return any(newer)


def releases_of(state: State, root: Root) -> tuple[Release, ...]:
    """Everything released and not recalled, newest first; at equal numbers the pods' before the foundation's.

    Raises:
        NotEnoughSignatures: One of them may do more than its signatures allow, or is urgent or reaffirmed by too few.
        PolicyViolation: One of them is not described as a release must be, or may do more than any signatures allow.
    """
    names, targets = names_in(root), state.targets.signed
    roles = [role for role in ROLES if role in state.delegated]
    recalled = {name for role in roles for name in recalled_in(state.delegated[role].signed)}
    reaffirmed = reaffirmed_in(state.delegated["vault"].signed) if "vault" in roles else ""
    found: list[Release] = []
    for role in roles:
        statement = state.delegated[role]
        signed_by = tuple(sorted(names[keyid] for keyid in signers(role, statement, targets)))
        listed = listed_now(role, statement.signed, signed_by, recalled)
        if role not in state.lapsed:
            need = signatures_needed(role, statement.signed, listed, targets)
            if len(signed_by) < need:
                raise NotEnoughSignatures(len(signed_by), need, role)
            found += [
                replace(r, trial_factor=terms_of(r, targets).trial_factor, is_reaffirmed=r.name == reaffirmed)
                for r in listed
            ]
    return tuple(sorted(found, key=lambda release: -release.sequence))


def listed_now(role: str, statement: Targets, signed_by: tuple[str, ...], recalled: Collection[str]) -> list[Release]:
    """What a statement releases now, newest first.

    What was urgent once is so no longer when the role has released anything after it: nobody waits for it any more,
    and the high threshold shall not be needed for every statement that still lists it.

    Raises:
        PolicyViolation: One of them is not described as a release must be.
    """
    newest = highest_sequence(role, statement)
    listed = [release for release in releases_in(role, statement, signed_by) if release.name not in recalled]
    return [replace(release, is_urgent=release.is_urgent and release.sequence == newest) for release in listed]


def signatures_needed(role: str, statement: Targets, listed: Iterable[Release], targets: Targets) -> int:
    """How many must have signed a statement for what it says of the releases that it lists.

    Raises:
        PolicyViolation: No number of signatures is enough.
    """
    need = max((terms_of(release, targets).signatures for release in listed), default=0)
    if reaffirmed_in(statement):
        need = max(need, high_threshold(_members(role, targets)[1]))
    return need


def terms_of(release: Release, targets: Targets) -> Terms:
    """What a release must fulfil under these top-level targets.

    Raises:
        PolicyViolation: No number of signatures is enough for what it may do.
    """
    role = role_of(release.name)
    threshold, members = _members(role, targets)
    if release.layer != "vault":
        return Terms(threshold, 1)
    asked = terms(
        role, release.version, release.capabilities, anchor_in(targets), threshold=threshold, members=members
    )  # fmt: skip
    if not release.is_urgent:
        return asked
    return replace(asked, signatures=max(asked.signatures, high_threshold(members)))


def _members(role: str, targets: Targets) -> tuple[int, int]:
    """How many signatures a delegated role needs, and how many may sign for it."""
    assert targets.delegations is not None, "checked before"
    assert targets.delegations.roles is not None, "checked before"
    given = targets.delegations.roles[role]
    return given.threshold, len(given.keyids)
