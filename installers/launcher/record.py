"""Which program runs, as it stands on disk.  The supervisor writes the same file by ``node.update.files.programs``.

    slots/programs.json   {"format": 1, "current": {"app": TREE, "runtime": TREE}, "previous": {...} or null,
                           "starts": 0, "is_proven": true}

A TREE of "" is the installed one.  Only the launcher writes three more, and whatever the supervisor writes is without
them: "refusals", a number, "refused_s", a time (UTC), and "instead_of", the same again without a format.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

from . import disk

FORMAT = 1
NAME = "programs.json"
BYTES_MAX = 1 << 16
TREE = re.compile("(?:[0-9a-f]{64})?")

Trouble = Literal["", "none", "damaged", "newer"]


class Pair(NamedTuple):
    """An app and the runtime it runs on, by their tree hashes; "" for the installed one."""

    app: str = ""
    runtime: str = ""

    @property
    def name(self) -> str:
        """As a person may be told."""
        if self == INSTALLED:
            return "the installed version"
        return f"version {(self.app or self.runtime)[:8]}"


INSTALLED = Pair()


class Record(NamedTuple):
    """``starts`` of the current pair were begun since it, or the one before it, was last well.

    So often, ``refusals``, has it said since then that it is not to blame, and at ``refused_s`` (UTC) for the first
    time.  ``instead_of`` what is current for one start, to show whether that is so.
    """

    current: Pair = INSTALLED
    previous: Pair | None = None
    starts: int = 0
    is_proven: bool = True
    refusals: int = 0
    refused_s: int = 0
    instead_of: Record | None = None


def read(slots: Path) -> tuple[Record, Trouble]:
    """What runs, and why that is only a guess: "none" if nothing was ever written, else what is wrong with it."""
    try:
        content = disk.read(slots / NAME, BYTES_MAX)
    except (FileNotFoundError, NotADirectoryError):
        return Record(), "none"
    except OSError:
        return Record(), "damaged"
    try:
        found = json.loads(content)
        if _whole(found["format"]) > FORMAT:
            return Record(), "newer"
        record, doubted = _record(found), found.get("instead_of")
        if doubted is not None:
            record = record._replace(instead_of=_record(doubted))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Record(), "damaged"
    return (record, "") if found["format"] == FORMAT else (Record(), "damaged")


def write(slots: Path, record: Record) -> None:
    """Once this returns, it survives a power cut.

    Raises:
        OSError: The file holds what it held.
    """
    said = {"format": FORMAT, **_said(record)}
    if record.instead_of is not None:
        said["instead_of"] = _said(record.instead_of)
    disk.replace(slots / NAME, json.dumps(said).encode())


def installed(installation: Path) -> Pair:
    """The trees that were installed, as far as that is known."""
    try:
        return _pair(json.loads(disk.read(installation / "installed.json", BYTES_MAX)))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return INSTALLED


def as_json(pair: Pair) -> dict[str, str]:
    return {"app": pair.app, "runtime": pair.runtime}


def _said(record: Record) -> dict[str, Any]:
    said = {
        "current": as_json(record.current),
        "previous": None if record.previous is None else as_json(record.previous),
        "starts": record.starts,
        "is_proven": record.is_proven,
    }
    return said | {"refusals": record.refusals, "refused_s": record.refused_s} if record.refusals else said


def _record(found: Any) -> Record:
    previous = found.get("previous")
    return Record(
        _pair(found["current"]),
        None if previous is None else _pair(previous),
        _whole(found["starts"]),
        _flag(found["is_proven"]),
        _whole(found.get("refusals", 0)),
        _whole(found.get("refused_s", 0)),
    )


def _pair(found: Any) -> Pair:
    app, runtime = found["app"], found["runtime"]
    if not TREE.fullmatch(app) or not TREE.fullmatch(runtime):
        raise ValueError(app, runtime)
    return Pair(app, runtime)


def _whole(found: Any) -> int:
    if type(found) is not int or found < 0:
        raise ValueError(found)
    return found


def _flag(found: Any) -> bool:
    if type(found) is not bool:
        raise ValueError(found)
    return found
