"""Where homes of one name were started: a home that was copied has the name, and with it the key and the login entry.

    STATE/perennial-homes/NAME   the paths, the newest first, each ended by a zero byte

It lies outside of every home, in this person's own folder for such notes, as keyring and login entry do.  So whoever
copies a home to a larger disk and leaves the old one takes nothing from the new one.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Final

import platformdirs

from node.supervisor.errors import HomeError
from node.supervisor.home import Home
from node.vault.storage.filesystem import write_durably

STARTED_MAX: Final = 8  # paths that are kept
NOTE_BYTES_MAX: Final = 64 << 10
FOLDER_MODE: Final = 0o700

log = logging.getLogger(__name__)


def note_start(home: Home) -> None:
    """Note that the home of this name is the one at this path from now on.  Blocking; never raises."""
    if not home.is_practice:
        _keep(home, [home.path, *_others(home)])


def other_in_use(home: Home) -> Path | None:
    """Where a copy is in use, whose the key and the login entry are; None: they are this home's.  Blocking.

    That is the one that was started last, be it there or on a disk that is unplugged; or else one that is there.
    """
    started = _started(home)
    if started and started[0] != home.path:
        return started[0]
    return next((path for path in started if path != home.path and _has_name(path, home.marker.name)), None)


def forget(home: Home) -> None:
    """This home is gone.  Blocking; a note that stays does no harm."""
    _keep(home, _others(home) if other_in_use(home) is not None else [])


def _others(home: Home) -> list[Path]:
    return [path for path in _started(home) if path != home.path]


def _has_name(path: Path, name: str) -> bool:
    try:
        return Home.read(path).marker.name == name
    except HomeError:
        return False


def _note(home: Home) -> Path:
    # Not in the folder "perennial", which on Windows and macOS is where a home lies if nothing else is said.
    return platformdirs.user_state_path("perennial-homes", appauthor=False) / home.marker.name


def _started(home: Home) -> list[Path]:
    try:
        with _note(home).open("rb") as file:
            content = file.read(NOTE_BYTES_MAX)
    except OSError:
        return []
    return [Path(os.fsdecode(path)) for path in content.split(b"\0")[:-1]]


def _keep(home: Home, started: list[Path]) -> None:
    note = _note(home)
    try:
        if started:
            note.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            write_durably(note, b"".join(os.fsencode(path) + b"\0" for path in started[:STARTED_MAX]))
        else:
            note.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # others are noted there
                note.parent.rmdir()
    except OSError as error:
        log.warning("where the home was started is not noted reason=%s", error)
