"""Whether the app starts when the person logs in: kept by the system alone, so that what is shown is what is so.

    Linux     ~/.config/autostart/perennial-NAME.desktop, as the XDG autostart specification says
    macOS     ~/Library/LaunchAgents/perennial.NAME.plist         } written from their descriptions,
    Windows   a value of the key "Run" of this user               } never tried on a real one

NAME is that of the home, so that two homes of one person do not switch each other off.  What is installed is started
by its launcher, wherever the program lies that writes this: a slot may be gone at the next login.
"""

from __future__ import annotations

import contextlib
import logging
import os
import plistlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol
from xml.parsers.expat import ExpatError

from node.api import wishes
from node.supervisor.errors import SettingsError
from node.update.files.starting import Installation
from node.vault.storage.filesystem import write_durably

ENTRY_BYTES_MAX: Final = 64 << 10
FOLDER_MODE: Final = 0o700
RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
ESCAPED: Final = '"`$\\'  # within the quotes of an Exec line
OFF: Final = ("hidden=true", "x-gnome-autostart-enabled=false")  # how desktops switch an entry off

log = logging.getLogger(__name__)


class LoginStart(Protocol):
    def is_on(self) -> bool:
        """Whether the system will start this home.  Blocking; what cannot be read does not start."""
        ...

    def renew(self) -> None:
        """Write it anew where it is switched on for what is no more: the home elsewhere, or a program that is gone.

        Blocking.  Where the system refuses that, it is shown as it is, which is off.
        """
        ...

    def set(self, is_on: bool) -> None:  # noqa: FBT001 - the one thing that it is about
        """Blocking.  Raises SettingsError when the system refuses; then all is as before."""
        ...


class Nowhere:
    """For practice homes: nobody wants to find one again after each start of the computer."""

    def is_on(self) -> bool:
        return False

    def renew(self) -> None:
        """There is nothing."""

    def set(self, is_on: bool) -> None:  # noqa: FBT001
        if is_on:
            raise SettingsError(wishes.no_login_start_here())


class _Entry:
    """A file that is there or not.  ``command`` ends with the home."""

    def __init__(self, path: Path, command: Sequence[str], content: bytes) -> None:
        self._path = path
        self._command = tuple(command)
        self._content = content

    def is_on(self) -> bool:
        content = self._read()
        return self._is_wanted(content) and self._is_ours(content)

    def renew(self) -> None:
        content = self._read()
        if self._is_wanted(content) and not self._is_ours(content):
            try:
                write_durably(self._path, self._renewed(content))
            except OSError as error:
                log.warning("the start at login is of something else reason=%s", error.strerror)

    def set(self, is_on: bool) -> None:  # noqa: FBT001
        try:
            if is_on:
                self._path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                write_durably(self._path, self._content)
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            raise SettingsError(wishes.no_login_start(self._path, error)) from error

    def _read(self) -> bytes:
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            return file.read(ENTRY_BYTES_MAX)
        return b""

    def _is_wanted(self, content: bytes) -> bool:
        """Whether the person has it switched on, whatever it starts."""
        return bool(content)

    def _is_ours(self, content: bytes) -> bool:
        """Whether it starts this home, by a program that is there."""
        raise NotImplementedError

    def _renewed(self, content: bytes) -> bytes:
        del content
        return self._content


