"""A newer package that a person has installed over the one from before, while a program from the network is in use.

    slots/versions.json   {"format": 1, "versions": {TREE: "1.4.0"}}, what apps from the network are called: the
                          supervisor writes it
    slots/package.json    {"format": 1, "app": TREE, "runtime": TREE}, the package that was used last for being newer

Versions are numbers with dots between them.  Of one that is called otherwise nobody can say that it is newer.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from . import disk, record
from .record import BYTES_MAX, INSTALLED, Pair
from .starting import Places

FORMAT = 1
NAME = "package.json"
VERSIONS = "versions.json"
INSTALLED_NAME = "installed.json"
VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,7}")


def newer(places: Places, current: Pair) -> Pair | None:
    """The trees of the package, if its version is newer than the current app's and it was not used for that before."""
    installed = record.installed(places.installation)
    theirs = _numbers(_read(places.installation / INSTALLED_NAME).get("version"))
    versions = _read(places.slots / VERSIONS).get("versions")
    ours = _numbers(versions.get(current.app)) if isinstance(versions, dict) else None
    if installed == INSTALLED or theirs is None or ours is None or theirs <= ours:
        return None
    return None if _read(places.slots / NAME) == _said(installed) else installed


def note(slots: Path, used: Pair) -> None:
    """It is used: if it fails, the next start does not begin with it again.

    Raises:
        OSError: That could not be kept.
    """
    disk.replace(slots / NAME, json.dumps(_said(used)).encode())


def _said(pair: Pair) -> dict[str, Any]:
    return {"format": FORMAT, **record.as_json(pair)}


def _read(path: Path) -> dict[str, Any]:
    """What stands there; nothing where it cannot be read."""
    try:
        found = json.loads(disk.read(path, BYTES_MAX))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(version: object) -> tuple[int, ...] | None:
    """So that 1.10 is more than 1.9, and 1.4.0 is no more than 1.4; None for what is no such version."""
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        return None
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
