"""How far a ``put`` or ``get`` is, painted on a terminal.  Loaded only where there is one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from rich import progress
from rich.console import Console, RenderableType
from rich.text import Text

from node.api.shares import texts
from node.cli.sharing import Silence


class Bar(progress.Progress):
    """A bar, and below it why it stands still."""

    why = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.why:
            yield Text(self.why)


class Painted(Silence):
    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def begin(self, name: str, files: int, length: int) -> None:
        self._bar.update(self._task, description=texts.shown(name), total=length)

    def moved(self, length: int) -> None:
        self._bar.why = ""
        self._bar.advance(self._task, length)

    def waits(self, why: str) -> None:
        self._bar.why = texts.waits(why)


@contextlib.contextmanager
def painted() -> Iterator[Painted]:
    """Draw on standard error as long as the block runs."""
    columns = (
        progress.TextColumn("{task.description}", markup=False), progress.BarColumn(), progress.DownloadColumn(),
        progress.TransferSpeedColumn(), progress.TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Painted(bar)
