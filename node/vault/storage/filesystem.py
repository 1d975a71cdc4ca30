"""The only door to the disk: every fsync, rename and new file of the vault goes through here.

``RealFileSystem`` opens it, the tests' simulated disk imitates it.  ``write_durably`` keeps small state files.
What "durable" means differs by system: on macOS the drive's own cache is flushed too; on Windows a folder cannot
be flushed, so the newest names may be lost in a power cut there, as NTFS writes its journal some seconds later.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from node.vault.ports import FileSystem

INCOMING: Final = "incoming"  # where files are written; no file in it but the tally outlives a start
CHUNKS: Final = "chunks"  # where whole chunks stand under their address
FILE_BYTES_MAX: Final = 4 << 20  # no file that is read here is larger; a larger one is not ours
UNFINISHED: Final = ".unfinished"  # how the names of files end that write_durably has not put in place
UNFINISHED_MAX: Final = 1_000  # leftovers of one state file; each costs a power cut in the middle of a write

# Only regular files are ours: never follow a link that someone put there, never wait at a pipe.
_WARY: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_PLAIN: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class RealFileSystem:
    """The files below one folder; fulfils ``ports.FileSystem``.

    ``folders`` are made in it, durably, if they are missing.  It works where a sandbox allows new files in
    ``incoming`` only, and in ``chunks`` no more than to list, read, rename into, remove and flush.

    Raises:
        OSError: A folder could not be made.
    """

    def __init__(self, root: Path, folders: tuple[str, ...] = (INCOMING, CHUNKS)) -> None:
        self._root = root
        for folder in folders:
            _make_folder(root / folder)

    def list(self, directory: str) -> list[str]:
        return sorted(entry.name for entry in Path(self._at(directory)).iterdir())

    def list_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[str]]:
        """Names in ``directory``, in any order; each step blocks."""
        with os.scandir(self._at(directory)) as entries:
            while names := [entry.name for entry in itertools.islice(entries, names_max)]:
                yield names

    def read(self, path: str) -> bytes:
        """The whole content of a regular file of at most FILE_BYTES_MAX."""
        with _of_a_file(self._at(path)):
            descriptor = os.open(self._at(path), os.O_RDONLY | _WARY | _PLAIN)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISDIR(found.st_mode):
                raise _is_folder(path)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EIO, "not a regular file", path)
            if found.st_size > FILE_BYTES_MAX:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
            with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
                return file.readall()
        finally:
            os.close(descriptor)

    def size_bytes(self, path: str) -> int:
        """Raises IsADirectoryError for a folder."""
        found = os.lstat(self._at(path))
        if stat.S_ISDIR(found.st_mode):
            raise _is_folder(path)
        return found.st_size

    def write(self, path: str, content: bytes) -> None:
        """Make the new file ``path``, readable by its owner only.

        Raises:
            FileExistsError: The name is taken; nothing was written.
            OSError: The file may be there with a part of the content: remove it.
        """
        descriptor = os.open(self._at(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600)
        try:
            rest = memoryview(content)
            while rest:  # a nearly full disk takes a part and refuses the next one
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)

    def fsync(self, path: str) -> None:
        descriptor = os.open(self._at(path), os.O_RDWR | _WARY | _PLAIN)  # Windows flushes writable files only
        try:
            flush(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, source: str, target: str) -> None:
        with _of_a_file(self._at(target)):
            os.replace(self._at(source), self._at(target))  # noqa: PTH105 - see _at

    def fsync_directory(self, directory: str) -> None:
        _flush_folder(self._at(directory))

    def remove(self, path: str) -> None:
        with _of_a_file(self._at(path)):
            Path(self._at(path)).unlink()

    def free_bytes(self) -> int:
        """What the disk below has left for this user."""
        return shutil.disk_usage(self._root).free

    def _at(self, path: str) -> str:
        """Text, not a Path: making Paths took a tenth of the time of 8 puts at once (measured 2026-11-22, 2 cores)."""
        assert not path.startswith("/"), path
        assert ".." not in path.split("/"), path
        return f"{self._root}/{path}"


def write_durably(path: Path, content: bytes) -> None:
    """Replace the small file ``path`` as a whole: after a power cut it holds the old or the new content.

    Once this returns, it holds the new one.  Blocking.  Several threads and processes may write the same file;
    the last to finish wins.  The folder must exist; call ``remove_unfinished`` on it at start.

    Raises:
        OSError: ``path`` holds the old or the new content, whole; a retry is safe.
    """
    replace_durably(RealFileSystem(path.parent, folders=()), path.name, content)


def replace_durably(filesystem: FileSystem, path: str, content: bytes) -> None:
    """What ``write_durably`` does, on any disk."""
    folder, _, name = path.rpartition("/")
    unfinished = _write_unfinished(filesystem, f"{folder}/." if folder else ".", name, content)
    try:
        filesystem.fsync(unfinished)  # content before name: no name may ever lead to half a file
        filesystem.replace(unfinished, path)
    except OSError:
        _remove_if_possible(filesystem, unfinished)
        raise
    filesystem.fsync_directory(folder or ".")


def remove_unfinished(folder: Path) -> int:
    """Remove what power cuts left of ``write_durably`` in ``folder``; return how many files that were.

    Call it at start, while nobody else writes there.

    Raises:
        OSError: The folder cannot be read or a file not be removed.
    """
    leftovers = [file for file in folder.iterdir() if file.name.startswith(".") and file.name.endswith(UNFINISHED)]
    for file in leftovers:
        file.unlink()
    return len(leftovers)


def flush(descriptor: int) -> None:
    """Make what was written to an open file or folder survive a power cut.  Blocking.

    Raises:
        OSError: It may not; EINVAL or ENOTSUP where the disk can do no such thing for folders.
    """
    if sys.platform == "darwin":
        # There fsync leaves the bytes in the drive's cache, which a power cut empties.
        import fcntl  # noqa: PLC0415 - Windows has no such module

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:
            os.fsync(descriptor)  # a network disk knows nothing better
        return
    os.fsync(descriptor)


def _write_unfinished(filesystem: FileSystem, start: str, name: str, content: bytes) -> str:
    """Write ``content`` under a name that no other writer has; return its path."""
    for number in range(UNFINISHED_MAX):
        unfinished = f"{start}{name}.{number}{UNFINISHED}"
        try:
            filesystem.write(unfinished, content)
        except FileExistsError:
            continue  # another writer's, or left by a power cut
        except OSError:
            _remove_if_possible(filesystem, unfinished)
            raise
        return unfinished
    raise FileExistsError(errno.EEXIST, f"{UNFINISHED_MAX} unfinished files", name)


def _remove_if_possible(filesystem: FileSystem, path: str) -> None:
    # The caller is told of the first failure; remove_unfinished deals with what is left.
    with contextlib.suppress(OSError):
        filesystem.remove(path)


@contextlib.contextmanager
def _of_a_file(path: str) -> Iterator[None]:
    """Say alike on all systems that a folder stands at ``path``: elsewhere it is only said not to be permitted."""
    try:
        yield
    except PermissionError as error:
        if Path(path).is_dir() and not Path(path).is_symlink():
            raise _is_folder(path) from error
        raise


def _is_folder(path: str) -> IsADirectoryError:
    return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)


def _make_folder(folder: Path) -> None:
    """Make ``folder`` and what it lies in so that they survive a power cut; 0700."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _flush_folder(folder.parent)  # a chunk in a folder without a name would be lost


def _flush_folder(folder: Path | str) -> None:
    """Make the names in ``folder`` durable."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there, hence not flushed
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _PLAIN)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)
