"""Why a release waits, or has come to its end, in the words that a person reads."""

from __future__ import annotations

from typing import Final

UNSEEN: Final = "too few neighbours have shown the developers' newest word yet"
NO_TRIAL: Final = "nothing can be tried out on this computer, because it cannot shut a version off"
RECALLED: Final = "the developers recalled it"
WITHDRAWN: Final = "the pods withdrew it"
CAME_FIRST: Final = " came first"  # after the name of a newer release
GOES_FIRST: Final = " has its turn first"  # after the name of an older release, which is under way
NO_WAY_BACK: Final = "the developers recalled it, and nothing from before may be gone back to"
TOO_FAR_APART: Final = "this program is too old, or too new, to try it out"
DOUBTED: Final = "the version in use could not read chunks that are there and whole"
OUT_OF_MEMORY: Final = "this computer has run out of memory"
TOO_SLOW: Final = "it did not take over in time"
REASON_CHARACTERS_MAX: Final = 400


def short(reason: str) -> str:
    """A reason that may be kept: what a vault has said may be as long as it likes."""
    return reason if len(reason) <= REASON_CHARACTERS_MAX else reason[: REASON_CHARACTERS_MAX - 1] + "…"
