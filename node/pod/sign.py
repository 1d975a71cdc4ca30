"""One pod (or founder) adds its signatures to a release.

The first one begins the draft in the release's folder: the next statement of the role, the next snapshot, the next
timestamp.  Everyone after it signs the same bytes.  The release can be published as soon as the statement and the
snapshot have enough signatures; the timestamp needs one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from node.pod.build import Built, load
from node.pod.errors import PodError
from node.pod.network import current, newest_root, party, read_file, utc_now
from node.pod.statements import Draft, signer_names
from node.trust.head import TARGETS_BYTES_MAX, Head
from node.trust.metadata import Targets, read
from node.vault.storage.filesystem import write_durably

STATEMENTS: Final = "statements"


@dataclass(frozen=True, slots=True)
class Signed:
    """How far a release is: who signed the statement that lists it, and the snapshot, which only pods sign."""

    release: str
    signers: tuple[str, ...]
    need: int
    snapshot_signers: tuple[str, ...]
    snapshot_need: int

    @property
    def is_complete(self) -> bool:
        return len(self.signers) >= self.need and len(self.snapshot_signers) >= self.snapshot_need


def sign(release_folder: Path, network_folder: Path, pod: str, *, now: datetime | None = None) -> Signed:
    """Add the signatures of ``pod`` to the release.  Blocking; signing twice changes nothing.

    Raises:
        PodError: The release, the network or the draft is damaged, or ``pod`` may not sign.
    """
    built, head = load(release_folder), current(network_folder)
    moment = now or utc_now()
    draft = load_draft(release_folder, head, built)
    if draft is None:
        draft = Draft.begin(head, built.release, moment)
    if draft.is_late(head):
        draft = draft.with_fresh_timestamp(head, moment)
    add_signatures(draft, head, network_folder, built, pod)
    folder = release_folder / STATEMENTS
    try:
        folder.mkdir(exist_ok=True)
        # The statement last: without it there is no draft, so a power cut before it only means to begin again.
        write_durably(folder / "timestamp.json", draft.timestamp.to_bytes())
        write_durably(folder / "snapshot.json", draft.snapshot.to_bytes())
        write_durably(folder / f"{built.release.role}.json", draft.statement.to_bytes())
    except OSError as error:
        raise PodError(f"{folder} cannot be written: {error.strerror}") from error
    return progress(draft, head, network_folder, built)


def add_signatures(draft: Draft, head: Head, network_folder: Path, built: Built, pod: str) -> None:
    """Sign a draft in memory.

    Raises:
        PodError: ``pod`` may not sign.
    """
    root, targets = newest_root(network_folder, head).signed, read(head.targets, Targets).signed
    draft.add(party(network_folder, pod), root, targets, built.release.role)


def load_draft(release_folder: Path, head: Head, built: Built) -> Draft | None:
    """The draft in the release's folder; None if nobody has signed yet.

    Raises:
        PodError: It is damaged, of other files, or does not follow what is published.
    """
    folder = release_folder / STATEMENTS
    names = (f"{built.release.role}.json", "snapshot.json", "timestamp.json")
    if not (folder / names[0]).is_file():
        return None
    statement, snapshot, timestamp = (read_file(folder / name, TARGETS_BYTES_MAX) for name in names)
    draft = Draft.load(statement, snapshot, timestamp)
    draft.check_current(head, built.release)
    return draft


def progress(draft: Draft, head: Head, network_folder: Path, built: Built) -> Signed:
    """How many have signed, and how many are needed."""
    root, targets = newest_root(network_folder, head).signed, read(head.targets, Targets).signed
    return Signed(
        release=built.release.name,
        signers=signer_names(draft.statement, root),
        need=targets.get_delegated_role(built.release.role).threshold,
        snapshot_signers=signer_names(draft.snapshot, root),
        snapshot_need=root.roles["snapshot"].threshold,
    )
