"""A Windows of its own in a folder, as far as wine has one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installers.windows.compiling import COMPILER

WINE: Final = "/usr/lib/wine/wine64"
SERVER: Final = "/usr/lib/wine/wineserver"
STUBS: Final = Path(__file__).parent / "stubs"
RUN_S_MAX: Final = 240.0
USER: Final = "farmer"


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    said: str


class Running:
    """A program that goes on; what it says is kept."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._first = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def first_line(self, seconds: float) -> str:
        """The first line that it says; "" when it says none within so many seconds."""
        self._first.wait(seconds)
        return self.lines[0] if self.lines else ""

    def wait(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
            self._first.set()
        self._first.set()


class Windows:
    """``folder`` is new; nothing outside of it is touched.  ``close`` ends all that runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drive = folder / "prefix/drive_c"
        self._environ = {
            **{name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}},
            "HOME": str(folder), "USER": USER, "LOGNAME": USER, "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=", "WINEARCH": "win64",
        }  # fmt: skip

    def make(self) -> None:
        """Raises subprocess.CalledProcessError or TimeoutExpired: wine or the compiler does not do it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run("wineboot", "-i")
        for name, value, content in (
            (r"HKCU\Software\Wine", "Version", "win10"),
            (r"HKCU\Environment", "QT_QPA_PLATFORM", "offscreen"),  # wine keeps such names of the host to itself
        ):
            self.run("reg", "add", name, "/v", value, "/d", content, "/f")
        for source in STUBS.glob("*.c"):
            made = self.drive / "windows/system32" / f"{source.stem}.dll"
            command = [COMPILER, "-shared", "-Os", "-s", str(source), "-o", str(made), "-ladvapi32"]
            subprocess.run(command, check=True, timeout=RUN_S_MAX)

    @property
    def local(self) -> Path:
        """%LOCALAPPDATA%."""
        return self.drive / "users" / USER / "AppData/Local"

    def run(self, *command: str, seconds: float = RUN_S_MAX) -> Done:
        """Run a program to its end; its code is -1 when it takes too long."""
        running = self.start(*command)
        code = running.wait(seconds)
        if code is None:
            running.process.kill()
            return Done(-1, f"it took longer than {seconds:.0f} s")
        running._reader.join(5.0)
        return Done(code, "\n".join(running.lines))

    def start(self, *command: str) -> Running:
        # Pipes: wine's files on this disk have no number by which Python 3.13 would know them again.
        process = subprocess.Popen(
            [WINE, *command], env=self._environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.folder,
        )  # fmt: skip
        return Running(process)

    def registry(self, key: str) -> dict[str, str]:
        """The values of a key of the registry; none when there is no such key."""
        values = {}
        for line in self.run("reg", "query", key).said.splitlines():
            words = line.strip().split("    ")
            if len(words) == 3:
                values[words[0]] = words[2]
        return values

    def close(self) -> None:
        subprocess.run([SERVER, "-k"], env=self._environ, check=False, timeout=RUN_S_MAX)
        subprocess.run([SERVER, "-w"], env=self._environ, check=False, timeout=RUN_S_MAX)
