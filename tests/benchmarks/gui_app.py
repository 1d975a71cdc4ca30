"""The app in a process of its own, which obeys one word per line of standard input and answers each with a line.

    python -m tests.benchmarks.gui_app HOME [--hidden]

It prints "shown" once the tray's icon is there; then for ``link`` what it hears of the node, for ``open`` after how
many seconds the window that was hidden has painted, for ``page N`` that it has turned to it, and for ``stall`` the
longest time in seconds that its event loop was late since it was asked last.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

from PySide6.QtCore import QEvent, QObject

import gui.__main__
import gui.app
from gui.app import App

BEAT_S: Final = 0.005
HIDDEN_S: Final = 0.05


class _FirstPaint(QObject):
    """Resolves when the window paints."""

    def __init__(self, painted: asyncio.Future[float]) -> None:
        super().__init__()
        self._painted = painted

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802  (Qt's name)
        if event.type() == QEvent.Type.Paint and not self._painted.done():
            self._painted.set_result(time.perf_counter())
        return False


class ObeyingApp(App):
    """The app, as a person runs it, with an ear for what the measurement wants."""

    async def run(self) -> int:
        obeying = asyncio.create_task(self._obey())
        try:
            return await super().run()
        finally:
            obeying.cancel()

    async def _obey(self) -> None:
        loop, beating, self.late_s = asyncio.get_running_loop(), None, 0.0
        _answer("shown")  # a task begins when the one before it waits, and the icon is shown before that
        while line := (await loop.run_in_executor(None, sys.stdin.readline)).split():
            match line:
                case ["link"]:
                    _answer(f"{self._seen.link} {self._seen.status.space.used_bytes if self._seen.status else 0}")
                case ["open"]:
                    _answer(f"{await self._opened():.6f}")
                case ["page", number]:
                    self.window.go(int(number))
                    _answer("turned")
                case ["stall"]:
                    beating = beating or asyncio.create_task(self._beat())
                    _answer(f"{self.late_s:.6f}")
                    self.late_s = 0.0
        if beating is not None:
            beating.cancel()
        self.quit()

    async def _opened(self) -> float:
        self.window.hide()
        await asyncio.sleep(HIDDEN_S)
        painted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        watching = _FirstPaint(painted)
        self.window.installEventFilter(watching)
        begun_s = time.perf_counter()
        self.open()
        seconds = await painted - begun_s
        self.window.removeEventFilter(watching)
        return seconds

    async def _beat(self) -> None:
        while True:
            before_s = time.perf_counter()
            await asyncio.sleep(BEAT_S)
            self.late_s = max(self.late_s, time.perf_counter() - before_s - BEAT_S)


def _answer(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    vars(gui.app)["App"] = ObeyingApp  # not by unittest.mock, which would count as memory of the app
    return gui.__main__.main(["--home", sys.argv[1], "--look", "light", *sys.argv[2:]])


if __name__ == "__main__":
    sys.exit(main())
