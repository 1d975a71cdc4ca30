"""Where a share grows before it stands under its name: a hidden folder beside the target, with ``content`` in it.

The folder is the farmer's alone, so that nobody can plant a link in it.  All calls are blocking; one at a time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from node.api.shares import texts
from node.api.shares.errors import BadTarget, NeverHere
from node.vault.share.listing import EXECUTABLE, FOLDER, Entry, Kind
from node.vault.share.names import NAME_BYTES_MAX, is_possible_on_windows, merged
from node.vault.share.tree import address_of
from node.vault.storage.filesystem import flush

if sys.platform != "win32":
    import fcntl

ENTRY_BYTES: Final = 4_096  # what a file takes on a disk besides its content
NAMES_MAX: Final = 1_000_000  # to tell apart on a disk that merges names: 85 to 332 bytes each (2026-11-30)
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Part:
    """A share on its way to ``target``, an absolute path.

    Raises, from each call:
        BadTarget: Something cannot be written there, or is there already.
    """

    def __init__(self, target: Path, address: str) -> None:
        if not target.name:  # a disk's uppermost folder
            raise BadTarget(texts.target_exists(target))
        # The whole address: with a part of it a share could be made into which another one's files come.
        name = f".{target.name}.{address}.part"
        if len(os.fsencode(name)) > NAME_BYTES_MAX:
            name = f".{address}.part"
        self.folder = target.with_name(name)
        self.is_continued = False  # whether something of the share was there already
        self.is_finished = False  # whether the share stands in its place
        self._is_ours = False
        self._target = target
        self._content = self.folder / "content"
        self._is_merging = False
        self._file: int | None = None
        self._lock: int | None = None
        self._way: list[str] = []  # the folders from ``content`` to where the last file was written
        self._names: list[set[str]] = [set()]  # what each of them holds, on a disk that merges names

    def open(self, kind: Kind, length: int, entries: int) -> None:
        """Make the folder, or take the one that is there; look whether there is room for it all."""
        with self._stating():
            if not self._target.parent.is_dir():
                raise BadTarget(texts.no_folder(self._target.parent))
            self.check_free()
            with contextlib.suppress(FileExistsError):
                self.folder.mkdir(mode=0o700)
            found = self.folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
                raise BadTarget(texts.foreign_part(self.folder))
            self._keep_others_away()
            self._is_ours = True
            held_bytes = _size_bytes(self._content)
            self.is_continued = held_bytes > 0
            # Asked of letters that every such disk merges, and whose capitals are as long: not so of ß.
            self._is_merging = self.folder.with_name(self.folder.name.removesuffix("part") + "PART").exists()
            if kind == FOLDER:
                self._make_folder(self._content)
            needed_bytes = length + (entries + 1) * ENTRY_BYTES - held_bytes
            free_bytes = shutil.disk_usage(self.folder).free
        if needed_bytes > free_bytes:
            raise BadTarget(texts.no_room(self._target, needed_bytes, free_bytes))

    def check_free(self) -> None:
        """Check that nothing stands under the target's name, and that something can."""
        try:
            self._target.lstat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise BadTarget(texts.target_long(self._target)) from error
            return  # whatever else is in the way shows when the part is made
        raise BadTarget(texts.target_exists(self._target))

    def is_there(self) -> bool:
        """Whether the part still stands where it was made."""
        return os.path.lexists(self.folder)

    def has(self, path: str, offset: int, length: int, address: bytes) -> bool:
        """Whether an earlier try left just these bytes there.  May be called while something else is written."""
        try:
            descriptor = os.open(self._at(path), os.O_RDONLY | _FLAGS)
        except OSError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            os.lseek(descriptor, offset, os.SEEK_SET)
            content = b""
            while len(content) < length and (part := os.read(descriptor, length - len(content))):
                content += part
            return len(content) == length and address_of(content) == address
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def begin(self, entry: Entry) -> None:
        """Make the file or the empty folder that an entry of the share, in the share's order, stands for."""
        with self._stating():
            if entry.path:
                self._go_to(entry.path)
            if entry.kind == FOLDER:
                self._make_folder(self._at(entry.path))
                return
            mode = 0o777 if entry.kind == EXECUTABLE else 0o666
            self._file = os.open(self._at(entry.path), os.O_RDWR | os.O_CREAT | _FLAGS, mode)
            found = os.fstat(self._file)
            if not stat.S_ISREG(found.st_mode):
                raise BadTarget(texts.foreign_part(self._at(entry.path)))
            if found.st_size > entry.content.length:
                os.ftruncate(self._file, entry.content.length)

    def write(self, offset: int, content: bytes) -> None:
        """Write into the file that was begun last."""
        assert self._file is not None
        with self._stating():
            os.lseek(self._file, offset, os.SEEK_SET)
            rest = memoryview(content)
            while rest:  # a nearly full disk takes a part and refuses the next one
                rest = rest[os.write(self._file, rest) :]

    def end(self) -> None:
        """Flush the file that was begun last."""
        assert self._file is not None
        with self._stating():
            flush(self._file)
        self._close_file()

    def close(self) -> None:
        """Let go of it; from now on another get may go on from there."""
        self._close_file()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def finish(self) -> None:
        """Put the whole in place: from now on it stands under its name, even after a power cut."""
        with self._stating():
            self._leave(0)
            if self._content.is_dir():
                _flush_folder(self._content)
            if os.path.lexists(self._target):
                raise BadTarget(texts.target_taken(self._target))
            self._content.rename(self._target)
            try:
                _flush_folder(self._target.parent)
            except OSError:
                self._target.rename(self._content)  # a name that may not last is none
                raise
            self.is_finished = True
        shutil.rmtree(self.folder, ignore_errors=True)  # a file manager may have left something; it is no failure

    def remove(self) -> None:
        """Throw everything away that is ours."""
        self._close_file()
        if self._is_ours:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.close()

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _keep_others_away(self) -> None:
        """Let no other get write there as long as this one lives, where the system can lock folders."""
        if sys.platform == "win32":
            return
        self._lock = os.open(self.folder, os.O_RDONLY | _FLAGS)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadTarget(texts.part_in_use(self._target)) from None
        except OSError:
            return  # a disk of another computer that locks no folders

    def _at(self, path: str) -> Path:
        return self._content / path if path else self._content

    def _go_to(self, path: str) -> None:
        """Make the folders that lead to ``path``, and flush those that nothing more comes into."""
        if sys.platform == "win32" and not is_possible_on_windows(path):
            raise NeverHere(texts.impossible_name(path))
        *folders, name = path.split("/")
        common = 0
        while common < min(len(folders), len(self._way)) and folders[common] == self._way[common]:
            common += 1
        self._leave(common)
        for folder in folders[common:]:
            self._take_name(folder, path)
            self._way.append(folder)
            self._names.append(set())
            self._make_folder(self._content.joinpath(*self._way))
        self._take_name(name, path)

    def _leave(self, depth: int) -> None:
        while len(self._way) > depth:
            _flush_folder(self._content.joinpath(*self._way))
            self._way.pop()
            self._names.pop()

    def _take_name(self, name: str, path: str) -> None:
        if self._is_merging:
            if merged(name) in self._names[-1]:
                raise NeverHere(texts.names_meet(path))
            if sum(map(len, self._names)) >= NAMES_MAX:
                raise NeverHere(texts.names_many(path))
            self._names[-1].add(merged(name))

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir()
        except FileExistsError:
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise BadTarget(texts.foreign_part(folder)) from None

    @contextlib.contextmanager
    def _stating(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._is_ours and not self.is_there():
                raise BadTarget(texts.part_gone(self.folder)) from error
            raise BadTarget(texts.not_written(self._target, error)) from error


def _size_bytes(content: Path) -> int:
    """How many bytes of the share are there already."""
    if not content.is_dir():
        return content.lstat().st_size if os.path.lexists(content) else 0
    return sum(Path(folder, name).lstat().st_size for folder, _, names in os.walk(content) for name in names)


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can do that for folders."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # one may put something into it, but not look what is there
    try:
        flush(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks cannot
            raise
    finally:
        os.close(descriptor)
