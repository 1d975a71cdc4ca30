"""The folder in which files are written before they are moved to their place."""

from __future__ import annotations

import contextlib
import errno
import itertools
from typing import Final

from node.vault.storage.filesystem import INCOMING
from node.vault.storage.quota import Disk
from node.vault.storage.tally import TALLY_NAME

NAMES_TRIED_MAX: Final = 1_000  # names taken by another process that writes to the same folder


class Incoming:
    """New files, each under a name of its own.  Several threads may call it; everything blocks."""

    def __init__(self, filesystem: Disk) -> None:
        self._filesystem = filesystem
        self._numbers = itertools.count()

    def clean(self) -> None:
        """Remove what others left half done; the tally stays, and so does a folder, which is somebody's.

        Raises:
            OSError: Something cannot be removed.
        """
        for name in self._filesystem.list(INCOMING):
            if name != TALLY_NAME:
                with contextlib.suppress(IsADirectoryError):
                    self._filesystem.remove(f"{INCOMING}/{name}")

    def write(self, content: bytes) -> str:
        """Write ``content`` to a new file; return its path.

        Raises:
            OSError: As far as the disk still obeys, nothing is left behind.
        """
        for number in itertools.islice(self._numbers, NAMES_TRIED_MAX):
            path = f"{INCOMING}/{number}"
            try:
                self._filesystem.write(path, content)
            except FileExistsError:
                continue  # of a process that wrote here before and still does
            except OSError:
                self.is_removed(path)
                raise
            return path
        raise FileExistsError(errno.EEXIST, "no free name", INCOMING)

    def is_removed(self, path: str) -> bool:
        """Remove a file, after a failure; False if the disk refuses that too."""
        try:
            self._filesystem.remove(path)
        except FileNotFoundError:
            return True
        except OSError:
            return False  # the caller is told of the first failure; the next start removes what is left
        return True

    def probe(self) -> None:
        """Write a byte durably, and remove it.

        Raises:
            OSError: The disk takes nothing at the moment.
        """
        at = self.write(b"?")
        try:
            self._filesystem.fsync(at)
        finally:
            self.is_removed(at)
        self._filesystem.fsync_directory(INCOMING)
