"""Pieces and patches: as short as zstd makes them, and never longer than was signed when they are unpacked."""

from __future__ import annotations

from random import Random

import pytest
import zstandard

from node.trust.errors import MalformedMetadata
from node.trust.packed import pack, patch, patched, piece_lengths, unpack
from node.vault.share.tree import CHUNK_BYTES_MAX, split

NOISE = Random(1).randbytes(5_000)
TEXT = b"the same words again and again\n" * 200
BOMB = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 24))


def without_its_length(content: bytes) -> bytes:
    making = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return making.compress(content) + making.flush()


@pytest.mark.parametrize("piece", [b"x", NOISE, TEXT, pack(TEXT)], ids=["short", "noise", "text", "packed already"])
def test_a_piece_comes_back_from_its_chunk(piece: bytes):
    assert unpack(pack(piece), len(piece)) == piece


def test_a_chunk_is_never_longer_than_its_piece():
    assert pack(NOISE) == NOISE
    assert len(pack(TEXT)) < 100


def test_a_file_is_cut_where_its_chunks_end():
    content = bytes(2 * CHUNK_BYTES_MAX + 5)
    assert list(piece_lengths(len(content))) == [len(piece) for piece in split(content)]


@pytest.mark.parametrize("old", [b"", NOISE, TEXT])
def test_a_patch_leads_from_one_file_to_the_other(old: bytes):
    new = NOISE[:2_500] + b"changed" + NOISE[2_500:]
    assert patched(old, patch(old, new), len(new)) == new


def test_a_patch_costs_what_differs():
    new = NOISE[:2_500] + b"changed" + NOISE[2_500:]
    assert len(patch(NOISE, new)) < 100


@pytest.mark.parametrize(
    "chunk",
    [BOMB, without_its_length(TEXT), pack(TEXT)[:-1], b"\0" * 40, pack(TEXT) + b"more", pack(TEXT[:-1])],
    ids=["bomb", "of no stated length", "cut off", "nonsense", "with more behind it", "of another length"],
)
def test_what_is_no_chunk_of_that_piece_is_refused(chunk: bytes):
    with pytest.raises(MalformedMetadata):
        unpack(chunk, len(TEXT) if chunk is not BOMB else CHUNK_BYTES_MAX)


def test_a_chunk_longer_than_its_piece_is_refused():
    with pytest.raises(MalformedMetadata):
        unpack(zstandard.ZstdCompressor().compress(NOISE), len(NOISE))


def test_a_bomb_is_not_even_begun_to_be_unpacked(monkeypatch: pytest.MonkeyPatch):
    def unpacks(*_: object, **__: object) -> None:
        pytest.fail("it was unpacked")

    monkeypatch.setattr("zstandard.ZstdDecompressor.decompress", unpacks, raising=False)
    with pytest.raises(MalformedMetadata):
        patched(b"", BOMB, 1_000)


def test_a_patch_of_another_file_leads_nowhere_or_to_other_bytes():
    new = NOISE[:2_500] + b"changed" + NOISE[2_500:]
    try:
        assert patched(TEXT, patch(NOISE, new), len(new)) != new
    except MalformedMetadata:
        return
