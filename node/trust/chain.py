r"""The chain of all heads verified so far: what a new head must follow.

    genesis root -> root 2 -> ... -> newest root      signed by the pods of the root before and of its own
                                          |
                                      timestamp       one pod: "this is still the newest"
                                          |
                                      snapshot        which statements belong together
                                          |
                                       targets        who may release what
                                      /   |   \
                                 vault   app   foundation

A chain is a value: ``verify`` returns the next one and leaves this one as it is, so whoever persists it decides when a
head counts as known.  Time comes in; it is never read here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

import msgspec

from node.trust.errors import Equivocation, ExpiredMetadata, MalformedMetadata, Rollback, TrustError
from node.trust.head import ROOT_BYTES_MAX, Head, decode
from node.trust.metadata import Root, Snapshot, Statement, Targets, Timestamp, TrustedSet, is_signed, read, signers
from node.trust.policy import (
    check_delegated,
    check_delegations,
    check_listed,
    check_root,
    check_succession,
    founder_names,
    pod_names,
    signed_at,
)
from node.trust.release import LAYER_OF, Release, check_releases, releases_in

STATE_FORMAT: Final = 1
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

# The expiry of any other delegated role silences that role only: the app may go without a release for years, and the
# foundation ends.
MUST_LIVE: Final = frozenset({"vault"})


@dataclass(frozen=True, slots=True)
class Verified:
    """A head that passed every check.

    ``is_newer``: the head supersedes the one that the chain held, so it is worth carrying and passing on.
    ``is_news``: what it releases is not what was released before; a mere heartbeat is newer and no news.
    """

    chain: Chain
    digest: bytes
    releases: tuple[Release, ...]
    is_news: bool
    is_newer: bool


@dataclass(frozen=True, slots=True)
class _State:
    """The statements of one head below its roots."""

    timestamp: Statement[Timestamp]
    snapshot: Statement[Snapshot]
    targets: Statement[Targets]
    delegated: Mapping[str, Statement[Targets]]


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    genesis: bytes
    head: bytes
    floor_s: int
    released: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of one network: its genesis root and the newest head that was verified.

    Invariant: no statement in ``head`` is ever replaced by an older one, nor by another of the same version.  The one
    exception is TUF's own: a timestamp that no longer verifies, because the newest root dropped the pod that signed
    it, binds nothing; without it one bad pod could number the timestamp so high that no honest one could follow.
    """

    genesis: bytes
    head: bytes  # encoded; empty before the first one
    clock_floor: datetime  # the latest time at which a threshold of pods is known to have signed
    released: bytes  # digest of what the newest head releases

    @classmethod
    def start(cls, genesis: bytes) -> Self:
        """Start at the genesis root, which comes with the app or with the network's file.

        Raises:
            TrustError: It is no root that signs itself, or one that policy would refuse.
        """
        if len(genesis) > ROOT_BYTES_MAX:
            raise MalformedMetadata(f"a root of {len(genesis)} bytes is over {ROOT_BYTES_MAX}")
        check_root(TrustedSet(genesis, BEGINNING).root.signed, None)
        return cls(genesis, b"", BEGINNING, _digest_of(()))

    @property
    def network(self) -> bytes:
        """What names the network: SHA-256 of its genesis root."""
        return hashlib.sha256(self.genesis).digest()

    def verify(self, head: bytes, now: datetime) -> Verified:
        """Verify a head from anyone.  CPU-bound, some tens of milliseconds; changes nothing.

        Args:
            head: Bytes from a stranger.
            now: This computer's time.  A clock that was set back does not make old metadata fresh: what pods are known
                to have signed bounds it from below.

        Raises:
            TrustError: One of its branches says what is wrong; nothing else is ever raised for what is in ``head``.
        """
        assert now.tzinfo is not None, "a time without its zone"
        files, held_files = decode(head), decode(self.head) if self.head else None
        now = max(now, self.clock_floor)
        trusted = self._climb(files.roots, held_files.roots if held_files else (), now)
        state, floor, lapsed = self._walk(trusted, files, now)
        is_newer = held_files is None or len(files.roots) > len(held_files.roots)
        if held_files is not None:
            is_newer |= _check_follows(state, _read_state(held_files), trusted.root.signed)
        releases = _releases(state, trusted.root.signed, lapsed)
        released = _digest_of(releases)
        chain = Chain(self.genesis, head if is_newer else self.head, max(self.clock_floor, floor), released)
        return Verified(chain, hashlib.sha256(head).digest(), releases, released != self.released, is_newer)

    def _climb(self, roots: tuple[bytes, ...], held: tuple[bytes, ...], now: datetime) -> TrustedSet:
        """Follow the roots up to the newest; those that are known byte for byte need no second look."""
        known = held if roots[: len(held)] == held else ()
        trusted = TrustedSet(known[-1] if known else self.genesis, now)
        for index, content in enumerate(roots[len(known) :], start=len(known)):
            old = trusted.root
            check_root(trusted.add_root(content).signed, old)
            if index < len(held) and trusted.root.signed_hash != read(held[index], Root).signed_hash:
                raise Equivocation("root", trusted.root.signed.version, held[index], content)
        if len(roots) < len(held):
            raise Rollback(f"the head ends at root {trusted.root.signed.version}, a later one is known")
        return trusted

    def _walk(self, trusted: TrustedSet, files: Head, now: datetime) -> tuple[_State, datetime, frozenset[str]]:
        """Verify the statements below the roots; return them, when they were signed, and which have lapsed."""
        timestamp = trusted.add_timestamp(files.timestamp)
        snapshot = trusted.add_snapshot(files.snapshot)
        # Only the snapshot's time moves the clock's floor: the timestamp is signed by a single pod, who could push it
        # so far ahead that everything has expired.
        floor = signed_at(snapshot.signed)
        now = max(now, floor)
        if timestamp.signed.is_expired(now) or trusted.root.signed.is_expired(now):
            raise ExpiredMetadata("the root or the timestamp had expired when the snapshot was signed")
        trusted.set_reference_time(now)
        root, targets = trusted.root, trusted.add_targets(files.targets)
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
            # This binds the foundation to its date too: what may not outlive the date has lapsed after it.
            check_delegated(role, delegated[role].signed, root.signed)
        return _State(timestamp, snapshot, targets, delegated), floor, frozenset(lapsed)

    def dump(self) -> bytes:
        """The chain as bytes, to be kept by whoever owns a disk."""
        floor_s = int(self.clock_floor.timestamp())
        return msgspec.msgpack.encode(_Saved(STATE_FORMAT, self.genesis, self.head, floor_s, self.released))

    @classmethod
    def load(cls, content: bytes) -> Self:
        """The chain that ``dump`` gave; the content comes from this computer's own disk.

        Raises:
            MalformedMetadata: It is damaged.  Never start anew from the genesis root then without telling the farmer:
                a chain without its history can be rolled back.
        """
        try:
            saved = msgspec.msgpack.decode(content, type=_Saved)
            if saved.format != STATE_FORMAT:
                raise MalformedMetadata(f"the kept chain has format {saved.format}")
            start = cls.start(saved.genesis)
            if saved.head:
                _read_state(decode(saved.head))
            floor = datetime.fromtimestamp(saved.floor_s, UTC)
        except (
            msgspec.DecodeError,
            TrustError,
            RecursionError,
            UnicodeError,
            OverflowError,
            ValueError,
            OSError,
        ) as error:
            raise MalformedMetadata(f"the kept chain cannot be read: {error}") from error
        return cls(start.genesis, saved.head, floor, saved.released)


