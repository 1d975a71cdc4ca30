"""Hard links on disk, and the copy of a vault's data that is made with them.  All blocks."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from node.vault.storage.filesystem import CHUNKS, RealFileSystem

# What a system says where there are no such links, or none from here to there, or no more of this one.  It is EINVAL
# on Windows.
LINKLESS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EMLINK, errno.EXDEV}
)
FOLDER_MODE: Final = 0o700


class Found(NamedTuple):
    """One regular file: its number on the disk, under how many names it stands, and its size."""

    number: int
    links: int
    size_bytes: int


class LinkingFileSystem(RealFileSystem):
    """The files below one folder, which may stand under several names."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, folders=())

    def numbers_in_steps(self, directory: str, names_max: int) -> Iterator[Collection[tuple[str, int]]]:
        """The names in ``directory`` with the numbers of what stands under them; two names of one file have one number.

        In any order; each step blocks.  Nothing but the folder is read for it.
        """
        with os.scandir(self._at(directory)) as entries:
            while found := [(entry.name, entry.inode()) for entry in itertools.islice(entries, names_max)]:
                yield found

    def look(self, path: str) -> Found:
        """Raises OSError; no link is followed."""
        found = os.lstat(self._at(path))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return Found(found.st_ino, found.st_nlink, found.st_size)

    def link(self, source: str, target: str) -> None:
        """Let the file ``source`` stand under the new name ``target`` too.

        Raises:
            FileExistsError: The name is taken.
            OSError: Nothing was done.  The numbers in LINKLESS say that it is in vain to try again.
        """
        os.link(self._at(source), self._at(target), follow_symlinks=False)

    def make_folder(self, path: str) -> None:
        """Make a folder if it is not there; it survives a power cut once the one around it is flushed."""
        Path(self._at(path)).mkdir(mode=FOLDER_MODE, exist_ok=True)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; absent is as good."""
        with contextlib.suppress(FileNotFoundError):
            Path(self._at(path)).rmdir()


def copy_data(source: Path, target: Path, room_bytes: int) -> None:
    """Make the new folder ``target`` a copy of the vault's data in ``source``.

    A chunk is never written to, so it is the same file under a second name, as far as there are such.  All else is
    copied: the tally, say, which a vault replaces.  Only what can belong to a store is: files, at most one folder deep.

    Raises:
        OSError: ENOSPC when more than ``room_bytes`` would have to be copied.  A part may be there: remove it.
    """
    target.mkdir(mode=FOLDER_MODE)
    for folder in (source, *(Path(entry) for entry in _entries(source) if entry.is_dir(follow_symlinks=False))):
        inside = target / folder.relative_to(source)
        inside.mkdir(mode=FOLDER_MODE, exist_ok=True)
        for entry in _entries(folder):
            if not entry.is_file(follow_symlinks=False):
                continue
            if folder.name == CHUNKS and folder != source and _is_linked(entry.path, inside / entry.name):
                continue
            room_bytes -= entry.stat(follow_symlinks=False).st_size
            if room_bytes < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
            shutil.copyfile(entry.path, inside / entry.name, follow_symlinks=False)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _is_linked(source: str, target: Path) -> bool:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in LINKLESS:
            raise
        return False
    return True
