"""A disk that forgets what was not flushed and fails when it is told to; lean enough for a thousand vaults.

The rules are those of ``tests.sim_filesystem``, which tries out every disk that a power cut may leave; this one draws
one of them.  Content is shared between all disks of a world: a chunk and its five copies are one object.
"""

from __future__ import annotations

import builtins
import errno
import hashlib
import os
import random
from collections.abc import Callable, Iterator
from typing import Final

from tests.sim_filesystem import FREE_BYTES, PowerCut

NEVER: Final = -1
FOLDERS: Final = ("incoming", "chunks", ".")
NAME_BYTES: Final = 64  # of a full disk that a new name takes


class File:
    """What lies under a name.  ``is_flushed``: the content is on the platter; ``is_bad``: on sectors that went bad."""

    __slots__ = ("content", "is_bad", "is_flushed")

    def __init__(self, content: bytes, *, is_flushed: bool, is_bad: bool = False) -> None:
        self.content = content
        self.is_flushed = is_flushed
        self.is_bad = is_bad

    def gives(self, content: bytes) -> bool:
        """Whether this is what a reader gets."""
        return self.content == content and not self.is_bad


class SimDisk:
    """Fulfils ``storage.quota.Disk``.  ``traced`` is told of every change."""

    def __init__(self, chance: random.Random, contents: dict[bytes, bytes], traced: Callable[[str], None]) -> None:
        self.folders: dict[str, dict[str, File]] = {name: {} for name in FOLDERS}
        self.chance = chance
        self.contents = contents
        self.free = FREE_BYTES
        self.spare_bytes: int | None = None  # all that a nearly full disk still takes, whatever it says; None: enough
        self.is_unplugged = False
        self.cut_in = NEVER  # changes from now on, then the power fails
        self.misdirect_in = NEVER  # writes from now on, then one goes astray
        self.may_lose: Callable[[str], bool] = lambda _name: True  # asked before a chunk is destroyed
        self.removed: Callable[[str], None] = lambda _name: None  # told of every chunk that the vault removes
        self.errors_left = 0  # calls that fail with EIO: changes, and reads of chunks
        self._traced = traced
        self._flushed: dict[str, dict[str, File]] = {name: {} for name in FOLDERS}
        self._pending: list[tuple[str, str, File | None]] = []  # changes of names that are not on the platter

    def list(self, directory: str) -> list[str]:
        self._plugged()
        return sorted(self.folders[directory])

    def list_in_steps(self, directory: str, names_max: int) -> Iterator[builtins.list[str]]:
        names = self.list(directory)
        for start in range(0, len(names), names_max):
            self._plugged()
            yield [name for name in names[start : start + names_max] if name in self.folders[directory]]

    def read(self, path: str) -> bytes:
        """A transient error costs the vault this copy, as it cannot know better: so the atlas must allow it."""
        file = self._file(path)
        folder, name = _parts(path)
        is_failing = folder == "chunks" and self.errors_left > 0 and self.may_lose(name)
        self.errors_left -= is_failing
        if file.is_bad or is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return file.content

    def size_bytes(self, path: str) -> int:
        return len(self._file(path).content)

    def write(self, path: str, content: bytes) -> None:
        folder, name = _parts(path)
        assert folder != "chunks", "the sandbox lets nobody write there"
        self._plugged()
        if name in self.folders[folder]:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self._change("write")
        # Half of the time a file system notices only when it flushes.
        if self._is_too_full(len(content)) and self.chance.random() < 0.5:
            self._bind(folder, name, File(content[: len(content) // 2], is_flushed=False))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        content = self.contents.setdefault(content, content)
        self._bind(folder, name, File(content, is_flushed=False))

    def fsync(self, path: str) -> None:
        file = self._file(path)
        self._change("fsync")
        self._take(0 if file.is_flushed else len(file.content), path)
        file.is_flushed = True
        if self.misdirect_in != NEVER:
            self.misdirect_in -= 1
            if self.misdirect_in == NEVER:
                self._go_astray(file)

    def replace(self, source: str, target: str) -> None:
        file = self._file(source)
        assert not source.startswith("chunks/"), "the sandbox lets nobody take chunks out"
        self._change("replace")
        self._take(0 if _parts(target)[1] in self.folders[_parts(target)[0]] else NAME_BYTES, target)
        self._bind(*_parts(target), file)
        self._bind(*_parts(source), None)

    def fsync_directory(self, directory: str) -> None:
        self._plugged()
        self._change("flush")
        for folder, name, file in self._pending:
            if folder == directory:
                _apply(self._flushed[folder], name, file)
        self._pending = [change for change in self._pending if change[0] != directory]

    def remove(self, path: str) -> None:
        file = self._file(path)
        self._change("remove")
        self._bind(*_parts(path), None)
        if self.spare_bytes is not None and file.is_flushed:
            self.spare_bytes += len(file.content)
        if path.startswith("chunks/"):
            self.removed(_parts(path)[1])

    def free_bytes(self) -> int:
        self._plugged()
        return 0 if self.spare_bytes == 0 else self.free

    def chunks(self) -> dict[str, File]:
        """What lies in the folder of chunks, by name; for checkers."""
        return self.folders["chunks"]

    def is_durable(self, name: str) -> bool:
        """Whether this chunk would survive a power cut now, under its name."""
        file = self._flushed["chunks"].get(name)
        return file is not None and file.is_flushed

    def used_bytes(self) -> int:
        """What all chunks take."""
        return sum(len(file.content) for file in self.folders["chunks"].values())

    def plant(self, chunks: dict[str, bytes]) -> None:
        """These lie on the platter since long."""
        for name, content in chunks.items():
            file = File(content, is_flushed=True)
            self.folders["chunks"][name] = self._flushed["chunks"][name] = file

    def rot(self, name: str) -> None:
        """Let one bit of a chunk flip."""
        file = self.folders["chunks"][name]
        at = self.chance.randrange(len(file.content))
        flipped = file.content[at] ^ (1 << self.chance.randrange(8))
        file.content = file.content[:at] + bytes([flipped]) + file.content[at + 1 :]

    def after_power_cut(self) -> SimDisk:
        """The disk that is found at the next start: a new one, so that the dead process writes into the void."""
        kept = {name: dict(names) for name, names in self._flushed.items()}
        stopped: set[tuple[str, str]] = set()
        for folder, name, file in self._pending:  # of each name the first few changes, in order
            if (folder, name) not in stopped and self.chance.random() < 0.5:
                _apply(kept[folder], name, file)
            else:
                stopped.add((folder, name))
        return self._restarted(kept)

    def _restarted(self, names: dict[str, dict[str, File]]) -> SimDisk:
        after = SimDisk(self.chance, self.contents, self._traced)
        after.free, after.spare_bytes, after.is_unplugged = self.free, self.spare_bytes, self.is_unplugged
        copies: dict[int, File] = {}
        for folder in FOLDERS:
            for name, file in names[folder].items():
                copy = copies.get(id(file))
                if copy is None:
                    content = file.content if file.is_flushed else self._torn(file.content)
                    copy = copies[id(file)] = File(content, is_flushed=True, is_bad=file.is_bad)
                after._flushed[folder][name] = copy
            after.folders[folder] = dict(after._flushed[folder])
        return after

    def _torn(self, content: bytes) -> bytes:
        match self.chance.randrange(4):
            case 0:
                return content
            case 1:
                return content[: self.chance.randrange(len(content) + 1)]
            case 2:
                return bytes(len(content))
            case _:
                return b""

    def _go_astray(self, file: File) -> None:
        """What was just written lies over the beginning of another chunk; in its own place is what was there before."""
        content, others = file.content, sorted(self.folders["chunks"])
        if not self.may_lose(hashlib.sha256(content).hexdigest()):
            return
        file.content = bytes(len(content))
        if others and self.may_lose(name := others[self.chance.randrange(len(others))]):
            old = self.folders["chunks"][name]
            old.content = content[: len(old.content)] + old.content[len(content) :]

    def _file(self, path: str) -> File:
        self._plugged()
        folder, name = _parts(path)
        file = self.folders[folder].get(name)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return file

    def _plugged(self) -> None:
        if self.is_unplugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def _change(self, what: str) -> None:
        self._traced(what)
        if self.cut_in != NEVER:
            self.cut_in -= 1
            if self.cut_in == NEVER:
                raise PowerCut
        if self.errors_left:
            self.errors_left -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _is_too_full(self, length: int) -> bool:
        return self.spare_bytes is not None and length > self.spare_bytes

    def _take(self, length: int, path: str) -> None:
        if self._is_too_full(length):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if self.spare_bytes is not None:
            self.spare_bytes -= length

    def _bind(self, folder: str, name: str, file: File | None) -> None:
        self._pending.append((folder, name, file))
        _apply(self.folders[folder], name, file)


def _parts(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder or ".", name


def _apply(names: dict[str, File], name: str, file: File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file
