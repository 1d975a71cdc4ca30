"""A share that is being fetched survives a power cut as soon as it stands under its name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from node.api.shares.errors import NeverHere
from node.api.shares.part import Part
from node.vault.share.blob import EMPTY
from node.vault.share.listing import FILE, FOLDER, Entry


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were flushed, in order."""
    found: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        found.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return found


def test_a_file_is_flushed_before_it_gets_its_name_and_its_folder_after_that(tmp_path: Path, flushed: list[int]):
    part = Part(tmp_path / "out", "a" * 64)
    part.open(FILE, 3, 1)
    part.begin(Entry("", FILE, EMPTY))
    part.write(0, b"abc")
    part.end()
    content = (part.folder / "content").stat().st_ino
    assert flushed == [content]

    part.finish()
    part.close()

    assert (tmp_path / "out").read_bytes() == b"abc"
    assert flushed == [content] + ([tmp_path.stat().st_ino] if sys.platform != "win32" else [])


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be flushed there")
def test_every_folder_of_a_share_is_flushed_before_the_whole_gets_its_name(tmp_path: Path, flushed: list[int]):
    part = Part(tmp_path / "out", "a" * 64)
    part.open(FOLDER, 0, 2)
    for path in ("a/b/file", "c/file"):
        part.begin(Entry(path, FILE, EMPTY))
        part.end()
    part.finish()
    part.close()

    out = tmp_path / "out"
    for folder in (out, out / "a", out / "a" / "b", out / "c"):
        assert folder.stat().st_ino in flushed[: flushed.index(tmp_path.stat().st_ino)]


def test_on_macos_the_drives_own_cache_is_emptied_for_each_file_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fcntl = pytest.importorskip("fcntl")
    asked: list[int] = []
    part = Part(tmp_path / "out", "a" * 64)
    part.open(FOLDER, 0, 1)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda descriptor, _: asked.append(os.fstat(descriptor).st_ino))

    part.begin(Entry("a/file", FILE, EMPTY))
    part.end()
    part.finish()
    part.close()

    out = tmp_path / "out"
    assert asked == [found.stat().st_ino for found in (out / "a" / "file", out / "a", out, tmp_path)]


@pytest.mark.parametrize("name", ["out", "straße"])
def test_a_disk_that_merges_names_is_known_whatever_the_target_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    def merged(name: str) -> str:
        """What NTFS makes of a name: a sign never becomes two."""
        return "".join(sign.upper() if len(sign.upper()) == 1 else sign for sign in name)

    def is_there(path: Path) -> bool:
        return merged(path.name) in {merged(found.name) for found in path.parent.iterdir()}

    monkeypatch.setattr(Path, "exists", is_there)
    part = Part(tmp_path / name, "a" * 64)
    part.open(FOLDER, 0, 2)
    part.begin(Entry("Beds", FILE, EMPTY))
    part.end()
    with pytest.raises(NeverHere):
        part.begin(Entry("beds", FILE, EMPTY))
    part.remove()
