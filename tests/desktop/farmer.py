"""The app of one farmer at this desktop, its node, and what the desktop knows of both."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import psutil  # type: ignore[import-untyped]  # it ships no types
from PySide6.QtCore import QSettings

from node.api.client import Client
from node.api.schema import Settings, Status
from tests.desktop.session import Session, wait

T = TypeVar("T")
PERENNIAL: Final = (sys.executable, "-m", "node.cli")
HASTY: Final = (sys.executable, "-m", "tests.desktop.hasty")
END_S_MAX: Final = 30.0
LONG_AGO: Final = 1.0  # seconds of the epoch


class Farmer:
    """``home``: where the farm is, or will be."""

    def __init__(self, desk: Session, home: Path) -> None:
        self.desk = desk
        self.home = home
        self._app: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, command: tuple[str, ...] = PERENNIAL) -> None:
        """Start the tray app."""
        assert self._app is None or self._app.poll() is not None
        self._app = self.desk.start(*command, "--home", str(self.home), *arguments, log="app")

    def start_again(self) -> int:
        """Start it while it runs; what the second start ends with."""
        return self.desk.start(*PERENNIAL, "--home", str(self.home), log="second").wait(END_S_MAX)

    def ended(self) -> int:
        """Wait until the app has ended; its exit code."""
        assert self._app is not None
        return self._app.wait(END_S_MAX)

    def end(self) -> None:
        if self._app is not None and self._app.poll() is None:
            self._app.terminate()
            self._app.wait(END_S_MAX)

    def supervisor(self) -> psutil.Process | None:
        """The process that decides, if it runs."""
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "run" in words and str(self.home) in words:
                return process
        return None

    def kill_supervisor(self) -> None:
        process = self.supervisor()
        assert process is not None
        process.kill()

    def status(self) -> Status:
        """How the node itself says that it stands."""
        return asyncio.run(self._ask(Client.status))

    def settings(self) -> Settings:
        return asyncio.run(self._ask(Client.settings))

    def used_bytes(self) -> int:
        """What the home takes of the disk; a file with several names once, as what is kept for the way back has."""
        sizes = {}
        for folder, _, names in os.walk(self.home):
            for name in names:
                with suppress(FileNotFoundError):  # the node removes and renames files meanwhile
                    known = (Path(folder) / name).lstat()
                    sizes[known.st_ino] = known.st_size
        return sum(sizes.values())

    def remember_first_start(self, at_s: float) -> None:
        """Let the app believe that it was first started then; 0 for never."""
        memory = QSettings(str(self.desk.home / ".config/perennial/tray.ini"), QSettings.Format.IniFormat)
        memory.setValue("told/notifications", json.dumps({"first_s": at_s}))
        memory.sync()

    def notifications(self) -> list[str]:
        """The titles of all that was told, the newest first; what is still to be seen is closed by this."""
        self.desk.run("dunstctl", "close-all")
        wait(lambda: self.desk.run("dunstctl", "count", "displayed").strip() == "0", "the end of the notifications")
        (history,) = json.loads(self.desk.run("dunstctl", "history"))["data"]
        return [told["summary"]["data"] for told in history]

    async def _ask(self, question: Callable[[Client], Awaitable[T]]) -> T:
        async with Client(self.home) as client:
            return await question(client)

    def has_notification(self) -> bool:
        """Whether one is to be seen."""
        return self.desk.run("dunstctl", "count", "displayed").strip() != "0"
