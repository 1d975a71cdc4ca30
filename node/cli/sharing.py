"""What ``put`` and ``get`` share: how far it is, stated failures, and an orderly end when they are told to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from node.api.shares import texts
from node.api.shares.errors import ShareError
from node.api.shares.transfer import Courier
from node.api.texts import count, size
from node.cli.common import Failure, ask_node, fail
from node.cli.ending import told_to_end

if TYPE_CHECKING:
    from node.api.client import Client

LINE_S: Final = 5.0  # between two lines where there is no terminal
SIGNALLED: Final = 128  # shells add the signal's number to it

T = TypeVar("T")


class Silence:
    """Says nothing, and remembers where what has come so far waits."""

    part: Path | None = None

    def begin(self, name: str, files: int, length: int) -> None:
        pass

    def moved(self, length: int) -> None:
        pass

    def waits(self, why: str) -> None:
        pass

    def kept(self, part: Path) -> None:
        self.part = part


class Lines(Silence):
    """For logs: a line at the beginning, and one now and then."""

    def __init__(self) -> None:
        self._done = self._length = 0
        self._said_s = 0.0

    def begin(self, name: str, files: int, length: int) -> None:
        self._length, self._said_s = length, time.monotonic()
        _tell(f"{texts.shown(name)}: {count(files, 'file')}, {size(length)}")

    def moved(self, length: int) -> None:
        self._done += length
        self._now_and_then(f"{size(self._done)} of {size(self._length)}")

    def waits(self, why: str) -> None:
        self._now_and_then(texts.waits(why))

    def _now_and_then(self, line: str) -> None:
        if time.monotonic() - self._said_s >= LINE_S:
            self._said_s = time.monotonic()
            _tell(line)


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # a share goes on, whoever watches how far it is
        click.echo(line, err=True)


def absolute(path: Path, *, is_json: bool) -> Path:
    """``path`` from the root on, with its links as they are."""
    try:
        return Path(os.path.abspath(path))  # noqa: PTH100  # resolving would follow the links
    except FileNotFoundError:
        fail(ShareError(texts.here_gone()), is_json=is_json)


@contextlib.contextmanager
def progress_for(*, is_json: bool) -> Iterator[Silence]:
    """How far it is, on standard error: a bar on a terminal, else lines, and nothing beside JSON."""
    if is_json or not sys.stderr.isatty():
        yield Silence() if is_json else Lines()
        return
    from node.cli.bar import painted  # noqa: PLC0415 - rich is slow to load

    with painted() as bar:
        yield bar


def share(
    home: Path,
    work: Callable[[Courier, Silence], Awaitable[T]],
    stopped: Callable[[Path | None], str],
    *,
    is_json: bool,
) -> T:
    """Let ``work`` put or get through the node of ``home``; what goes wrong ends the command with one sentence.

    ``stopped`` says what Ctrl+C, SIGTERM or SIGHUP leaves; it is given where what has come so far waits, if anything
    does.
    """
    told: list[int] = []
    try:
        with progress_for(is_json=is_json) as progress:

            async def talk(client: Client) -> T:
                with _stopped_by_signals(told):
                    await client.status()  # whether a node runs at all is said at once
                    return await work(Courier(client, progress.waits), progress)

            return ask_node(home, talk, is_json=is_json)
    except ShareError as error:
        fail(error, is_json=is_json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        exit_code = SIGNALLED + (told[0] if told else signal.SIGINT)
        raise Failure("interrupted", stopped(progress.part), is_json=is_json, exit_code=exit_code) from None


@contextlib.contextmanager
def _stopped_by_signals(told: list[int]) -> Iterator[None]:
    """Let the first signal cancel the current task, which ends in order; a second one ends it at once."""
    loop, task, numbers = asyncio.get_running_loop(), asyncio.current_task(), told_to_end()
    assert task is not None

    def restore() -> None:
        for number in numbers:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)

    def stop(number: int) -> None:
        told.append(number)
        restore()
        task.cancel()

    for number in numbers:
        with contextlib.suppress(NotImplementedError):  # on Windows Ctrl+C comes as KeyboardInterrupt
            loop.add_signal_handler(number, stop, number)
    try:
        yield
    finally:
        restore()
