"""Where a child's standard error goes: a file of limited size, at a limited pace.

A child may be hostile or broken and write without end.  It must cost the farmer neither disk nor processor, and
nothing in it may reach a terminal as a control sequence.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import os
from pathlib import Path
from typing import Final

LOG_FILE_BYTES_MAX: Final = 1 << 20  # then it becomes the one older file, and a new one begins
LOG_BYTES_PER_S_MAX: Final = 32 << 10
LOG_BURST_BYTES: Final = 256 << 10  # a traceback or a verbose start passes whole
READ_BYTES: Final = 64 << 10
PAUSE_S: Final = 0.5  # between two reads while over the pace: the child waits, not the supervisor

_log = logging.getLogger(__name__)


class CappedLog:
    """Takes what a child writes; never holds more than two files of LOG_FILE_BYTES_MAX.

    Writing blocks for as long as a small append does.
    """

    def __init__(self, path: Path, started_s: float) -> None:
        """Open ``path`` for appending, readable by this account only; ``started_s`` is the loop's time.

        Raises:
            OSError: The file cannot be opened.
        """
        self.bytes_dropped = 0
        self._path = path
        self._allowance = float(LOG_BURST_BYTES)
        self._last_s = started_s
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._is_dropping = False
        self._open()

    def write(self, received: bytes, now_s: float) -> bool:
        """Append what the pace allows of it; return whether something had to be dropped."""
        earned = (now_s - self._last_s) * LOG_BYTES_PER_S_MAX
        self._allowance = min(LOG_BURST_BYTES, self._allowance + earned)
        self._last_s = now_s
        kept = received[: int(self._allowance)]
        self._allowance -= len(kept)
        dropped = len(received) - len(kept)
        self.bytes_dropped += dropped
        text = self._decoder.decode(kept)
        if dropped and not self._is_dropping:
            text += "\n[more is dropped: over the pace]\n"
        self._is_dropping = dropped > 0
        self._append(_plain(text).encode())
        return dropped > 0

    def close(self) -> None:
        """Close the file; the last line says how much was dropped."""
        if self.bytes_dropped:
            self._append(f"[{self.bytes_dropped} bytes were dropped in all]\n".encode())
        os.close(self._descriptor)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(self._path, flags, 0o600)
        self._size_bytes = os.fstat(self._descriptor).st_size

    def _append(self, content: bytes) -> None:
        if self._size_bytes + len(content) > LOG_FILE_BYTES_MAX:
            closed, self._descriptor = self._descriptor, -1  # should the next line fail, nothing else is written to
            os.close(closed)
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._open()
        self._size_bytes += os.write(self._descriptor, content)


async def keep_log(stream: asyncio.StreamReader, log: CappedLog) -> None:
    """Read ``stream`` to its end into ``log``, which is closed then.  Safe to cancel."""
    loop = asyncio.get_running_loop()
    is_broken = False
    try:
        while received := await stream.read(READ_BYTES):
            try:
                is_over = log.write(received, loop.time())
            except OSError as error:  # a full disk must not end a vault: read on, keep nothing
                if not is_broken:
                    _log.warning("a child's log cannot be written error=%s", error)
                is_broken, is_over = True, True
            if is_over:
                await asyncio.sleep(PAUSE_S)
    finally:
        try:
            log.close()
        except OSError as error:
            _log.warning("a child's log cannot be closed error=%s", error)


def _plain(text: str) -> str:
    """The text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
