"""Whether a slot holds exactly what it is named by.

Its name is the SHA-256 of the compact JSON list of [mark, path, sha256], sorted by path, with mark "x" for an
executable file and "f" for any other: the tree hash, as ``node.vault.share.tree`` makes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

FILES_MAX = 20_000
TREE_BYTES_MAX = 1 << 30
READ_BYTES = 1 << 20


def is_whole(root: Path, expected: str) -> bool:
    """Read the whole tree; what cannot be read is not whole.  No link is followed, no folder may be empty."""
    files: list[tuple[str, str, str]] = []
    folders: set[str] = set()
    size_bytes = 0
    try:
        for name, entry in _entries(root):
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                folders.add(name)
                continue
            size_bytes += found.st_size
            if not stat.S_ISREG(found.st_mode) or size_bytes > TREE_BYTES_MAX or len(files) >= FILES_MAX:
                return False
            files.append((name, "x" if found.st_mode & stat.S_IXUSR else "f", _sha256(entry.path)))
    except (OSError, RecursionError):
        return False
    needed = {name[:cut] for name, _, _ in files for cut in range(len(name)) if name[cut] == "/"}
    listed = [[mark, name, digest] for name, mark, digest in sorted(files)]
    said = json.dumps(listed, separators=(",", ":"), ensure_ascii=True).encode()
    return folders == needed and hashlib.sha256(said).hexdigest() == expected


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb", buffering=0) as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _entries(root: Path, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(root) as found:
        for entry in found:
            yield prefix + entry.name, entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(root / entry.name, f"{prefix}{entry.name}/")