def _read_state(files: Head) -> _State:
    """The statements of a head that was verified before."""
    return _State(
        read(files.timestamp, Timestamp),
        read(files.snapshot, Snapshot),
        read(files.targets, Targets),
        {role: read(content, Targets) for role, content in files.delegated.items()},
    )


def _check_follows(state: _State, held: _State, root: Root) -> bool:
    """Check every statement against the one of its role that is held; whether any is newer.

    Raises:
        Rollback, Equivocation, PolicyViolation: One may not follow.
    """
    newer = []
    if is_signed("timestamp", held.timestamp, root):  # else it binds nothing, see ``Chain``
        newer.append(check_succession("timestamp", state.timestamp, held.timestamp))
    check_listed(state.snapshot.signed, held.snapshot.signed)
    newer.append(check_succession("snapshot", state.snapshot, held.snapshot))
    newer.append(check_succession("targets", state.targets, held.targets))
    for role in sorted(set(state.delegated) & set(held.delegated)):
        is_newer = check_succession(role, state.delegated[role], held.delegated[role])
        if is_newer and role in LAYER_OF:
            check_releases(role, state.delegated[role].signed, held.delegated[role].signed)
        newer.append(is_newer)
    return any(newer)


def _releases(state: _State, root: Root, lapsed: frozenset[str]) -> tuple[Release, ...]:
    """Everything released, newest first; at equal numbers the pods' before the foundation's."""
    names = pod_names(root) | founder_names(root)
    found: list[Release] = []
    for role in LAYER_OF:
        if role not in state.delegated:
            continue
        statement = state.delegated[role]
        signed_by = tuple(sorted(names[keyid] for keyid in signers(role, statement, state.targets.signed)))
        listed = releases_in(role, statement.signed, signed_by)
        found += () if role in lapsed else listed
    return tuple(sorted(found, key=lambda release: -release.sequence))


def _digest_of(releases: tuple[Release, ...]) -> bytes:
    """What is released, without who signed it: copies of a statement may carry different signatures."""
    rows = [(release.name, release.tree_hash, release.manifest, release.sequence) for release in releases]
    return hashlib.sha256(msgspec.msgpack.encode(rows)).digest()
