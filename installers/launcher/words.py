"""What the launcher says, on standard error: all that a program that does not start has left to say."""

from __future__ import annotations

import contextlib
import sys


def say(sentence: str) -> None:
    """Say it, if anybody can hear it: a program without a console has no ear, and who started this may be gone."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"Perennial: {sentence}", file=sys.stderr, flush=True)


def left(name: str, why: str, following: str) -> str:
    return f"{name} {_WHY[why]}; {following} is started instead."


def newer(name: str) -> str:
    return f"a version newer than {name} was installed, and is started instead."


def again(name: str, why: str) -> str:
    return f"{name} {_WHY[why]}; it is started once more."


def doubted(name: str, following: str) -> str:
    return f"{name} has not started for a day, and says that it is not to blame; {following} shows if that is so."


def gave_up(name: str, why: str) -> str:
    return f"{name} {_WHY[why]}, and there is nothing else to start."


def unreadable(path: str, why: str) -> str:
    return f"{path} {_UNREADABLE[why]}; the installed version is started."


def not_kept(path: str, reason: str) -> str:
    return f"{path} could not be written ({reason}); that a start failed is remembered only until this one ends."


def not_started(reason: str) -> str:
    return f"it could not be started: {reason}."


def hangs(seconds: float) -> str:
    return f"it has not said within {seconds:.0f} seconds that it is well, and is ended."


_WHY = {
    "damaged": "is damaged",
    "failed": "has failed to start",
    "ended": "has ended by itself",
    "silent": "has not said in time that it is well",
}
_UNREADABLE = {
    "damaged": "is damaged",
    "newer": "was written by a newer version than this launcher knows",
}
