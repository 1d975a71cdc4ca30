"""A tree of files as chunks, told by examples; what holds for every tree is in tests/property/test_tree.py."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from node.vault.errors import MalformedMessage
from node.vault.share.tree import (
    CHUNK_BYTES_MAX,
    FILE_CHUNKS_MAX,
    FILES_MAX,
    MANIFEST_BYTES_MAX,
    NAME_CHARACTERS_MAX,
    PATH_CHARACTERS_MAX,
    PATH_NAMES_MAX,
    Manifest,
    TreeFile,
    address_of,
    decode_manifest,
    encode_manifest,
    is_path_allowed,
    manifest_of,
    split,
    tree_hash,
    tree_hash_of,
)

HASH = hashlib.sha256(b"").hexdigest()


def empty_file(path: str, sha256: str = HASH) -> TreeFile:
    return TreeFile(path, is_executable=False, sha256=sha256, length=0, chunks=())


def encoded(*files: TreeFile) -> bytes:
    """What a stranger may send: nothing was checked."""
    return msgspec.msgpack.encode(Manifest(files))


class TestTheTreeHash:
    def test_is_that_of_the_compact_list_of_marks_paths_and_hashes(self) -> None:
        listed = f'[["x","a/run","{HASH}"],["f","b.py","{HASH}"]]'

        assert tree_hash([("b.py", False, HASH), ("a/run", True, HASH)]) == hashlib.sha256(listed.encode()).hexdigest()

    def test_of_nothing_is_that_of_an_empty_list(self) -> None:
        assert tree_hash([]) == hashlib.sha256(b"[]").hexdigest()

    @pytest.mark.parametrize("other", [("b", False, HASH), ("a", True, HASH), ("a", False, "0" * 64)])
    def test_changes_with_path_mark_and_content(self, other: tuple[str, bool, str]) -> None:
        assert tree_hash([other]) != tree_hash([("a", False, HASH)])

    def test_is_the_same_from_the_manifest(self) -> None:
        manifest, _ = manifest_of([("b", True, b""), ("a", False, b"")])

        assert tree_hash_of(manifest) == tree_hash([("a", False, HASH), ("b", True, HASH)])


class TestAFile:
    def test_that_is_empty_has_no_chunk(self) -> None:
        assert split(b"") == []

    def test_of_one_byte_more_than_a_chunk_has_two(self) -> None:
        assert [len(part) for part in split(bytes(CHUNK_BYTES_MAX + 1))] == [CHUNK_BYTES_MAX, 1]

    def test_comes_back_from_the_chunks_that_the_manifest_lists(self) -> None:
        content = bytes(CHUNK_BYTES_MAX) + b"the rest"
        manifest, chunks = manifest_of([("large", False, content)])

        (file,) = manifest.files
        assert b"".join(chunks[address] for address in file.chunks) == content
        assert all(address_of(chunk) == address for address, chunk in chunks.items())

    def test_equal_to_another_shares_its_chunks(self) -> None:
        _, chunks = manifest_of([("a", False, b"same"), ("b", False, b"same")])

        assert list(chunks.values()) == [b"same"]


class TestAPath:
    @pytest.mark.parametrize(
        "path",
        [
            *("", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", ".", "./a", "a/./b", "a//b", "a/"),
            *("C:/x", "c:x", "a:stream", "\\x", "a\\..\\..\\x", "\\\\server\\share", "a|b", "a*", "a?", '"', "<", ">"),
            *("nul", "NUL", "node/aux.py", "con", "COM1", "lpt9.tar.gz", "prn .txt", "CONIN$", "a/CONOUT$/b"),
            *("a.", "a ", "a. /b", "...", "a\0b", "a\nb", "a\x7f", "ä", "a\N{RIGHT-TO-LEFT OVERRIDE}b"),
            "x" * (NAME_CHARACTERS_MAX + 1),
            "/".join(["x" * 100] * 5),
            "a/" * PATH_NAMES_MAX + "b",
        ],
    )
    def test_that_could_leave_the_tree_or_differ_between_systems_is_refused(self, path: str) -> None:
        assert not is_path_allowed(path)
        with pytest.raises(MalformedMessage):
            decode_manifest(encoded(empty_file(path)))
        with pytest.raises(MalformedMessage):
            manifest_of([(path, False, b"")])

    @pytest.mark.parametrize(
        "path",
        [
            *("node/__init__.py", ".gitignore", "a b/c-d_e", "console.py", "null", "com10", "aux-1/x", "auxiliary.py"),
            *("x" * NAME_CHARACTERS_MAX, "a/" * (PATH_NAMES_MAX - 1) + "b"),
        ],
    )
    def test_of_usual_kind_is_allowed(self, path: str) -> None:
        assert is_path_allowed(path)

    @pytest.mark.parametrize(
        "paths",
        [
            ("a", "a"),
            ("b", "a"),
            ("A", "a"),
            ("A/x", "a/y"),
            ("a", "a/b"),
            ("A", "a/b"),
            ("a/B/c", "a/b"),
        ],
    )
    def test_that_meets_another_on_some_system_is_refused(self, paths: tuple[str, ...]) -> None:
        with pytest.raises(MalformedMessage):
            decode_manifest(encoded(*map(empty_file, paths)))

    def test_given_twice_is_refused(self) -> None:
        with pytest.raises(MalformedMessage):
            manifest_of([("a", False, b"1"), ("a", True, b"2")])

    def test_of_a_megabyte_is_refused_at_once(self) -> None:
        path = "a/" * (MANIFEST_BYTES_MAX // 2 - 100)  # all its folders together would be 250 gigabytes

        with pytest.raises(MalformedMessage) as refusal:
            decode_manifest(encoded(empty_file(path)))
        assert len(str(refusal.value)) < 2 * PATH_CHARACTERS_MAX


class TestAManifest:
    def test_has_the_same_bytes_whatever_the_order_of_the_files(self) -> None:
        files = [("a", False, b"1"), ("b/c", True, b"2")]

        assert encode_manifest(manifest_of(files)[0]) == encode_manifest(manifest_of(files[::-1])[0])

    def test_of_no_files_is_one(self) -> None:
        assert decode_manifest(encode_manifest(manifest_of([])[0])) == Manifest(())

    @pytest.mark.parametrize("sha256", ["", HASH[:-1], HASH + "0", HASH.upper(), HASH[:-1] + "/", "../" * 21 + "x"])
    def test_whose_hash_is_none_is_refused(self, sha256: str) -> None:
        with pytest.raises(MalformedMessage):
            decode_manifest(encoded(empty_file("a", sha256)))

    @pytest.mark.parametrize(
        ("length", "chunks"),
        [
            (-1, ()),
            (0, (bytes(32),)),
            (1, ()),
            (1, (bytes(31),)),
            (1, (bytes(32), bytes(32))),
            (CHUNK_BYTES_MAX + 1, (bytes(32),)),
            ((FILE_CHUNKS_MAX + 1) * CHUNK_BYTES_MAX, (bytes(32),) * (FILE_CHUNKS_MAX + 1)),
        ],
    )
    def test_whose_chunks_do_not_fit_the_length_is_refused(self, length: int, chunks: tuple[bytes, ...]) -> None:
        with pytest.raises(MalformedMessage):
            decode_manifest(encoded(TreeFile("a", is_executable=False, sha256=HASH, length=length, chunks=chunks)))

    def test_of_too_many_files_is_refused(self) -> None:
        with pytest.raises(MalformedMessage):
            manifest_of([(f"{number:06}", False, b"") for number in range(FILES_MAX + 1)])

    def test_of_too_many_bytes_is_neither_made_nor_read(self) -> None:
        manifest, _ = manifest_of([(f"{number:06}" + "x" * 100, False, b"") for number in range(FILES_MAX)])

        with pytest.raises(MalformedMessage):
            encode_manifest(manifest)
        with pytest.raises(MalformedMessage):
            decode_manifest(msgspec.msgpack.encode(manifest))
