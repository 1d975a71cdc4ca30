"""The pinned packages on disk: what is missing is fetched, all of it is compared with its hash.  All blocks.

``apt-get`` and ``pip`` fetch from where this machine's people have told them to; the hashes say whether it is right.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from node.pod.errors import PodError
from node.pod.runtime.contents import PYTHON
from node.pod.runtime.pins import Pin, as_requirements

FETCH_S_MAX: Final = 900.0  # 100 MB over a slow line
SAID_BYTES_MAX: Final = 500
ARCHITECTURE: Final = "amd64"
# Newest first.  No wheel may ask for a newer C library than the interpreter does (2.35).
PLATFORMS: Final = tuple(
    f"manylinux{name}_x86_64" for name in (*(f"_2_{minor}" for minor in range(35, 4, -1)), "2014", "2010", "1")
)


def debian_packages(pins: Sequence[Pin], folder: Path) -> dict[str, Path]:
    """Package -> its file in ``folder``.

    Raises:
        PodError: One cannot be had, or has other bytes than its pin says.
    """
    files = {pin.name: folder / f"{pin.name}_{pin.version.replace(':', '%3a')}_{ARCHITECTURE}.deb" for pin in pins}
    missing = [pin for pin in pins if not files[pin.name].exists()]
    if missing:
        _run(["apt-get", "-q", "download", *(f"{pin.name}:{ARCHITECTURE}={pin.version}" for pin in missing)], folder)
    for pin in pins:
        if not files[pin.name].exists():
            raise PodError(f"{pin.name} {pin.version} cannot be had from this machine's package lists")
        if _hash_of(files[pin.name]) not in pin.hashes:
            raise PodError(f"{files[pin.name].name} has other bytes than it is pinned to")
    return files


def wheels(
    pins: Sequence[Pin], folder: Path, *, python: str = PYTHON, platforms: Sequence[str] = PLATFORMS
) -> dict[str, Path]:
    """Distribution -> its wheel in ``folder``, which holds wheels of this platform only.

    ``python``, such as 3.11, and ``platforms``, as pip calls them: what the wheels are for.

    Raises:
        PodError: One cannot be had.
    """
    found = _known(pins, folder)
    missing = [pin for pin in pins if pin.name not in found]
    if missing:
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.writelines(as_requirements(missing))
            file.flush()
            abi = f"cp{python.replace('.', '')}"
            tags = ("--implementation", "cp", "--abi", abi, "--abi", "abi3", "--abi", "none")
            systems = [word for name in platforms for word in ("--platform", name)]
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            what = ("--only-binary", ":all:", "--require-hashes", "-r", file.name, "--dest", ".")
            _run([*command, *what, "--python-version", python, *tags, *systems], folder)
        found = _known(pins, folder)
    for pin in pins:
        if pin.name not in found:
            raise PodError(f"{pin.name} {pin.version} cannot be had as a wheel of its pinned bytes")
    return found


def _known(pins: Sequence[Pin], folder: Path) -> dict[str, Path]:
    hashes = {_hash_of(path): path for path in sorted(folder.glob("*.whl"))}
    found = {}
    for pin in pins:
        paths = [hashes[one] for one in pin.hashes if one in hashes]
        if len(paths) > 1:
            raise PodError(f"{folder} holds {len(paths)} wheels of {pin.name}; which of them is meant?")
        if paths:
            found[pin.name] = paths[0]
    return found


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=FETCH_S_MAX, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PodError(f"{Path(command[0]).name} cannot fetch packages: {error}") from error
    if done.returncode != 0:
        said = done.stdout[-SAID_BYTES_MAX:].decode(errors="replace").strip()
        raise PodError(f"packages cannot be fetched: {said}")
