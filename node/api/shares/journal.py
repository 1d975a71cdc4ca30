"""What the network has acknowledged of one person's path, so that a second try need not store it again.

A file of records in the order of the chunks, each 32 bytes of address and 8 bytes of the second when it was
acknowledged.  It is only a hint: a record that does not fit is stored again, so nothing here is ever flushed, and
where the home takes no journal there is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from node.api.texts import reason

FOLDER: Final = "state/puts"  # below the home
JOURNALS_MAX: Final = 32  # of interrupted puts; beyond it the oldest is forgotten
RECENT_S: Final = 24 * 3600  # what was acknowledged longer ago is stored again, which refreshes it
NONE: Final = -1  # the descriptor of no file
_ADDRESS_BYTES: Final = 32
_RECORD_BYTES: Final = 40

log = logging.getLogger(__name__)


class Journal:
    """The acknowledged chunks of the put of one path.  Close it; remove it once the put is done."""

    def __init__(self, path: Path, descriptor: int, clock: Callable[[], float]) -> None:
        self._path = path
        self._descriptor = descriptor
        self._clock = clock
        self._now_s = int(clock())

    @classmethod
    def open(cls, home: Path, source: Path, clock: Callable[[], float]) -> Self:
        """The journal of ``source``, an absolute path; a new one if there is none.

        Whoever is not the home's owner keeps none: the owner could neither use nor remove it.
        """
        folder = home / FOLDER
        path = folder / f"{hashlib.sha256(os.fsencode(source)).hexdigest()[:32]}.journal"
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            if sys.platform != "win32" and home.stat().st_uid != os.geteuid():
                return cls(path, NONE, clock)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_oldest(folder, path)
            return cls(path, os.open(path, flags, 0o600), clock)
        except OSError as error:
            log.info("no journal reason=%s", reason(error))
            return cls(path, NONE, clock)

    def has(self, number: int, address: bytes) -> bool:
        """Whether chunk ``number`` was this one, and acknowledged not long ago."""
        try:
            os.lseek(self._descriptor, number * _RECORD_BYTES, os.SEEK_SET)
            record = os.read(self._descriptor, _RECORD_BYTES)
        except OSError:
            return False  # what cannot be read is no hint
        if len(record) != _RECORD_BYTES or record[:_ADDRESS_BYTES] != address:
            return False
        return 0 <= self._now_s - int.from_bytes(record[_ADDRESS_BYTES:], "big") <= RECENT_S

    def acknowledged(self, number: int, address: bytes) -> None:
        """Keep that chunk ``number`` is in the network, if that can be kept."""
        now_s = int(self._clock())  # a put may last longer than RECENT_S
        with contextlib.suppress(OSError):
            os.lseek(self._descriptor, number * _RECORD_BYTES, os.SEEK_SET)
            os.write(self._descriptor, address + now_s.to_bytes(_RECORD_BYTES - _ADDRESS_BYTES, "big"))

    def remove(self) -> None:
        with contextlib.suppress(OSError):  # Windows keeps a file that somebody has open; it goes with the oldest
            self._path.unlink()

    def close(self) -> None:
        if self._descriptor != NONE:
            os.close(self._descriptor)


def _forget_oldest(folder: Path, path: Path) -> None:
    others = [found for found in folder.glob("*.journal") if found != path]
    if len(others) >= JOURNALS_MAX:
        for old in sorted(others, key=lambda found: found.lstat().st_mtime)[: len(others) - JOURNALS_MAX + 1]:
            old.unlink(missing_ok=True)
