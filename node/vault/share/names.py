"""The names that a share may carry: inside the target on every system, printable, and the same bytes everywhere."""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

from node.vault.share.tree import DEVICE

NAME_BYTES_MAX: Final = 255  # of one folder or file, in UTF-8
PATH_BYTES_MAX: Final = 4_000  # below the 4,096 of Linux, with some room for the target in front of it
PATH_NAMES_MAX: Final = 64  # folders within folders, and the file
# A right-to-left override makes "gpj.exe" out of what ends with ".jpg".
_TURNING: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What is wrong with a name, or with a path as a whole.
Fault = Literal["none", "separator", "device", "bytes", "control", "turning", "long", "spelling", "deep", "path_long"]
_NOT_ON_WINDOWS: Final = frozenset(':*?"<>|')


def is_name_allowed(name: str) -> bool:
    """Whether ``name`` may be that of a share or of one file or folder in it."""
    return fault_of_name(name) is None


def is_path_allowed(path: str) -> bool:
    """Whether ``path`` leads from a folder to something inside it."""
    return fault_of_path(path) is None


def fault_of_name(name: str) -> Fault | None:
    """Why ``name`` may not be that of a share or of one file or folder in it; None if it may."""
    categories = {unicodedata.category(character) for character in name}
    if name in ("", ".", ".."):
        return "none"
    if "/" in name or "\\" in name:
        return "separator"
    if DEVICE.fullmatch(name):
        return "device"
    if "Cs" in categories:  # bytes that are no UTF-8, as they come from a disk
        return "bytes"
    if "Cc" in categories:
        return "control"
    if not _TURNING.isdisjoint(name):
        return "turning"
    if len(name.encode()) > NAME_BYTES_MAX:
        return "long"
    return None if unicodedata.is_normalized("NFC", name) else "spelling"


def fault_of_path(path: str) -> Fault | None:
    """Why ``path`` may not lead from a folder to something inside it; None if it may."""
    if len(path) > PATH_BYTES_MAX:  # first: all that follows takes its time
        return "path_long"
    names = path.split("/")
    if len(names) > PATH_NAMES_MAX:
        return "deep"
    fault = next((fault for name in names if (fault := fault_of_name(name)) is not None), None)
    return fault or ("path_long" if len(path.encode()) > PATH_BYTES_MAX else None)


def is_possible_on_windows(path: str) -> bool:
    """Whether an allowed path names a file there, too: no drive, no second stream, no end that Windows drops."""
    return not _NOT_ON_WINDOWS.intersection(path) and all(name[-1] not in " ." for name in path.split("/"))


def merged(name: str) -> str:
    """What remains of a name on a disk that does not tell small letters from capitals, nor sees what joins signs."""
    seen = "".join(character for character in name.casefold() if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", seen)
