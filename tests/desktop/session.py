"""A throw-away desktop: X server, session bus, keyring, window manager, notifications, panel with a tray.

    .venv/bin/python -m tests.desktop.session [--panel none] [--bar light] COMMAND...

Home, runtime and temporary folders are its own, so that nothing of the person's desktop is touched or seen.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import psutil  # type: ignore[import-untyped]  # it ships no types
from jeepney import DBusAddress, HeaderFields, MessageType, Properties, new_method_call
from jeepney.io.blocking import open_dbus_connection

Panel = Literal["xfce", "none"]
Bar = Literal["dark", "light"]

UP_S_MAX: Final = 20.0
END_S_MAX: Final = 5.0
POLL_S: Final = 0.05
SIZE: Final = "1280x860x24"
PASSWORD: Final = b"a password of this test"
WATCHER: Final = DBusAddress("/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierWatcher")
BUS: Final = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
ROOT: Final = Path(__file__).parents[2]
_OF_OUR_DESKTOP: Final = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY")


@dataclass(frozen=True, slots=True)
class Session:
    """A desktop that runs.  Whatever is started with ``environ`` belongs to it."""

    folder: Path
    environ: dict[str, str]
    own: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)  # what makes up the desktop, by its program

    @property
    def bus(self) -> str:
        return self.environ["DBUS_SESSION_BUS_ADDRESS"]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def screen(self) -> Path:
        """The picture on the screen, as the format XWD has it."""
        return self.folder / "Xvfb_screen0"

    def run(self, *command: str, seconds: float = 20.0) -> str:
        """What a command prints that succeeds."""
        return subprocess.run(
            command, env=self.environ, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=True,
        ).stdout  # fmt: skip

    def end(self, program: str) -> None:
        """End a part of the desktop."""
        process = self.own[program]
        process.terminate()
        process.wait(END_S_MAX)

    def start(self, *command: str, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log" / log).open("ab") as file:
            return subprocess.Popen(
                command, env=self.environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )

    def processes(self) -> dict[int, str]:
        """Everything that runs on this desktop, and whatever of it has lost its parent."""
        found = {}
        for process in psutil.process_iter(["pid", "environ", "cmdline"]):
            words = [*(process.info["environ"] or {}).values(), *(process.info["cmdline"] or [])]
            if any(str(self.folder) in word for word in words):
                found[process.info["pid"]] = " ".join(process.info["cmdline"])
        return found


@contextmanager
def session(*, panel: Panel = "xfce", bar: Bar = "dark") -> Iterator[Session]:
    """A desktop for as long as the block runs.  Blocking, some seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desktop-", ignore_cleanup_errors=True)))
        for name in ("run", "home", "log", "tmp"):
            (folder / name).mkdir(mode=0o700)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        environ = {name: value for name, value in inherited.items() if name not in _OF_OUR_DESKTOP} | {
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_CURRENT_DESKTOP": "XFCE",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),  # this checkout, whatever else is installed
        }
        new = Session(folder, environ)
        # The server picks a free display itself and says which; and it keeps the picture in a file.
        screen = ("-screen", "0", SIZE, "-fbdir", str(folder), "-nocursor", "-nolisten", "tcp", "-noreset")
        environ["DISPLAY"] = f":{_said(stack, new, 'Xvfb', '-displayfd', '1', *screen)}"
        environ["DBUS_SESSION_BUS_ADDRESS"] = _said(
            stack, new, "dbus-daemon", "--session", "--nofork", "--print-address=1"
        )
        _unlock_keyring(stack, new)
        _begin(stack, new, "openbox")
        _begin(stack, new, "dunst")
        _write_panel(new.home, bar)
        if panel == "xfce":
            begin_panel(stack, new)
        wait(lambda: _has_owner(new, "org.freedesktop.Notifications"), "the notification daemon")
        yield new


def begin_panel(stack: ExitStack, one: Session) -> None:
    """Start the panel, and wait for its tray; also anew, when it was ended."""
    _begin(stack, one, "xfce4-panel")
    wait(lambda: ask(one.bus, WATCHER, "IsStatusNotifierHostRegistered") is True, "the panel's tray")


