"""What pods have signed, so that none ever signs what contradicts it.

It is on the disk before the signature leaves: beside the folder of the network, and as a copy in it; see
``signed_files.py``.  Timestamps are not kept: one pod alone signs them, and two of one number prove nothing.

The copy lies in the folder and not with the key because the folder is what drafts are made from: whoever drafts there
leaves the numbers out that are known to be signed, so that a signing file which was given up locks nobody out.  Copies
of folders add to each other, and a pod that signs on two computers learns so what it signed on the other one: an entry
of its own key counts wherever it comes from, if the signature is right.  What it cannot stop: a pod that signs with two
folders which never met, or that does not use these tools.  Nor whoever can write beside the folder: a secret check over
it would lie beside the key, within the same reach.

A root is the one statement of which no number can be left out.  Another one is signed only if the earlier can no longer
become complete: it was drafted later, and so many others signed it already that those who are left are too few for the
earlier one, though one of them may have signed both; or the earlier is too old for anybody to sign it, counted from
when it was signed here, because its own date is the word of whoever drafted it.  If that one was complete by then and
held back, both are a proof: a signing file that enough have signed is finished and never put aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Key  # type: ignore[attr-defined]  # documented there, not listed for type checkers

from node.pod import network, signed_files
from node.pod.errors import PodError
from node.pod.parties import Party
from node.pod.proposal import Proposal
from node.pod.signed_files import FOLDER, Remembered
from node.pod.signing_file import AGE_MAX, AHEAD_MAX, KINDS
from node.pod.writing import RELEASES_LEFT_OUT, ROOT_DAYS, Numbers, Passed, highest_number
from node.trust.equivocation import Provable, contradiction
from node.trust.errors import TrustError
from node.trust.head import Head
from node.trust.layers import ROLES
from node.trust.metadata import Metadata, Root, Snapshot, Targets, read, time_text
from node.trust.policy import check_scope, previous_of, resolved_conflict
from node.trust.release import highest_sequence
from node.trust.roots import origin_of
from node.trust.state import highest_sequence_of

DISHONEST: Final = 1  # pods that sign whatever they like, and still no two roots become complete


def remembered(network_folder: Path) -> list[Remembered]:
    """Everything that is said to be signed, by anyone: enough to leave numbers out.

    Raises:
        PodError: What was signed with this folder cannot be read.
    """
    own_ones = signed_files.own(network_folder) if signed_files.own_folder(network_folder).exists() else []
    return list({memory.name: memory for memory in (*signed_files.given(network_folder), *own_ones)}.values())


def remembered_by(network_folder: Path, party: Party) -> list[Remembered]:
    """What ``party`` has signed, here or elsewhere, as far as it is known here.

    Raises:
        PodError: What was signed with this folder cannot be read.  Then nothing is signed.
    """
    origin = origin_of(network.genesis(network_folder))
    found = {}
    for memory in signed_files.own(network_folder):
        if _is_key_of(party, memory):
            if memory.statement.metadata.signatures and not _is_signed_by(party, memory, origin):
                raise PodError(
                    f"{signed_files.own_folder(network_folder) / memory.name} is damaged: nobody signed that"
                )
            found[memory.name] = memory
    for memory in signed_files.given(network_folder):
        if _is_signed_by(party, memory, origin):
            # When that was, only the computer can say on which it was signed, and anyone may have written this.
            found.setdefault(memory.name, replace(memory, signed_at=None))
    return list(found.values())


def passed_by(memories: Sequence[Remembered], head: Head, now: datetime) -> Numbers:
    """The numbers that the next statements after ``head`` leave out, because somebody has signed them.

    Who signed them is not asked: a pod that wants to hinder others signs what it likes.  But numbers that no honest
    pod would have signed by ``now`` are passed over, and so are numbers of releases that lie too far ahead.
    """
    most, most_releases = highest_number(now), highest_sequence_of(head) + RELEASES_LEFT_OUT
    found: dict[str, Passed] = {}
    for role, content in {"targets": head.targets, "snapshot": head.snapshot, **head.delegated}.items():
        held: Any = read(content, KINDS.get(role, Targets))
        known = [memory.statement for memory in memories if memory.role == role]
        others = [
            one
            for one in known
            if one.signed_hash != held.signed_hash and one.signed.version <= most and _is_open(one, held)
        ]
        if not others:
            continue
        highest = max(others, key=lambda one: (one.signed.version, one.signed_hash))
        is_named = any(_previous(one) == held.signed_hash for one in others)
        # Naming the highest of them contradicts none, for nothing that is known names it.
        previous = "" if role == "snapshot" else highest.signed_hash if is_named else held.signed_hash
        number = max(highest.signed.version, held.signed.version)
        sequences = [sequence for one in others if (sequence := _sequence_of(role, one)) <= most_releases]
        found[role] = Passed(number, previous, max(sequences, default=0))
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
                    f" give the folder {FOLDER!r} of your network to whoever drafts this anew{_doubt(memory)}"
                )
            if not _may_follow(signed, party, memory, now):
                last = _signable_until(memory, now)
                raise PodError(
                    f"{party.name} has signed another root in this place, drafted at {time_text(memory.drafted_at)}: "
                    f"finish that one, or let {_others_needed(signed)} others sign this first, "
                    f"or wait until {time_text(last)}, when nobody signs it any more{_doubt(memory)}"
                )


def remember(network_folder: Path, signed: Proposal, party: Party, now: datetime) -> None:
    """Keep what ``party`` has signed, before its signature leaves, and all that is known of what it signed before.

    Raises:
        PodError: It cannot be kept.
    """
    new = [Remembered(keyid, role, signed.at, statement, now) for role, keyid, statement in _signed_by(party, signed)]
    signed_files.keep_own(network_folder, [*remembered_by(network_folder, party), *new], now)
    signed_files.hand_on(network_folder)


def _is_key_of(party: Party, memory: Remembered) -> bool:
    return memory.keyid == _key(party, memory.role).keyid


def _is_signed_by(party: Party, memory: Remembered, origin: bytes) -> bool:
    """Whether the party really signed this, as a statement of that role and network."""
    statement = memory.statement
    signature = statement.metadata.signatures.get(memory.keyid)
    if not _is_key_of(party, memory) or signature is None:
        return False
    try:
        if not isinstance(statement.signed, Root):  # a root names the one before, which is of one network
            check_scope(memory.role, statement.signed, origin)
        _key(party, memory.role).verify_signature(signature, statement.signed_bytes)
    except (TrustError, UnverifiedSignatureError):
        return False
    return True


def _key(party: Party, role: str) -> Key:
    return (party.root_signer if role == "root" else party.signer).public_key


def _doubt(memory: Remembered) -> str:
    if memory.statement.metadata.signatures:
        return ""
    return f". A note from before signatures were kept says so: if it is not true, remove {memory.name}"


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
    """Role, key and statement of everything that the party signed and that can contradict something.

    The statements carry no other signature.
    """
    found: list[tuple[str, str, Provable]] = []
    for role, metadata in signed.statements.items():
        keyid = _key(party, role).keyid
        if role != "timestamp" and keyid in metadata.signatures:
            alone: Metadata[Any] = Metadata(metadata.signed, {keyid: metadata.signatures[keyid]})
            found.append((role, keyid, read(alone.to_bytes(), KINDS.get(role, Targets))))
    return found


def _resolved(proposal: Proposal) -> str:
    """The conflict that the proposal resolves: what contradicts in the same way proves nothing new."""
    return resolved_conflict(proposal.statements["root"].signed) if "root" in proposal.statements else ""


def _others_needed(proposal: Proposal) -> int:
    """How many must have signed one root so that the rest, with DISHONEST of them, are too few for another one."""
    assert proposal.published is not None, "a founding has no root in its place"
    role = proposal.published.root.signed.roles["root"]
    return len(role.keyids) - role.threshold + 1 + DISHONEST


def _may_follow(signed: Proposal, party: Party, memory: Remembered, now: datetime) -> bool:
    metadata = signed.statements["root"]
    if _drafted_at(metadata.signed) <= _drafted_at(memory.statement.signed):
        return False
    if now > _signable_until(memory, now):
        return True
    assert signed.published is not None, "a founding has no root in its place"
    before = signed.published.root.signed
    result = before.get_verification_result("root", metadata.signed_bytes, metadata.signatures)
    others = set(result.signed) - {party.root_signer.public_key.keyid}
    return len(others) >= _others_needed(signed)


def _signable_until(memory: Remembered, now: datetime) -> datetime:
    """When nobody signs this root any more who saw it when this pod signed it."""
    return max(_drafted_at(memory.statement.signed), memory.signed_at or now) + AGE_MAX + AHEAD_MAX


def _drafted_at(root: Any) -> datetime:
    """When a root was drafted: by what was signed, because anyone may have written the time beside it."""
    drafted_at: datetime = root.expires - timedelta(days=ROOT_DAYS)
    return drafted_at
