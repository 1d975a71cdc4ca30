"""Signed statements, made in memory: the first head of a network, the draft of a release, a heartbeat.

All times are handed in; ``writing.py`` says what every statement has in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self

import msgspec
from tuf.api.metadata import TargetFile  # type: ignore[attr-defined]  # documented there, not listed for type checkers

from node.pod import capabilities
from node.pod.errors import PodError
from node.pod.founding import first_statements
from node.pod.parties import Party
from node.pod.writing import (
    NOTHING_PASSED,
    Numbers,
    Statements,
    next_snapshot,
    next_targets,
    next_timestamp,
    sign,
)
from node.trust.capabilities import CAPABILITIES_FIELD, TODAY, Capabilities, as_declared
from node.trust.errors import TrustError
from node.trust.head import Head
from node.trust.metadata import Metadata, Snapshot, Targets, Timestamp, read
from node.trust.release import (
    FLOOR_FIELD,
    LAYER_OF,
    REAFFIRMED_FIELD,
    SEQUENCE_FIELD,
    URGENT_FIELD,
    floor_of,
    highest_sequence,
    recalled_in,
)
from node.vault.share.tree import MANIFEST_BYTES_MAX, address_of

RELEASES_KEPT: Final = 5  # listed in one statement; older ones stay in the chain of statements


class ReleaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``release.json`` says of a built release.

    ``role`` is who releases it: ``vault`` or ``foundation``.  ``floor`` is the number of the release below which no
    recall may lead from then on; 0 leaves the floor where it is.  ``capabilities`` is what it may do.
    """

    format: int
    role: str
    layer: str
    version: str
    tree: str
    notes: str
    manifest: str  # its address in hex
    manifest_length: Annotated[int, msgspec.Meta(ge=1, le=MANIFEST_BYTES_MAX)]
    floor: int = 0
    capabilities: Capabilities = TODAY
    is_urgent: bool = False

    @property
    def name(self) -> str:
        return f"{self.role}/{self.version}"


def first_head(pods: Sequence[Party], founders: Sequence[Party], now: datetime) -> tuple[bytes, Head]:
    """The genesis root and the first head of a new network, signed by all."""
    files = first_statements([pod.member for pod in pods], [founder.member for founder in founders], now)
    for role, metadata in files.items():
        sign(metadata, founders if role == "foundation" else pods[:1] if role == "timestamp" else pods)
    return files["root"].to_bytes(), first_head_of(files)


def first_head_of(statements: Statements) -> Head:
    """The head that the first statements of a network make, signed by enough or not."""
    contents = {role: metadata.to_bytes() for role, metadata in statements.items() if role != "root"}
    timestamp, snapshot, targets = (contents.pop(role) for role in ("timestamp", "snapshot", "targets"))
    return Head((), timestamp, snapshot, targets, contents)


def following_head(published: Head, statements: Statements) -> Head:
    """The head in which ``statements`` stand in the place of the published ones, signed by enough or not.

    Of a root it names the address only: the file travels beside it.
    """
    contents = {role: metadata.to_bytes() for role, metadata in statements.items()}
    roots = (*published.roots, address_of(contents.pop("root"))) if "root" in contents else published.roots
    top = {role: contents.pop(role) for role in ("timestamp", "snapshot", "targets") if role in contents}
    delegated = {**published.delegated, **contents}
    if "targets" in statements:
        delegated = {role: delegated[role] for role in delegated_in(statements["targets"].signed)}
    return msgspec.structs.replace(published, roots=roots, delegated=delegated, **top)


def delegated_in(targets: Targets) -> list[str]:
    """The roles that the top-level targets delegate, sorted."""
    return sorted(targets.delegations.roles or {}) if targets.delegations else []


def heartbeat(head: Head, pod: Party, now: datetime) -> Head:
    """The same head with a fresh timestamp: "this is still the newest"."""
    timestamp = sign(next_timestamp(head, read(head.snapshot, Snapshot).metadata, now), [pod])
    return msgspec.structs.replace(head, timestamp=timestamp.to_bytes())


@dataclass(frozen=True, slots=True)
class Draft:
    """A release on its way to enough signatures: the statement that lists it, the next snapshot and timestamp.

    ``targets`` are there if the release becomes the anchor.
    """

    statement: Metadata[Targets]
    snapshot: Metadata[Snapshot]
    timestamp: Metadata[Timestamp]
    targets: Metadata[Targets] | None = None

    @classmethod
    def begin(cls, head: Head, release: ReleaseFile, now: datetime, passed: Numbers = NOTHING_PASSED) -> Self:
        """The unsigned next statements of a network whose published head is ``head``.

        Raises:
            PodError: The network cannot release this.
        """
        if release.role not in head.delegated:
            raise PodError(f"in this network nobody may release {release.name}")
        statement = next_targets(head, release.role, now, passed)
        sequences = [highest_sequence_of(head), *(left_out.sequence for left_out in passed.values())]
        _list(statement.signed, release, max(sequences) + 1)
        changed: Statements = {release.role: statement}
        if release.role == "vault":
            try:
                changed = capabilities.ask(head, changed, release.version, release.capabilities, now, passed)
            except TrustError as error:
                raise PodError(f"no farm would accept this: {error}") from error
        snapshot = next_snapshot(head, changed, now, passed)
        return cls(statement, snapshot, next_timestamp(head, snapshot, now), changed.get("targets"))

    def head(self, published: Head, role: str) -> Head:
        """The head that this draft makes of the published one, signed by enough or not."""
        return following_head(published, self.statements(role))

    def statements(self, role: str) -> Statements:
        top: Statements = {"targets": self.targets} if self.targets is not None else {}
        return {role: self.statement, **top, "snapshot": self.snapshot, "timestamp": self.timestamp}


def highest_sequence_of(head: Head) -> int:
    """The highest number of any release: one count for all roles, so that the newest is the newest whoever made it."""
    roles = sorted(set(LAYER_OF) & set(head.delegated))
    return max(highest_sequence(role, read(head.delegated[role], Targets).signed) for role in roles)


def _list(targets: Targets, release: ReleaseFile, sequence: int) -> None:
    if release.name in targets.targets or release.name in recalled_in(targets):
        raise PodError(f"{release.name} was released before; choose another version")
    if release.floor > sequence:
        raise PodError(f"the floor {release.floor} is above the release itself, which is number {sequence}")
    custom: dict[str, Any] = {
        "layer": release.layer,
        "version": release.version,
        "tree": release.tree,
        "notes": release.notes,
        "sequence": sequence,
    }
    if release.capabilities != TODAY:  # heads travel with every handshake: what says nothing new is left out
        custom[CAPABILITIES_FIELD] = as_declared(release.capabilities)
    if release.is_urgent:
        custom[URGENT_FIELD] = True
    target = TargetFile(release.manifest_length, {"sha256": release.manifest}, release.name, {"custom": custom})
    kept = sorted(targets.targets.items(), key=lambda item: item[1].custom["sequence"])[1 - RELEASES_KEPT :]
    targets.targets = dict([*kept, (release.name, target)])
    targets.unrecognized_fields[SEQUENCE_FIELD] = sequence
    targets.unrecognized_fields.pop(REAFFIRMED_FIELD, None)  # farms look at the newest only, and fewer can sign without
    if release.floor > floor_of(targets):
        targets.unrecognized_fields[FLOOR_FIELD] = release.floor
