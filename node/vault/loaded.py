"""EDGE: the tree hash of the files that this process was really loaded from."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import node
from node.vault.errors import ControlError
from node.vault.share.tree import tree_hash


def loaded_tree_hash() -> str:
    """Hash ``node/__init__.py`` and ``node/vault`` as they lie where this process has loaded them from.

    Raises:
        ControlError: A module of ``node`` was loaded from anywhere else.
    """
    assert node.__file__ is not None
    top = Path(node.__file__).resolve().parent
    for name, module in list(sys.modules.items()):
        source = getattr(module, "__file__", None)
        if (name == "node" or name.startswith("node.")) and source and not Path(source).resolve().is_relative_to(top):
            raise ControlError(f"{name} was loaded from another tree")
    files = [top / "__init__.py"]
    for folder, folders, names in os.walk(top / "vault"):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        files += [Path(folder) / file for file in names]
    return tree_hash((path.relative_to(top.parent).as_posix(), _is_executable(path), _sha256(path)) for path in files)


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
