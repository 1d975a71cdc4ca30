"""A network whose keys the tests hold, so that they can sign what an honest tool never would."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from node.pod.build import Built
from node.pod.parties import Party
from node.pod.release_file import ReleaseFile
from node.pod.statements import Draft, first_head
from node.pod.writing import sign
from node.trust.capabilities import TODAY, Capabilities
from node.trust.chain import Chain, Verified
from node.trust.head import Head, encode
from node.trust.metadata import NAMED_FIELD, Metadata, Root, Snapshot, Targets, Timestamp, read, signed_hash, time_text
from node.trust.policy import PODS_FIELD, PREVIOUS_FIELD, RESOLVES_FIELD, SIGNED_AT_FIELD
from node.vault.share.tree import address_of, encode_manifest, manifest_of, tree_hash_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SOURCE = (
    ("node/__init__.py", False, b""),
    ("node/vault/__init__.py", False, b"__version__ = '0.1.1'\n"),
    ("node/vault/__main__.py", False, b"print('vault')\n"),
)
Change = Callable[[Any], None]


def party(number: int, name: str = "") -> Party:
    return Party.from_seed(name or f"pod-{number}", bytes([number]) * 32)


def built(
    version: str,
    extra: Sequence[tuple[str, bool, bytes]] = (),
    role: str = "vault",
    capabilities: Capabilities = TODAY,
    *,
    is_urgent: bool = False,
) -> Built:
    manifest, objects = manifest_of([*SOURCE, *extra, ("node/vault/version.py", False, version.encode())])
    content = encode_manifest(manifest)
    tree, address = tree_hash_of(manifest), address_of(content).hex()
    release = ReleaseFile(
        1, role, "vault", version, tree, "", address, len(content), capabilities=capabilities, is_urgent=is_urgent
    )
    return Built(release, content, objects)


@dataclass
class World:
    """Five pods, three founders, and the head that they have published so far."""

    pods: list[Party] = field(default_factory=lambda: [party(number) for number in range(1, 6)])
    founders: list[Party] = field(default_factory=lambda: [party(n, f"founder-{n}") for n in range(11, 14)])

    roots: dict[bytes, bytes] = field(default_factory=dict)  # every root that was ever made, by address

    def __post_init__(self) -> None:
        self.genesis, self.head = first_head(self.pods, self.founders, NOW)
        self.chain = Chain.start(self.genesis)

    def verify(self, head: Head | None = None, now: datetime = NOW, chain: Chain | None = None) -> Verified:
        return (chain or self.chain).verify(encode(head or self.head), now, self.roots)

    def accept(self, head: Head | None = None, now: datetime = NOW) -> Verified:
        """Verify, and let the chain of this farm go on from there."""
        verified = self.verify(head, now)
        self.chain = verified.chain
        return verified

    def release(
        self,
        version: str,
        by: Sequence[Party] | None = None,
        now: datetime = NOW,
        role: str = "vault",
        capabilities: Capabilities = TODAY,
        release: ReleaseFile | None = None,
        *,
        is_urgent: bool = False,
    ) -> Head:
        """The next head with a release signed by ``by``; the world goes on from it."""
        release = release or built(version, role=role, capabilities=capabilities, is_urgent=is_urgent).release
        draft = Draft.begin(self.head, release, now)
        pods = by if by is not None else self.pods[:3]
        sign(draft.statement, self.founders[:2] if role == "foundation" else pods)
        if draft.targets is not None:
            sign(draft.targets, pods)
        sign(draft.snapshot, pods)
        sign(draft.timestamp, pods[:1])
        self.head = draft.head(self.head, role)
        return self.head

    def change(self, role: str, change: Change, by: Sequence[Party] | None = None, now: datetime = NOW) -> Head:
        """The next head, with a next statement of ``role`` after ``change(signed)``; everything is signed validly."""
        content = self.head.targets if role == "targets" else self.head.delegated[role]
        statement = following(read(content, Targets).metadata)
        change(statement.signed)
        sign(statement, by or (self.founders if role == "foundation" else self.pods))
        return self.joined({role: statement}, now)

    def joined(self, statements: dict[str, Metadata[Targets]], now: datetime = NOW) -> Head:
        """A head with other statements, under a new snapshot and timestamp."""

        def change(snapshot: Any) -> None:
            for role, statement in statements.items():
                meta = snapshot.meta[f"{role}.json"] = copy.deepcopy(snapshot.meta["targets.json"])
                meta.version = statement.signed.version
                meta.unrecognized_fields = {NAMED_FIELD: signed_hash(statement)}
            snapshot.unrecognized_fields[SIGNED_AT_FIELD] = time_text(now)

        files = {role: statement.to_bytes() for role, statement in statements.items()}
        targets = files.pop("targets", self.head.targets)
        head = msgspec.structs.replace(self.head, targets=targets, delegated={**self.head.delegated, **files})
        return self.with_snapshot(change, head, now=now)

    def with_snapshot(
        self, change: Change, head: Head | None = None, by: Sequence[Party] | None = None, now: datetime = NOW
    ) -> Head:
        """The head under a next snapshot after ``change(signed)``, and a next timestamp."""
        head = head or self.head
        snapshot = following(read(head.snapshot, Snapshot).metadata)
        change(snapshot.signed)
        sign(snapshot, by or self.pods)
        head = msgspec.structs.replace(head, snapshot=snapshot.to_bytes())
        return self.with_timestamp(lambda timestamp: setattr(timestamp, "expires", now + 45 * DAY), head)

    def with_timestamp(self, change: Change, head: Head | None = None, by: Sequence[Party] | None = None) -> Head:
        """The head under a next timestamp after ``change(signed)``."""
        head = head or self.head
        timestamp = following(read(head.timestamp, Timestamp).metadata)
        snapshot = read(head.snapshot, Snapshot)
        timestamp.signed.snapshot_meta.version = snapshot.signed.version
        timestamp.signed.snapshot_meta.unrecognized_fields = {NAMED_FIELD: snapshot.signed_hash}
        change(timestamp.signed)
        sign(timestamp, by or self.pods[:1])
        return msgspec.structs.replace(head, timestamp=timestamp.to_bytes())

    def with_root(self, change: Change, by: Sequence[Party] | None = None, head: Head | None = None) -> Head:
        """The head with one more root after ``change(signed)``."""
        head = head or self.head
        root = following(read(self.newest_root(head), Root).metadata)
        change(root.signed)
        sign(root, by or self.pods)
        content = root.to_bytes()
        self.roots[address_of(content)] = content
        return msgspec.structs.replace(head, roots=(*head.roots, address_of(content)))

    def newest_root(self, head: Head | None = None) -> bytes:
        """The file of the root that is in force for the head."""
        named = (head or self.head).roots
        return self.roots[named[-1]] if named else self.genesis


def following(metadata: Metadata[Any]) -> Metadata[Any]:
    """The unsigned successor of a statement, saying the same."""
    successor = copy.deepcopy(metadata)
    successor.signatures.clear()
    successor.signed.version += 1
    if isinstance(metadata.signed, Root | Targets):
        successor.signed.unrecognized_fields[PREVIOUS_FIELD] = signed_hash(metadata)
    return successor


def unchanged(_: Any) -> None:
    """The change that changes nothing."""


def drop_pod(gone: Party) -> Change:
    """A change of a root, or of targets, that takes every power from a pod."""

    def change(signed: Any) -> None:
        if isinstance(signed, Root):
            for role in signed.roles:
                signed.revoke_key(gone.keyid, role)
            del signed.unrecognized_fields[PODS_FIELD][gone.keyid]
            return
        for role in ("vault", "app"):
            signed.revoke_key(gone.keyid, role)

    return change


def add_pod(new: Party) -> Change:
    """A change of a root, or of targets, that gives a new pod every power."""

    def change(signed: Any) -> None:
        for role in signed.roles if isinstance(signed, Root) else ("vault", "app"):
            signed.add_key(new.signer.public_key, role)
        if isinstance(signed, Root):
            signed.unrecognized_fields[PODS_FIELD][new.keyid] = new.name

    return change


def all_of(*changes: Change) -> Change:
    """One change after the other."""

    def change(signed: Any) -> None:
        for one in changes:
            one(signed)

    return change


def noted(text: str) -> Change:
    """A change that makes a statement say something which no other one says."""
    return lambda signed: signed.unrecognized_fields.update({"x-note": text})


def resolving(identity: str) -> Change:
    """A change by which a root says that it resolves the conflict."""
    return lambda signed: signed.unrecognized_fields.update({RESOLVES_FIELD: identity})
