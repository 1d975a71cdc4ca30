"""A look at the disk breaks the real thing: a folder in the way, a disk unplugged, full, or read-only."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.api import checks
from node.api.schema import Check
from node.supervisor.disk_look import LOOK_BYTES, NAME, look
from node.supervisor.space import FREE_BYTES_MIN
from tests.unit.test_checks import WELL

CAN_MOUNT = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("incoming", "chunks"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, 64 kB small."""
    if not CAN_MOUNT:
        pytest.skip("a disk of its own needs the right to mount one")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=False)
    if made.returncode:
        pytest.skip("this machine does not let us mount a disk")
    try:
        (tmp_path / "chunks").mkdir()
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def said(folder: Path) -> Check:
    """What the farmer is told after a look."""
    return checks.checks(replace(WELL, disk=checks.DiskLook(0.0, *look(folder, os.urandom))))[0]


def test_a_disk_that_works_is_left_as_it_was(folder: Path):
    assert said(folder).result == "ok"
    assert sorted(path.name for path in folder.iterdir()) == ["chunks", "incoming"]


def test_what_a_look_left_when_the_power_went_is_no_trouble(folder: Path):
    (folder / NAME).write_bytes(b"half")
    assert said(folder).result == "ok"
    assert not (folder / NAME).exists()


def test_an_unplugged_disk_is_named_although_its_mount_point_can_be_written(folder: Path):
    (folder / "chunks").rmdir()
    check = said(folder)
    assert (check.result, check.sentence) == ("bad", "The disk with the pieces is not there.")
    assert check.advice == "Plug it back in."


def test_a_folder_that_is_a_file_now_is_not_there(folder: Path):
    shutil.rmtree(folder / "chunks")
    (folder / "chunks").write_bytes(b"")
    assert said(folder).sentence == "The disk with the pieces is not there."


def test_something_in_the_way_is_named_with_its_reason(folder: Path):
    (folder / NAME).mkdir()
    check = said(folder)
    assert check.result == "bad"
    assert check.sentence.startswith("The disk cannot be written: Is a directory")


def test_nothing_is_followed_that_a_vault_puts_there_however_fast_it_is(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    letter = tmp_path_factory.mktemp("private") / "letter"
    letter.write_bytes(b"dear")
    monkeypatch.setattr(Path, "unlink", lambda path, **_: path.is_symlink() or path.symlink_to(letter))
    assert said(folder).sentence == "The disk cannot be written: File exists."
    assert letter.read_bytes() == b"dear"


def test_a_read_only_disk_is_named(disk: Path):
    assert said(disk).result == "ok"
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert said(disk).sentence == "The disk cannot be written: Read-only file system."


def test_a_full_disk_is_named(disk: Path):
    (disk / "film").write_bytes(bytes(64 << 10))
    assert said(disk).sentence == "The disk cannot be written: it is full."


def test_a_disk_that_has_room_and_takes_no_more_files_is_not_said_to_be_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    def out_of_inodes(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "open", out_of_inodes)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=FREE_BYTES_MIN))
    found = said(folder)
    assert found.sentence == "The disk cannot be written: it takes no more files."
    assert "Make room" in found.advice


def test_a_disk_that_gives_back_something_else_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: read(descriptor, size)[:-1] + b"?")
    assert said(folder).sentence == "The disk gives back something else than was written to it."


def test_what_is_written_comes_from_chance_so_that_no_old_file_can_pass_for_it(folder: Path):
    asked: list[int] = []

    def chance(size: int) -> bytes:
        asked.append(size)
        return os.urandom(size)

    assert look(folder, chance) == ("", "")
    assert asked == [LOOK_BYTES]
