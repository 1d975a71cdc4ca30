"""Small files, read with a limit and replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

UNFINISHED = ".unfinished"  # whoever cleans the folder up knows this ending
FILE_MODE = 0o600


def read(path: Path, bytes_max: int) -> bytes:
    """The content of ``path``, cut off behind ``bytes_max`` + 1 bytes.  Raises OSError."""
    with path.open("rb") as file:
        return file.read(bytes_max + 1)


def replace(path: Path, content: bytes) -> None:
    """Replace ``path``: after a power cut it holds the old or the new content; once this returns, the new one.

    One process at a time: what a cut left under the unfinished name is written over.

    Raises:
        OSError: It holds the old or the new content, whole.
    """
    unfinished = path.with_name(f".{path.name}.launcher{UNFINISHED}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), FILE_MODE)
        try:
            rest = memoryview(content)
            while rest:  # a nearly full disk takes a part and refuses the next one
                rest = rest[os.write(descriptor, rest) :]
            _flush(descriptor)  # content before name: no name may ever lead to half a file
        finally:
            os.close(descriptor)
        os.replace(unfinished, path)  # noqa: PTH105 - the tests watch the functions of os
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)  # noqa: PTH108
        raise
    if sys.platform != "win32":  # there a folder cannot be flushed
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            _flush(folder)
        finally:
            os.close(folder)


def _flush(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - there fsync leaves the bytes in the drive's cache, which a power cut empties

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)
