"""The data folders of trials: beside the store of the vault in use, and alike in every way that a vault can see.

A vault can always ask for the path of its own folder, and whether something stands under a path that it can guess, so
no name tells what a folder is for.  Which folders were made for trials is noted before they are made, in a file that
no vault can read.  Nothing else is ever removed here.
"""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import Final

import msgspec

from node.update.files.trees import remove_tree
from node.vault.ports import Entropy
from node.vault.storage.filesystem import RealFileSystem, write_durably

NAME_BYTES: Final = 8  # of a data folder's name, the own one's too
NOTED_MAX: Final = 64  # folders; a trial makes two and begins by removing those before it
NOTED_BYTES_MAX: Final = 1 << 16
FOLDER_MODE: Final = 0o700

_NAME: Final = re.compile(f"[0-9a-f]{{{2 * NAME_BYTES}}}")

log = logging.getLogger(__name__)


class TrialFolders:
    """Makes the folders of one home's trials, and removes them.  Everything blocks; one call at a time.

    Invariant: a folder that is removed was made here, for it was noted, under a name that nothing had; it is never
    ``own``, the data folder of the vault in use.
    """

    def __init__(self, own: Path, noted: Path) -> None:
        """``own`` may not be there yet; ``noted``: the file in which the names are kept."""
        self._own = own
        self._noted = noted

    def at(self, name: str) -> Path:
        """Where the folder of that name lies, if it is there."""
        return self._own.with_name(name)

    def make(self, entropy: Entropy) -> Path:
        """Make a new one; once this returns it survives a power cut, as does what is flushed in it.

        Raises:
            OSError: The disk refused, or there are too many already.
        """
        path, noted = self.at(entropy(NAME_BYTES).hex()), self._names()
        if path == self._own or path.exists():
            raise FileExistsError(f"{path} is there already")
        if len(noted) >= NOTED_MAX:
            raise OSError("too many folders of trials were left behind")
        write_durably(self._noted, msgspec.json.encode([*noted, path.name]))
        path.mkdir(mode=FOLDER_MODE, parents=True)
        RealFileSystem(path.parent, folders=()).fsync_directory(".")
        return path

    def remove_all(self) -> None:
        """Remove all that were made, and the copies of them; safe to call again after a power cut.

        Raises:
            OSError: Something is left; the next call tries again.
        """
        for name in self._names():
            for path in (self.at(name), copy_of(self.at(name))):
                if path != self._own:
                    remove_tree(path)
        self._noted.unlink(missing_ok=True)

    def _names(self) -> list[str]:
        """Those that are noted; none if the note is damaged, for what it does not name is not ours to remove."""
        try:
            with self._noted.open("rb") as file:
                names = msgspec.json.decode(file.read(NOTED_BYTES_MAX), type=list[str])
        except FileNotFoundError:
            return []
        except (msgspec.DecodeError, UnicodeError) as error:
            log.warning("the folders of earlier trials are not known and stay reason=%s", error)
            return []
        return [name for name in names if _NAME.fullmatch(name)]


def copy_of(data: Path) -> Path:
    """Where the copy of a data folder lies that the way back is rehearsed on; its name says nothing of the other's."""
    return data.with_name(hashlib.sha256(data.name.encode()).hexdigest()[: 2 * NAME_BYTES])
