"""What holds for every tree of files, and for every sequence of bytes that claims to be a manifest."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath, PureWindowsPath
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault.errors import MalformedMessage
from node.vault.share.tree import (
    Manifest,
    TreeFile,
    address_of,
    decode_manifest,
    encode_manifest,
    is_path_allowed,
    manifest_of,
    tree_hash,
    tree_hash_of,
)

DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}

# Only files have a dot, so that no path is a file and a folder at once.
folder_names = st.text("abc_-1", min_size=1, max_size=5)
file_names = st.builds("{}.py".format, folder_names)
paths = st.builds(lambda folders, name: "/".join([*folders, name]), st.lists(folder_names, max_size=4), file_names)
trees = st.dictionaries(paths, st.tuples(st.booleans(), st.binary(max_size=100)), max_size=12)

wild_names = st.sampled_from(
    ["..", ".", "", "a", "A", "b.", "b ", "C:", "C:\\x", "\\\\s\\t", "nul", "Con.x", "com1 .y"]
)
# One name that something may be wrong with, between good ones: else the others would hide it.
wild_paths = st.builds(
    lambda before, name, after: "/".join([*before, name, *after]),
    st.lists(folder_names, max_size=2),
    wild_names | st.text(max_size=4),
    st.lists(folder_names, max_size=2),
)
wild_files = st.builds(
    TreeFile,
    path=wild_paths | paths,
    is_executable=st.booleans(),
    sha256=st.just("0" * 64) | st.text("0aA/", min_size=63, max_size=65),
    length=st.just(0) | st.integers(-(2**63), 2**64 - 1) | st.integers(0, 3 << 20),
    chunks=st.lists(st.just(bytes(32)) | st.binary(max_size=40), max_size=3).map(tuple),
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


def files_of(tree: dict[str, tuple[bool, bytes]]) -> list[tuple[str, bool, bytes]]:
    return [(path, is_executable, content) for path, (is_executable, content) in tree.items()]


def is_inside_everywhere(path: str) -> bool:
    """Whether the two kinds of systems, asked in their own terms, agree on a place inside the tree."""
    posix, windows = PurePosixPath(path), PureWindowsPath(path)
    is_relative = not posix.is_absolute() and not windows.drive and not windows.root
    names = [name.split(".")[0].rstrip(" ").upper() for name in windows.parts]
    return is_relative and posix.parts == windows.parts and ".." not in posix.parts and not DEVICES.intersection(names)


def read_or_refuse(content: bytes) -> None:
    """Read strange bytes: the only error is MalformedMessage, and what passes is within all limits."""
    try:
        manifest = decode_manifest(content)
    except MalformedMessage:
        return
    listed = [file.path for file in manifest.files]
    assert listed == sorted(set(listed))
    assert all(is_inside_everywhere(path) for path in listed)
    assert all(bytes.fromhex(file.sha256).hex() == file.sha256 for file in manifest.files)
    assert all((file.length == 0) == (not file.chunks) and file.length >= 0 for file in manifest.files)
    assert decode_manifest(encode_manifest(manifest)) == manifest


@pytest.mark.long
@given(trees)
def test_a_tree_comes_back_from_its_manifest_and_chunks(tree: dict[str, tuple[bool, bytes]]) -> None:
    manifest, chunks = manifest_of(files_of(tree))
    fetched = decode_manifest(encode_manifest(manifest))

    assert fetched == manifest
    assert tree == {
        file.path: (file.is_executable, b"".join(chunks[address] for address in file.chunks)) for file in fetched.files
    }
    assert all(address_of(chunk) == address for address, chunk in chunks.items())
    assert all(hashlib.sha256(tree[file.path][1]).hexdigest() == file.sha256 for file in fetched.files)


@pytest.mark.long
@given(trees, st.randoms(use_true_random=False))
def test_neither_tree_hash_nor_manifest_depend_on_the_order_given(
    tree: dict[str, tuple[bool, bytes]], chance: Random
) -> None:
    files = files_of(tree)
    shuffled = list(files)
    chance.shuffle(shuffled)

    assert manifest_of(shuffled) == manifest_of(files)
    entries = [(path, mark, hashlib.sha256(content).hexdigest()) for path, mark, content in shuffled]
    assert tree_hash(entries) == tree_hash_of(manifest_of(files)[0])


@pytest.mark.long
@given(trees, trees)
def test_different_trees_have_different_hashes(
    one: dict[str, tuple[bool, bytes]], other: dict[str, tuple[bool, bytes]]
) -> None:
    first, second = (tree_hash_of(manifest_of(files_of(tree))[0]) for tree in (one, other))

    assert (first == second) == (one == other)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refuse(content)


@pytest.mark.long
@given(anything)
def test_any_message_is_read_or_refused(message: object) -> None:
    read_or_refuse(msgspec.msgpack.encode(message))


@pytest.mark.long
@given(trees, st.data())
def test_any_damage_to_a_manifest_is_read_or_refused(tree: dict[str, tuple[bool, bytes]], data: st.DataObject) -> None:
    content = bytearray(encode_manifest(manifest_of(files_of(tree))[0]))
    start = data.draw(st.integers(0, len(content)))
    content[start : start + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))

    read_or_refuse(bytes(content))


@pytest.mark.long
@given(st.lists(wild_files, max_size=4))
def test_any_manifest_of_a_stranger_is_read_or_refused(files: list[TreeFile]) -> None:
    read_or_refuse(msgspec.msgpack.encode(Manifest(tuple(sorted(files, key=lambda file: file.path)))))


@given(wild_paths)
def test_a_path_that_is_allowed_stays_inside_the_tree_on_every_system(path: str) -> None:
    assert not is_path_allowed(path) or is_inside_everywhere(path)
