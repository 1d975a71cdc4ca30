"""How much the store may hold, in a small file, so that no start has to look at every chunk.

    incoming/tally    0   8  the word tally, then the bytes 0, 0, 1
                      8   8  bytes   little-endian; never less than what the chunks take
                     16   8  chunks  likewise
                     24  32  SHA-256 of all that stands before it

It is written before the room that it allows is used, and some steps ahead, so that few puts have to wait for it.  It
lies in ``incoming/`` because a vault may write nowhere else, and because a version that knows nothing of it removes
it at start: then there is none, and nothing is stored until the chunks are counted.  Its presence also tells the
store's own disk from an empty folder in its place.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final, NamedTuple

from node.vault.ports import FileSystem
from node.vault.storage.filesystem import INCOMING, replace_durably

TALLY_NAME: Final = "tally"
TALLY: Final = f"{INCOMING}/{TALLY_NAME}"
USED_BYTES_MAX: Final = 1 << 56  # more is no tally of a home's disk
CHUNKS_MAX: Final = 1 << 40

_MAGIC: Final = b"tally\0\0\1"
_FIGURES: Final = struct.Struct("<8sQQ")
_FIGURE_MAX: Final = (1 << 64) - 1
_HASH_BYTES: Final = 32


class Extent(NamedTuple):
    """How much lies somewhere."""

    used_bytes: int
    chunk_count: int

    def covers(self, other: Extent) -> bool:
        return self.used_bytes >= other.used_bytes and self.chunk_count >= other.chunk_count


def load(filesystem: FileSystem, path: str = TALLY) -> Extent | None:
    """The tally; ``None`` if there is none that can be believed."""
    try:
        content = filesystem.read(path)
    except OSError:
        return None  # counting finds out whether the disk is well
    if len(content) != _FIGURES.size + _HASH_BYTES:
        return None
    figures, digest = content[: _FIGURES.size], content[_FIGURES.size :]
    magic, used_bytes, chunk_count = _FIGURES.unpack(figures)
    if magic != _MAGIC or digest != hashlib.sha256(figures).digest():
        return None
    if used_bytes > USED_BYTES_MAX or chunk_count > CHUNKS_MAX:
        return None
    return Extent(used_bytes, chunk_count)


def save(filesystem: FileSystem, extent: Extent, path: str = TALLY) -> None:
    """Replace the tally durably.

    Raises:
        OSError: The old one or the new one is there, or neither can be relied on.
    """
    figures = _FIGURES.pack(_MAGIC, *(min(figure, _FIGURE_MAX) for figure in extent))
    replace_durably(filesystem, path, figures + hashlib.sha256(figures).digest())
