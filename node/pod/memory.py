"""What pods have signed here, so that none ever signs what contradicts it.

    signed/<number>.<role>.<hash>.<key>.json    JSON {"format", "key", "role", "drafted_at", "statement"}

in the folder of the network: a statement without signatures, the id of one key that signed it, and when it was
drafted.  It is on the disk before the signature leaves.  Timestamps are not kept: one pod alone signs them, and two of
one number prove nothing.

It lies in the folder and not with the key because the folder is what drafts are made from: whoever drafts there leaves
the numbers out that are known to be signed, so that a signing file which was given up locks nobody out.  Names hold
key and content, so a copy of a folder over another one adds to what is remembered and replaces nothing; a pod
looks at its own key only.  What it cannot stop: a pod that signs with two folders which never met, that puts an old
copy in the place of its folder between two drafts, or that does not use these tools.  Nor whoever can write to the
folder: a secret check over it would lie beside the key, within the same reach.

A root is the one statement of which no number can be left out.  Another one is signed only if the earlier can no longer
become complete: it was drafted later, and so many others signed it already that those who are left are too few for the
earlier one; or the earlier is too old for anybody to sign it.  If that one was complete by then and held back, both are
a proof: a signing file that enough have signed is finished and never put aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from node.pod.errors import PodError
from node.pod.files import pretty, read_as, write_new
from node.pod.parties import Party
from node.pod.proposal import Proposal
from node.pod.signing_file import AGE_MAX, AHEAD_MAX, KINDS, YEAR_MAX
from node.pod.writing import Numbers, Passed
from node.trust.equivocation import Provable, contradiction
from node.trust.errors import TrustError
from node.trust.head import ROOT_BYTES_MAX, Head
from node.trust.layers import ROLES
from node.trust.metadata import TIME_FORMAT, Metadata, Snapshot, Targets, read, time_text
from node.trust.policy import previous_of, resolved_conflict
from node.trust.release import highest_sequence

FOLDER: Final = "signed"
FORMAT: Final = 1
ENTRY_BYTES_MAX: Final = 2 * ROOT_BYTES_MAX  # a root inside a JSON string, with what is said of it
ENTRIES_MAX: Final = 10_000
NAME_CHARACTERS: Final = 16  # of each hash in a file's name


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    key: str
    role: str
    drafted_at: str
    statement: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """A statement that somebody has signed with the key ``keyid``."""

    keyid: str
    role: str
    drafted_at: datetime
    statement: Provable


def remembered(network_folder: Path) -> list[Remembered]:
    """Everything that is known to be signed, by anyone.

    Raises:
        PodError: It cannot be read.  Then nothing is signed: what contradicts what is not known any more.
    """
    files = sorted((network_folder / FOLDER).glob("*.json"))
    if len(files) > ENTRIES_MAX:
        raise PodError(f"{network_folder / FOLDER} holds over {ENTRIES_MAX} files")
    return [_read(file) for file in files]


def passed_by(memories: Sequence[Remembered], head: Head) -> Numbers:
    """The numbers that the next statements after ``head`` leave out, because somebody has signed them."""
    found: dict[str, Passed] = {}
    for role, content in {"targets": head.targets, "snapshot": head.snapshot, **head.delegated}.items():
        held: Any = read(content, KINDS.get(role, Targets))
        known = [memory.statement for memory in memories if memory.role == role]
        others = [one for one in known if one.signed_hash != held.signed_hash and _is_open(one, held)]
        if not others:
            continue
        highest = max(others, key=lambda one: (one.signed.version, one.signed_hash))
        is_named = any(_previous(one) == held.signed_hash for one in others)
        # Naming the highest of them contradicts none, for nothing that is known names it.
        previous = "" if role == "snapshot" else highest.signed_hash if is_named else held.signed_hash
        number = max(highest.signed.version, held.signed.version)
        found[role] = Passed(number, previous, max(_sequence_of(role, one) for one in others))
    return found


def check_consistent(signed: Proposal, party: Party, memories: Sequence[Remembered], now: datetime) -> None:
    """Check that what ``party`` signs contradicts nothing that it has signed before.

    Args:
        signed: With its signatures on it.
        party: Who signs.
        memories: What is known to be signed.
        now: This computer's time.

    Raises:
        PodError: It does.
    """
    # The root comes last: what makes a new draft necessary is said before others sign this one for its root's sake.
    for role, keyid, statement in sorted(_signed_by(party, signed), key=lambda one: one[0] == "root"):
        for memory in memories:
            if (memory.role, memory.keyid) != (role, keyid):
                continue
            identity = contradiction(statement, memory.statement)
            if not identity or identity == _resolved(signed):
                continue
            if role != "root":
                raise PodError(
                    f"{party.name} has signed another statement of {role} in this place, drafted at"
                    f" {time_text(memory.drafted_at)}, and never signs two:"
                    f" give the folder {FOLDER!r} of your network to whoever drafts this anew"
                )
            if not _may_follow(signed, party, memory, now):
                raise PodError(
                    f"{party.name} has signed another root in this place, drafted at {time_text(memory.drafted_at)}: "
                    f"finish that one, or let {_others_needed(signed)} others sign this first, "
                    f"or wait until {time_text(memory.drafted_at + AGE_MAX + AHEAD_MAX)}, when nobody signs it any more"
                )


def remember(network_folder: Path, signed: Proposal, party: Party) -> None:
    """Keep what ``party`` has signed, before its signature leaves.

    Raises:
        PodError: It cannot be kept.
    """
    folder = network_folder / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise PodError(f"{folder} cannot be made: {error.strerror}") from error
    for role, keyid, statement in _signed_by(party, signed):
        bare: Metadata[Any] = Metadata(statement.signed)
        hashes = f"{statement.signed_hash[:NAME_CHARACTERS]}.{keyid[:NAME_CHARACTERS]}"
        file = folder / f"{statement.signed.version}.{role}.{hashes}.json"
        if not file.exists():
            entry = _Entry(FORMAT, keyid, role, time_text(signed.at), bare.to_bytes().decode())
            write_new(file, pretty(entry))


def _read(file: Path) -> Remembered:
    entry = read_as(file, _Entry, ENTRY_BYTES_MAX, "what a pod has signed")
    try:
        if entry.format != FORMAT:
            raise PodError(f"{file} has a format that these tools do not know")
        drafted_at = datetime.strptime(entry.drafted_at, TIME_FORMAT).replace(tzinfo=UTC)
        if drafted_at.year > YEAR_MAX:
            raise PodError(f"{file} is damaged: nothing is drafted in the year {drafted_at.year}")
        statement = read(entry.statement.encode(), KINDS.get(entry.role, Targets))
        if entry.role in ROLES:
            highest_sequence(entry.role, statement.signed)
    except (TrustError, UnicodeError, ValueError) as error:
        raise PodError(f"{file} is damaged: {error}") from error
    return Remembered(entry.key, entry.role, drafted_at, statement)


def _is_open(one: Provable, held: Provable) -> bool:
    """Whether a plain next statement after ``held`` could contradict ``one``, which is another one."""
    if isinstance(one.signed, Snapshot):
        return one.signed.version > held.signed.version
    return one.signed.version >= held.signed.version or _previous(one) == held.signed_hash


def _sequence_of(role: str, one: Provable) -> int:
    return highest_sequence(role, one.signed) if role in ROLES and isinstance(one.signed, Targets) else 0


def _previous(statement: Provable) -> str:
    return "" if isinstance(statement.signed, Snapshot) else previous_of(statement.signed)


def _signed_by(party: Party, signed: Proposal) -> list[tuple[str, str, Provable]]:
    """Role, key and statement of everything that carries a signature of the party and can contradict something."""
    found: list[tuple[str, str, Provable]] = []
    for role, metadata in signed.statements.items():
        keyid = party.root_signer.public_key.keyid if role == "root" else party.keyid
        if role != "timestamp" and keyid in metadata.signatures:
            found.append((role, keyid, read(metadata.to_bytes(), KINDS.get(role, Targets))))
    return found


def _resolved(proposal: Proposal) -> str:
    """The conflict that the proposal resolves: what contradicts in the same way proves nothing new."""
    return resolved_conflict(proposal.statements["root"].signed) if "root" in proposal.statements else ""


def _others_needed(proposal: Proposal) -> int:
    """How many must have signed one root so that the rest are too few for another one in its place."""
    assert proposal.published is not None, "a founding has no root in its place"
    role = proposal.published.root.signed.roles["root"]
    return len(role.keyids) - role.threshold + 1


def _may_follow(signed: Proposal, party: Party, memory: Remembered, now: datetime) -> bool:
    if signed.at <= memory.drafted_at:
        return False
    if now > memory.drafted_at + AGE_MAX + AHEAD_MAX:
        return True
    assert signed.published is not None, "a founding has no root in its place"
    metadata = signed.statements["root"]
    before = signed.published.root.signed
    result = before.get_verification_result("root", metadata.signed_bytes, metadata.signatures)
    others = set(result.signed) - {party.root_signer.public_key.keyid}
    return len(others) >= _others_needed(signed)
