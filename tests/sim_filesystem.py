"""A disk in memory that forgets what was not flushed, as a real one may, and fails when it is told to.

It is as unkind as any disk that the store may meet:

*   A name that was made, moved or removed is on the platter only after its folder was flushed.  Until then a power
    cut may keep any part of the changes: those of one name in order, those of different names independently, so
    that a moved file may be under both names, one, or none.
*   Content that was not flushed may come back whole, torn, as zeros, or empty.
*   A file may come back under two names.  With ``has_links`` these are two links to it, and more can be
    made; without, as on exFAT, they share its blocks without knowing it, and removing one name takes the content from
    the other.
*   Files may be written in ``incoming`` and in the root only, and ``chunks`` takes files by rename, as in the sandbox.
"""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from node.update.files.links import Found

FREE_BYTES: Final = 100 << 30

FATES: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda content: content,
    lambda content: content[: len(content) // 2],
    lambda content: b"\0" * len(content),
    lambda _: b"",
)


class PowerCut(BaseException):
    """Not an Exception: no ``except Exception`` of the code under test may survive it."""


@dataclass(eq=False)
class SimFile:
    content: bytes
    is_flushed: bool = False


class SimFileSystem:
    """Counts its changes.  Before change number ``cut_at`` (from 0) the power fails."""

    def __init__(self, *, cut_at: int = -1, has_links: bool = True) -> None:
        self.names: dict[str, SimFile] = {}  # what the running program sees
        self.change_count = 0
        self.free = FREE_BYTES
        self.capacity: int | None = None  # bytes that the next writes may take before the disk is full
        self.is_plugged = True
        self._away: dict[str, SimFile] | None = None  # its names, while an empty folder is seen in its place
        self.has_links = has_links
        self.cut_at = cut_at
        self._failing = range(0)  # the numbers of changes that fail
        self._failure = OSError()
        self._flushed: dict[str, SimFile] = {}  # the names on the platter
        self._pending: list[tuple[str, SimFile | None]] = []  # changes of names that are not on it yet
        self._misdirected: str | None = None

    def fail(self, number: int, *, skip: int = 0, times: int = 1) -> None:
        """After ``skip`` more changes let as many as ``times`` fail with the error ``number``.

        A write that fails leaves half of the content behind.
        """
        self._failing = range(self.change_count + skip, self.change_count + skip + times)
        self._failure = OSError(number, os.strerror(number))

    def obey(self) -> None:
        """Fail no more."""
        self._failing = range(0)

    def unplug(self, *, has_mount_point: bool = False) -> None:
        """Take the disk away; with a mount point, empty folders that take files are seen where it was."""
        if has_mount_point:
            self._away, self.names = self.names, {}
        else:
            self.is_plugged = False

    def plug(self) -> None:
        """Bring it back as it was."""
        self.is_plugged = True
        self.names, self._away = self._away or self.names, None

    def rot(self, path: str, at: int = 0) -> None:
        """Let one bit of a file turn over, unseen."""
        file = self._file(path)
        flipped = bytes([file.content[at] ^ 1])
        file.content = file.content[:at] + flipped + file.content[at + 1 :]

    def misdirect(self, path: str) -> None:
        """Let the content of the next write land in the file ``path`` instead, unseen; its own file holds zeros."""
        self._misdirected = path

    def list(self, directory: str) -> list[str]:
        self._look(directory)
        inside = (path.removeprefix(directory + "/") for path in self.names if path.startswith(directory + "/"))
        return sorted({path.partition("/")[0] for path in inside})

    def list_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[str]]:
        """What comes between two steps may be named or not, as on a real disk: here it is not."""
        names = self.list(directory)
        for start in range(0, len(names), names_max):
            self._look(directory)
            yield names[start : start + names_max]

    def read(self, path: str) -> bytes:
        return self._file(path).content

    def size_bytes(self, path: str) -> int:
        return len(self._file(path).content)

    def write(self, path: str, content: bytes) -> None:
        assert _folder(path) != "chunks", "the sandbox lets nobody write there"
        self._look(_folder(path))
        if path in self.names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        try:
            self._change()
        except OSError:
            self._bind(path, SimFile(content[: len(content) // 2]))
            raise
        if self.capacity is not None:
            if len(content) > self.capacity:
                self._bind(path, SimFile(content[: self.capacity]))
                self.capacity = 0
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            self.capacity -= len(content)
        if self._misdirected is not None:
            self._file(self._misdirected).content = content
            self._misdirected, content = None, bytes(len(content))
        self._bind(path, SimFile(content))

    def fsync(self, path: str) -> None:
        assert _folder(path) != "chunks", "the sandbox lets nobody open files for writing there"
        self._change()
        self._file(path).is_flushed = True

    def replace(self, source: str, target: str) -> None:
        assert _folder(source) != "chunks", "the sandbox lets nobody take chunks out"
        self._change()
        file = self._file(source)
        self._bind(target, file)
        self._bind(source, None)

    def link(self, source: str, target: str) -> None:
        """By the supervisor's hand, which no sandbox holds."""
        file = self._file(source)
        self._change()
        if not self.has_links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), target)
        if target in self.names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        self._bind(target, file)

    def numbers_in_steps(self, directory: str, names_max: int) -> Iterator[Sequence[tuple[str, int]]]:
        for names in self.list_in_steps(directory, names_max):
            yield [(name, id(self.names.get(f"{directory}/{name}"))) for name in names]

    def look(self, path: str) -> Found:
        file = self._file(path)
        return Found(id(file), sum(other is file for other in self.names.values()), len(file.content))

    def make_folder(self, path: str) -> None:
        """Folders are there once something is in them."""

    def remove_folder(self, path: str) -> None:
        assert self.list(path) == [], path

    def fsync_directory(self, directory: str) -> None:
        self._look(directory)
        self._change()
        for path, file in self._pending:
            if _folder(path) == directory:
                _apply(self._flushed, path, file)
        self._pending = [(path, file) for path, file in self._pending if _folder(path) != directory]

    def remove(self, path: str) -> None:
        file = self._file(path)
        self._change()
        self._bind(path, None)
        if self.capacity is not None:
            self.capacity += len(file.content)
        if not self.has_links and file in self.names.values():
            file.content = b""

    def free_bytes(self) -> int:
        self._look(".")
        return self.free

    def plant(self, path: str, content: bytes) -> None:
        """Put a file there by another hand than the store's; it is on the platter at once."""
        self.names[path] = self._flushed[path] = SimFile(content, is_flushed=True)

    def worlds_after_power_cut(self) -> Iterator[SimFileSystem]:
        """Every disk that this one may turn into when the power fails now."""
        changes: dict[str, list[SimFile | None]] = {}
        for path, file in self._pending:
            changes.setdefault(path, []).append(file)
        for kept in itertools.product(*(range(len(files) + 1) for files in changes.values())):
            names = dict(self._flushed)
            for (path, files), count in zip(changes.items(), kept, strict=True):
                for file in files[:count]:
                    _apply(names, path, file)
            doubtful = [file for file in dict.fromkeys(names.values()) if not file.is_flushed]
            for fates in itertools.product(FATES, repeat=len(doubtful)):
                contents = {file: fate(file.content) for file, fate in zip(doubtful, fates, strict=True)}
                yield self._restarted(names, contents)

    def copy(self, *, cut_at: int = -1) -> SimFileSystem:
        """The same disk, all of it on the platter."""
        return self._restarted(self.names, {}, cut_at)

    def _restarted(self, names: dict[str, SimFile], contents: dict[SimFile, bytes], cut_at: int = -1) -> SimFileSystem:
        world = SimFileSystem(cut_at=cut_at, has_links=self.has_links)
        copies = {file: SimFile(contents.get(file, file.content), is_flushed=True) for file in names.values()}
        world.names = {path: copies[file] for path, file in names.items()}  # two names of one file stay that
        world._flushed = dict(world.names)
        return world

    def _look(self, path: str) -> None:
        """Fail if the disk is not there."""
        if not self.is_plugged:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def _file(self, path: str) -> SimFile:
        self._look(path)
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.names[path]

    def _change(self) -> None:
        number = self.change_count
        if number == self.cut_at:
            raise PowerCut
        self.change_count += 1
        if number in self._failing:
            raise self._failure

    def _bind(self, path: str, file: SimFile | None) -> None:
        self._pending.append((path, file))
        _apply(self.names, path, file)


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _apply(names: dict[str, SimFile], path: str, file: SimFile | None) -> None:
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file
