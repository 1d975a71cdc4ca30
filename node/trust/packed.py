"""How the files of app and runtime releases travel: each piece of a file packed by zstd, or as it is.

A file is cut into pieces of CHUNK_BYTES_MAX bytes, the last one shorter, and each piece travels as one chunk: packed
where that makes it shorter, else as it is.  So the length of a chunk tells which it is, and no chunk is longer than
its piece.  A patch is one packed frame that was made with another file at hand, and can only be unpacked with it.

How long a piece or a file is was signed, and no more than that is ever unpacked.  What comes out is whatever somebody
packed: compare its hash.  The same bytes give the same chunk with the same version of zstd only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import zstandard

from node.trust.errors import MalformedMetadata
from node.vault.share.tree import CHUNK_BYTES_MAX

LEVEL: Final = 19  # from 20 on it takes more memory to unpack, too
PATCHED_BYTES_MAX: Final = 24 << 20  # of a file, old or new: both are in memory at once, the old one twice
WINDOW_LOG_MIN: Final = 10  # zstd's own limit
WINDOW_LOG_MAX: Final = 26  # covers an old and a new file of that length


def pack(piece: bytes) -> bytes:
    """The chunk as which a piece travels."""
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(piece)
    return packed if len(packed) < len(piece) else piece


def unpack(chunk: bytes, length: int) -> bytes:
    """The piece of ``length`` bytes that travelled as this chunk.

    Raises:
        MalformedMetadata: It is no such chunk.
    """
    if len(chunk) > length:
        raise MalformedMetadata(f"a chunk of {len(chunk)} bytes for a piece of {length}")
    return chunk if len(chunk) == length else _unpacked(zstandard.ZstdDecompressor(), chunk, length)


def patch(old: bytes, new: bytes) -> bytes:
    """What leads from one file to another; both have at most PATCHED_BYTES_MAX.  From b"" it is the file, packed."""
    assert max(len(old), len(new)) <= PATCHED_BYTES_MAX, (len(old), len(new))
    # The window must reach back from the end of the new file to the beginning of the old one.
    window_log = min(WINDOW_LOG_MAX, max(WINDOW_LOG_MIN, (len(old) + len(new)).bit_length()))
    parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=window_log, enable_ldm=bool(old))
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=_basis(old)).compress(new)


def patched(old: bytes, content: bytes, length: int) -> bytes:
    """The file of ``length`` bytes, at most PATCHED_BYTES_MAX, to which a patch leads from ``old``.

    Raises:
        MalformedMetadata: It leads to none.
    """
    assert max(len(old), length) <= PATCHED_BYTES_MAX, (len(old), length)
    return _unpacked(zstandard.ZstdDecompressor(dict_data=_basis(old)), content, length)


def piece_lengths(length: int) -> Iterator[int]:
    """The lengths of the pieces of a file of ``length`` bytes."""
    for start in range(0, length, CHUNK_BYTES_MAX):
        yield min(CHUNK_BYTES_MAX, length - start)


def _basis(old: bytes) -> zstandard.ZstdCompressionDict | None:
    return zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if old else None


def _unpacked(with_: zstandard.ZstdDecompressor, content: bytes, length: int) -> bytes:
    try:
        # The frame says itself how much room it wants: that is looked at first.
        if zstandard.frame_content_size(content) != length:
            raise MalformedMetadata(f"what was packed is not of {length} bytes")
        return with_.decompress(content, max_output_size=length, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise MalformedMetadata(f"it cannot be unpacked: {error}") from error
