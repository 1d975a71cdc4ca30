"""What was fetched for slots that are not staged yet: chunks, and whole files made of them.  Everything blocks.

<tree hash>/                 what came for the slot of that name; no other way removes it
<tree hash>/<address>        a chunk; it is hashed again when it is read, and so needs no flush
<tree hash>/<sha256>.file    a file, whole and flushed from the moment it has this name, and read-only
<tree hash>/<sha256>.part    a file that is being made
<tree hash>.app/             the chunks of a staged app as they came: nobody could pack its files again byte by byte
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from node.update.errors import SlotDamaged, StageFailed
from node.update.files.trees import EXECUTABLE_MODE, FILE_MODE, OWN_MODE, digest_of, remove_tree
from node.vault.share.tree import CHUNK_BYTES_MAX, TreeFile
from node.vault.storage.filesystem import RealFileSystem, flush

FILE_SUFFIX: Final = ".file"
PART_SUFFIX: Final = ".part"
APP_SUFFIX: Final = ".app"


class Objects:
    """The chunks and files for one slot, in a folder that is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> None:
        """Keep a fetched chunk.

        Raises:
            StageFailed: The disk refused.
        """
        path = self._folder / hashlib.sha256(content).hexdigest()
        try:
            self._folder.mkdir(mode=OWN_MODE, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise StageFailed(f"the files could not be kept: {error.strerror or error}") from error

    def get(self, address: bytes) -> bytes | None:
        """A chunk that was kept, if its bytes still have that address."""
        return _chunk(self._folder / address.hex())

    def make(self, file: TreeFile, pieces: Iterable[bytes]) -> Path:
        """Make a whole file of its pieces, of which one at a time is in memory; it survives a power cut.

        Raises:
            SlotDamaged: The pieces are not those of this file.
            StageFailed: The disk refused.
        """
        path, digest = self._path_of(file), hashlib.sha256()
        part = path.with_suffix(PART_SUFFIX)
        try:
            self._folder.mkdir(mode=OWN_MODE, exist_ok=True)
            part.unlink(missing_ok=True)
            with part.open("xb") as making:
                for piece in pieces:
                    digest.update(piece)
                    making.write(piece)
                making.flush()
                flush(making.fileno())
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

    def _path_of(self, file: TreeFile) -> Path:
        # One content may be wanted with and without the mark, and a link shares it.
        return self._folder / f"{file.sha256}{'.x' if file.is_executable else ''}{FILE_SUFFIX}"


class AllObjects:
    """The folders of all slots that are not staged yet, and what is kept of the app that was staged last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, tree_hash: str) -> Objects:
        return Objects(self._folder / tree_hash)

    def let_go(self, tree_hash: str) -> None:
        """Forget what came for a slot.  Raises OSError."""
        remove_tree(self._folder / tree_hash)

    def keep_only(self, trees: Collection[str]) -> None:
        """Forget what came for any other slot than these, but nothing of the app that is staged.  Raises OSError."""
        for path in self._folder.iterdir():
            if path.name not in trees and path.suffix != APP_SUFFIX:
                remove_tree(path)

    def hand_on(self, tree_hash: str) -> None:
        """An app is staged: the chunks that came for it stay, in the place of those of any other.

        Raises:
            OSError: The disk refused.
        """
        came, place = self._folder / tree_hash, self._app(tree_hash)
        came.mkdir(mode=OWN_MODE, exist_ok=True)
        for path in came.iterdir():
            if path.suffix:
                remove_tree(path)
        for other in self._folder.glob(f"*{APP_SUFFIX}"):
            if other != place:
                remove_tree(other)
        if place.is_dir():  # it was staged before, and needed less this time
            for path in came.iterdir():
                path.replace(place / path.name)
            came.rmdir()
        else:
            came.replace(place)

    def is_handed_on(self, tree_hash: str) -> bool:
        return self._app(tree_hash).is_dir()

    def handed_on(self, tree_hash: str) -> Iterator[bytes]:
        """The chunks that came for an app, as far as their bytes are still the right ones.  Raises OSError."""
        for path in sorted(self._app(tree_hash).iterdir()):
            content = _chunk(path)
            if content is not None:
                yield content

    def _app(self, tree_hash: str) -> Path:
        return self._folder / f"{tree_hash}{APP_SUFFIX}"


def _chunk(path: Path) -> bytes | None:
    """The bytes of a chunk that is named by its address; None unless they still have it."""
    try:
        with path.open("rb") as file:
            content = file.read(CHUNK_BYTES_MAX + 1)
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == path.name else None
