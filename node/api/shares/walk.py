"""What a person's path holds, in the order of a listing.  Blocking; links are followed.

Nothing but the names of the folders on the way down is kept in memory, and where the folders of the node's home are.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.api.shares import texts
from node.api.shares.errors import BadSource
from node.vault.share.blob import BLOB_BYTES_MAX
from node.vault.share.listing import ENTRIES_MAX, EXECUTABLE, FILE, FOLDER, Folders, Kind, folders_max
from node.vault.share.names import fault_of_name, fault_of_path

NAMES_MAX: Final = 500_000  # in one folder: they are sorted in memory

Place = tuple[int, int]  # disk and number of a folder: the same, by whatever path one comes


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or an empty folder.  ``path`` is relative to the share, ``""`` for a share of one file."""

    path: str
    source: Path
    kind: Kind
    length: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All of a walk.  ``digest`` differs as soon as a name, a length or a time of change does."""

    length: int
    files: int
    entries: int
    links_outside: int  # how many links led outside of the folder
    digest: bytes


class Tally:
    """Adds up what a walk finds."""

    def __init__(self) -> None:
        self._length = self._files = self._entries = self._links_outside = 0
        self._folders = Folders()
        self._digest = hashlib.sha256()

    def add(self, found: Found) -> None:
        self._length += found.length
        self._files += found.kind != FOLDER
        self._entries += 1
        self._folders.add(found.path)
        line = f"{found.kind} {found.length} {found.changed_ns} {found.path}\n"
        self._digest.update(line.encode())

    def led_outside(self) -> None:
        self._links_outside += 1

    @property
    def has_too_many_folders(self) -> bool:
        return self._folders.count > folders_max(self._entries)

    @property
    def totals(self) -> Totals:
        return Totals(self._length, self._files, self._entries, self._links_outside, self._digest.digest())


def name_of(source: Path) -> str:
    """What a share of ``source``, an absolute path, is called.

    Raises:
        BadSource: It cannot be called so.
    """
    name = unicodedata.normalize("NFC", source.name)
    fault = fault_of_name(name)
    if fault is not None:
        raise BadSource(texts.odd_name(source, fault))
    return name


def scan(source: Path, home: Path, is_given_up: Callable[[], bool]) -> Totals:
    """Look at everything before anything is put; what is given up is worth nothing, and ends with the next file.

    Raises:
        BadSource: Something cannot be shared, or there is too much of it.
    """
    tally = Tally()
    for found in walk(source, home, tally.led_outside):
        if is_given_up():
            break
        if found.kind != FOLDER and not os.access(found.source, os.R_OK):
            raise BadSource(texts.unreadable(found.source, PermissionError(errno.EACCES, os.strerror(errno.EACCES))))
        tally.add(found)
        if tally.totals.length > BLOB_BYTES_MAX:
            raise BadSource(texts.too_long(source, BLOB_BYTES_MAX))
        if tally.totals.entries > ENTRIES_MAX:
            raise BadSource(texts.too_many(source, ENTRIES_MAX))
    if tally.has_too_many_folders and not is_given_up():
        raise BadSource(texts.many_folders(source))
    return tally.totals


def walk(source: Path, home: Path, led_outside: Callable[[], None]) -> Iterator[Found]:
    """Yield what ``source`` holds; an empty folder yields nothing.

    Nothing in the node's ``home`` is ever shared, whatever link, mount or junction leads to it; only a file that has
    a second name elsewhere (a hard link) is not known by that.

    ``led_outside`` is called for each link in the folder that leads outside of it.

    Raises:
        BadSource: Something in it cannot be shared.
    """
    found, own, real = _stat(source), _own_places(home), Path(os.path.realpath(source))
    if _is_own(real, own):
        raise BadSource(texts.nodes_own(source))
    if stat.S_ISDIR(found.st_mode):
        for one in _Inside(real, own, led_outside).walk(source, "", (_place(found),)):
            if one.path:
                yield one
    else:
        yield _file(source, "", found)


@dataclass(frozen=True, slots=True)
class _Inside:
    """The walk through one folder; ``real`` is its path without links, ``own`` where the node's folders are."""

    real: Path
    own: frozenset[Place]
    led_outside: Callable[[], None]

    def walk(self, folder: Path, path: str, above: tuple[Place, ...]) -> Iterator[Found]:
        """Yield what is in a folder.  ``above`` are it and the folders that it lies in, to notice a way round."""
        names = _names(folder)
        for name, real, is_link in names:
            source = folder / real
            inner = f"{path}/{name}" if path else name
            fault = fault_of_path(inner)
            if fault is not None:
                raise BadSource(texts.odd_name(source, fault))
            found = _stat(source)
            if is_link:
                self._follow(source)
            if not stat.S_ISDIR(found.st_mode):
                yield _file(source, inner, found)
                continue
            here = _place(found)
            if here in self.own:
                raise BadSource(texts.nodes_own(source))
            if here in above:
                raise BadSource(texts.link_loop(source))
            yield from self.walk(source, inner, (*above, here))
        if not names:
            yield Found(path, folder, FOLDER, 0, 0)

    def _follow(self, link: Path) -> None:
        real = Path(os.path.realpath(link))
        if _is_own(real, self.own):
            raise BadSource(texts.nodes_own(link))
        if not real.is_relative_to(self.real):
            self.led_outside()


def _own_places(home: Path) -> frozenset[Place]:
    """Where the home and the folders in it are."""
    places = {_place(_stat(home))}
    for folder, names, _ in os.walk(home):
        for name in names:
            with contextlib.suppress(OSError):  # removed since it was listed
                places.add(_place(Path(folder, name).lstat()))
    return frozenset(places)


def _is_own(real: Path, own: frozenset[Place]) -> bool:
    """Whether ``real``, a path without links, is one of the node's folders or lies in one."""
    return any(_place(_stat(folder)) in own for folder in (real, *real.parents))


def _names(folder: Path) -> list[tuple[str, str, bool]]:
    """The names in a folder, sorted: as they are shared, as they are on the disk, and whether they are links."""
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append((unicodedata.normalize("NFC", entry.name), entry.name, entry.is_symlink()))
                if len(names) > NAMES_MAX:
                    raise BadSource(texts.too_many(folder, NAMES_MAX))
    except OSError as error:
        raise BadSource(texts.unreadable(folder, error)) from error
    names.sort()
    for (name, real, _), (other, _, _) in itertools.pairwise(names):
        if name == other:
            raise BadSource(texts.same_name(folder / real))
    return names


def _stat(source: Path) -> os.stat_result:
    try:
        return source.stat()
    except FileNotFoundError as error:
        is_link = source.is_symlink()
        raise BadSource(texts.leads_nowhere(source) if is_link else texts.no_source(source)) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BadSource(texts.circling(source)) from error
        raise BadSource(texts.unreadable(source, error)) from error


def _place(found: os.stat_result) -> Place:
    return found.st_dev, found.st_ino


def _file(source: Path, path: str, found: os.stat_result) -> Found:
    if not stat.S_ISREG(found.st_mode):
        raise BadSource(texts.odd_file(source))
    kind: Kind = EXECUTABLE if found.st_mode & stat.S_IXUSR else FILE
    return Found(path, source, kind, found.st_size, found.st_mtime_ns)
