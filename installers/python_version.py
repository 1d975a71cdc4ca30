"""Which Pythons Perennial runs on.

This file and the two doors must be readable by every Python 3, or a person with an old one would see a
traceback instead of a sentence; hence the quoted types.
"""

import shutil
import sys

OLDEST = (3, 11)
NEWEST = (3, 13)


def refusal(version: "tuple[int, ...]") -> "str | None":
    """Return the sentence that turns this Python away, or None when it is welcome."""
    if OLDEST <= version[:2] <= NEWEST:
        return None
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    present = [name for name in names if shutil.which(name)]
    hint = f"; start this with {present[0]}, which is installed here" if present else ""
    return f"Perennial needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is {version[0]}.{version[1]}{hint}."


def require() -> None:
    sentence = refusal(sys.version_info[:2])
    if sentence:
        sys.stderr.write(sentence + "\n")
        sys.exit(2)
