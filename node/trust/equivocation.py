"""Equivocation: two validly signed statements of one role that cannot both be true, as a proof that anyone can check.

Two statements of one role contradict each other when they say different things and
    have the same version, or
    name the same predecessor, or
    follow each other by version while the later one names another predecessor than the earlier one.
Two roots contradict each other when they follow the same root.

A proof is MessagePack in zlib, because the two files are nearly alike:

    map {"role": str, "judge_version": int, "judge": 32 bytes, "targets": bytes, "first": bytes, "second": bytes}

``judge`` is the signed hash of the root that was in force (not its address: copies of a root may carry different
signatures).  For a delegated role ``targets`` is the file that names its keys; else it is empty.  Both statements meet
the threshold that this root, or these targets, ask for; so no outsider can make a proof, and since a threshold is
always a majority, at least 2k - n parties have signed both.  They are the culprits.

The identity of a conflict is the SHA-256 of the two signed hashes in order of size; in the last of the three cases it
is the one of the earlier statement and of the predecessor that the later one names.  So all proofs of one conflict
have one identity, whoever signed which copy.  A later root resolves it by naming it in ``x-resolves``.

What is not proven: of two branches that nobody ever held at versions next to each other, nothing is at hand that
contradicts; and a pair that no single root ever allowed has no common signers who could be named.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from node.trust.errors import MalformedMetadata, NotEnoughSignatures, TrustError
from node.trust.head import PROOF_BYTES_MAX, ROOT_BYTES_MAX, SNAPSHOT_BYTES_MAX, TARGETS_BYTES_MAX, is_role_name
from node.trust.metadata import Root, Snapshot, Statement, Targets, halves_of, read, signers
from node.trust.policy import check_delegations, check_scope, names_in, previous_of

Provable = Statement[Root] | Statement[Snapshot] | Statement[Targets]
PROOFS_MAX: Final = 8  # that one chain keeps, and one head carries
OF_THE_ROOT: Final = frozenset({"root", "targets", "snapshot"})  # roles whose keys the root names


class Known(Protocol):
    """What a proof is judged by: a network, as its statements name it, and its roots."""

    @property
    def origin(self) -> bytes: ...

    def root(self, version: int) -> bytes | None:
        """The file of the verified root of that version."""
        ...


@dataclass(frozen=True, slots=True)
class Culprit:
    """One who signed both statements, with the key ``keyid``.

    ``public`` are the public halves, in hex, of all keys that the root in force knew of this pod: whoever holds one of
    its keys may hold the other.
    """

    name: str
    keyid: str
    public: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a proof shows.  ``version`` is that of the earlier statement, ``judge_version`` of the root in force."""

    role: str
    version: int
    identity: str
    judge_version: int
    culprits: tuple[Culprit, ...]


class _Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: str
    judge_version: int
    judge: bytes
    targets: bytes
    first: bytes
    second: bytes


def contradiction(first: Provable, second: Provable) -> str:
    """The identity of the conflict between two statements of one role, whoever signed them; "" if there is none."""
    if first.signed_hash == second.signed_hash:
        return ""
    earlier, later = sorted((first, second), key=lambda statement: statement.signed.version)
    is_one_version = earlier.signed.version == later.signed.version
    if isinstance(earlier.signed, Snapshot) or isinstance(later.signed, Snapshot):
        return _identity(first.signed_hash, second.signed_hash) if is_one_version else ""
    named, named_before = previous_of(later.signed), previous_of(earlier.signed)
    is_one_place = named != "" and named == named_before
    if is_one_place or (is_one_version and isinstance(earlier.signed, Targets)):
        return _identity(first.signed_hash, second.signed_hash)
    is_next = later.signed.version == earlier.signed.version + 1
    return _identity(earlier.signed_hash, named) if is_next and named and named != earlier.signed_hash else ""


