"""EDGE: the child's end of the control channel, over its standard input and output.

Both are duplicated and replaced at once, so that a stray print or a native panic cannot break into the frames:
what is printed goes to standard error, the log.  Two threads carry the bytes, because pipes on Windows
cannot be waited for otherwise; the rest of the process only sees an asyncio queue.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import queue
import sys
import threading
from typing import Final

from node.vault.control import Frames
from node.vault.errors import ControlError

READ_BYTES: Final = 1 << 16
OUTGOING_MAX: Final = 256  # frames; a parent that reads no more stops the child
INCOMING_MAX: Final = 64

logger = logging.getLogger(__name__)


class Channel:
    """Frames to and from the parent.  Make one, first of all, in the main thread of a child."""

    def __init__(self) -> None:
        self._incoming_fd = os.dup(0)
        self._outgoing_fd = os.dup(1)
        nothing, unused = os.pipe()  # not the null device, which a container of Windows does not have
        os.dup2(nothing, 0)
        os.close(nothing)
        os.close(unused)
        os.dup2(2, 1)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # stays open as long as the process
        self._outgoing: queue.Queue[bytes | None] = queue.Queue(OUTGOING_MAX)
        self._writer = threading.Thread(target=self._write, name="channel-writer", daemon=True)
        self._writer.start()

    def send(self, frame: bytes) -> None:
        """Queue one encoded frame.  Blocks when the parent does not read."""
        self._outgoing.put(frame)

    def flush_and_close(self, timeout_s: float) -> None:
        """Write what is queued, then end the outgoing direction.  Blocks at most ``timeout_s``."""
        self._outgoing.put(None)
        self._writer.join(timeout_s)

    def start_reading(self, loop: asyncio.AbstractEventLoop) -> asyncio.Queue[bytes | None]:
        """The contents of the parent's frames as they come; None when the parent has closed or broken it."""
        received: asyncio.Queue[bytes | None] = asyncio.Queue(INCOMING_MAX)
        threading.Thread(target=self._read, args=(loop, received), name="channel-reader", daemon=True).start()
        return received

    def _write(self) -> None:
        while (frame := self._outgoing.get()) is not None:
            view = memoryview(frame)
            while view:
                try:
                    view = view[os.write(self._outgoing_fd, view) :]
                except OSError:
                    return  # the parent is gone; reading ends the process
        os.close(self._outgoing_fd)

    def _read(self, loop: asyncio.AbstractEventLoop, received: asyncio.Queue[bytes | None]) -> None:
        frames = Frames()

        def pass_on(content: bytes | None) -> None:
            # Waiting for the result keeps an eager parent from filling the memory.
            asyncio.run_coroutine_threadsafe(received.put(content), loop).result()

        try:
            while read := os.read(self._incoming_fd, READ_BYTES):
                for content in frames.feed(read):
                    pass_on(content)
        except (OSError, ControlError) as error:
            logger.error("control channel broken: %s", error)
        except (RuntimeError, concurrent.futures.CancelledError):
            return  # the loop has ended, and with it the need to read
        with contextlib.suppress(RuntimeError, concurrent.futures.CancelledError):
            pass_on(None)
