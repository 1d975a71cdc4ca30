"""Byte code of a slot, prepared by us: a vault must neither wait for the compiler nor write what others run.

It lies as its source does in the slot, ``node/vault/quota.pyc`` below the prefix, where the loader of a slot's modules
looks for it (``node.sandbox.spec``).  Under the source's whole path, as ``-X pycache_prefix`` has it, it would be
longer than Windows takes.  Each file names the hash of its source, which is compared at every import (CHECKED_HASH).
That says nothing about the byte code itself, so its own hashes stand in a record next to the prefix and are compared
before every start.

The compiler reads strangers' text, and a few MB of it can take gigabytes, so it runs in a process of its own with
limits on time and memory.  Everything blocks.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from node.vault.storage.filesystem import write_durably

LAYOUT: Final = 2  # 1, which had no number: by the source's whole path
RECORD_SUFFIX: Final = ".json"
RECORD_BYTES_MAX: Final = 4 << 20
COMPILE_S_MAX: Final = 60.0
COMPILE_BYTES_MAX: Final = 1 << 30  # of memory; a vault that compiled it itself would have no more
FILE_MODE: Final = 0o444
FOLDER_MODE: Final = 0o555

_COMPILE: Final = """
import os, py_compile, sys
slot, prefix, bytes_max = sys.argv[1:]
if os.name == "posix":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(bytes_max), resource.getrlimit(resource.RLIMIT_AS)[1]))
for folder, _, names in os.walk(slot):
    for name in names:
        if name.endswith(".py"):
            source = os.path.join(folder, name)
            kept = os.path.join(prefix, os.path.relpath(source, slot) + "c")
            py_compile.compile(source, kept, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
"""


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the files below a prefix must be; ``magic`` names the byte code's format."""

    layout: int
    magic: str
    files: dict[str, str]


def prepare(slot: Path, prefix: Path) -> None:
    """Compile every source file of ``slot`` into the new folder ``prefix``.

    A file that does not compile is left out: the vault that needs it will say so itself.

    Raises:
        OSError: The disk refused.
    """
    prefix.mkdir(mode=0o700)
    order = [sys.executable, "-I", "-S", "-B", "-c", _COMPILE, str(slot), str(prefix), str(COMPILE_BYTES_MAX)]
    # A text that breaks the compiler costs its own vault a slower start and nobody else anything.
    with contextlib.suppress(subprocess.TimeoutExpired, subprocess.CalledProcessError):
        subprocess.run(
            order, timeout=COMPILE_S_MAX, check=True, stdin=subprocess.DEVNULL, capture_output=True, cwd=prefix,
            env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},  # Windows needs it
        )  # fmt: skip
    record = _Record(LAYOUT, importlib.util.MAGIC_NUMBER.hex(), _hashes(prefix))
    for folder, _, names in os.walk(prefix, topdown=False):
        for name in names:
            (Path(folder) / name).chmod(FILE_MODE)
        Path(folder).chmod(FOLDER_MODE)
    write_durably(record_of(prefix), msgspec.json.encode(record))


def is_whole(prefix: Path) -> bool:
    """Whether the byte code below ``prefix`` is what we wrote, for the Python that runs now."""
    try:
        with record_of(prefix).open("rb") as file:
            record = msgspec.json.decode(file.read(RECORD_BYTES_MAX), type=_Record)
        is_ours = record.layout == LAYOUT and record.magic == importlib.util.MAGIC_NUMBER.hex()
        return is_ours and record.files == _hashes(prefix)
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def record_of(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + RECORD_SUFFIX)


def _hashes(prefix: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of everything below ``prefix`` that is no folder."""
    return {
        path.relative_to(prefix).as_posix(): "" if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(prefix.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    }
