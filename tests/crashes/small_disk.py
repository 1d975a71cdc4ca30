"""A real disk that is small: a file system of its own, in memory, which only who may mount one can have."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FILLER: Final = "filler"
BLOCK_BYTES: Final = 1 << 16
GRAIN_BYTES: Final = 1 << 12


class NoSmallDisk(Exception):
    """None can be had here; the message says why."""


@contextlib.contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Path]:
    """Mount one at a folder, which is made if need be.

    Raises:
        NoSmallDisk: This system or this user may not.
    """
    at.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(at)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoSmallDisk(f"no disk of its own can be mounted: {error}") from error
    if done.returncode:
        raise NoSmallDisk(f"no disk of its own can be mounted: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(disk: Path) -> None:
    """Leave not one byte free."""
    with (disk / FILLER).open("wb", buffering=0) as file:
        for size in (BLOCK_BYTES, GRAIN_BYTES):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    assert os.statvfs(disk).f_bavail == 0


def is_full(disk: Path) -> bool:
    """Whether it takes no file any more."""
    try:
        (disk / "probe").write_bytes(bytes(GRAIN_BYTES))
    except OSError as error:
        return error.errno == errno.ENOSPC
    finally:
        (disk / "probe").unlink(missing_ok=True)
    return False


def make_room(disk: Path) -> None:
    (disk / FILLER).unlink()
