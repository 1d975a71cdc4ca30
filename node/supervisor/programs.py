"""Which program this node is, and which ones the launcher has left before it, for people to read.

The launcher writes ``state/programs.log.json`` before it starts a program, and never while one runs.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import msgspec

import node.vault
from node.api import program_texts, schema
from node.supervisor.home import Home
from node.update.files.programs import INSTALLED, Program
from node.update.files.starting import Installation, running

LOG: Final = "programs.log.json"
LOG_BYTES_MAX: Final = 1 << 16
ENTRIES_MAX: Final = 50
SHORT_DIGITS: Final = 8  # of a tree hash, where no version is known

log = logging.getLogger(__name__)


class _Entry(msgspec.Struct, frozen=True):
    at_s: float
    why: str
    program: Program = INSTALLED
    to: Program = INSTALLED


class _Log(msgspec.Struct, frozen=True):
    entries: tuple[_Entry, ...]


class Programs:
    """As they were when this program was started."""

    def __init__(self, home: Home, installation: Installation | None) -> None:
        """Blocking.  Without a launcher there is nothing to tell."""
        self.in_use: schema.ProgramInUse | None = None
        self._entries: tuple[_Entry, ...] = ()
        if installation is not None:
            found = running(home.slots)
            self.in_use = schema.ProgramInUse(node.vault.__version__, found.app, found.runtime)
            self._entries = _read(home.state / LOG)

    def added_to(self, updates: schema.Updates) -> schema.Updates:
        """The updates, and the programs that were left; newest first."""
        if not self._entries:
            return updates
        versions = {item.tree_hash: item.version for item in updates.items}
        left = [_left(entry, versions) for entry in reversed(self._entries)]
        return msgspec.structs.replace(updates, left_programs=tuple(one for one in left if one.sentence))


def has_left(home: Home, program: Program, since_s: float) -> bool:
    """Whether the launcher has left that program after this time (UTC).  Blocking, but short."""
    return any(entry.program == program and entry.at_s >= since_s for entry in _read(home.state / LOG))


def _left(entry: _Entry, versions: dict[str, str]) -> schema.ProgramLeft:
    app = entry.program.app
    is_known = entry.program != INSTALLED
    version = versions.get(app, app[:SHORT_DIGITS] or entry.program.runtime[:SHORT_DIGITS]) if is_known else ""
    told = program_texts.left(entry.why, version, is_installed_back=entry.to == INSTALLED)
    return schema.ProgramLeft(entry.at_s, version, app, entry.to.app, told.sentence, told.said)


def _read(path: Path) -> tuple[_Entry, ...]:
    """What the launcher wrote; nothing is decided by it, so that it may be unreadable."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(LOG_BYTES_MAX), type=_Log).entries[-ENTRIES_MAX:]
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        log.warning("what the launcher wrote cannot be read reason=%s", error)
        return ()
