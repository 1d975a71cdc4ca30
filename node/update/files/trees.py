"""Trees of files on disk: written durably and read-only, compared with their hash, measured, removed.  All blocks."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from node.trust.delta import Entry
from node.trust.layers import TREE_BYTES_MAX, is_in_layer
from node.update.errors import SlotDamaged
from node.update.files.links import LINKLESS
from node.vault.share.tree import FILES_MAX, Manifest, TreeFile, is_path_allowed, tree_hash
from node.vault.storage.filesystem import RealFileSystem

FILE_MODE: Final = 0o444
EXECUTABLE_MODE: Final = 0o555
FOLDER_MODE: Final = 0o555
OWN_MODE: Final = 0o700  # of folders that we still change


def write_tree(
    root: Path, manifest: Manifest, read: Callable[[str], bytes | Path], *, is_linking: bool = False
) -> None:
    """Write the files of ``manifest`` into the new folder ``root``, flushed and read-only.

    Args:
        root: Absent; what it lies in is there.
        manifest: Every path in it was checked.
        read: SHA-256 in hex -> the content of a file, or where a file with that content lies.
        is_linking: Whether such a file may be the same one under a second name, if it is as read-only.

    Raises:
        SlotDamaged: ``read`` gave something else than it was asked for.
        OSError: A part may be there: remove it.
    """
    root.mkdir(mode=OWN_MODE)
    disk = RealFileSystem(root, folders=())
    for file in manifest.files:
        content, path = read(file.sha256), root / file.path
        path.parent.mkdir(mode=OWN_MODE, parents=True, exist_ok=True)
        mode = EXECUTABLE_MODE if file.is_executable else FILE_MODE
        if isinstance(content, Path):
            if is_linking and _is_linked(content, path, mode):
                continue
            shutil.copyfile(content, path, follow_symlinks=False)
        elif _is_of(content, file):
            disk.write(file.path, content)
        else:
            raise SlotDamaged(f"the bytes for {file.path} are not those that were signed")
        disk.fsync(file.path)
        path.chmod(mode)
    for folder, _, _ in os.walk(root, topdown=False):
        RealFileSystem(Path(folder), folders=()).fsync_directory(".")
        Path(folder).chmod(FOLDER_MODE)


def check_tree(root: Path, expected: str, bytes_max: int = TREE_BYTES_MAX["vault"]) -> None:
    """Read the whole tree; it must hold exactly the files that ``expected``, its hash, stands for.

    Raises:
        SlotDamaged: It does not.
        OSError: It cannot be read.
    """
    if hash_of(read_tree(root, bytes_max)) != expected:
        raise SlotDamaged(f"slot {expected[:8]} does not hold the files that it is named by")


def read_tree(root: Path, bytes_max: int) -> dict[str, Entry]:
    """What a tree holds, by path.

    Raises:
        SlotDamaged: It holds what no tree holds, or more than ``bytes_max``.
        OSError: It cannot be read.
    """
    files: dict[str, Entry] = {}
    folders: set[str] = set()
    size_bytes = 0
    for name, entry in _entries(root):
        found = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            folders.add(name)
            continue
        size_bytes += found.st_size
        if not stat.S_ISREG(found.st_mode) or size_bytes > bytes_max or len(files) >= FILES_MAX:
            raise SlotDamaged(f"slot {root.name[:8]} holds what nobody put there: {name[:80]!r}")
        files[name] = (_is_marked(found.st_mode), digest_of(Path(entry.path)), found.st_size)
    # The hash knows no empty folders, yet Python would import one as a package.
    if folders != {name[:cut] for name in files for cut in range(len(name)) if name[cut] == "/"}:
        raise SlotDamaged(f"slot {root.name[:8]} holds an empty folder")
    return files


def hash_of(entries: dict[str, Entry]) -> str:
    """The tree hash of what ``read_tree`` found."""
    return tree_hash((path, is_executable, sha256) for path, (is_executable, sha256, _) in entries.items())


def digest_of(file: Path) -> str:
    """SHA-256 of a file in hex, whatever its size.  Raises OSError."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def remove_tree(path: Path, *, is_best_effort: bool = False) -> None:
    """Remove a file or a folder with all in it, read-only or not; nothing happens if it is not there.

    Raises:
        OSError: Something is left; never with ``is_best_effort``.
    """
    with contextlib.suppress(OSError) if is_best_effort else contextlib.nullcontext():
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
        path.chmod(OWN_MODE)
        try:
            for folder, inner, files in os.walk(path):
                # Before it is entered: it may be closed even to its owner.  Windows keeps read-only files, too.
                for name in (*inner, *files) if sys.platform == "win32" else inner:
                    if not (Path(folder) / name).is_symlink():
                        (Path(folder) / name).chmod(OWN_MODE)
            shutil.rmtree(path)
        except RecursionError as error:
            raise OSError(errno.ELOOP, "folders are nested without end", str(path)) from error


