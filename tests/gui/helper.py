"""Small things that every test of the window needs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import qasync
from PySide6.QtWidgets import QApplication

from gui.app import App, Options
from gui.feed import Node
from node.api.client import Client

T = TypeVar("T")
TEST_S_MAX = 30.0
FAKE = (sys.executable, "-m", "tests.gui.fake_node")


def on_loop(qapp: QApplication, job: Coroutine[Any, Any, T], seconds: float = TEST_S_MAX) -> T:
    """Run a coroutine on Qt's own loop, as the app does."""
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
        return runner.run(asyncio.wait_for(job, seconds))


async def wait_until(is_so: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something is so; fail if it does not come to be in time."""
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


def no_command(*_: object) -> tuple[str, ...]:
    return stating("It was asked for and is not there.")


def stating(message: str) -> tuple[str, ...]:
    """The command line of one that states a failure and ends."""
    return (sys.executable, "-c", f"print({json.dumps({'code': 'x', 'message': message})!r}); raise SystemExit(1)")


@asynccontextmanager
async def running(
    qapp: QApplication,
    home: Path,
    memory: Path,
    *,
    node_command: Callable[[Path], tuple[str, ...]] = no_command,
    practice_command: Callable[[], tuple[str, ...]] = no_command,
    doctor_command: Callable[[Path], tuple[str, ...]] = no_command,
    is_hidden: bool = False,
    connect: Callable[[Path], Node] = Client,
) -> AsyncIterator[App]:
    """The whole app, from its start to its end."""
    options = Options(
        home=home,
        memory=memory,
        theme="light",
        is_hidden=is_hidden,
        node_command=node_command,
        practice_command=practice_command,
        doctor_command=doctor_command,
        connect=connect,
    )
    app = App(qapp, options)
    life: Awaitable[int] = asyncio.ensure_future(app.run())
    try:
        await wait_until(lambda: is_hidden or app.window.isVisible())
        yield app
    finally:
        app.quit()
        assert await asyncio.wait_for(life, 10) == 0
        app.window.deleteLater()


def said(app: App) -> tuple[str, str, str]:
    return app.tray.sign, app.tray.line.text(), app.window.home.headline.text()


async def fake_process(home: Path, *words: str) -> asyncio.subprocess.Process:
    """A fake node in a process of its own, so that it can be killed; it has said ``words`` already."""
    child = await asyncio.create_subprocess_exec(
        *FAKE, str(home), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    for word in words:
        child.stdin.write(f"{word}\n".encode())
        assert await child.stdout.readline() == f"done {word}\n".encode()
    return child
