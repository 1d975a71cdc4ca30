"""Reasons that stand within a sentence of the node, in everyday words: known by the node's own, or the system's.

What is not found here (what a system, or a version of the vault, said itself) is shown as it is.
"""

from __future__ import annotations

import re
from typing import Final

from gui.language import translate
from gui.texts.plain import plain

TEXTS: Final = {
    "it is full": translate("whys", "it is full"),
    "it takes no more files": translate("whys", "it takes no more files"),
    r"only (?P<free>[\d.]+ \w+) are free": translate("whys", "only {free} are free"),
    # What systems say; so the C library of Linux.
    "No space left on device": translate("whys", "no space is left"),
    "Permission denied": translate("whys", "access is denied"),
    "Operation not permitted": translate("whys", "that is not allowed"),
    "Read-only file system": translate("whys", "it can only be read"),
    "Input/output error": translate("whys", "it fails to read or write"),
    "No such file or directory": translate("whys", "it is not there"),
    "Is a directory": translate("whys", "it is a folder"),
    "Not a directory": translate("whys", "it is no folder"),
    "Disk quota exceeded": translate("whys", "your share of it is used up"),
    "Function not implemented": translate("whys", "this system cannot do it"),
    "Address already in use": translate("whys", "another program has it"),
    # Settings.
    r"it is of the newer version (?P<version>\d+)": translate("whys", "it is of the newer version {version}"),
    r"it says that it is of version (?P<version>-?\d+), which there never was": translate(
        "whys", "it says that it is of version {version}, which there never was"
    ),
    r"longer than (?P<size>\d+) bytes": translate("whys", "longer than {size} bytes"),
    r"it is longer than (?P<size>\d+) bytes": translate("whys", "it is longer than {size} bytes"),
    r"it is over (?P<size>\d+) bytes": translate("whys", "it is over {size} bytes"),
    # Keys.
    r"a key has (?P<size>\d+) bytes": translate("whys", "a key has {size} bytes"),
    "this is no unprotected key, or a damaged one": translate("whys", "this is no unprotected key, or a damaged one"),
    "this is no key behind a passphrase, or a damaged one": translate(
        "whys", "this is no key behind a passphrase, or a damaged one"
    ),
    # Why a release could not be fetched, or shown to be sound.
    r".+: a file was lost meanwhile: .+": translate("whys", "a file of it was lost meanwhile"),
    r"chunk \w+ could not be had in (?P<count>\d+) tries": translate(
        "whys", "a piece of it could not be had in {count} tries"
    ),
    r".+: \d+ bytes are over \d+": translate("whys", "it is larger than a version may be"),
    "it has ended": translate("whys", "it has ended"),
    "it answered too slowly": translate("whys", "it answered too slowly"),
    # Why the vault ended, or did not start.
    r"it ended with code (?P<code>\d+)": translate("whys", "it ended with code {code}"),
    r"it ended with code (?P<code>\d+): (?P<words>.+)": translate("whys", "it ended with code {code}: {words}"),
    "it ended with code -9": translate("whys", "it was killed"),
    r"it ended with code -(?P<code>\d+)": translate("whys", "it was stopped from outside"),
    r"it did not answer for (?P<seconds>\d+) seconds": translate("whys", "it did not answer for {seconds} seconds"),
    r"it was not reachable within (?P<seconds>\d+) seconds": translate(
        "whys", "it was not reachable within {seconds} seconds"
    ),
    r"its slot is (?P<mine>\w+), but it says that it was loaded from (?P<theirs>\w+)": translate(
        "whys", "its files are not those that they should be"
    ),
    "it speaks versions .+ with others, and this program none of them": translate(
        "whys", "it does not understand the rest of Perennial"
    ),
    "it speaks control versions .+, and this supervisor none of them": translate(
        "whys", "it does not understand the rest of Perennial"
    ),
    "it gave a record that is not its own": translate("whys", "it passed itself off as another one"),
    "its first word was .+, not Hello": translate("whys", "it did not introduce itself"),
}


def say_why(why: str) -> str:
    """The reason, as a part of a sentence."""
    for pattern, text in TEXTS.items():
        if (found := re.fullmatch(pattern, why, re.DOTALL)) is not None:
            return text.format(**found.groupdict())
    return plain(why)
