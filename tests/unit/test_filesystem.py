"""The door to the disk, and small files that survive a power cut."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.vault.storage import filesystem
from node.vault.storage.filesystem import (
    FILE_BYTES_MAX,
    UNFINISHED,
    RealFileSystem,
    remove_unfinished,
    replace_durably,
    write_durably,
)
from tests.sim_filesystem import PowerCut, SimFileSystem

OLD, NEW = b"the old content", b"the new content, which is longer"

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither modes nor pipes nor fsync of folders"
)


def inode(path: Path) -> int:
    return path.stat().st_ino


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were flushed, in order."""
    inodes: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        inodes.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return inodes


class TestTheDisk:
    @posix_only
    def test_keeps_folders_and_files_from_other_users(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path / "vault")
        disk.write("incoming/0", b"x")

        for path, mode in (("", 0o700), ("incoming", 0o700), ("chunks", 0o700), ("incoming/0", 0o600)):
            assert stat.S_IMODE((tmp_path / "vault" / path).stat().st_mode) == mode

    @posix_only
    def test_makes_its_folders_so_that_they_survive_a_power_cut(self, tmp_path: Path, flushed: list[int]) -> None:
        RealFileSystem(tmp_path / "home" / "vault")

        assert set(flushed) == {inode(tmp_path), inode(tmp_path / "home"), inode(tmp_path / "home" / "vault")}

    def test_needs_no_right_to_make_folders_that_are_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        RealFileSystem(tmp_path)
        monkeypatch.setattr(Path, "mkdir", None)
        monkeypatch.setattr(filesystem, "_flush_folder", None)

        assert RealFileSystem(tmp_path).list("incoming") == []

    def test_never_writes_over_a_file(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path)
        disk.write("incoming/0", OLD)

        with pytest.raises(FileExistsError):
            disk.write("incoming/0", NEW)
        assert disk.read("incoming/0") == OLD

    def test_writes_all_of_a_file_even_when_the_system_takes_it_in_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        disk = RealFileSystem(tmp_path)
        write = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:7]))

        disk.write("incoming/0", NEW)
        assert disk.read("incoming/0") == NEW

    @posix_only
    def test_follows_no_link(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path)
        (tmp_path / "secret").write_bytes(b"secret")
        (tmp_path / "chunks" / "link").symlink_to(tmp_path / "secret")
        (tmp_path / "incoming" / "link").symlink_to(tmp_path / "new")

        with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
            disk.read("chunks/link")
        with pytest.raises(FileExistsError):
            disk.write("incoming/link", b"x")
        assert not (tmp_path / "new").exists()

    @posix_only
    def test_waits_at_no_pipe(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path)
        os.mkfifo(tmp_path / "chunks" / "pipe")

        with pytest.raises(OSError, match="not a regular file"):
            disk.read("chunks/pipe")

    @pytest.mark.parametrize("is_windows", [False, True])
    def test_says_that_a_folder_stands_where_a_file_should_and_keeps_nothing_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_windows: bool
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        disk = RealFileSystem(tmp_path)
        disk.write("incoming/0", NEW)
        (tmp_path / "chunks" / "folder").mkdir()
        free = os.dup(0)
        os.close(free)
        if is_windows:  # there it is only said not to be permitted
            monkeypatch.setattr(os, "replace", refuse)
            monkeypatch.setattr(os, "open", refuse)
            monkeypatch.setattr(Path, "unlink", refuse)

        for use in (
            lambda: disk.read("chunks/folder"),
            lambda: disk.replace("incoming/0", "chunks/folder"),
            lambda: disk.remove("chunks/folder"),
        ):
            with pytest.raises(IsADirectoryError):
                use()
        monkeypatch.undo()
        assert os.dup(0) == free
        os.close(free)

    def test_reads_no_file_beyond_the_limit(self, tmp_path: Path) -> None:
        disk = RealFileSystem(tmp_path)
        with (tmp_path / "chunks" / "large").open("wb") as file:
            file.truncate(FILE_BYTES_MAX + 1)

        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            disk.read("chunks/large")

    @pytest.mark.parametrize("path", ["../x", "chunks/../../x", "/etc/passwd"])
    def test_is_left_by_no_path(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(AssertionError):
            RealFileSystem(tmp_path).read(path)

    @posix_only
    def test_flushes_the_very_file_and_the_very_folder(self, tmp_path: Path, flushed: list[int]) -> None:
        disk = RealFileSystem(tmp_path)
        disk.write("incoming/0", b"x")
        flushed.clear()

        disk.fsync("incoming/0")
        disk.fsync_directory("chunks")
        assert flushed == [inode(tmp_path / "incoming" / "0"), inode(tmp_path / "chunks")]

    def test_flushes_no_folder_on_windows_where_none_can_be_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[str] = []
        disk = RealFileSystem(tmp_path)
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(os, "open", lambda path, *_: opened.append(path))

        disk.fsync_directory("chunks")
        assert opened == []

    def test_empties_the_drives_cache_on_macos(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fcntl = pytest.importorskip("fcntl")
        asked: list[int] = []
        disk = RealFileSystem(tmp_path)
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
        monkeypatch.setattr(fcntl, "fcntl", lambda _, command: asked.append(command))

        disk.fsync_directory("chunks")
        assert asked == [51]

    def test_knows_what_is_free(self, tmp_path: Path) -> None:
        assert RealFileSystem(tmp_path).free_bytes() > 0


class TestASmallFile:
    def test_holds_what_was_written_last(self, tmp_path: Path) -> None:
        write_durably(tmp_path / "state.json", OLD)
        write_durably(tmp_path / "state.json", NEW)

        assert (tmp_path / "state.json").read_bytes() == NEW
        assert names_in(tmp_path) == ["state.json"]

    @posix_only
    def test_can_be_read_by_its_owner_only(self, tmp_path: Path) -> None:
        write_durably(tmp_path / "state.json", NEW)

        assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600

    @posix_only
    def test_is_flushed_and_its_folder_after_it(self, tmp_path: Path, flushed: list[int]) -> None:
        write_durably(tmp_path / "state.json", NEW)

        assert flushed == [inode(tmp_path / "state.json"), inode(tmp_path)]

    def test_that_several_threads_write_is_one_of_theirs_and_whole(self, tmp_path: Path) -> None:
        contents = [bytes([number]) * 5_000 for number in range(40)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda content: write_durably(tmp_path / "state.json", content), contents))

        assert (tmp_path / "state.json").read_bytes() in contents
        assert names_in(tmp_path) == ["state.json"]

    def test_is_old_or_new_after_a_power_cut_at_any_moment_and_new_once_that_was_said(self) -> None:
        worlds = 0
        for cut_at in itertools.count():
            disk = SimFileSystem(cut_at=cut_at)
            disk.plant("state.json", OLD)
            is_done = False
            try:
                replace_durably(disk, "state.json", NEW)
                is_done = True
            except PowerCut:
                pass
            for world in disk.worlds_after_power_cut():
                worlds += 1
                assert world.read("state.json") in ((NEW,) if is_done else (OLD, NEW))
                assert all(name == "state.json" or name.endswith(UNFINISHED) for name in world.names)
                replace_durably(world, "state.json", b"later")  # whatever was left is not in the way
                assert world.read("state.json") == b"later"
            if is_done:
                break
        assert worlds > 10

    @pytest.mark.parametrize("skip", [0, 1, 2])
    def test_keeps_the_old_content_when_the_disk_is_full(self, skip: int) -> None:
        disk = SimFileSystem()
        disk.plant("state.json", OLD)
        disk.fail(errno.ENOSPC, skip=skip)

        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            replace_durably(disk, "state.json", NEW)
        assert {path: file.content for path, file in disk.names.items()} == {"state.json": OLD}

    def test_that_cannot_be_flushed_into_its_folder_is_not_said_to_be_new(self) -> None:
        disk = SimFileSystem()
        disk.fail(errno.EIO, skip=3)

        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            replace_durably(disk, "state.json", NEW)

    def test_leaves_no_leftovers_of_earlier_power_cuts_once_they_were_removed(self, tmp_path: Path) -> None:
        write_durably(tmp_path / "state.json", NEW)
        (tmp_path / f".state.json.0{UNFINISHED}").write_bytes(NEW[:3])
        (tmp_path / ".hidden").write_bytes(b"of somebody else")

        assert remove_unfinished(tmp_path) == 1
        assert names_in(tmp_path) == [".hidden", "state.json"]

    def test_is_not_written_beside_endless_leftovers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(filesystem, "UNFINISHED_MAX", 2)
        disk = SimFileSystem()
        for number in range(2):
            disk.plant(f".state.json.{number}{UNFINISHED}", b"left")

        with pytest.raises(FileExistsError):
            replace_durably(disk, "state.json", NEW)


def test_what_is_not_open_is_not_flushed_in_tests_either(tmp_path: Path):
    """No test waits for a disk; that a closed file was flushed must be seen all the same."""
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.close(descriptor)
    with pytest.raises(OSError, match="descriptor"):
        os.fsync(descriptor)
