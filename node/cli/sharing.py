"""What ``put`` and ``get`` share: how far it is, stated failures, and an orderly end at Ctrl+C."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from node.api.shares import texts
from node.api.shares.errors import ShareError
from node.api.shares.putting import Progress
from node.api.shares.transfer import Courier
from node.api.texts import count, size
from node.cli.common import Failure, ask_node, fail

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from node.api.client import Client

LINE_S: Final = 5.0  # between two lines where there is no terminal

T = TypeVar("T")


class Interrupted(Failure):
    """Ctrl+C, as shells know it."""

    exit_code = 130


class Silence:
    def begin(self, name: str, files: int, length: int) -> None:
        pass

    def moved(self, length: int) -> None:
        pass


class Lines:
    """For logs: a line at the beginning, and one now and then."""

    def __init__(self) -> None:
        self._done = self._length = 0
        self._said_s = 0.0

    def begin(self, name: str, files: int, length: int) -> None:
        self._length, self._said_s = length, time.monotonic()
        click.echo(f"{texts.shown(name)}: {count(files, 'file')}, {size(length)}", err=True)

    def moved(self, length: int) -> None:
        self._done += length
        if time.monotonic() - self._said_s >= LINE_S:
            self._said_s = time.monotonic()
            click.echo(f"{size(self._done)} of {size(self._length)}", err=True)


class Painted:
    """For a terminal: a bar."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def begin(self, name: str, files: int, length: int) -> None:
        from rich.markup import escape  # noqa: PLC0415 - slow to load

        self._bar.update(self._task, description=escape(texts.shown(name)), total=length)

    def moved(self, length: int) -> None:
        self._bar.advance(self._task, length)


@contextlib.contextmanager
def progress_for(*, is_json: bool) -> Iterator[Progress]:
    """How far it is, on standard error: a bar on a terminal, else lines, and nothing beside JSON."""
    if is_json or not sys.stderr.isatty():
        yield Silence() if is_json else Lines()
        return
    from rich import progress  # noqa: PLC0415 - slow to load
    from rich.console import Console  # noqa: PLC0415

    columns = (
        progress.TextColumn("{task.description}"), progress.BarColumn(), progress.DownloadColumn(),
        progress.TransferSpeedColumn(), progress.TimeRemainingColumn(),
    )  # fmt: skip
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Painted(bar)


def share(home: Path, work: Callable[[Courier, Progress], Awaitable[T]], if_interrupted: str, *, is_json: bool) -> T:
    """Let ``work`` put or get through the node of ``home``; what goes wrong ends the command with one sentence."""
    try:
        with progress_for(is_json=is_json) as progress:

            async def talk(client: Client) -> T:
                await client.status()  # whether a node runs at all is said at once
                return await work(Courier(client), progress)

            return ask_node(home, talk, is_json=is_json)
    except ShareError as error:
        fail(error, is_json=is_json)
    except KeyboardInterrupt:
        raise Interrupted("interrupted", if_interrupted, is_json=is_json) from None
