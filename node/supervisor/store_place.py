"""Where the chunks of a home's own vault lie, and how those of a home from before come there.  Everything blocks."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Final

from node.update.files.trees import remove_tree
from node.update.trials.folders import NAME_BYTES
from node.vault.storage.filesystem import RealFileSystem

VAULT_DOMAIN: Final = b"perennial/1 vault folder\0"
OLD_STORE: Final = "vault"  # in the home: where the chunks lay at first, with OLD_TRIAL beside it
OLD_TRIAL: Final = "trial"


def vault_folder(name: str) -> str:
    """What the data folder of the own vault is called in the home of that name: no vault can tell it from a twin's."""
    return hashlib.sha256(VAULT_DOMAIN + name.encode()).hexdigest()[: 2 * NAME_BYTES]


def take_over(home: Path, vaults: Path, vault: Path) -> None:
    """Give the store of a home that was made before all vaults lay alike its new place; cut short, it is repeated.

    Raises:
        OSError: It could not be moved; it lies where it was, or where it shall be.
    """
    if vault.exists() or not (home / OLD_STORE).is_dir():
        return
    remove_tree(home / OLD_TRIAL, is_best_effort=True)  # of a trial that begins anew
    disk = RealFileSystem(home, folders=(vaults.name,))
    with contextlib.suppress(FileNotFoundError):  # another process has just done it
        (home / OLD_STORE).rename(vault)
    disk.fsync_directory(vaults.name)
    disk.fsync_directory(".")
