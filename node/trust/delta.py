"""A delta: how to come from one tree of an app or a runtime to another without fetching whole files.

The signed release names the address and length of its first chunk:

    [removed, files, patches, parts, body]                                 MessagePack

    removed   paths that are in the old tree and not in the new one
    files     the entries of the new manifest that are not in the old one, sorted by path
    patches   [number in ``files``, is it made from the old file of the same path, length], in that order
    parts     addresses of the chunks that hold the patches one after the other; none if they fit into ``body``
    body      the patches one after the other

A file without a patch is fetched whole.  Nothing here is believed: the new tree must have the signed hash and every
file its own, and whatever fails is fetched as if there were no delta.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from node.trust.errors import MalformedMetadata
from node.trust.packed import PATCHED_BYTES_MAX
from node.vault.errors import MalformedMessage
from node.vault.share.tree import (
    CHUNK_BYTES_MAX,
    FILES_MAX,
    Manifest,
    TreeFile,
    address_of,
    decode_manifest,
    encode_manifest,
    split,
)

PATCHES_BYTES_MAX: Final = 64 << 20  # of one delta; more is no shorter than whole files
BODY_BYTES_MAX: Final = CHUNK_BYTES_MAX // 2  # the rest of the first chunk is for the entries

Entry = tuple[bool, str, int]  # is it executable, SHA-256 in hex, length


class Patch(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One patch.  ``number`` says of which of the delta's files; ``is_from_old``: from the old file of its path."""

    number: int
    is_from_old: bool
    length: int


class Delta(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """See above."""

    removed: tuple[str, ...]
    files: tuple[TreeFile, ...]
    patches: tuple[Patch, ...]
    parts: tuple[bytes, ...]
    body: bytes


def make_delta(
    removed: tuple[str, ...], files: tuple[TreeFile, ...], patches: Mapping[str, tuple[bool, bytes]]
) -> tuple[bytes, dict[bytes, bytes]]:
    """The first chunk of a delta, and the others by their addresses.

    Args:
        removed: As above.
        files: As above.
        patches: Path -> is it made from the old file, and the patch.

    Raises:
        MalformedMessage: It would be larger than a delta may be.
    """
    listed, stream = [], bytearray()
    for number, file in enumerate(files):
        if file.path in patches:
            is_from_old, patch = patches[file.path]
            listed.append(Patch(number, is_from_old, len(patch)))
            stream += patch
    parts = split(bytes(stream)) if len(stream) > BODY_BYTES_MAX else []
    chunks = {address_of(part): part for part in parts}
    addresses = tuple(address_of(part) for part in parts)
    content = msgspec.msgpack.encode(Delta(removed, files, tuple(listed), addresses, b"" if parts else bytes(stream)))
    if len(content) > CHUNK_BYTES_MAX or len(stream) > PATCHES_BYTES_MAX:
        raise MalformedMessage(f"a delta of {len(content)} and {len(stream)} bytes is over its limits")
    return content, chunks


def decode_delta(content: bytes) -> Delta:
    """Read the first chunk of a delta from untrusted bytes.

    Raises:
        MalformedMetadata: It is none, or one whose paths could leave the tree or whose limits are exceeded.
    """
    if len(content) > CHUNK_BYTES_MAX:
        raise MalformedMetadata(f"the first chunk of a delta has {len(content)} bytes, over {CHUNK_BYTES_MAX}")
    try:
        delta = msgspec.msgpack.decode(content, type=Delta)
        decode_manifest(encode_manifest(Manifest(delta.files)))  # every entry is one that a manifest may have
    except (msgspec.DecodeError, MalformedMessage, RecursionError, UnicodeError) as error:
        raise MalformedMetadata(f"not a delta: {error}") from error
    _check(delta)
    return delta


def applied(delta: Delta, old: Mapping[str, Entry]) -> Manifest:
    """The manifest of the new tree.

    Where the chunks of a file are that the old tree holds too is not known, and not needed: zeros stand for them.

    Args:
        delta: From anyone.
        old: The old tree as it is on this disk, by path.

    Raises:
        MalformedMetadata: No tree comes of it.
    """
    if not old.keys() >= set(delta.removed):
        raise MalformedMetadata("the delta removes what the old tree does not hold")
    new = {path: TreeFile(path, *entry, _unknown(entry[2])) for path, entry in old.items()}
    for path in delta.removed:
        del new[path]
    new |= {file.path: file for file in delta.files}
    try:
        return decode_manifest(encode_manifest(Manifest(tuple(file for _, file in sorted(new.items())))))
    except MalformedMessage as error:
        raise MalformedMetadata(f"the delta leads to no tree: {error}") from error


def _check(delta: Delta) -> None:
    numbers = [patch.number for patch in delta.patches]
    if numbers != sorted(set(numbers)) or not all(0 <= number < len(delta.files) for number in numbers):
        raise MalformedMetadata("the patches of a delta are not those of its files")
    for patch in delta.patches:
        if not 0 < patch.length <= PATCHED_BYTES_MAX or delta.files[patch.number].length > PATCHED_BYTES_MAX:
            raise MalformedMetadata("a patch, or the file that it leads to, is too long")
    length = sum(patch.length for patch in delta.patches)
    needed = 0 if delta.body or not length else -(-length // CHUNK_BYTES_MAX)
    if length > PATCHES_BYTES_MAX or (delta.body and len(delta.body) != length) or len(delta.parts) != needed:
        raise MalformedMetadata("the patches of a delta do not fit its length")
    if any(len(address) != 32 for address in delta.parts) or len(delta.removed) > FILES_MAX:
        raise MalformedMetadata("the parts of a delta are not named by addresses, or it removes too much")


def _unknown(length: int) -> tuple[bytes, ...]:
    return (bytes(32),) * -(-length // CHUNK_BYTES_MAX)
