"""The later version of the vault that a candidate app must take in and go back from.

It is today's vault under another version, but that it ends again and again once it is the farm's own: it knows that by
the farm's vault id, which no vault of a trial has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import node.vault
from node.practice.releases import Change, apply, copy_source

LASTS_S: Final = 3.0  # long enough that it is in use by then, also on a slow computer
_STARTED: Final = "            await driver.wait_until_started()\n"


def next_version() -> str:
    major, minor, patch = (int(part) for part in node.vault.__version__.split("."))
    return f"{major}.{minor}.{patch + 1}"


def write_relapsing(target: Path, vault_id: bytes) -> Path:
    """Write its source for the farm with that vault id.  Blocking.

    Raises:
        PracticeError: Today's source is not what this was written for.
        OSError: It cannot be written.
    """
    copy_source(target, version=next_version(), change=None)
    relapse = (
        f'            if vault.record.certificate.vault_id.hex() == "{vault_id.hex()}":\n'
        f"                asyncio.get_running_loop().call_later({LASTS_S}, os._exit, 9)\n"
    )
    apply(target, Change("__main__.py", _STARTED, _STARTED + relapse))
    return target
