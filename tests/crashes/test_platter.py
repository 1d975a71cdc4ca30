"""Which disks a power cut may leave of a real folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from node.vault.storage.filesystem import write_durably
from tests.crashes.platter import Platter, put_down


def left(folder: Path, change: Callable[[], object]) -> list[set[tuple[str, bytes | None]]]:
    """What may be found of the folder after the power failed at some point of the change."""
    platter = Platter(folder, lambda: None)
    with platter.watched():
        change()
    return [{(name, content) for name, _, content in disk} for disk in platter.moments]


def write(path: Path, content: bytes) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, content)
    return descriptor


def test_a_new_file_that_nobody_flushed_may_be_absent_empty_half_or_whole(tmp_path: Path):
    found = left(tmp_path, lambda: os.close(write(tmp_path / "new", b"four")))
    contents = {dict(disk).get("new") for disk in found}
    assert contents == {None, b"", b"fo", b"four", bytes(4)}


def test_one_that_was_flushed_without_its_folder_may_be_absent_but_is_never_torn(tmp_path: Path):
    flushed: list[str] = []
    platter = Platter(tmp_path, lambda: tuple(flushed))
    with platter.watched():
        descriptor = write(tmp_path / "new", b"four")
        os.fsync(descriptor)
        os.close(descriptor)
        flushed.append("new")
        (tmp_path / "later").mkdir()
    last = [disk for disk, said in platter.moments.items() if ("new",) in said]
    assert {content for disk in last for name, _, content in disk if name == "new"} == {b"four"}
    assert any(not disk for disk in last)


def test_a_file_that_is_replaced_as_a_state_file_is_old_or_new(tmp_path: Path):
    (tmp_path / "state").write_bytes(b"old one")
    found = left(tmp_path, lambda: write_durably(tmp_path / "state", b"new"))
    assert {dict(disk)["state"] for disk in found} == {b"old one", b"new"}


def test_a_removed_name_may_come_back_until_its_folder_was_flushed(tmp_path: Path):
    (tmp_path / "gone").write_bytes(b"content")

    def change() -> None:
        (tmp_path / "gone").unlink()
        descriptor = os.open(tmp_path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    found = left(tmp_path, change)

    assert sorted(map(len, found)) == [0, 1]


def test_two_names_of_one_file_stay_that(tmp_path: Path):
    (tmp_path / "one").write_bytes(b"content")
    platter = Platter(tmp_path, lambda: None)
    with platter.watched():
        os.link(tmp_path / "one", tmp_path / "two")
    both = next(disk for disk in platter.moments if len(disk) == 2)

    put_down(both, tmp_path)

    assert (tmp_path / "one").stat().st_ino == (tmp_path / "two").stat().st_ino
