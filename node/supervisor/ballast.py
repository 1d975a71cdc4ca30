"""Room that is held back on the disk, for what must be written although the disk is full.

A recall that cannot be written down is not heeded, a way back that cannot be written down is not gone, and without
the serial of its next certificate a vault neither starts nor stays.  What is written then replaces files of about the
same length, so a little room is enough for all of it.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from pathlib import Path
from typing import Final, Self

from node.supervisor.home import Home
from node.vault.ports import Entropy

BALLAST_BYTES: Final = 2 << 20  # several times the longest of the state's files
SPARE_BYTES: Final = 64 << 20  # the disk must have so much more: nothing is to become full because of this
MODE: Final = 0o600

log = logging.getLogger(__name__)


class Ballast:
    """A file of one home that holds nothing.  Everything blocks; several threads may call it."""

    def __init__(self, path: Path, entropy: Entropy) -> None:
        self.path = path
        self._entropy = entropy
        self._lock = threading.Lock()

    @classmethod
    def of(cls, home: Home) -> Self:
        return cls(home.state / "ballast", os.urandom)

    def lay(self) -> None:
        """Hold the room back, if it is not, and if the disk has plenty.  Never raises: the next call tries again."""
        with self._lock:
            try:
                free_bytes = shutil.disk_usage(self.path.parent).free
                if free_bytes >= BALLAST_BYTES + SPARE_BYTES and self._size_bytes() < BALLAST_BYTES:
                    self._write()
            except OSError as error:
                log.info("no room is held back reason=%s", error)

    def give_up(self) -> bool:
        """Let the room go; whether there was any.  Never raises."""
        with self._lock:
            try:
                is_some = self._size_bytes() > 0
                self.path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("the room that was held back cannot be had reason=%s", error)
                return False
        if is_some:
            log.warning("the disk is full, and what was held back of it is used now bytes=%d", BALLAST_BYTES)
        return is_some

    def _size_bytes(self) -> int:
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0

    def _write(self) -> None:
        """Bytes of chance: nothing that a file system could leave out or pack."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), MODE)
        try:
            rest = memoryview(self._entropy(BALLAST_BYTES))
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)  # some disks say only then that they have no room
        finally:
            os.close(descriptor)
