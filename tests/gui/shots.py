"""Pictures of the running app on a real desktop: window, tray and menu in every state.

    tests/gui/xsession.sh .venv/bin/python -m tests.gui.shots FOLDER [light|dark]
    PANEL=none tests/gui/xsession.sh .venv/bin/python -m tests.gui.shots FOLDER

Behind the app sits a node that only talks (fake_node), so that every state can be called up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.gui.samples import samples

SETTLE_S = 1.2  # a sign of a practice network stands for three seconds at least
CALM_S = 3.6


class Desk:
    """The app, the node behind it, and the camera."""

    def __init__(self, folder: Path, look: str) -> None:
        self._folder, self._look = folder, look
        self._home = Path(tempfile.mkdtemp()) / "home"
        self._node = self._start_node()
        self._app = self._start_app()
        time.sleep(3)

    def _start_node(self) -> subprocess.Popen[str]:
        node = subprocess.Popen(
            [sys.executable, "-m", "tests.gui.fake_node", str(self._home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert node.stdout is not None
        assert node.stdout.readline() == "ready\n"
        return node

    def _start_app(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "gui", "--home", str(self._home), "--look", self._look])

    def say(self, name: str) -> None:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        print(name, file=self._node.stdin, flush=True)
        assert self._node.stdout.readline() == f"done {name}\n"

    def shoot(self, name: str) -> None:
        subprocess.run(["import", "-window", "root", str(self._folder / f"{name}-{self._look}.png")], check=True)

    def key(self, *keys: str) -> None:
        subprocess.run(["xdotool", "key", *keys], check=True)
        time.sleep(0.5)

    def kill_node(self) -> None:
        self._node.kill()
        self._node.wait()

    def revive_node(self) -> None:
        self._node = self._start_node()

    def second_start(self) -> int:
        return self._start_app().wait(20)

    def close_window(self) -> None:
        subprocess.run(["xdotool", "key", "alt+F4"], check=True)
        time.sleep(1)

    def end(self) -> int:
        self._app.terminate()
        code = self._app.wait(20)
        self._node.kill()
        self._node.communicate()
        return code


def menu(desk: Desk, name: str) -> None:
    """Open the tray's menu with the right button, where this panel has the icon: left of the clock."""
    x = os.environ.get("TRAY_X", "1018")
    subprocess.run(["xdotool", "mousemove", x, "15", "click", "3"], check=True)
    time.sleep(1)
    desk.shoot(name)
    desk.key("Escape")
    subprocess.run(["xdotool", "mousemove", "550", "700"], check=True)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(folder, sys.argv[2] if len(sys.argv) > 2 else "light")
    has_tray = os.environ.get("PANEL") != "none"
    if not has_tray:
        desk.say("fine")
        desk.close_window()
        desk.shoot("no-tray-close")
        print("ended with", desk.end())
        return
    page = 0
    for sample in samples():
        if sample.seen.status is None or sample.seen.link != "connected":
            continue
        desk.say(sample.name)
        if sample.page != page:
            page = sample.page
            desk.key(f"ctrl+{page + 1}")
        time.sleep(CALM_S if page == 0 else SETTLE_S)
        desk.shoot(f"{sample.name}")
    menu(desk, "menu")
    desk.key("ctrl+1")
    desk.kill_node()
    time.sleep(1.9)
    desk.shoot("gone")
    desk.revive_node()
    desk.say("fine")
    time.sleep(1.9)
    desk.shoot("back")
    desk.close_window()
    desk.shoot("closed")
    print("second start ended with", desk.second_start())
    time.sleep(1)
    desk.shoot("raised")
    print("ended with", desk.end())


if __name__ == "__main__":
    main()
