"""The user nobody, for tests that run as root: modes hold back everybody but root."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
# Root's own folder for temporary files may lie where nobody else may look.
FOLDERS = (tempfile.gettempdir(), "/var/tmp", "/tmp")


@contextlib.contextmanager
def folder_open_to_all() -> Iterator[Path]:
    """A new folder, root's, that every user may enter and read; gone afterwards.  Skips where there is no place."""
    place = next((folder for folder in FOLDERS if may_enter(Path(folder))), None)
    if place is None:
        pytest.skip(f"the user nobody may enter none of {', '.join(FOLDERS)}")
    folder = Path(tempfile.mkdtemp(prefix="perennial-nobody-", dir=place))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def at_work_as_nobody() -> Iterator[Path]:
    """A folder of an ordinary user, whom modes hold back, and that user at work in it."""
    with folder_open_to_all() as outer:
        folder = outer / "own"
        folder.mkdir()
        if os.geteuid() != 0:
            yield folder
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)


def may_enter(folder: Path) -> bool:
    """Whether every user may enter the folder."""
    return folder.is_dir() and all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))
