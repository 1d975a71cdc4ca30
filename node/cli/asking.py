"""What a person types, or what a script gives in a person's place: one line of standard input for each question."""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
from typing import IO, Final

import click

LINE_BYTES_MAX: Final = 8_192  # more than the longest passphrase has, so that a longer one is found out
LINE_S_MAX: Final = 60.0  # in which a pipe must bring it; a person at a terminal may think as long as they like


class NoAnswer(Exception):
    """Nobody answered.  The message is the reason, without an end: whoever asked says what was asked for."""


def ask(prompt: str) -> str:
    """A line from the terminal, or else the next one of standard input.

    Raises:
        NoAnswer: There is no terminal to ask at, and standard input gives no line of text in time.
    """
    if _is_terminal():
        return str(click.prompt(prompt, err=True))
    click.echo(f"{prompt}: ", err=True)
    return _next_line()


def ask_secret(prompt: str, *, is_new: bool) -> str:
    """As ``ask``, without showing what is typed; at a terminal twice if it is new."""
    if _is_terminal():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True))
    return _next_line()


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _next_line() -> str:
    if sys.stdin is None:  # nothing was open there when the process began
        raise NoAnswer("there is no standard input")
    stream, found = _unbuffered(), queue.SimpleQueue[bytes | OSError]()

    def wait() -> None:
        try:
            found.put(stream.readline(LINE_BYTES_MAX))
        except OSError as error:
            found.put(error)

    threading.Thread(target=wait, name="line", daemon=True).start()
    try:
        line = found.get(timeout=LINE_S_MAX)
    except queue.Empty as error:
        raise NoAnswer(f"nothing came on standard input within {LINE_S_MAX:.0f} seconds") from error
    if isinstance(line, OSError):
        raise NoAnswer(f"standard input cannot be read ({line.strerror or line})") from line
    if not line:
        raise NoAnswer("standard input is empty")
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise NoAnswer("what came on standard input is not UTF-8") from error


def _unbuffered() -> IO[bytes]:
    """Standard input read byte by byte: what comes after the line is left to whoever asks next.

    And a thread that waits inside the buffer of ``sys.stdin`` would hold its lock, on which the interpreter dies at
    its end.
    """
    try:
        return os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    except io.UnsupportedOperation:  # it was replaced by something in memory, which keeps nobody waiting
        return sys.stdin.buffer
