"""A copy of a vault's data is worth as much as the data, and whatever is done to it is not done to them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from node.update.files.links import LINKLESS, copy_data

CHUNK = "a" * 64


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, content in ((f"chunks/{CHUNK}", b"chunk"), ("incoming/tally", b"tally"), ("note", b"note")):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(content)
    return tmp_path / "data"


def linkless(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_chunk_is_the_same_file_and_all_else_another(data: Path, tmp_path: Path):
    copy_data(data, tmp_path / "copy", 9)

    assert files(tmp_path / "copy") == files(data)
    assert (tmp_path / "copy/chunks" / CHUNK).samefile(data / "chunks" / CHUNK)
    for name in ("incoming/tally", "note"):
        assert not (tmp_path / "copy" / name).samefile(data / name)


def test_what_is_done_to_the_copy_is_not_done_to_the_data(data: Path, tmp_path: Path):
    before = files(data)
    copy_data(data, tmp_path / "copy", 9)
    (tmp_path / "copy/chunks" / CHUNK).unlink()
    (tmp_path / "copy/incoming/tally").write_bytes(b"other")

    assert files(data) == before


@pytest.mark.parametrize("number", sorted(LINKLESS))
def test_without_links_chunks_are_copied_too(data: Path, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch):
    linkless(monkeypatch, number)
    copy_data(data, tmp_path / "copy", 14)

    assert files(tmp_path / "copy") == files(data)
    assert not (tmp_path / "copy/chunks" / CHUNK).samefile(data / "chunks" / CHUNK)


def test_no_more_is_copied_than_there_is_room_for(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    linkless(monkeypatch, errno.EPERM)
    with pytest.raises(OSError, match="No space left"):
        copy_data(data, tmp_path / "copy", 13)


def test_a_disk_that_fails_is_not_taken_for_one_without_links(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    linkless(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        copy_data(data, tmp_path / "copy", 100)


def test_what_cannot_belong_to_a_store_is_left_behind(data: Path, tmp_path: Path):
    before = files(data)
    (data / "chunks" / ("b" * 64)).symlink_to("/etc/passwd")
    os.mkfifo(data / "incoming" / "0")
    (data / "chunks" / "deep").mkdir()
    (data / "chunks" / "deep" / "file").write_bytes(b"deep")

    copy_data(data, tmp_path / "copy", 9)
    assert files(tmp_path / "copy") == before
