"""The chunk that a share's address leads to: what the share is, how much, and where its content begins."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from node.vault.errors import MalformedMessage
from node.vault.share.blob import BLOB_BYTES_MAX, Blob, check_blob
from node.vault.share.listing import ENTRIES_MAX, ENTRY_BYTES_MAX, FOLDER, Kind
from node.vault.share.names import is_name_allowed

MARK: Final = "perennial share 1"
ROOT_BYTES_MAX: Final = 1_024


class Root(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A share.  ``content`` is a file's bytes, or a folder's listing; ``length`` is that of all its files together.

    ``entries`` counts the listing's; a share of one file has none.
    """

    mark: Literal["perennial share 1"]
    kind: Kind
    name: str
    length: int
    files: int
    entries: int
    content: Blob


def encode_root(root: Root) -> bytes:
    """The root's bytes, whose hash is the share's address."""
    _check(root)
    content = msgspec.msgpack.encode(root)
    assert len(content) <= ROOT_BYTES_MAX
    return content


def decode_root(content: bytes) -> Root:
    """Read a stranger's root.

    Raises:
        MalformedMessage: It is none, or one whose parts cannot belong together.
    """
    if len(content) > ROOT_BYTES_MAX:
        raise MalformedMessage(f"a root of {len(content)} bytes is over {ROOT_BYTES_MAX}")
    try:
        root = msgspec.msgpack.decode(content, type=Root)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMessage(f"not a share: {error}") from error
    _check(root)
    return root


def _check(root: Root) -> None:
    if not is_name_allowed(root.name):
        raise MalformedMessage("the name is not allowed")
    check_blob(root.content)
    if root.kind != FOLDER:
        if (root.length, root.files, root.entries) != (root.content.length, 1, 0):
            raise MalformedMessage("a share of one file counts otherwise")
        return
    if not 0 <= root.length <= BLOB_BYTES_MAX or not 0 <= root.files <= root.entries <= ENTRIES_MAX:
        raise MalformedMessage("a length or a number is out of its limits")
    # The count bounds how much of a listing is ever fetched.
    if root.content.length > root.entries * ENTRY_BYTES_MAX:
        raise MalformedMessage("the listing is longer than its entries can be")
