"""What was asked for, and of which home, as far as the launcher must know it.  Pure."""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["node", "window", "other"]

VALUED = {"--home", "--look", "--language"}  # options before a command, or of the window, with a value behind them
WINDOWS_OWN = {"--hidden", "--quit"}


class Asked(NamedTuple):
    """``node``: a node that is to keep running.  ``window``: the tray app.  ``other``: any other command."""

    kind: Kind
    home: Path


def asked(arguments: Sequence[str], environ: Mapping[str, str], platform: str, person: Path) -> Asked:
    """``person``: whose computer it is, by the folder of theirs."""
    command, home, is_window = "", "", True
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in VALUED:
            value = value if equals else next(rest, "")
            home = value if name == "--home" else home
        elif not word.startswith("-"):
            command = command or word
        elif word not in WINDOWS_OWN:
            is_window = False
    folder = Path(os.path.expanduser(home)) if home else default_home(environ, platform, person)  # noqa: PTH111
    if command == "run":
        return Asked("node", folder.absolute())
    return Asked("window" if is_window and not command else "other", folder.absolute())


def default_home(environ: Mapping[str, str], platform: str, person: Path) -> Path:
    """Where the home lies when nobody says otherwise: the same as ``node.cli`` finds by platformdirs."""
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or person / "AppData" / "Local") / "perennial"
    if platform == "darwin":
        return person / "Library" / "Application Support" / "perennial"
    configured = environ.get("XDG_DATA_HOME", "").strip()
    return Path(configured or person / ".local" / "share") / "perennial"
