"""Signed statements, made in memory: the first head of a network, the draft of a release, a heartbeat.

All times are handed in.  What is made here is what ``node.trust.policy`` demands: every statement of root and targets
names its predecessor, and a snapshot or timestamp names the signed part of what it lists instead of hashing files,
so that pods can add their signatures one after the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Key  # type: ignore[attr-defined]  # likewise
from tuf.api.metadata import (  # type: ignore[attr-defined]  # documented there, not listed for type checkers
    DelegatedRole,
    Delegations,
    MetaFile,
    Role,
    TargetFile,
)

from node.pod.errors import PodError
from node.trust.errors import TrustError
from node.trust.head import Head
from node.trust.metadata import NAMED_FIELD, Metadata, Root, Snapshot, Targets, Timestamp, read, signed_hash, time_text
from node.trust.policy import (
    FOLDERS,
    FOUNDERS_FIELD,
    NETWORK_FIELD,
    PODS_FIELD,
    PREVIOUS_FIELD,
    ROLE_FIELD,
    SIGNED_AT_FIELD,
    UNTIL_FIELD,
    foundation_until,
    founder_names,
    high_threshold,
    majority,
    pod_names,
    scope_fields,
)
from node.trust.release import LAYER_OF, SEQUENCE_FIELD

ROOT_DAYS: Final = 3 * 365
STATEMENT_DAYS: Final = 365
TIMESTAMP_DAYS: Final = 45
FOUNDATION_DAYS: Final = 180
RELEASES_KEPT: Final = 5  # listed in one statement; older ones stay in the chain of statements

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class Party:
    """A pod or a founder at the moment of signing."""

    name: str
    signer: CryptoSigner

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        return cls(name, CryptoSigner(Ed25519PrivateKey.from_private_bytes(seed)))

    @property
    def keyid(self) -> str:
        return self.signer.public_key.keyid


class ReleaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``release.json`` says of a built release.  ``role`` is who releases it: ``vault`` or ``foundation``."""

    format: int
    role: str
    layer: str
    version: str
    tree: str
    notes: str
    manifest: str  # its address in hex
    manifest_length: int

    @property
    def name(self) -> str:
        return f"{self.role}/{self.version}"


def first_head(pods: Sequence[Party], founders: Sequence[Party], now: datetime) -> tuple[bytes, Head]:
    """The genesis root and the first head of a new network, signed by all."""
    root = _genesis(pods, founders, now)
    genesis = sign(Metadata(root), pods).to_bytes()
    network = hashlib.sha256(genesis).digest()
    targets = Targets(expires=_in_days(now, STATEMENT_DAYS), delegations=_delegations(pods, founders))
    statements = {"targets": targets}
    for role in FOLDERS if founders else ("vault", "app"):
        until = foundation_until(root) if role == "foundation" else None
        statements[role] = Targets(expires=until or _in_days(now, STATEMENT_DAYS))
        statements[role].unrecognized_fields[SEQUENCE_FIELD] = 0
    files = {name: Metadata(signed) for name, signed in statements.items()}
    for name, metadata in files.items():
        metadata.signed.unrecognized_fields |= scope_fields(name, network)
        sign(metadata, founders if name == "foundation" else pods)
    listed = {f"{name}.json": _named(metadata) for name, metadata in files.items()}
    snapshot = _snapshot(now, 1, listed, scope_fields("snapshot", network))
    sign(snapshot, pods)
    timestamp = _timestamp(now, 1, snapshot)
    sign(timestamp, pods[:1])
    delegated = {name: metadata.to_bytes() for name, metadata in files.items() if name != "targets"}
    head = Head((), timestamp.to_bytes(), snapshot.to_bytes(), files["targets"].to_bytes(), delegated)
    return genesis, head


def heartbeat(head: Head, pod: Party, now: datetime) -> Head:
    """The same head with a fresh timestamp: "this is still the newest"."""
    version = read(head.timestamp, Timestamp).signed.version + 1
    timestamp = sign(_timestamp(now, version, read(head.snapshot, Snapshot).metadata), [pod])
    return msgspec.structs.replace(head, timestamp=timestamp.to_bytes())


def sign(metadata: Metadata[T], parties: Sequence[Party]) -> Metadata[T]:
    """Add one signature of each party; signing again replaces a party's own."""
    for party in parties:
        metadata.sign(party.signer, append=True)
    return metadata


