"""The names that a share may carry: inside the target on every system, printable, and the same bytes everywhere."""

from __future__ import annotations

import unicodedata
from typing import Final

from node.vault.share.tree import DEVICE

NAME_BYTES_MAX: Final = 255  # of one folder or file, in UTF-8
PATH_BYTES_MAX: Final = 4_000  # below the 4,096 of Linux, with some room for the target in front of it
PATH_NAMES_MAX: Final = 64  # folders within folders, and the file
# A right-to-left override makes "gpj.exe" out of what ends with ".jpg".
_TURNING: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_ON_WINDOWS: Final = frozenset(':*?"<>|')


def is_name_allowed(name: str) -> bool:
    """Whether ``name`` may be that of a share or of one file or folder in it."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or DEVICE.fullmatch(name):
        return False
    if any(unicodedata.category(character) in ("Cc", "Cs") or character in _TURNING for character in name):
        return False
    return len(name.encode()) <= NAME_BYTES_MAX and unicodedata.is_normalized("NFC", name)


def is_path_allowed(path: str) -> bool:
    """Whether ``path`` leads from a folder to something inside it."""
    if len(path) > PATH_BYTES_MAX:  # first: all that follows takes its time
        return False
    names = path.split("/")
    if len(names) > PATH_NAMES_MAX or not all(map(is_name_allowed, names)):
        return False
    return len(path.encode()) <= PATH_BYTES_MAX


def is_possible_on_windows(path: str) -> bool:
    """Whether an allowed path names a file there, too: no drive, no second stream, no end that Windows drops."""
    return not _NOT_ON_WINDOWS.intersection(path) and all(name[-1] not in " ." for name in path.split("/"))


def merged(name: str) -> str:
    """What remains of a name on a disk that does not tell small letters from capitals."""
    return unicodedata.normalize("NFC", name.casefold())
