"""Signed statements, made in memory: the first head of a network, the draft of a release, a heartbeat.

All times are handed in; ``writing.py`` says what every statement has in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import msgspec

from node.pod import capabilities
from node.pod.errors import PodError
from node.pod.founding import first_statements
from node.pod.listing import list_release
from node.pod.parties import Party
from node.pod.release_file import ReleaseFile
from node.pod.writing import (
    NOTHING_PASSED,
    Numbers,
    Statements,
    next_snapshot,
    next_targets,
    next_timestamp,
    sign,
)
from node.trust.errors import TrustError
from node.trust.head import Head
from node.trust.metadata import Metadata, Snapshot, Targets, Timestamp, read
from node.trust.state import highest_sequence_of
from node.vault.share.tree import address_of


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
        list_release(statement.signed, release, max(sequences) + 1)
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