@dataclass(frozen=True, slots=True)
class Draft:
    """A release on its way to enough signatures: the statement that lists it, the next snapshot and timestamp."""

    statement: Metadata[Targets]
    snapshot: Metadata[Snapshot]
    timestamp: Metadata[Timestamp]

    @classmethod
    def begin(cls, head: Head, release: ReleaseFile, now: datetime) -> Self:
        """The unsigned next statements of a network whose published head is ``head``.

        Raises:
            PodError: The network cannot release this.
        """
        if release.role not in head.delegated:
            raise PodError(f"in this network nobody may release {release.name}")
        held = read(head.delegated[release.role], Targets)
        if release.name in held.signed.targets:
            raise PodError(f"{release.name} was released before; choose another version")
        # One count for all roles, so that the newest release is the newest whoever made it.
        highest = max(
            read(head.delegated[role], Targets).signed.unrecognized_fields[SEQUENCE_FIELD]
            for role in sorted(set(LAYER_OF) & set(head.delegated))
        )
        statement = Metadata(_next_targets(held.signed, held.signed_hash, release, highest + 1, now))
        before = read(head.snapshot, Snapshot).signed
        listed = {**before.meta, f"{release.role}.json": _named(statement)}
        snapshot = _snapshot(now, before.version + 1, listed, _scope_of(before))
        version = read(head.timestamp, Timestamp).signed.version + 1
        return cls(statement, snapshot, _timestamp(now, version, snapshot))

    @classmethod
    def load(cls, statement: bytes, snapshot: bytes, timestamp: bytes) -> Self:
        """A draft from its files.

        Raises:
            PodError: They are damaged.
        """
        try:
            return cls(
                read(statement, Targets).metadata,
                read(snapshot, Snapshot).metadata,
                read(timestamp, Timestamp).metadata,
            )
        except TrustError as error:
            raise PodError(f"the draft is damaged: {error}") from error

    def check_current(self, head: Head, release: ReleaseFile) -> None:
        """Check that the draft is of this release and still follows what is published.

        Raises:
            PodError: It does not.
        """
        listed = self.statement.signed.targets.get(release.name)
        if listed is None or listed.custom.get("tree") != release.tree or listed.hashes != {"sha256": release.manifest}:
            raise PodError(f"the draft is not one of {release.name} with these files; remove it and sign again")
        held = read(head.delegated[release.role], Targets).signed_hash
        snapshot = read(head.snapshot, Snapshot).signed.version
        if (
            self.statement.signed.unrecognized_fields.get(PREVIOUS_FIELD) != held
            or self.snapshot.signed.version != snapshot + 1
        ):
            raise PodError("the network released something else since this draft was begun; remove it and sign again")

    def is_late(self, head: Head) -> bool:
        """Whether a heartbeat went out meanwhile, so that the draft's timestamp needs a higher version."""
        return self.timestamp.signed.version <= read(head.timestamp, Timestamp).signed.version

    def with_fresh_timestamp(self, head: Head, now: datetime) -> Draft:
        version = read(head.timestamp, Timestamp).signed.version + 1
        return Draft(self.statement, self.snapshot, _timestamp(now, version, self.snapshot))

    def add(self, party: Party, root: Root, targets: Targets, role: str) -> None:
        """Add the party's signatures to what it may sign.  The first pod signs the timestamp; one is enough for it.

        Raises:
            PodError: It may sign nothing of this.
        """
        may = False
        if party.keyid in targets.get_delegated_role(role).keyids:
            sign(self.statement, [party])
            may = True
        if party.keyid in root.roles["snapshot"].keyids:
            sign(self.snapshot, [party])
            may = True
        if party.keyid in root.roles["timestamp"].keyids and not self.timestamp.signatures:
            sign(self.timestamp, [party])
        if not may:
            raise PodError(f"{party.name} is neither a pod nor a founder of this network, and may sign nothing in it")

    def head(self, published: Head, role: str) -> Head:
        """The head that this draft makes of the published one, signed by enough or not."""
        return msgspec.structs.replace(
            published,
            timestamp=self.timestamp.to_bytes(),
            snapshot=self.snapshot.to_bytes(),
            delegated={**published.delegated, role: self.statement.to_bytes()},
        )


