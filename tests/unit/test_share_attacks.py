"""Shares made to do harm: nothing of them is kept, and nothing is written outside of the target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.api.shares import getting
from node.api.shares import part as part_module
from node.api.shares.errors import NeverHere
from node.vault.share import listing
from node.vault.share.blob import EMPTY, Blob
from node.vault.share.listing import Entry
from node.vault.share.root import MARK, Root, encode_root
from tests.share_world import MIB, World, sharing, tree_of


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with sharing(tmp_path, monkeypatch) as world:
        yield world


class TestHostileShares:
    def refused(self, world: World, address: str) -> str:
        said = world.fail("get", address, "-o", str(world.folder / "out"))
        assert world.left() == set(), "something was left"
        return said

    @pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\evil", "a\x00"])
    def test_no_path_leads_out_of_the_target(self, world: World, path: str):
        blob = world.keep_blob(b"evil")
        address = world.keep_folder(Entry(path, "f", blob), length=4, files=1)
        assert self.refused(world, address).startswith("The share breaks the rules, so nothing of it is kept: ")

    @pytest.mark.parametrize("name", ["C:startup.exe", "a:b", "end."])
    def test_a_share_whose_name_is_none_on_windows_needs_another_one_there(
        self, world: World, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        address = world.keep(encode_root(Root(MARK, "f", name, 4, 1, 0, world.keep_blob(b"evil")))).hex()
        monkeypatch.chdir(world.folder)
        with monkeypatch.context() as patched:
            patched.setattr(getting, "sys", SimpleNamespace(platform="win32"))
            said = world.fail("get", address)
            assert said == f"The share is called {name}, which is no name on this system; name a place with -o."
            assert world.left() == set()
            assert world.get(address).read_bytes() == b"evil"
        assert world.call("get", address).exit_code == 0
        assert world.left() == {"out", name}

    @pytest.mark.parametrize("name", [".bash_profile", ".ssh"])
    def test_a_share_that_wants_a_hidden_name_needs_one_that_a_person_chose(
        self, world: World, monkeypatch: pytest.MonkeyPatch, name: str
    ):
        address = world.keep(encode_root(Root(MARK, "f", name, 4, 1, 0, world.keep_blob(b"evil")))).hex()
        monkeypatch.chdir(world.folder)

        said = world.fail("get", address)

        assert said.startswith(f"The share is called {name}, a name that is hidden ")
        assert said.endswith("; name a place with -o.")
        assert world.left() == set()
        assert world.get(address).read_bytes() == b"evil"
        assert world.call("get", address, "-o", name).exit_code == 0

    def test_no_more_is_written_than_was_declared(self, world: World):
        blob = world.keep_blob(b"evil")
        entries = (Entry("a", "f", blob), Entry("b", "f", blob))
        for length, files, count in ((4, 2, 2), (8, 1, 2), (8, 1, 1)):
            address = world.keep_folder(*entries, length=length, files=files, count=count)
            assert "it holds more than it says" in self.refused(world, address)
        for length, files, count in ((9, 2, 2), (8, 2, 3)):
            address = world.keep_folder(*entries, length=length, files=files, count=count)
            assert "it holds less than it says" in self.refused(world, address)

    def test_a_short_listing_does_not_make_folders_without_end(self, world: World, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(listing, "FOLDERS_FREE", 10)
        monkeypatch.setattr(listing, "FOLDERS_PER_ENTRY", 2)
        blob = world.keep_blob(b"evil")
        deep = ["/".join([str(number), *("d" * 6), "file"]) for number in range(3)]
        address = world.keep_folder(*(Entry(path, "f", blob) for path in deep), length=12, files=3)
        assert self.refused(world, address) == (
            "The share breaks the rules, so nothing of it is kept: it holds too many folders for what lies in them."
        )
        address = world.keep_folder(*(Entry(path, "f", blob) for path in deep[:2]), length=8, files=2)
        assert sum(path.is_dir() for path in world.get(address).rglob("*")) == 14

    def test_a_chunk_of_another_length_is_refused(self, world: World):
        address = world.keep(encode_root(Root(MARK, "f", "a", 5, 1, 0, Blob(5, world.keep(b"four"))))).hex()
        assert "a chunk has 4 bytes where 5 are due" in self.refused(world, address)

    def test_an_index_that_leads_to_itself_is_refused(self, world: World):
        index = world.keep(b"\xaa" * 64)
        root = Root(MARK, "f", "a", 2 * MIB, 1, 0, Blob(2 * MIB, index))
        world.node.chunks[b"\xaa" * 32] = b"other bytes"
        assert "gave something else" in self.refused(world, world.keep(encode_root(root)).hex())

    def test_a_petabyte_is_refused_before_it_is_fetched(self, world: World):
        root = Root(MARK, "f", "a", 1 << 50, 1, 0, Blob(1 << 50, b"a" * 32))
        said = self.refused(world, world.keep(encode_root(root)).hex())
        assert "needs 1.1 PB" in said
        assert len(world.node.gets) == 1

    def test_names_that_this_disk_would_merge_are_refused(self, world: World, monkeypatch: pytest.MonkeyPatch):
        opened = part_module.Part.open

        def merging(self: Any, *arguments: Any) -> None:
            opened(self, *arguments)
            self._is_merging = True

        monkeypatch.setattr(part_module.Part, "open", merging)
        address = world.keep_folder(Entry("Beds/a", "f", EMPTY), Entry("beds/a", "f", EMPTY), length=0, files=2)
        assert self.refused(world, address) == (
            "The share holds beds/a beside another name that is the same on this disk."
        )
        blob = world.keep_blob(b"seeds")  # what no second try can use is not said to wait for one
        address = world.keep_folder(Entry("Beds/a", "f", blob), Entry("beds/a", "f", blob), length=10, files=2)
        assert self.refused(world, address) == (
            "The share holds beds/a beside another name that is the same on this disk."
        )
        address = world.keep_folder(Entry("Beds/a", "f", EMPTY), Entry("tools/a", "f", EMPTY), length=0, files=2)
        assert set(tree_of(world.get(address))) == {"Beds", "Beds/a", "tools", "tools/a"}

    def test_names_without_end_do_not_fill_the_memory_on_a_disk_that_merges_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(part_module, "NAMES_MAX", 4)
        part = part_module.Part(tmp_path / "out", "a" * 64)
        part.open("d", 0, 9)
        part._is_merging = True
        for path in ("a", "b/c", "b/d", "e/f"):  # what lies in b is forgotten once it is left
            part.begin(Entry(path, "d", EMPTY))
        with pytest.raises(NeverHere) as found:
            part.begin(Entry("e/g", "d", EMPTY))
        assert str(found.value) == "The share holds more names around e/g than can be told apart on this disk."
        part.remove()
