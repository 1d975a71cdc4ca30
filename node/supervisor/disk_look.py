"""Whether the disk takes and gives back what it is given, found out where the chunks lie."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from node.api import texts
from node.api.checks import DiskFault
from node.supervisor import space
from node.vault.ports import Entropy
from node.vault.storage.filesystem import CHUNKS

LOOK_BYTES: Final = 4096
NAME: Final = "look"
MODE: Final = 0o600


def look(folder: Path, entropy: Entropy) -> tuple[DiskFault, str]:
    """Write a file in the vault's data ``folder``, read it back from the disk, and remove it.  Blocking.

    Another file system than that of the chunks cannot be meant: they are moved there by a rename.  Nothing that
    the vault could have put in the way is followed.  Returns what is wrong, and why; ("", "") if nothing is.
    """
    try:
        if not stat.S_ISDIR((folder / CHUNKS).lstat().st_mode):
            return "gone", ""
        return ("", "") if _comes_back(folder / NAME, entropy(LOOK_BYTES)) else ("altered", "")
    except (FileNotFoundError, NotADirectoryError):
        return "gone", ""
    except OSError as error:
        return "refused", space.refusal(folder, error)


def _comes_back(path: Path, content: bytes) -> bool:
    path.unlink(missing_ok=True)  # of a look that a power cut ended
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), MODE)
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(texts.disk_low(0))
        os.fsync(descriptor)
        if hasattr(os, "posix_fadvise"):  # else the memory answers for the disk
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, len(content)) == content
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