def signer_names(metadata: Metadata[T], root: Root) -> tuple[str, ...]:
    """The names of those whose signatures a draft carries, checked or not."""
    names = pod_names(root) | founder_names(root)
    return tuple(sorted(names[keyid] for keyid in metadata.signatures if keyid in names))


def _genesis(pods: Sequence[Party], founders: Sequence[Party], now: datetime) -> Root:
    thresholds = {
        "root": high_threshold(len(pods)),
        "targets": high_threshold(len(pods)),
        "snapshot": majority(len(pods)),
        "timestamp": 1,
    }
    root = Root(
        expires=_in_days(now, ROOT_DAYS),
        consistent_snapshot=True,
        roles={role: Role([], threshold) for role, threshold in thresholds.items()},
    )
    for role in thresholds:
        for pod in pods:
            root.add_key(pod.signer.public_key, role)
    root.unrecognized_fields[PODS_FIELD] = {pod.keyid: pod.name for pod in pods}
    root.unrecognized_fields[FOUNDERS_FIELD] = {founder.keyid: founder.name for founder in founders}
    if founders:
        root.unrecognized_fields[UNTIL_FIELD] = time_text(_in_days(now, FOUNDATION_DAYS))
    return root


def _delegations(pods: Sequence[Party], founders: Sequence[Party]) -> Delegations:
    keys: dict[str, Key] = {party.keyid: party.signer.public_key for party in (*pods, *founders)}
    members = {"vault": pods, "app": pods, "foundation": founders}
    thresholds = {
        "vault": majority(len(pods)),
        "app": high_threshold(len(pods)),
        "foundation": len(founders) // 2 + 1,
    }
    roles = {
        name: DelegatedRole(
            name,
            [party.keyid for party in members[name]],
            thresholds[name],
            terminating=True,
            paths=[f"{folder}/*" for folder in folders],
        )
        for name, folders in FOLDERS.items()
        if members[name]
    }
    return Delegations(keys, roles)


def _next_targets(held: Targets, held_hash: str, release: ReleaseFile, sequence: int, now: datetime) -> Targets:
    kept = sorted(held.targets.items(), key=lambda item: item[1].custom["sequence"])[1 - RELEASES_KEPT :]
    custom: dict[str, Any] = {
        "layer": release.layer,
        "version": release.version,
        "tree": release.tree,
        "notes": release.notes,
        "sequence": sequence,
    }
    target = TargetFile(release.manifest_length, {"sha256": release.manifest}, release.name, {"custom": custom})
    # The foundation's statements keep their date: it ends with the network's beginning, not with its last release.
    expires = held.expires if release.role == "foundation" else _in_days(now, STATEMENT_DAYS)
    return Targets(
        version=held.version + 1,
        expires=expires,
        targets=dict([*kept, (release.name, target)]),
        unrecognized_fields={PREVIOUS_FIELD: held_hash, SEQUENCE_FIELD: sequence, **_scope_of(held)},
    )


def _snapshot(now: datetime, version: int, meta: dict[str, MetaFile], scope: dict[str, str]) -> Metadata[Snapshot]:
    fields = {SIGNED_AT_FIELD: time_text(now), **scope}
    return Metadata(Snapshot(version, expires=_in_days(now, STATEMENT_DAYS), meta=meta, unrecognized_fields=fields))


def _timestamp(now: datetime, version: int, snapshot: Metadata[Snapshot]) -> Metadata[Timestamp]:
    fields = {SIGNED_AT_FIELD: time_text(now)}
    expires = _in_days(now, TIMESTAMP_DAYS)
    return Metadata(Timestamp(version, expires=expires, snapshot_meta=_named(snapshot), unrecognized_fields=fields))


def _scope_of(signed: Snapshot | Targets) -> dict[str, str]:
    """What a successor says of its role and network: the same."""
    return {field: signed.unrecognized_fields[field] for field in (ROLE_FIELD, NETWORK_FIELD)}


def _named(metadata: Metadata[Any]) -> MetaFile:
    return MetaFile(metadata.signed.version, unrecognized_fields={NAMED_FIELD: signed_hash(metadata)})


def _in_days(now: datetime, days: int) -> datetime:
    return now + timedelta(days=days)
