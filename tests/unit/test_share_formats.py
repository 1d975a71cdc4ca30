"""The formats of a share at their limits."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pytest

from node.vault.errors import MalformedMessage
from node.vault.share.blob import BLOB_BYTES_MAX, EMPTY, SHAPE, Blob, Shape, Span
from node.vault.share.listing import ENTRIES_MAX, ENTRY_BYTES_MAX, Entry, ListingReader, encode_entry
from node.vault.share.names import is_name_allowed, is_path_allowed, is_possible_on_windows, merged
from node.vault.share.root import MARK, ROOT_BYTES_MAX, Root, decode_root, encode_root

ADDRESS = bytes(32)


def entry(path: str, kind: str = "f", content: Blob = EMPTY) -> Entry:
    return Entry(path, kind, content)  # type: ignore[arg-type]


def read(*entries: Entry) -> list[Entry]:
    return list(ListingReader().feed(b"".join(map(encode_entry, entries))))


class TestBlob:
    def test_the_largest_one_is_three_indexes_deep(self):
        top = SHAPE.top(Blob(BLOB_BYTES_MAX, ADDRESS))
        assert top == Span(ADDRESS, 3, 0, BLOB_BYTES_MAX)

    @pytest.mark.parametrize(
        ("length", "depth"), [(1, 0), (1 << 20, 0), ((1 << 20) + 1, 1), (1 << 32, 1), ((1 << 32) + 1, 2)]
    )
    def test_the_length_alone_says_how_deep_it_is(self, length: int, depth: int):
        top = SHAPE.top(Blob(length, ADDRESS))
        assert top is not None
        assert top.depth == depth

    @pytest.mark.parametrize(
        "blob",
        [Blob(-1, ADDRESS), Blob(BLOB_BYTES_MAX + 1, ADDRESS), Blob(1, b""), Blob(1, b"a" * 31), Blob(0, ADDRESS)],
    )
    def test_one_outside_its_limits_is_refused(self, blob: Blob):
        with pytest.raises(MalformedMessage):
            SHAPE.top(blob)

    @pytest.mark.parametrize("count", [0, 2, 4])
    def test_an_index_with_other_than_the_due_number_of_addresses_is_refused(self, count: int):
        with pytest.raises(MalformedMessage):
            list(Shape(10, 4).below(Span(ADDRESS, 1, 0, 25), ADDRESS * count))


class TestNames:
    @pytest.mark.parametrize("name", ["a", "Grüße.txt", "苗木.jpg", "🌱", ".hidden", "a: b?", "x" * 255, "ä" * 127])
    def test_what_people_write_is_allowed(self, name: str):
        assert is_name_allowed(name)

    @pytest.mark.parametrize(
        "name",
        ["", ".", "..", "a/b", "a\\b", "nul", "CON.txt", "com1", "a\nb", "a\x1b[31m", "gpj\u202eexe", "\ud800",
         "e\u0301", "x" * 256, "ä" * 128],
    )  # fmt: skip
    def test_what_leads_elsewhere_or_deceives_is_not(self, name: str):
        assert not is_name_allowed(name)
        assert "/" in name or not is_path_allowed(f"a/{name}/b")

    @pytest.mark.parametrize("kind", ["com", "lpt", "COM"])
    @pytest.mark.parametrize("digit", "¹²³")  # which Windows takes for digits
    def test_a_device_with_a_raised_digit_is_not(self, kind: str, digit: str):
        for name in (f"{kind}{digit}", f"{kind}{digit}.txt"):
            assert PureWindowsPath(name).is_reserved()
            assert not is_name_allowed(name)

    def test_paths_have_limits_of_their_own(self):
        assert is_path_allowed("/".join("a" * 64))
        assert not is_path_allowed("/".join("a" * 65))
        assert not is_path_allowed("/".join(["x" * 255] * 16))
        assert not is_path_allowed("/a")
        assert not is_path_allowed("a/")

    def test_windows_allows_less(self):
        assert is_possible_on_windows("a/b c.txt")
        assert not any(map(is_possible_on_windows, ("a:b", "what?", "end.", "a /b", '"', "a|b")))

    def test_names_that_a_disk_would_merge_are_the_same(self):
        assert merged("Straße") == merged("STRASSE")
        assert merged("Ä") == merged("ä") != merged("a")
        assert merged("a\u200d") == merged("\ufeffA") == merged("a")  # HFS+ does not see what joins signs


class TestListing:
    @pytest.mark.parametrize(
        "paths",
        [("b", "a"), ("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b"), ("a", "../b"), ("a-b", "a/b"), ("/a",)],
    )
    def test_what_is_out_of_order_or_out_of_its_folder_is_refused(self, paths: tuple[str, ...]):
        with pytest.raises(MalformedMessage):
            read(*map(entry, paths))

    def test_what_is_in_a_folder_stands_together(self):
        assert len(read(entry("a/b"), entry("a-b"))) == 2

    def test_a_folder_has_no_content(self):
        with pytest.raises(MalformedMessage):
            read(entry("a", "d", Blob(1, ADDRESS)))

    def test_an_entry_over_its_limit_is_not_waited_for(self):
        with pytest.raises(MalformedMessage):
            list(ListingReader().feed((ENTRY_BYTES_MAX - 1).to_bytes(2, "big")))
        assert list(ListingReader().feed((ENTRY_BYTES_MAX - 2).to_bytes(2, "big"))) == []

    def test_an_end_within_an_entry_is_noticed(self):
        reader = ListingReader()
        assert list(reader.feed(encode_entry(entry("a"))[:-1])) == []
        with pytest.raises(MalformedMessage):
            reader.finish()


class TestRoot:
    FILE = Root(MARK, "f", "a", 5, 1, 0, Blob(5, ADDRESS))
    FOLDER = Root(MARK, "d", "a", 5, 1, 2, Blob(50, ADDRESS))

    @pytest.mark.parametrize("root", [FILE, FOLDER])
    def test_one_comes_back_as_it_was(self, root: Root):
        assert decode_root(encode_root(root)) == root

    @pytest.mark.parametrize(
        "root",
        [
            Root(MARK, "f", "../a", 5, 1, 0, Blob(5, ADDRESS)),
            Root(MARK, "f", "a", 6, 1, 0, Blob(5, ADDRESS)),
            Root(MARK, "f", "a", 5, 2, 0, Blob(5, ADDRESS)),
            Root(MARK, "d", "a", 5, 3, 2, Blob(50, ADDRESS)),
            Root(MARK, "d", "a", 5, 1, ENTRIES_MAX + 1, Blob(50, ADDRESS)),
            Root(MARK, "d", "a", 5, 1, 1, Blob(ENTRY_BYTES_MAX + 1, ADDRESS)),
            Root(MARK, "d", "a", BLOB_BYTES_MAX + 1, 1, 2, Blob(50, ADDRESS)),
        ],
    )
    def test_one_whose_parts_do_not_belong_together_is_refused(self, root: Root):
        import msgspec

        with pytest.raises(MalformedMessage):
            decode_root(msgspec.msgpack.encode(root))

    @pytest.mark.parametrize("content", [b"", b"\xc1", b"hello", bytes(ROOT_BYTES_MAX + 1)])
    def test_what_is_no_root_is_refused(self, content: bytes):
        with pytest.raises(MalformedMessage):
            decode_root(content)
