"""The command line: one file per command, loaded only when it is called, so that every start is quick."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Final

INTERRUPTED: Final = 130  # the exit code of Ctrl+C, as shells know it


def main() -> None:
    """The command ``perennial``.

    Exit codes: 0 done, 1 a stated failure, 2 wrong usage, 129 the terminal is gone, 130 Ctrl+C, 143 SIGTERM.
    """
    if not __debug__:
        sys.exit("Perennial does not run with python -O: its checks must stay on.")
    say_what_can_be_said(sys.stdout, sys.stderr)
    try:
        with loading():
            from node.cli.tray import perennial  # noqa: PLC0415 - click takes its time, and Ctrl+C is quiet already
        perennial(prog_name="perennial")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        leave_unsaid(sys.stdout, sys.stderr)


def say_what_can_be_said(*streams: object) -> None:
    """Let a stream show a question mark for a letter that it does not know, as in a pipe on Windows, and go on."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="replace")


def leave_unsaid(*streams: object) -> None:
    """Drop what a stream could not print: the interpreter would try again as it ends, and fail in a command's place."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            try:
                stream.flush()
            except OSError:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While the block imports, Ctrl+C ends the process at once: nothing is begun yet that would have to be ended.

    Raised there, it would end as a traceback, or be lost in what the import system calls back.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
