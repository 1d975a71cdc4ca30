"""A tree of files as chunks: its hash, its manifest, and the way back.

The tree hash is what pods sign and what a slot is named by:

    SHA-256 of the compact JSON list of [mark, path, sha256], sorted by path

with mark ``"x"`` for an executable file and ``"f"`` for any other, ``path`` with ``/`` and relative to the
tree, ``sha256`` of the content in lower-case hex.  The manifest carries the same entries together
with the addresses of each file's chunks, so that a tree can be fetched and checked file by file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from node.vault.errors import MalformedMessage

CHUNK_BYTES_MAX: Final = 1 << 20
FILES_MAX: Final = 10_000
PATH_CHARACTERS_MAX: Final = 400
NAME_CHARACTERS_MAX: Final = 255  # of one folder or file, on every file system
PATH_NAMES_MAX: Final = 32  # folders within folders, and the file
MANIFEST_BYTES_MAX: Final = CHUNK_BYTES_MAX  # a manifest travels as one chunk
FILE_CHUNKS_MAX: Final = 4_096

_HASH: Final = re.compile("[0-9a-f]{64}")
# On Windows these lead to a device from every folder, also with a dot or a colon and anything behind it.
DEVICE: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)


class TreeFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One file of a tree.  ``chunks`` are the addresses (32 bytes each) of its consecutive chunks."""

    path: str
    is_executable: bool
    sha256: str
    length: int
    chunks: tuple[bytes, ...]


class Manifest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All files of a tree, sorted by path."""

    files: tuple[TreeFile, ...]


def address_of(content: bytes) -> bytes:
    """The address of a chunk: SHA-256 of its content, 32 bytes."""
    return hashlib.sha256(content).digest()


def tree_hash(entries: Iterable[tuple[str, bool, str]]) -> str:
    """The hash of a tree given as (path, is_executable, sha256 in hex); 64 lower-case hex digits."""
    rows = sorted((path, "x" if is_executable else "f", sha256) for path, is_executable, sha256 in entries)
    listed = [[mark, path, sha256] for path, mark, sha256 in rows]
    return hashlib.sha256(json.dumps(listed, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def tree_hash_of(manifest: Manifest) -> str:
    """The tree hash that the manifest's files have once they are unpacked."""
    return tree_hash((file.path, file.is_executable, file.sha256) for file in manifest.files)


def split(content: bytes) -> list[bytes]:
    """Cut a file into chunks of at most CHUNK_BYTES_MAX; an empty file has none."""
    return [content[start : start + CHUNK_BYTES_MAX] for start in range(0, len(content), CHUNK_BYTES_MAX)]


def manifest_of(files: Sequence[tuple[str, bool, bytes]]) -> tuple[Manifest, dict[bytes, bytes]]:
    """Turn files, given as (path, is_executable, content), into a manifest and its chunks by address.

    Raises:
        MalformedMessage: A path is not allowed, appears twice, or a limit is exceeded.
    """
    chunks: dict[bytes, bytes] = {}
    listed = []
    for path, is_executable, content in sorted(files):
        parts = split(content)
        addresses = tuple(address_of(part) for part in parts)
        chunks.update(zip(addresses, parts, strict=True))
        listed.append(TreeFile(path, is_executable, hashlib.sha256(content).hexdigest(), len(content), addresses))
    manifest = Manifest(tuple(listed))
    _check(manifest)
    return manifest, chunks


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest's bytes; the same files always give the same bytes.

    Raises:
        MalformedMessage: The manifest is longer than MANIFEST_BYTES_MAX.
    """
    content = msgspec.msgpack.encode(manifest)
    if len(content) > MANIFEST_BYTES_MAX:
        raise MalformedMessage(f"a manifest of {len(content)} bytes is over {MANIFEST_BYTES_MAX}")
    return content


def decode_manifest(content: bytes) -> Manifest:
    """Read a manifest from untrusted bytes.

    Raises:
        MalformedMessage: Not a manifest, or one whose paths could leave the tree or whose limits are exceeded.
    """
    if len(content) > MANIFEST_BYTES_MAX:
        raise MalformedMessage(f"a manifest of {len(content)} bytes is over {MANIFEST_BYTES_MAX}")
    try:
        manifest = msgspec.msgpack.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMessage(f"not a manifest: {error}") from error
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    if len(manifest.files) > FILES_MAX:
        raise MalformedMessage(f"{len(manifest.files)} files are over {FILES_MAX}")
    for file in manifest.files:
        _check_file(file)  # first: what follows takes time by the square of a path's length
    paths = [file.path for file in manifest.files]
    if paths != sorted(set(paths)):
        raise MalformedMessage("paths are unsorted or appear twice")
    folders = {path[:cut] for path in paths for cut in range(len(path)) if path[cut] == "/"}
    if len({name.casefold() for name in folders.union(paths)}) != len(folders) + len(paths):
        raise MalformedMessage("names differ only in case, or one is a file and a folder at once")


def _check_file(file: TreeFile) -> None:
    if not is_path_allowed(file.path):
        raise MalformedMessage(f"path {file.path[:PATH_CHARACTERS_MAX]!r} is not allowed")
    if not 0 <= file.length <= FILE_CHUNKS_MAX * CHUNK_BYTES_MAX or not _HASH.fullmatch(file.sha256):
        raise MalformedMessage(f"{file.path}: length or hash out of range")
    if len(file.chunks) != -(-file.length // CHUNK_BYTES_MAX) or any(len(a) != 32 for a in file.chunks):
        raise MalformedMessage(f"{file.path}: its chunks do not fit its length")


def is_path_allowed(path: str) -> bool:
    """Whether ``path`` names a file inside the tree on every operating system."""
    if not 0 < len(path) <= PATH_CHARACTERS_MAX or not path.isascii() or not path.isprintable():
        return False
    names = path.split("/")
    if len(names) > PATH_NAMES_MAX or any(character in path for character in '\\:*?"<>|'):
        return False
    return all(_is_name_allowed(name) for name in names)


def _is_name_allowed(name: str) -> bool:
    if name in ("", ".", "..") or len(name) > NAME_CHARACTERS_MAX:
        return False
    # Windows drops a dot or a space at the end of a name, so two names would meet.
    return name[-1] not in " ." and not DEVICE.fullmatch(name)
