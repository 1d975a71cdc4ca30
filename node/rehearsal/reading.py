"""A copy of the farmer's home for a candidate to read: settings and history, no keys, nobody to talk to.

What today's program reads in it is what the candidate must tell; and when the candidate has written its own, today's
program must still read that.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from node.api import schema
from node.supervisor import settings
from node.supervisor.home import Home
from node.update.app_store import AppRecord, AppStore
from node.update.errors import StateUnreadable
from node.update.phases import TERMINAL
from node.update.store import Store

# Of ``state/`` all that tells of the past; nothing of keys, of running trials, or of where others are.
COPIED: Final = ("chain", "updates.json", "decoys.json", "pause.json", "book", "rollouts")
BIND: Final = "127.0.0.1:0"


@dataclass(frozen=True, slots=True)
class Read:
    """What today's program reads in a home."""

    settings: settings.Settings
    ended: dict[str, str]  # phase in which a release has ended, by its name


def copy(home: Home, folder: Path) -> Home:
    """Make a practice home in ``folder`` that holds what a candidate may read.  Blocking.

    Raises:
        HomeError, SettingsError, StateUnreadable, OSError: It cannot be made.
    """
    quota_bytes = settings.PRACTICE.quota_bytes
    made = Home.make(folder, kind="practice", root=home.root, bind=BIND, quota_bytes=quota_bytes)
    shutil.copyfile(home.settings_file, made.settings_file)
    for name in COPIED:
        found = home.state / name
        if found.is_dir():
            shutil.copytree(found, made.state / name, symlinks=True)
        elif found.is_file():
            shutil.copyfile(found, made.state / name)
    AppStore(made.state).save(_past(AppStore(home.state).load()))
    return made


def _past(records: Sequence[AppRecord]) -> tuple[AppRecord, ...]:
    """Those that have ended, watched by nobody: in a copy there is no program to go back to."""
    ended = [one for one in records if one.record.way.is_over]
    ways = [dataclasses.replace(one.record.way, watch=None) for one in ended]
    replace = msgspec.structs.replace
    return tuple(replace(one, record=replace(one.record, way=way)) for one, way in zip(ended, ways, strict=True))


def read(home: Home) -> Read:
    """What today's program reads.  Blocking.

    Raises:
        StateUnreadable: It cannot.
    """
    found, trouble = settings.load(home.settings_file)
    if trouble.sentence:
        raise StateUnreadable(trouble.sentence)
    store = Store(home.state)
    store.load_chain(home.root)
    records = (*store.load().records, *(one.record for one in AppStore(home.state).load()))
    return Read(found, {one.release.name: one.way.phase for one in records if one.way.phase in TERMINAL})


def differences(expected: Read, told: schema.Settings, updates: schema.Updates) -> tuple[str, ...]:
    """What the candidate tells otherwise than today's program reads it."""
    ours, theirs = msgspec.structs.asdict(expected.settings), msgspec.structs.asdict(told)
    others = [name for name, value in ours.items() if name in theirs and theirs[name] != value]
    phases = {item.release: item.phase for item in updates.items}
    lost = [name for name, phase in expected.ended.items() if phases.get(name) != phase]
    return (
        *(f"it reads another {name} in today's settings" for name in others),
        *(f"it tells another end of {name} than today's history" for name in lost),
    )
