"""``python -m tests.windows [--installer FILE] [--folder DIR]``: see the package.  Exit code 1: a step went wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from installers import debian
from installers.windows.making import build
from tests.windows.story import Story
from tests.windows.wine import Windows

UNSEEN: Final = """\
Not seen, because wine is no Windows:
  - windows, the tray icon, notifications, and how they look: Qt runs without a screen here
  - SmartScreen, antivirus programs, the question of an administrator (there should be none)
  - what the job object and the AppContainer hold a vault to; battery, paid connections, idle time
  - whether a file in use keeps the installer from replacing it as long as Windows would keep it
  - a power cut, sleep, a log-off, the end of the computer's day
  - the firewall's question when a vault first listens; a path of more than 260 characters; another language of Windows
Put in the place of what wine 8 lacks: random numbers (bcryptprimitives.dll), rare encodings (icuuc.dll)."""


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.windows")
    options.add_argument("--installer", type=Path, help="try this one instead of building one")
    options.add_argument("--folder", type=Path, help="a new folder to work in, which is kept")
    given = options.parse_args(words)
    if lacking := debian.provide(("windows", "wine")):
        print(debian.advice(lacking), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="perennial-wine-") as scratch:
        folder = (given.folder or Path(scratch)).absolute()
        installer = given.installer.absolute() if given.installer else build(folder / "out", folder / "packages")
        windows = Windows(folder)
        try:
            wrong = Story(windows, installer).play()
        finally:
            windows.close()
    print(UNSEEN)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
