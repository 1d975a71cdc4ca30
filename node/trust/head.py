"""The head: all TUF files of one release state in one blob, as vaults pass it on.

    map {"roots": [bytes, ...], "timestamp": bytes, "snapshot": bytes, "targets": bytes, "delegated": {name: bytes}}

in MessagePack; ``roots`` are the successors of the genesis root, oldest first.  A head is bytes from a stranger until
``chain.Chain.verify`` has accepted it; here only its sizes are checked, because everything that parses it later has
no limits of its own.
"""

from __future__ import annotations

from typing import Final

import msgspec

from node.trust.errors import MalformedMetadata
from node.vault.control import HEAD_BYTES_MAX

TIMESTAMP_BYTES_MAX: Final = 64 << 10
SNAPSHOT_BYTES_MAX: Final = 64 << 10
TARGETS_BYTES_MAX: Final = 512 << 10  # the top-level targets and each delegated role
ROOT_BYTES_MAX: Final = 512 << 10
ROOTS_MAX: Final = 1_024
DELEGATED_MAX: Final = 8
ROLE_CHARACTERS_MAX: Final = 40


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of one release state, each exactly as it was signed."""

    roots: tuple[bytes, ...]
    timestamp: bytes
    snapshot: bytes
    targets: bytes
    delegated: dict[str, bytes]


def encode(head: Head) -> bytes:
    """The head as bytes; equal heads give equal bytes.

    Raises:
        MalformedMetadata: A file or the whole is over its limit.
    """
    _check_sizes(head)
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
    _check_sizes(head)
    return head


def _check_sizes(head: Head) -> None:
    _check_length("timestamp", len(head.timestamp), TIMESTAMP_BYTES_MAX)
    _check_length("snapshot", len(head.snapshot), SNAPSHOT_BYTES_MAX)
    _check_length("targets", len(head.targets), TARGETS_BYTES_MAX)
    if len(head.roots) > ROOTS_MAX:
        raise MalformedMetadata(f"{len(head.roots)} roots are over {ROOTS_MAX}")
    for root in head.roots:
        _check_length("root", len(root), ROOT_BYTES_MAX)
    if len(head.delegated) > DELEGATED_MAX:
        raise MalformedMetadata(f"{len(head.delegated)} delegated roles are over {DELEGATED_MAX}")
    for name, statement in head.delegated.items():
        if not 0 < len(name) <= ROLE_CHARACTERS_MAX or not name.isascii() or not name.isalnum():
            raise MalformedMetadata("a delegated role has a name that is not allowed")
        _check_length(name, len(statement), TARGETS_BYTES_MAX)


def _check_length(what: str, length: int, limit: int) -> None:
    if length > limit:
        raise MalformedMetadata(f"{what} of {length} bytes is over {limit}")
