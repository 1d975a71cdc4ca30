"""``python -m tests.founding``: the whole chapter, the package too.  As root on Debian; takes ten minutes, and
twice that on a busy computer.

``--without-package`` leaves out what only root can do.  The exit code is 1 when something could not be done.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest

from node.keys import sealed
from tests.founding.town import NEWCOMER, Town, sections, take_away, without

UPDATES: Final = "perennial updates"
TOLD: Final = ("perennial status", UPDATES)
RELEASE: Final = "vault/0.1.1"  # as the chapter calls it
NEWS_S_MAX: Final = 120.0


class Told(Town):
    """Says what is done, how long it took, and what nodes say of themselves."""

    def type(self, name: str, command: str) -> None:
        begun_s = time.monotonic()
        super().type(name, command)
        print(f"{time.monotonic() - begun_s:7.1f} s  {name}$ {command[:100]}", flush=True)
        if command in TOLD:
            print(textwrap.indent(self.said[name, command], " " * 11), flush=True)

    def look_until_told(self, what: str) -> None:
        """Everybody who has looked at the releases looks again until the node tells of that one."""
        for name in [name for name, command in self.said if command == UPDATES]:
            deadline_s = time.monotonic() + NEWS_S_MAX
            while what not in self.said[name, UPDATES]:
                assert time.monotonic() < deadline_s, f"{name} hears nothing of {what}"
                self.type(name, UPDATES)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.founding", description=__doc__)
    parser.add_argument("--without-package", action="store_true")
    arguments = parser.parse_args()
    ceremony, first, package, release = sections()
    if arguments.without_package:
        package, release = "", without(NEWCOMER, release)
    folder = Path(tempfile.mkdtemp(prefix="founding-"))
    with pytest.MonkeyPatch.context() as monkeypatch, patch.object(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN):
        town = Told(folder, monkeypatch)
        try:
            for part in (ceremony, first, package, release):
                town.follow(part)
            town.look_until_told(RELEASE)
        except AssertionError as error:
            print(f"FAILED: {error}", flush=True)
            return 1
        finally:
            town.close()
            take_away(folder, is_installed=bool(package))
    print("Everything in the chapter was done.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
