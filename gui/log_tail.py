"""The last lines of a log, however long it has become."""

from __future__ import annotations

from pathlib import Path
from typing import Final

LOG: Final = "logs/supervisor.log"  # in a home
BYTES_MAX: Final = 32 << 10
LINES_MAX: Final = 120


def tail(path: Path) -> tuple[str, ...]:
    """The last whole lines, at most ``LINES_MAX`` of the last ``BYTES_MAX`` bytes, printable.

    Blocking: call it in a thread.  A file that is not there has no lines.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, 2)
            begin = max(0, size_bytes - BYTES_MAX)
            file.seek(begin)
            lines = file.read(BYTES_MAX).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ()
    whole = lines[1:] if begin else lines  # the first one was cut
    return tuple(_printable(line) for line in whole[-LINES_MAX:])


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
