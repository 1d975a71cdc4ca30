"""The version of a slot that no release brought, as its source states it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from node.api import texts

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