def size_of(path: Path, enough_bytes: float = math.inf, *, least_bytes: int = 1) -> int:
    """The bytes of a file, or of all files below a folder, of which each counts at least ``least_bytes``.

    What vanishes or cannot be read counts nothing; no link is followed.  With ``enough_bytes`` counted it ends.
    """
    size_bytes = 0
    with contextlib.suppress(OSError):
        found = path.lstat()
        size_bytes = 0 if stat.S_ISDIR(found.st_mode) else max(least_bytes, found.st_size)
    for entry_bytes in sizes_below(path):
        if size_bytes >= enough_bytes:
            break
        size_bytes += 0 if entry_bytes is None else max(least_bytes, entry_bytes)
    return size_bytes


def sizes_below(folder: Path) -> Iterator[int | None]:
    """The bytes of each file below a folder, and None for each folder; as they come, for there may be no end of them.

    What vanishes or cannot be read is passed over; no link is followed.
    """
    folders = list[str]()
    with contextlib.suppress(OSError):
        folders = [str(folder)] if stat.S_ISDIR(folder.lstat().st_mode) else []
    while folders:  # no recursion: a stranger may have nested them without end
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    yield None
                    continue
                with contextlib.suppress(OSError):
                    yield entry.stat(follow_symlinks=False).st_size


def read_vault_layer(package: Path) -> list[tuple[str, bool, bytes]]:
    """The files of the vault layer in the folder of a ``node`` package: (path, is_executable, content).

    Raises:
        OSError: They cannot be read.
    """
    files = []
    for path in sorted([package / "__init__.py", *(package / "vault").rglob("*")]):
        name = f"node/{path.relative_to(package).as_posix()}"
        if path.is_file() and is_in_layer("vault", name) and is_path_allowed(name):
            files.append((name, bool(path.stat().st_mode & stat.S_IXUSR), path.read_bytes()))
    return files


def _is_of(content: bytes, file: TreeFile) -> bool:
    return len(content) == file.length and hashlib.sha256(content).hexdigest() == file.sha256


def _is_marked(mode: int) -> bool:
    """Whether a file may be executed.  Windows keeps no such mark, and guesses one by the name."""
    return sys.platform != "win32" and bool(mode & stat.S_IXUSR)


def _is_linked(source: Path, target: Path, mode: int) -> bool:
    """Give a file a second name, if it is exactly as writable as the new one shall be, and if that is possible.

    Raises:
        OSError: Something else was the matter.
    """
    found = source.lstat()
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != mode:
        return False  # of an installation, say, that may be overwritten in place one day
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in LINKLESS:
            raise
        return False
    return True


def _entries(root: Path, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All entries below ``root`` with their names relative to it; links are named, not followed."""
    with os.scandir(root) as found:
        for entry in found:
            yield prefix + entry.name, entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(root / entry.name, f"{prefix}{entry.name}/")
