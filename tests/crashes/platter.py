"""A real folder, watched: what of it would be found if the power failed after any change of it.

Changes of names and content below the folder are seen where nearly all code makes them, at the functions of ``os``;
what is made otherwise (fetched chunks, which nobody flushes) is seen with the next of them.  After each one the whole
folder is read, and every disk that a power cut may leave is noted down:

    kind      all of it came to the platter
    strict    only what was flushed: names of flushed folders, content of flushed files
    torn      all names came, and of content that was not flushed the first half
    added     names that were made came, those that were removed are still there; content that was not flushed is zeros
    removed   names that were removed are gone, those that were made did not come

A file keeps its identity under several names.  Linux alone: removing a tree names files by an open folder.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from node.update.files.trees import remove_tree

CHANGES: Final = ("write", "fsync", "replace", "rename", "link", "unlink", "remove", "mkdir", "rmdir")
Names = dict[str, int]  # in one folder: what stands under each name
Disk = tuple[tuple[str, int, bytes | None], ...]  # path, which file, content; None: a folder


@dataclass
class Tree:
    """What lies below a folder.  ``folders`` holds the names in each, by its number; ``contents`` those of files."""

    folders: dict[int, Names] = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)


class Platter:
    """Watches ``root``.  What is there at first lies on the platter since long.

    ``moments`` are all different disks that a power cut may leave, each with what ``look`` said at that change.
    """

    def __init__(self, root: Path, look: Callable[[], Any]) -> None:
        self.root, self.look = root, look
        self.change_count = 0
        self.moments: dict[Disk, list[Any]] = {}
        self._held: list[int] = []  # open descriptors, so that no number of a file is used again
        self._seen: dict[int, tuple[int, int]] = {}  # size and time of a file when it was read last
        self._newest: dict[int, bytes] = {}  # what every file held that ever had a name
        self._now = Tree()
        self._is_busy = False
        self._now = self._read()
        self._flushed = Tree({number: dict(names) for number, names in self._now.folders.items()})
        self._flushed.contents = dict(self._now.contents)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """See every change that is made meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            for name in CHANGES:
                patch.setattr(os, name, self._seeing(name, getattr(os, name)))
            patch.setattr(os, "open", self._seeing_opens(os.open))
            self._note()
            yield
        for descriptor in self._held:
            os.close(descriptor)

    def _seeing(self, name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        def seen(*args: Any, **options: Any) -> Any:
            done = usual(*args, **options)
            if not self._is_busy:
                self._changed(args[0] if name == "fsync" else None)
            return done

        return seen

    def _seeing_opens(self, usual: Callable[..., int]) -> Callable[..., int]:
        def seen(path: Any, flags: int, *args: Any, **options: Any) -> int:
            descriptor = usual(path, flags, *args, **options)
            if not self._is_busy and flags & os.O_CREAT:
                self._changed(None)
            return descriptor

        return seen

    def _changed(self, flushed: int | None) -> None:
        self._now = self._read()
        if flushed is not None:
            number = os.fstat(flushed).st_ino
            if number in self._now.folders:
                self._flushed.folders[number] = dict(self._now.folders[number])
            elif number in self._now.contents:
                self._flushed.contents[number] = self._now.contents[number]
        self.change_count += 1
        self._note()

    def _note(self) -> None:
        said = self.look()
        for disk in self._disks():
            said_before = self.moments.setdefault(disk, [])
            if said not in said_before:
                said_before.append(said)

    def _read(self) -> Tree:
        self._is_busy = True
        try:
            tree = Tree()
            self._read_folder(str(self.root), tree)
            self._newest |= tree.contents
            return tree
        finally:
            self._is_busy = False

    def _read_folder(self, path: str, tree: Tree) -> int:
        number = self._hold(path, Path(path).stat())
        names = tree.folders[number] = {}
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    names[entry.name] = self._read_folder(entry.path, tree)
                    continue
                found = entry.stat(follow_symlinks=False)
                names[entry.name] = self._hold(entry.path, found)
                stamp = found.st_size, found.st_mtime_ns
                if self._seen.get(found.st_ino) == stamp and found.st_ino in self._now.contents:
                    tree.contents[found.st_ino] = self._now.contents[found.st_ino]
                else:
                    tree.contents[found.st_ino] = Path(entry.path).read_bytes()
                    self._seen[found.st_ino] = stamp
        return number

    def _hold(self, path: str, found: os.stat_result) -> int:
        if found.st_ino not in self._seen:
            self._seen[found.st_ino] = -1, -1
            self._held.append(os.open(path, os.O_RDONLY))
        return found.st_ino

    # What may be left.

    def _disks(self) -> Iterator[Disk]:
        now, flushed = self._now, self._flushed
        yield self._disk(now.folders, lambda content: content)
        yield self._disk(flushed.folders, lambda _: b"")
        yield self._disk(now.folders, lambda content: content[: len(content) // 2])
        yield self._disk(_joined(flushed.folders, now.folders), lambda content: bytes(len(content)))
        yield self._disk(_common(flushed.folders, now.folders), lambda _: b"")

    def _disk(self, folders: dict[int, Names], fate: Callable[[bytes], bytes]) -> Disk:
        found: list[tuple[str, int, bytes | None]] = []
        numbers: dict[int, int] = {}

        def walk(prefix: str, folder: int) -> None:
            for name, number in sorted(folders.get(folder, {}).items()):
                if number not in self._newest:
                    found.append((prefix + name, 0, None))
                    walk(f"{prefix}{name}/", number)
                    continue
                flushed = self._flushed.contents.get(number)
                content = fate(self._newest[number]) if flushed is None else flushed
                found.append((prefix + name, numbers.setdefault(number, len(numbers) + 1), content))

        walk("", self._root_number)
        return tuple(found)

    @property
    def _root_number(self) -> int:
        return next(iter(self._now.folders))


def put_down(disk: Disk, root: Path) -> None:
    """Make ``root`` what that disk holds."""
    remove_tree(root)
    root.mkdir(mode=0o700)
    first: dict[int, Path] = {}
    for name, number, content in disk:
        path = root / name
        if content is None:
            path.mkdir(mode=0o700)
        elif number in first:
            os.link(first[number], path)
        else:
            path.write_bytes(content)
            first[number] = path


def _joined(flushed: dict[int, Names], now: dict[int, Names]) -> dict[int, Names]:
    return {number: flushed.get(number, {}) | now.get(number, {}) for number in {*flushed, *now}}


def _common(flushed: dict[int, Names], now: dict[int, Names]) -> dict[int, Names]:
    return {
        number: {name: old for name, old in names.items() if name in now.get(number, {})}
        for number, names in flushed.items()
    }
