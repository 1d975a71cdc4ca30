"""Which version a slot is: as its release says, or as the source of one that no release brought states."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from node.api import schema, texts
from node.update.files.slots import Slots

SOURCE_BYTES_MAX: Final = 64 << 10
SLOTS_KEPT: Final = 16
VERSION_LINE: Final = re.compile(rb'^__version__ = "([0-9A-Za-z.+-]{1,40})"$', re.MULTILINE)


@lru_cache(maxsize=SLOTS_KEPT)
def shipped_version(slot: Path) -> str:
    """The version that the slot's source states, read once and not run; only ever shown."""
    try:
        with (slot / "node/vault/__init__.py").open("rb") as file:
            found = VERSION_LINE.search(file.read(SOURCE_BYTES_MAX))
    except OSError:
        found = None
    return found[1].decode() if found else texts.unknown_version()


def version_of(slots: Slots, tree_hash: str, updates: schema.Updates) -> str:
    """What the version is called: as its release says, else as it was shipped with the program."""
    for update in updates.items:
        if update.tree_hash == tree_hash:
            return update.version
    return shipped_version(slots.path("vault", tree_hash))


def in_use(slots: Slots, tree_hash: str, updates: schema.Updates, utc_s: float) -> schema.VersionInUse:
    try:
        pointer = slots.pointer("vault")
    except OSError:  # it is only told since when
        pointer = None
    # During a handover the pointer still names the version from before.
    since_s = pointer.since_s if pointer and pointer.current == tree_hash else utc_s
    return schema.VersionInUse(version_of(slots, tree_hash, updates), tree_hash, since_s)
