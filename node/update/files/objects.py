"""What was fetched for a slot that is not staged yet: chunks, and whole files made of them.  Everything blocks.

<address>           a chunk; it is hashed again when it is read, and so needs no flush
<sha256>.file       a file, whole and flushed from the moment it has this name, and read-only
<sha256>.part       a file that is being made
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from node.update.errors import SlotDamaged, StageFailed
from node.update.files.trees import EXECUTABLE_MODE, FILE_MODE, OWN_MODE, digest_of
from node.vault.share.tree import CHUNK_BYTES_MAX, TreeFile
from node.vault.storage.filesystem import RealFileSystem

FILE_SUFFIX: Final = ".file"
PART_SUFFIX: Final = ".part"


class Objects:
    """The chunks and files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> None:
        """Keep a fetched chunk.

        Raises:
            StageFailed: The disk refused.
        """
        path = self._folder / hashlib.sha256(content).hexdigest()
        try:
            path.write_bytes(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise StageFailed(f"the files could not be kept: {error.strerror or error}") from error

    def get(self, address: bytes) -> bytes | None:
        """A chunk that was kept, if its bytes still have that address."""
        try:
            with (self._folder / address.hex()).open("rb") as file:
                content = file.read(CHUNK_BYTES_MAX + 1)
        except OSError:
            return None
        return content if hashlib.sha256(content).digest() == address else None

    def make(self, file: TreeFile, pieces: Iterable[bytes]) -> Path:
        """Make a whole file of its pieces, of which one at a time is in memory; it survives a power cut.

        Raises:
            SlotDamaged: The pieces are not those of this file.
            StageFailed: The disk refused.
        """
        path, digest = self._path_of(file), hashlib.sha256()
        part = path.with_suffix(PART_SUFFIX)
        try:
            part.unlink(missing_ok=True)
            with part.open("xb") as making:
                for piece in pieces:
                    digest.update(piece)
                    making.write(piece)
                making.flush()
                os.fsync(making.fileno())
            if digest.hexdigest() != file.sha256:
                raise SlotDamaged(f"the bytes for {file.path} are not those that were signed")
            part.chmod(EXECUTABLE_MODE if file.is_executable else FILE_MODE)
            part.replace(path)
            RealFileSystem(self._folder, folders=()).fsync_directory(".")
        except OSError as error:
            raise StageFailed(f"the files could not be kept: {error.strerror or error}") from error
        finally:
            part.unlink(missing_ok=True)
        return path

    def made(self, file: TreeFile) -> Path | None:
        """A file that was made before, if its bytes are still the right ones."""
        path = self._path_of(file)
        try:
            return path if digest_of(path) == file.sha256 else None
        except OSError:
            return None

    def drop(self) -> None:
        """Forget all of it.  Raises OSError."""
        for path in self._folder.iterdir():
            if sys.platform == "win32":
                path.chmod(OWN_MODE)  # what is read-only cannot be removed there
            path.unlink(missing_ok=True)

    def _path_of(self, file: TreeFile) -> Path:
        # One content may be wanted with and without the mark, and a link shares it.
        return self._folder / f"{file.sha256}{'.x' if file.is_executable else ''}{FILE_SUFFIX}"
