"""python-tuf in one place: one signed file read strictly, and one release state verified file by file.

``TrustedMetadataSet`` is an internal class of tuf 7.0 (hence ``tuf==7.0.*``): it holds the client workflow of the TUF
specification without any I/O.  It limits no sizes (``head.py`` does) and reads the clock once, when it is made; that
reading is overwritten before anything uses it.

Source: TUF specification 1.0, section 5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import Key  # type: ignore[attr-defined]  # likewise
from tuf.api.exceptions import BadVersionNumberError, ExpiredMetadataError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp  # type: ignore[attr-defined]
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from node.trust import hybrid as _hybrid  # noqa: F401 - makes its key type known to the library
from node.trust.errors import ExpiredMetadata, MalformedMetadata, NotEnoughSignatures
from node.trust.strict import read_json

# tuf documents these names at ``tuf.api.metadata`` but does not list them for type checkers: hence the mark above, and
# the others take them from here.
__all__ = [
    "NAMED_FIELD",
    "SIGNATURES_MAX",
    "AnyStatement",
    "MetaFile",
    "Metadata",
    "Root",
    "Snapshot",
    "Statement",
    "Targets",
    "Timestamp",
    "TrustedSet",
    "halves_of",
    "is_signed",
    "public_halves",
    "read",
    "signed_hash",
    "signed_time",
    "signers",
    "time_text",
]

NAMED_FIELD: Final = "x-signed"
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
SIGNATURES_MAX: Final = 32  # of one file
VERSION_MAX: Final = (1 << 53) - 1  # what every reader of JSON can hold
READ_KEPT: Final = 64  # files that were found to be well made; of 240 kB at most

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """One file: ``signed`` is what it says; ``signed_hash`` (hex) is the same in every copy, whoever signed it.

    ``signed_bytes`` are what the signatures are over: the library makes them anew each time that they are asked for.
    """

    content: bytes
    metadata: Metadata[T]
    signed: T
    signed_bytes: bytes
    signed_hash: str


AnyStatement = Statement[Root] | Statement[Timestamp] | Statement[Snapshot] | Statement[Targets]


def signed_hash(metadata: Metadata[T]) -> str:
    """SHA-256 of the signed part in hex.  Not of the file: copies of it may carry different signatures."""
    return hashlib.sha256(metadata.signed_bytes).hexdigest()


def read(content: bytes, kind: type[T]) -> Statement[T]:
    """Read one file whose length was already checked; nothing in it is trusted yet.

    Raises:
        MalformedMetadata: It is anything else than one file of that kind, or could be read in two ways.
    """
    try:
        signed_bytes = _signed_bytes(content, kind)
        metadata = Metadata[T].from_bytes(content)
        return Statement(content, metadata, metadata.signed, signed_bytes, hashlib.sha256(signed_bytes).hexdigest())
    except MalformedMetadata:
        raise
    except Exception as error:  # two libraries read a stranger's bytes here: whatever they raise means "malformed"
        raise MalformedMetadata(f"{kind.type} cannot be read: it is no {kind.type}") from error


@lru_cache(maxsize=READ_KEPT)
def _signed_bytes(content: bytes, kind: type[Signed]) -> bytes:
    """What the signatures of a file are over, once it was found to be well made: dear, and asked for again and again.

    Raises:
        MalformedMetadata: It is not.
        Exception: Whatever the library raises.
    """
    try:
        written = read_json(content)
    except MalformedMetadata as error:
        raise MalformedMetadata(f"{kind.type} cannot be read: {error}") from error
    metadata = Metadata[Any].from_bytes(content)
    if metadata.signed.type != kind.type:
        raise MalformedMetadata(f"expected {kind.type}, got {metadata.signed.type}")
    _check_envelope(metadata)
    # The library checks signatures over what it understood, not over what was written: a null where it has a
    # default would pass.  Both must be the same.
    signed_bytes = metadata.signed_bytes
    if encode_canonical(written["signed"]) != signed_bytes.decode():
        raise MalformedMetadata(f"{kind.type} can be read in two ways")
    return signed_bytes


def _check_envelope(metadata: Metadata[T]) -> None:
    """Refuse what anybody could add to a validly signed file."""
    if metadata.unrecognized_fields or any(s.unrecognized_fields for s in metadata.signatures.values()):
        raise MalformedMetadata("unsigned additions to a signed file")
    if len(metadata.signatures) > SIGNATURES_MAX:
        raise MalformedMetadata(f"{len(metadata.signatures)} signatures are over {SIGNATURES_MAX}")
    version = metadata.signed.version
    if type(version) is not int or not 0 < version <= VERSION_MAX:
        raise MalformedMetadata("a version is out of range")


class TrustedSet:
    """One release state, verified in the order of the TUF client workflow: roots, timestamp, snapshot, targets.

    A file that was added is signed by its role's threshold, in its time, and of the version that the file before names.
    """

    def __init__(self, root: bytes, reference_time: datetime) -> None:
        self.root = read(root, Root)
        self._set = self._guarded("root", self.root, lambda: TrustedMetadataSet(root, EnvelopeType.METADATA))
        self.set_reference_time(reference_time)

    def set_reference_time(self, reference_time: datetime) -> None:
        """Judge expiry from now on at this time."""
        self._set.reference_time = reference_time

    def add_root(self, content: bytes) -> Statement[Root]:
        """Take the next root: signed by the threshold of the root before and of itself."""
        new = read(content, Root)
        self._guarded("root", new, lambda: self._set.update_root(content))
        self.root = new
        return new

    def add_timestamp(self, content: bytes) -> Statement[Timestamp]:
        new = read(content, Timestamp)
        self._guarded("timestamp", new, lambda: self._set.update_timestamp(content))
        return new

    def add_snapshot(self, content: bytes) -> Statement[Snapshot]:
        new = read(content, Snapshot)
        self._guarded("snapshot", new, lambda: self._set.update_snapshot(content))
        _check_named(self._set.timestamp.snapshot_meta.unrecognized_fields, new.signed_hash, "snapshot")
        return new

    def add_targets(self, content: bytes, role: str = "targets", delegator: str = "root") -> Statement[Targets]:
        """Take the targets of ``role``.

        Raises:
            ExpiredMetadata: Only its time is over; everything else about it is right.
        """
        new = read(content, Targets)
        meta = self._set.snapshot.meta.get(f"{role}.json")
        if meta is not None:  # its absence is refused below
            _check_named(meta.unrecognized_fields, new.signed_hash, role)
        self._guarded(
            role, new, lambda: self._set.update_delegated_targets(content, role, delegator), self._delegator(delegator)
        )
        return new

    def _delegator(self, name: str) -> Root | Targets:
        return self._set.root if name == "root" else cast("Targets", self._set[name])

    def _guarded(
        self,
        role: str,
        new: Statement[T],
        step: Callable[[], Any],
        delegator: Root | Targets | None = None,
    ) -> Any:
        """Run one step of the library; whatever it raises comes out as a TrustError."""
        try:
            return step()
        except UnsignedMetadataError as error:
            raise self._not_enough(role, new, delegator) from error
        except ExpiredMetadataError as error:
            raise ExpiredMetadata(f"{role}: {error}") from error
        except BadVersionNumberError as error:
            raise MalformedMetadata(f"{role} is not of the version that belongs here: {error}") from error
        except RepositoryError as error:
            raise MalformedMetadata(f"{role} does not verify: {error}") from error
        except Exception as error:  # the library works on what a stranger wrote
            raise MalformedMetadata(f"{role} does not verify: {type(error).__name__}") from error

    def _not_enough(self, role: str, new: Statement[T], delegator: Root | Targets | None) -> NotEnoughSignatures:
        judges: list[Root | Targets] = [delegator or self.root.signed]
        if isinstance(new.signed, Root):
            judges.append(new.signed)  # a root must satisfy itself too
        for judge in judges:
            result = judge.get_verification_result(role, new.signed_bytes, new.metadata.signatures)
            if not result:
                return NotEnoughSignatures(len(result.signed), result.threshold, role)
        raise AssertionError("refused for its signatures, and yet there are enough")


def is_signed(role: str, statement: Statement[T], delegator: Root | Targets) -> bool:
    """Whether enough keys that ``delegator`` names for ``role`` signed the statement."""
    return bool(delegator.get_verification_result(role, statement.signed_bytes, statement.metadata.signatures))


def signers(role: str, statement: AnyStatement, delegator: Root | Targets) -> dict[str, tuple[str, ...]]:
    """The keys that ``delegator`` names for ``role`` and that signed the statement: key id -> public halves.

    Raises:
        NotEnoughSignatures: They are too few.
        MalformedMetadata: ``delegator`` names nobody for this role.
    """
    try:
        result = delegator.get_verification_result(role, statement.signed_bytes, statement.metadata.signatures)
    except ValueError as error:
        raise MalformedMetadata(f"nobody may sign {role[:40]!r}") from error
    if not result:
        raise NotEnoughSignatures(len(result.signed), result.threshold, role)
    return {keyid: halves_of(key) for keyid, key in result.signed.items()}


def public_halves(delegator: Root | Targets) -> set[str]:
    """The public halves of all keys that stand in a root, or in the delegations of targets."""
    keys = (
        delegator.keys if isinstance(delegator, Root) else delegator.delegations.keys if delegator.delegations else {}
    )
    return {half for key in keys.values() for half in halves_of(key)}


def halves_of(key: Key) -> tuple[str, ...]:
    """The raw public keys that a key consists of, in lower-case hex: two of a hybrid key, else one.

    However they are written: hex is read with white space in it, too, and verifies all the same.
    """
    halves = (str(key.keyval[name]) for name in ("ed25519", "mldsa65", "public") if name in key.keyval)
    return tuple("".join(half.split()).lower() for half in halves)


def _check_named(fields: dict[str, Any], found: str, role: str) -> None:
    """Where a file is named by the hash of its signed part, it must be that one; ``policy.check_named`` asks for names.

    TUF's own hashes are of the file: they would change with every signature that is added to it.
    """
    if fields.get(NAMED_FIELD, found) != found:
        raise MalformedMetadata(f"{role} is not the one that belongs to this head")


def signed_time(signed: Signed, field: str) -> datetime | None:
    """A time in a field that TUF does not know; None if there is none or it is no time."""
    text = signed.unrecognized_fields.get(field)
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC) if isinstance(text, str) else None
    except ValueError:
        return None


def time_text(moment: datetime) -> str:
    """The moment as ``signed_time`` reads it, to the second."""
    return moment.astimezone(UTC).strftime(TIME_FORMAT)