def wait(is_so: Callable[[], object], what: str, seconds: float = UP_S_MAX) -> float:
    """Wait until something is so; return after how many seconds it was.

    Raises:
        AssertionError: It was not in time.
    """
    begun_s = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun_s < seconds, f"{what} was not there within {seconds:.0f} s"
        time.sleep(POLL_S)
    return time.monotonic() - begun_s


def ask(bus: str, of: DBusAddress, name: str) -> object:
    """A property; None if nobody answers."""
    return call(bus, Properties(of).get(name))


def call(bus: str, message: object, *, nth: int = 0) -> object:
    """The first word of what a call answers, or the one after so many; None if it is refused."""
    with open_dbus_connection(bus) as connection:
        reply = connection.send_and_get_reply(message, timeout=UP_S_MAX)
    if reply.header.message_type == MessageType.error or not reply.body:
        return None
    said = reply.body[nth]
    return said[1] if reply.header.fields.get(HeaderFields.signature) == "v" else said


def _has_owner(one: Session, name: str) -> bool:
    return call(one.bus, new_method_call(BUS, "NameHasOwner", "s", (name,))) is True


def _said(stack: ExitStack, one: Session, *command: str) -> str:
    """The first line that a program prints which then stays."""
    process = subprocess.Popen(
        command, env=one.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    _keep(stack, process)
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    assert line, f"{command[0]} did not start"
    return line


def _unlock_keyring(stack: ExitStack, one: Session) -> None:
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        env=one.environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _keep(stack, daemon)
    assert daemon.stdin is not None
    daemon.stdin.write(PASSWORD)
    daemon.stdin.close()
    # Whoever asks before it is there makes the bus start another one, which stays locked.
    wait(lambda: _has_owner(one, "org.freedesktop.secrets"), "the keyring")


def _begin(stack: ExitStack, one: Session, program: str) -> None:
    one.own[program] = one.start(program, log=program)
    _keep(stack, one.own[program])


def _keep(stack: ExitStack, process: subprocess.Popen[bytes]) -> None:
    """Let it end with the session."""

    def end() -> None:
        process.terminate()
        try:
            process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    stack.callback(end)


def _write_panel(home: Path, bar: Bar) -> None:
    settings = home / ".config/xfce4/xfconf/xfce-perchannel-xml"
    settings.mkdir(parents=True)
    (settings / "xfce4-panel.xml").write_text(_PANEL.replace("IS_DARK", "true" if bar == "dark" else "false"))
    (home / ".config/gtk-3.0").mkdir()
    (home / ".config/gtk-3.0/settings.ini").write_text("[Settings]\ngtk-font-name=DejaVu Sans 10\n")


_PANEL: Final = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
 <property name="configver" type="int" value="2"/>
 <property name="panels" type="array"><value type="int" value="1"/>
  <property name="dark-mode" type="bool" value="IS_DARK"/>
  <property name="panel-1" type="empty">
   <property name="position" type="string" value="p=6;x=0;y=0"/>
   <property name="length" type="uint" value="100"/>
   <property name="position-locked" type="bool" value="true"/>
   <property name="size" type="uint" value="30"/>
   <property name="plugin-ids" type="array">
    <value type="int" value="1"/><value type="int" value="2"/><value type="int" value="3"/><value type="int" value="4"/>
   </property>
  </property>
 </property>
 <property name="plugins" type="empty">
  <property name="plugin-1" type="string" value="tasklist"/>
  <property name="plugin-2" type="string" value="separator">
   <property name="expand" type="bool" value="true"/><property name="style" type="uint" value="0"/>
  </property>
  <property name="plugin-3" type="string" value="systray"/>
  <property name="plugin-4" type="string" value="clock"/>
 </property>
</channel>
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.desktop.session")
    parser.add_argument("--panel", choices=("xfce", "none"), default="xfce")
    parser.add_argument("--bar", choices=("dark", "light"), default="dark")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    with session(panel=given.panel, bar=given.bar) as here:
        return subprocess.run(given.command, env=here.environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
