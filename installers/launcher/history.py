"""What happened to programs, for a person to read later: a short list in the home, newest last.

    state/programs.log.json   {"format": 1, "entries": [{"at_s": ..., "program": {"app": TREE, "runtime": TREE},
                                                         "to": {...}, "why": "failed"}, ...]}

It is told only; nothing is decided by it, so that whatever is wrong with it is simply written anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import disk
from .choosing import Left
from .record import as_json

FORMAT = 1
NAME = "programs.log.json"
BYTES_MAX = 1 << 16
ENTRIES_MAX = 50


def add(state: Path, at_s: float, left: Left) -> None:
    """Add an entry; one that says the same as the last takes its place.

    Raises:
        OSError: It could not be kept.
    """
    said = {"program": as_json(left.program), "to": as_json(left.to), "why": left.why}
    before = _read(state / NAME)
    if before and isinstance(before[-1], dict) and before[-1] | said == before[-1]:
        before.pop()  # a launcher that starts again and again must not push everything else out
    entries = [*before, {"at_s": at_s, **said}][-ENTRIES_MAX:]
    disk.replace(state / NAME, json.dumps({"format": FORMAT, "entries": entries}).encode())


def _read(path: Path) -> list[Any]:
    try:
        found = json.loads(disk.read(path, BYTES_MAX))
        entries = found["entries"] if found["format"] == FORMAT else []
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []
    return entries if isinstance(entries, list) else []
