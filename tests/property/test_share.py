"""What holds for shares of every shape, and for every sequence of bytes that claims to be a part of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault.errors import MalformedMessage
from node.vault.share.blob import BLOB_BYTES_MAX, Blob, BlobBuilder, Shape
from node.vault.share.listing import ENTRY_BYTES_MAX, Entry, ListingReader, encode_entry
from node.vault.share.names import NAME_BYTES_MAX, PATH_NAMES_MAX, is_path_allowed, is_possible_on_windows
from node.vault.share.root import MARK, Root, decode_root, encode_root
from node.vault.share.tree import address_of

shapes = st.builds(Shape, st.integers(1, 5), st.integers(2, 4))
addresses = st.binary(min_size=32, max_size=32)
names = st.text("aäZ0.- \U0001f331", min_size=1, max_size=4).filter(is_path_allowed)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
wild_names = st.sampled_from(["..", ".", "", "C:", "\\", "a\\b", "nul", "Con.x", "a\x00", "\u202e", "e\u0301"])
wild_paths = st.lists(wild_names | names | st.text(max_size=3), max_size=5).map("/".join)
wild_blobs = st.builds(Blob, st.integers(-5, 5) | st.integers(-(2**63), 2**64 - 1), st.binary(max_size=33) | addresses)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=9) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


def build(content: bytes, shape: Shape) -> tuple[Blob, dict[bytes, bytes]]:
    builder, chunks = BlobBuilder(shape), {}
    for start in range(0, len(content), shape.chunk_bytes):
        piece = content[start : start + shape.chunk_bytes]
        chunks[address_of(piece)] = piece
        chunks |= {address_of(index): index for index in builder.add(address_of(piece), len(piece))}
    chunks |= {address_of(index): index for index in builder.finish()}
    return builder.blob(), chunks


def read(blob: Blob, shape: Shape, chunks: dict[bytes, bytes]) -> Iterator[tuple[int, bytes]]:
    top = shape.top(blob)
    waiting = [] if top is None else [top]
    while waiting:
        span = waiting.pop(0)
        content = chunks[span.address]
        if span.depth:
            waiting = [*shape.below(span, content), *waiting]
        else:
            assert len(content) == span.length
            yield span.offset, content


@given(st.binary(max_size=400), shapes)
def test_what_is_cut_is_put_together_again(content: bytes, shape: Shape):
    blob, chunks = build(content, shape)
    pieces = list(read(blob, shape, chunks))
    assert b"".join(piece for _, piece in pieces) == content
    assert [offset for offset, _ in pieces] == list(range(0, len(content), shape.chunk_bytes))
    assert max((len(chunk) for chunk in chunks.values()), default=0) <= max(shape.chunk_bytes, 32 * shape.fanout)


@given(st.integers(2, 4), st.integers(0, 3), st.integers(-1, 1))
def test_around_every_full_level_nothing_is_lost(fanout: int, level: int, more: int):
    shape = Shape(1, fanout)
    content = bytes(number % 251 for number in range(fanout**level + more))
    blob, chunks = build(content, shape)
    assert b"".join(piece for _, piece in read(blob, shape, chunks)) == content


@given(wild_blobs, st.binary(max_size=200), shapes)
def test_a_hostile_index_leads_to_no_more_than_was_declared(blob: Blob, index: bytes, shape: Shape):
    try:
        top = shape.top(blob)
    except MalformedMessage:
        return
    if top is None or not top.depth:
        assert blob.length <= shape.chunk_bytes
        return
    try:
        below = list(shape.below(top, index))
    except MalformedMessage:
        return
    assert sum(span.length for span in below) == blob.length <= BLOB_BYTES_MAX
    assert {span.depth for span in below} == {top.depth - 1}
    assert len(below) <= shape.fanout


@pytest.mark.long
@given(st.dictionaries(paths, st.tuples(st.sampled_from("fx"), st.integers(0, 9)), max_size=12), st.integers(1, 50))
def test_a_listing_comes_back_in_whatever_pieces_it_arrives(tree: dict[str, tuple[str, int]], piece_bytes: int):
    kept: list[Entry] = []
    for path, (kind, length) in sorted(tree.items(), key=lambda item: item[0].split("/")):
        if not kept or not (path + "/").startswith(kept[-1].path + "/"):  # no path is a file and a folder at once
            kept.append(Entry(path, kind, Blob(length, bytes(32) if length else b"")))  # type: ignore[arg-type]
    content = b"".join(map(encode_entry, kept))
    reader = ListingReader()
    found: list[Entry] = []
    for start in range(0, len(content), piece_bytes):
        found += reader.feed(content[start : start + piece_bytes])
    reader.finish()
    assert found == kept


@given(st.lists(st.builds(Entry, wild_paths | paths, st.sampled_from("fxd"), wild_blobs), max_size=4), st.binary())
def test_no_hostile_listing_leads_out_of_its_folder_or_names_a_place_twice(entries: list[Entry], tail: bytes):
    content = b"".join(
        len(raw).to_bytes(2, "big") + raw for raw in (msgspec.msgpack.encode(entry) for entry in entries)
    )
    reader = ListingReader()
    found: list[Entry] = []
    try:
        found.extend(reader.feed(content + tail))
        reader.finish()
    except MalformedMessage:
        pass
    taken: set[PurePosixPath] = set()
    for entry in found:
        path = PurePosixPath(entry.path)
        assert not path.is_absolute()
        assert not {"..", ".", ""}.intersection(entry.path.split("/"))
        if is_possible_on_windows(entry.path):  # whatever is not is refused there when it is fetched
            assert PureWindowsPath("\\", entry.path).parts[1:] == path.parts
        assert len(path.parts) <= PATH_NAMES_MAX
        assert all(len(name.encode()) <= NAME_BYTES_MAX for name in path.parts)
        assert taken.isdisjoint({path, *path.parents})
        taken.add(path)
        assert entry.content.length <= BLOB_BYTES_MAX


@given(st.binary(max_size=300) | anything.map(msgspec.msgpack.encode))
def test_no_bytes_make_a_listing_or_a_root_fail_otherwise_than_said(content: bytes):
    for use in (lambda: list(ListingReader().feed(content)), lambda: decode_root(content)):
        try:
            use()
        except MalformedMessage:
            continue


@given(
    st.builds(
        Root, st.just(MARK) | st.text(max_size=3), st.sampled_from("fxd"), names | wild_names,
        st.integers(-1, 5) | st.integers(0, 2**63), st.integers(-1, 5), st.integers(-1, 5) | st.integers(0, 2**63),
        wild_blobs,
    )
)  # fmt: skip
def test_a_root_that_is_believed_bounds_all_that_follows(root: Root):
    try:
        believed = decode_root(msgspec.msgpack.encode(root))
    except MalformedMessage:
        return
    assert is_path_allowed(believed.name)
    assert "/" not in believed.name
    assert 0 <= believed.length <= BLOB_BYTES_MAX
    assert believed.kind == "d" or believed.length == believed.content.length
    assert believed.content.length <= max(believed.length, believed.entries * ENTRY_BYTES_MAX)
    assert encode_root(believed) == msgspec.msgpack.encode(root)
