"""The head: all TUF files of one release state in one blob, as vaults pass it on.

    map {"format": 2, "roots": [address, ...], "timestamp": bytes, "snapshot": bytes, "targets": bytes,
         "delegated": {name: bytes}, "proof": bytes}

in MessagePack.  ``roots`` are the addresses (SHA-256 of the file) of the successors of the genesis root, oldest first;
the files themselves are fetched as chunks, once, by whoever does not know them yet.  ``proof`` is empty unless the
developers' signatures contradict each other; then one proof stands in it, or several one after the other, and
``equivocation.py`` reads them.

A head is bytes from a stranger until ``chain.Chain.verify`` has accepted it; here only its sizes are checked, because
everything that parses it later has no limits of its own.  The limits are such that two statements of any role, with
what is needed to judge them, always make a proof that fits, and a proof always fits beside the statements of any head:
else a contradiction could be made too long to be shown.
"""

from __future__ import annotations

from typing import Final

import msgspec

from node.trust.errors import MalformedMetadata
from node.vault.control import HEAD_BYTES_MAX

HEAD_FORMAT: Final = 2
ADDRESS_BYTES: Final = 32
TIMESTAMP_BYTES_MAX: Final = 64 << 10
SNAPSHOT_BYTES_MAX: Final = 64 << 10
TARGETS_BYTES_MAX: Final = 160 << 10  # the top-level targets and each delegated role
STATEMENTS_BYTES_MAX: Final = 448 << 10  # all of these files together
ROOT_BYTES_MAX: Final = 240 << 10  # travels as one chunk
ROOTS_MAX: Final = 1_024
PROOF_BYTES_MAX: Final = 512 << 10  # of one, and of all in a head together
DELEGATED_MAX: Final = 8
ROLE_CHARACTERS_MAX: Final = 40


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of one release state, each exactly as it was signed; of the roots the addresses."""

    roots: tuple[bytes, ...]
    timestamp: bytes
    snapshot: bytes
    targets: bytes
    delegated: dict[str, bytes]
    proof: bytes = b""
    format: int = HEAD_FORMAT


def encode(head: Head) -> bytes:
    """The head as bytes; equal heads give equal bytes.

    Raises:
        MalformedMetadata: A file or the whole is over its limit.
    """
    _check(head)
    ordered = msgspec.structs.replace(head, delegated=dict(sorted(head.delegated.items())))
    content = msgspec.msgpack.encode(ordered)
    _check_length("a head", len(content), HEAD_BYTES_MAX)
    return content


def decode(content: bytes) -> Head:
    """Read a head from untrusted bytes; its files are still unread and untrusted.

    Raises:
        MalformedMetadata: Not a head, or a file or the whole is over its limit.
    """
    _check_length("a head", len(content), HEAD_BYTES_MAX)
    try:
        head = msgspec.msgpack.decode(content, type=Head)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMetadata(f"not a head: {error}") from error
    _check(head)
    return head


def is_role_name(name: str) -> bool:
    """Whether a delegated role may be called so."""
    return 0 < len(name) <= ROLE_CHARACTERS_MAX and name.isascii() and name.isalnum()


def _check(head: Head) -> None:
    if head.format != HEAD_FORMAT:
        raise MalformedMetadata(f"a head of format {head.format}, not {HEAD_FORMAT}")
    if len(head.roots) > ROOTS_MAX:
        raise MalformedMetadata(f"{len(head.roots)} roots are over {ROOTS_MAX}")
    if any(len(address) != ADDRESS_BYTES for address in head.roots) or len(set(head.roots)) != len(head.roots):
        raise MalformedMetadata("the roots are not named by different addresses")
    _check_length("timestamp", len(head.timestamp), TIMESTAMP_BYTES_MAX)
    _check_length("snapshot", len(head.snapshot), SNAPSHOT_BYTES_MAX)
    _check_length("targets", len(head.targets), TARGETS_BYTES_MAX)
    if len(head.delegated) > DELEGATED_MAX:
        raise MalformedMetadata(f"{len(head.delegated)} delegated roles are over {DELEGATED_MAX}")
    for name, statement in head.delegated.items():
        if not is_role_name(name):
            raise MalformedMetadata("a delegated role has a name that is not allowed")
        _check_length(name, len(statement), TARGETS_BYTES_MAX)
    files = (head.timestamp, head.snapshot, head.targets, *head.delegated.values())
    _check_length("all statements", sum(map(len, files)), STATEMENTS_BYTES_MAX)
    _check_length("proof", len(head.proof), PROOF_BYTES_MAX)


def _check_length(what: str, length: int, limit: int) -> None:
    if length > limit:
        raise MalformedMetadata(f"{what} of {length} bytes is over {limit}")