class DesktopEntry(_Entry):
    """``folder``: XDG's for configuration."""

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        self._exec = f"Exec={' '.join(_quoted(part) for part in command)}"
        # What a removed package leaves behind is passed over by that.
        self._needed = "TryExec=" + command[0].replace("\\", "\\\\")
        text = f"[Desktop Entry]\nType=Application\nName=Perennial\n{self._needed}\n{self._exec}\nTerminal=false\n"
        super().__init__(folder / "autostart" / f"perennial-{name}.desktop", command, text.encode())

    def _is_wanted(self, content: bytes) -> bool:
        lines = _lines(content)
        return any(lines) and not any(line.replace(" ", "").lower() in OFF for line in lines)

    def _is_ours(self, content: bytes) -> bool:
        lines = _lines(content)
        needed = [line[len("TryExec=") :].replace("\\\\", "\\") for line in lines if line.startswith("TryExec=")]
        home = (f" {_quoted(self._command[-1])}", f" {self._command[-1]}")
        is_of_home = any(line.startswith("Exec=") and line.endswith(home) for line in lines)
        return is_of_home and all(shutil.which(program) for program in needed)

    def _renewed(self, content: bytes) -> bytes:
        """Whatever else a person has written into it stays."""
        own = {"Exec": self._exec, "TryExec": self._needed}
        lines = (*(own.get(line.partition("=")[0], line) for line in _lines(content)), "")
        return "\n".join(lines).encode(errors="surrogateescape")


class LaunchAgent(_Entry):
    """``folder``: the person's own Library."""

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        said = {"Label": f"perennial.{name}", "ProgramArguments": list(command), "RunAtLoad": True}
        path = folder / "LaunchAgents" / f"perennial.{name}.plist"
        super().__init__(path, command, plistlib.dumps(said))

    def _is_ours(self, content: bytes) -> bool:
        try:
            said = plistlib.loads(content)["ProgramArguments"]
            return said[-1] == self._command[-1] and shutil.which(said[0]) is not None
        except (ValueError, ExpatError, LookupError, TypeError):
            return False


class RunKey:
    """A value in the registry."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = f"Perennial {name}"
        self._home = command[-1]
        self._line = " ".join(f'"{part}"' for part in command)

    if sys.platform == "win32":

        def is_on(self) -> bool:
            return self._is_ours(self._read())

        def renew(self) -> None:
            found = self._read()
            if found and not self._is_ours(found):
                with contextlib.suppress(SettingsError):  # then it is shown as it is
                    self.set(True)

        def _is_ours(self, line: str) -> bool:
            return line.endswith(f' "{self._home}"') and shutil.which(line[1:].partition('"')[0]) is not None

        def _read(self) -> str:
            import winreg  # noqa: PLC0415 - only there

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                    return str(winreg.QueryValueEx(key, self._name)[0])
            except OSError:
                return ""

        def set(self, is_on: bool) -> None:  # noqa: FBT001
            import winreg  # noqa: PLC0415 - only there

            try:
                with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                    if is_on:
                        winreg.SetValueEx(key, self._name, 0, winreg.REG_SZ, self._line)
                    elif self._read():
                        winreg.DeleteValue(key, self._name)
            except OSError as error:
                raise SettingsError(wishes.no_login_start(Path(RUN_KEY), error)) from error


def start_command(home: Path, installation: Installation | None) -> tuple[str, ...]:
    """What shall be started at login: absolute paths, none of them into a slot."""
    # With -P: a person's own folder, where it starts, may hold a module called as one of ours.
    checkout = (sys.executable, "-P", "-m", "gui")
    program = checkout if installation is None else (str(installation.launcher),)
    return (*program, "--hidden", "--home", str(home))


def login_start(home: Path, name: str, *, is_practice: bool) -> LoginStart:
    """That of this system, for the home of that name."""
    if is_practice:
        return Nowhere()
    command = start_command(home, Installation.here())
    if sys.platform == "win32":
        return RunKey(name, command)
    if sys.platform == "darwin":
        return LaunchAgent(Path.home() / "Library", name, command)
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return DesktopEntry(folder, name, command)


def _lines(content: bytes) -> list[str]:
    return content.decode(errors="surrogateescape").rstrip("\n").split("\n")


def _quoted(part: str) -> str:
    """As an argument of an Exec line: a percent sign would be a field code."""
    escaped = "".join(f"\\{character}" if character in ESCAPED else character for character in part)
    return f'"{escaped.replace("%", "%%")}"'.replace("\\", "\\\\")