def prove(
    role: str, first: Provable, second: Provable, judge: Statement[Root], targets: Statement[Targets] | None
) -> bytes:
    """The proof that two statements contradict each other; whether it holds, ``check_proof`` says.

    Args:
        role: Of both statements.
        first: One of them.
        second: The other one; their order does not matter.
        judge: The root that was in force.
        targets: What names the keys of a delegated role; None for the roles of the root.
    """
    ordered = sorted((first, second), key=lambda statement: statement.signed_hash)
    content = _Proof(
        role,
        judge.signed.version,
        bytes.fromhex(judge.signed_hash),
        targets.content if targets else b"",
        ordered[0].content,
        ordered[1].content,
    )
    return zlib.compress(msgspec.msgpack.encode(content), 9)


def proofs_in(content: bytes) -> tuple[bytes, ...]:
    """The proofs that stand one after the other in a head; whether they hold, ``check_proof`` says.

    Raises:
        MalformedMetadata: Something in it is no proof, or there are too many.
    """
    found: list[bytes] = []
    while content:
        if len(found) == PROOFS_MAX:
            raise MalformedMetadata(f"more than {PROOFS_MAX} proofs in one head")
        rest = _unpack(content)[1]
        found.append(content[: len(content) - len(rest)])
        content = rest
    return tuple(found)


def joined(proofs: Sequence[bytes]) -> bytes:
    """As many of the proofs as fit into one head, the shortest first, so that who keeps the same ones says the same."""
    content = b""
    for proof in sorted(proofs, key=lambda one: (len(one), one)):
        if len(content) + len(proof) <= PROOF_BYTES_MAX:
            content += proof
    return content


def shows_more(conflict: Conflict, kept: Sequence[Conflict]) -> bool:
    """Whether a conflict would not end of itself with those that are kept.

    They end when everybody whom they show has left; then nobody is left either who signed twice in a conflict that
    shows some of the same.  But a second root is one more branch, whoever made it.
    """
    if conflict.role == "root" and all(conflict.identity != one.identity for one in kept):
        return True
    return not halves_in(conflict) <= frozenset[str]().union(*map(halves_in, kept))


def halves_in(conflict: Conflict) -> frozenset[str]:
    """The public halves of all keys of all culprits."""
    return frozenset(half for culprit in conflict.culprits for half in culprit.public)


def judge_of(proof: bytes) -> tuple[int, str]:
    """Version and signed hash of the root by which a proof wants to be judged.

    Raises:
        MalformedMetadata: It is no proof.
    """
    read_proof = _decode(proof)
    return read_proof.judge_version, read_proof.judge.hex()


def statements_in(proof: bytes) -> tuple[Provable, Provable]:
    """The two statements that a proof holds; whether they prove anything, ``check_proof`` says.

    Raises:
        MalformedMetadata: It is no proof.
    """
    content = _decode(proof)
    return _read(content.role, content.first), _read(content.role, content.second)


def check_proof(proof: bytes, chain: Known) -> Conflict:
    """Check a proof from anyone; return what it shows, and who signed both statements.  A few milliseconds.

    Raises:
        NotEnoughSignatures: One of the statements could never have been accepted.
        MalformedMetadata: It is no proof, of another network, by keys that were never in force, or there is no
            contradiction.
    """
    content = _decode(proof)
    try:
        return _checked(content, chain)
    except (NotEnoughSignatures, MalformedMetadata):
        raise
    except TrustError as error:
        raise MalformedMetadata(f"no proof: {error}") from error


def _checked(content: _Proof, chain: Known) -> Conflict:
    judge = _judge(content, chain)
    first, second = _read(content.role, content.first), _read(content.role, content.second)
    identity = contradiction(first, second)
    if not identity:
        raise MalformedMetadata("no proof: the two statements do not contradict each other")
    delegator = _delegator(content, judge, chain.origin)
    public_of = _signers(content.role, first, delegator, chain.origin)
    both = set(public_of) & set(_signers(content.role, second, delegator, chain.origin))
    if any(isinstance(one.signed, Root) and previous_of(one.signed) != judge.signed_hash for one in (first, second)):
        raise MalformedMetadata("no proof: the roots do not follow the one that was in force")
    names = names_in(judge.signed)
    culprits = sorted(
        (names.get(keyid, keyid[:8]), keyid, _keys_of(names.get(keyid), names, judge.signed, public_of[keyid]))
        for keyid in both
    )
    if not culprits:
        raise MalformedMetadata("no proof: nobody signed both statements")
    version = min(first.signed.version, second.signed.version)
    return Conflict(content.role, version, identity, judge.signed.version, tuple(Culprit(*one) for one in culprits))


