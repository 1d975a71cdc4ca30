"""What is in a shared folder: entries sorted by path, as a stream of bytes that is kept as a blob.

Each entry is its length (2 bytes, big-endian) and MessagePack.  Paths are compared name by name, so that all that is
in a folder stands together, and reader and writer of a listing need to remember no more than the entry before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from node.vault.errors import MalformedMessage
from node.vault.share.blob import EMPTY, Blob, check_blob
from node.vault.share.names import PATH_BYTES_MAX, is_path_allowed

ENTRY_BYTES_MAX: Final = PATH_BYTES_MAX + 64  # with its length in front
ENTRIES_MAX: Final = 10_000_000
FOLDERS_FREE: Final = 10_000  # of any share
FOLDERS_PER_ENTRY: Final = 4  # and so many more for each entry
_LENGTH_BYTES: Final = 2

Kind = Literal["f", "x", "d"]
FILE: Final = "f"
EXECUTABLE: Final = "x"
FOLDER: Final = "d"


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A file, or a folder with nothing in it; all other folders follow from the paths."""

    path: str
    kind: Kind
    content: Blob


class Order:
    """Checks that entries come sorted, each path once, and none below a file."""

    def __init__(self) -> None:
        self._last: list[str] = []

    def check(self, entry: Entry) -> None:
        """Check one entry after all those before it.

        Raises:
            MalformedMessage: It may not stand here, or not at all.
        """
        if not is_path_allowed(entry.path):
            raise MalformedMessage(f"the path {entry.path[:80]!a} is not allowed")
        names = entry.path.split("/")
        if names <= self._last or (self._last and names[: len(self._last)] == self._last):
            raise MalformedMessage(f"the path {entry.path[:80]!a} is out of order")
        check_blob(entry.content)
        if entry.kind == FOLDER and entry.content != EMPTY:
            raise MalformedMessage("a folder has content of its own")
        self._last = names


class Folders:
    """Counts the folders in which entries lie, which come in their order."""

    def __init__(self) -> None:
        self.count = 0
        self._last: list[str] = []

    def add(self, path: str) -> None:
        *names, _ = path.split("/")
        common = 0
        while common < min(len(names), len(self._last)) and names[common] == self._last[common]:
            common += 1
        self.count += len(names) - common
        self._last = names


def folders_max(entries: int) -> int:
    """In how many folders so many entries may lie: a few bytes of a path would make 63 new ones for each of them."""
    return FOLDERS_FREE + FOLDERS_PER_ENTRY * entries


def encode_entry(entry: Entry) -> bytes:
    """The bytes of one entry."""
    content = msgspec.msgpack.encode(entry)
    assert _LENGTH_BYTES + len(content) <= ENTRY_BYTES_MAX
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


class ListingReader:
    """Reads a stranger's listing as it comes, in pieces of any length."""

    def __init__(self) -> None:
        self._rest = b""
        self._order = Order()

    def feed(self, piece: bytes) -> Iterator[Entry]:
        """Yield the entries that are whole with this piece.

        Raises:
            MalformedMessage: Something is no entry, or not allowed where it stands.
        """
        content, start = self._rest + piece, 0
        self._rest = b""
        while len(content) - start >= _LENGTH_BYTES:
            length = int.from_bytes(content[start : start + _LENGTH_BYTES], "big")
            end = start + _LENGTH_BYTES + length
            if end - start > ENTRY_BYTES_MAX:
                raise MalformedMessage(f"an entry of {length} bytes is over {ENTRY_BYTES_MAX}")
            if end > len(content):
                break
            entry = _decode(content[start + _LENGTH_BYTES : end])
            self._order.check(entry)
            yield entry
            start = end
        self._rest = content[start:]

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            MalformedMessage: The listing ends within an entry.
        """
        if self._rest:
            raise MalformedMessage("the listing ends within an entry")


def _decode(content: bytes) -> Entry:
    try:
        return msgspec.msgpack.decode(content, type=Entry)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMessage(f"not an entry: {error}") from error