def _keys_of(name: str | None, names: Mapping[str, str], root: Root, known: tuple[str, ...]) -> tuple[str, ...]:
    """The public halves of a culprit's keys: of the one that signed, and of the others that the root knew."""
    others = (root.keys[keyid] for keyid, other in names.items() if other == name and keyid in root.keys)
    return tuple(sorted({*known, *(half for key in others for half in halves_of(key))}))


def _judge(content: _Proof, chain: Known) -> Statement[Root]:
    file = chain.root(content.judge_version)
    judge = None if file is None else read(file, Root)
    if judge is None or bytes.fromhex(judge.signed_hash) != content.judge:
        raise MalformedMetadata("no proof: its root was never in force")
    return judge


def _read(role: str, content: bytes) -> Provable:
    limit = {"root": ROOT_BYTES_MAX, "snapshot": SNAPSHOT_BYTES_MAX}.get(role, TARGETS_BYTES_MAX)
    if len(content) > limit:
        raise MalformedMetadata(f"no proof: a statement is over {limit} bytes")
    if role == "root":
        return read(content, Root)
    return read(content, Snapshot) if role == "snapshot" else read(content, Targets)


def _delegator(content: _Proof, judge: Statement[Root], origin: bytes) -> Root | Targets:
    """What names the keys of the role: the root, or for a delegated role the targets that the root's pods signed."""
    if content.role in OF_THE_ROOT:
        if content.targets:
            raise MalformedMetadata("no proof: the root alone names the keys of this role")
        return judge.signed
    targets = _read("targets", content.targets)
    assert isinstance(targets.signed, Targets), targets
    signers("targets", targets, judge.signed)
    check_scope("targets", targets.signed, origin)
    check_delegations(targets.signed, judge.signed)
    return targets.signed


def _signers(role: str, statement: Provable, delegator: Root | Targets, origin: bytes) -> dict[str, tuple[str, ...]]:
    """Who signed a statement that could have been accepted: key id -> public halves."""
    if isinstance(statement.signed, Root):
        signers("root", statement, statement.signed)  # a root must satisfy itself too
    else:
        check_scope(role, statement.signed, origin)
    return signers(role, statement, delegator)


def _identity(first_hash: str, second_hash: str) -> str:
    return hashlib.sha256(b"".join(sorted(map(bytes.fromhex, (first_hash, second_hash))))).hexdigest()


def _decode(proof: bytes) -> _Proof:
    if len(proof) > PROOF_BYTES_MAX:
        raise MalformedMetadata(f"a proof of {len(proof)} bytes is over {PROOF_BYTES_MAX}")
    content, rest = _unpack(proof)
    if rest:
        raise MalformedMetadata("no proof: something stands behind it")
    try:
        found = msgspec.msgpack.decode(content, type=_Proof)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMetadata(f"no proof: {error}") from error
    if not is_role_name(found.role) or found.role == "timestamp":
        raise MalformedMetadata("no proof: of a role that has none")
    return found


def _unpack(content: bytes) -> tuple[bytes, bytes]:
    """What the first proof says, and what stands behind it: a stream of zlib ends by itself."""
    unpacking = zlib.decompressobj()
    try:
        said = unpacking.decompress(content, PROOF_BYTES_MAX)
    except zlib.error as error:
        raise MalformedMetadata(f"no proof: {error}") from error
    if not unpacking.eof:
        raise MalformedMetadata("no proof: it is longer than it may be, or cut off")
    return said, unpacking.unused_data
