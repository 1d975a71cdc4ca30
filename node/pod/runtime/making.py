"""A runtime made from its pinned packages.  All blocks, for a minute or so.

The tree is the same wherever and whenever it is made: nothing enters it but what the packages hold, one change to the
interpreter (where it looks for libraries), byte code, and ``sources.json``:

    {"format": 1, "platform": "linux-x86_64",
     "packages": {"debian/libffi8": {"version": "3.4.4-1", "sha256": HEX}, "wheel/iroh": ...},
     "binaries": {"lib/libffi.so.8": {"package": "debian/libffi8", "sha256": HEX as it was packed}}}
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from node.pod.errors import PodError
from node.pod.files import finish_folder, pretty, read_file, start_folder
from node.pod.runtime import contents, fetching, packed
from node.pod.runtime.compiled import compile_all
from node.pod.runtime.elf import is_elf
from node.pod.runtime.pins import Pin, read_debian, read_wheels
from node.vault.share.tree import FILES_MAX, is_path_allowed, tree_hash

PLATFORMS: Final = (contents.PLATFORM,)
WHEEL_LOCK: Final = "installers/requirements.txt"
DEBIAN_LOCK: Final = "installers/linux/runtime-packages.txt"
LOCK_BYTES_MAX: Final = 4 << 20
SOURCES: Final = "sources.json"
SOURCES_FORMAT: Final = 1
PATCH_S_MAX: Final = 60.0


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    sha256: str


class Binary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``sha256``: as it was packed.  Of all binaries the interpreter alone is changed."""

    package: str
    sha256: str


class Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where everything in a runtime comes from."""

    format: int
    platform: str
    packages: dict[str, Package]
    binaries: dict[str, Binary]


@dataclass(frozen=True, slots=True)
class Made:
    """A runtime on disk.  ``tree`` is its tree hash."""

    tree: str
    files: int
    size_bytes: int
    sources: Sources


Place = Callable[[str, str], str | None]


@dataclass(slots=True)
class _Making:
    root: Path
    packages: dict[str, Package] = field(default_factory=dict)
    binaries: dict[str, Binary] = field(default_factory=dict)

    def add(self, source: str, path: str, content: bytes) -> None:
        """Write one file of the package ``source``.

        Raises:
            PodError: The path is not allowed, or another package has brought it.
        """
        if not is_path_allowed(path):
            raise PodError(f"{source} holds {path[:200]!r}, which not every system could keep")
        target = self.root / path
        if target.exists():
            raise PodError(f"{path} comes twice, at last from {source}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if is_elf(content):
            self.binaries[path] = Binary(source, hashlib.sha256(content).hexdigest())

    def take(self, source: str, pin: Pin, package: Path, files: Iterator[packed.PackedFile], place: Place) -> None:
        """Write what belongs into a runtime of the files of one package."""
        self.packages[source] = Package(pin.version, hashlib.sha256(package.read_bytes()).hexdigest())
        for path, content in files:
            placed = place(pin.name, path)
            if placed is not None:
                self.add(source, placed, content)


def make(checkout: Path, platform: str, packages: Path, out: Path) -> Made:
    """Make the runtime that the lock files of ``checkout`` stand for, in the new folder ``out``, whole or not at all.

    ``packages``: a folder with the packages that were fetched before; those that are missing are fetched into it.

    Raises:
        PodError: It cannot be made.
    """
    if platform not in PLATFORMS:
        raise PodError(f"no runtime can be made for {platform[:80]!r} yet, only for {', '.join(PLATFORMS)}")
    debian = read_debian(_lock(checkout, DEBIAN_LOCK))
    wheels = read_wheels(_lock(checkout, WHEEL_LOCK), contents.PYTHON, contents.SYSTEM)
    if {pin.name for pin in debian} != set(contents.DEBIAN_PACKAGES):
        raise PodError(f"{DEBIAN_LOCK} pins other packages than a runtime is made of: write it anew")
    making = start_folder(out)
    try:
        folders = [packages / kind for kind in ("debian", platform)]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        sources = _fill(_Making(making), platform, (debian, folders[0]), (wheels, folders[1]))
        _open_to_all(making)
        made = measure(making, sources)
        finish_folder(making, out)
    except OSError as error:
        raise PodError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return made


def measure(root: Path, sources: Sources) -> Made:
    """Hash a tree that was just made.

    Raises:
        PodError: It holds more than a tree may, or something else than files.
        OSError: It cannot be read.
    """
    entries, size_bytes = [], 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                raise PodError(f"{path} is no file")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            entries.append((path.relative_to(root).as_posix(), bool(found.st_mode & stat.S_IXUSR), digest))
            size_bytes += found.st_size
    if len(entries) > FILES_MAX:
        raise PodError(f"{len(entries)} files are over {FILES_MAX}")
    return Made(tree_hash(entries), len(entries), size_bytes, sources)


def _fill(making: _Making, platform: str, debian: tuple[list[Pin], Path], wheels: tuple[list[Pin], Path]) -> Sources:
    files = fetching.debian_packages(*debian)
    for pin in debian[0]:
        file = files[pin.name]
        making.take(f"debian/{pin.name}", pin, file, packed.debian_files(file), contents.place_debian)
    brought = fetching.wheels(*wheels)
    for pin in wheels[0]:
        file = brought[pin.name]
        making.take(f"wheel/{pin.name}", pin, file, packed.wheel_files(file), contents.place_wheel)
    for name, (folder, libraries) in contents.LIBRARY_PACKAGES.items():
        for library in libraries:
            if f"{folder}/{library}" not in making.binaries:
                raise PodError(f"{name} holds no {library}")
    _lead_to_libraries(making.root / contents.INTERPRETER, files["patchelf"])
    compile_all(making.root)
    all_packages, binaries = dict(sorted(making.packages.items())), dict(sorted(making.binaries.items()))
    sources = Sources(SOURCES_FORMAT, platform, all_packages, binaries)
    (making.root / SOURCES).write_bytes(pretty(sources))
    return sources


def _lead_to_libraries(interpreter: Path, tool: Path) -> None:
    """Make the interpreter look for libraries in its own tree first: with DT_RPATH, which also holds for what it loads.

    DT_RUNPATH would hold for the interpreter's own libraries alone, and an environment variable would reach the
    programs that it starts.  The tool is of a pinned package, so that it changes the same bytes everywhere.
    """
    program = interpreter.with_name(".patchelf")
    try:
        program.write_bytes(dict(packed.debian_files(tool))["usr/bin/patchelf"])
        for path in (program, interpreter):
            path.chmod(0o755)
        command = [
            str(program.resolve()),
            "--force-rpath",
            "--set-rpath",
            contents.SEARCHED,
            str(interpreter.resolve()),
        ]
        subprocess.run(command, check=True, timeout=PATCH_S_MAX, stdin=subprocess.DEVNULL, capture_output=True)
    except (OSError, KeyError, subprocess.SubprocessError) as error:
        raise PodError(f"the interpreter cannot be told where its libraries are: {error}") from error
    finally:
        program.unlink(missing_ok=True)


def _open_to_all(root: Path) -> None:
    """Give everything the mode that an installed file has, whatever the umask was.  Raises OSError."""
    for folder, _, names in os.walk(root):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            path.chmod(0o755 if path == root / contents.INTERPRETER else 0o644)


def _lock(checkout: Path, name: str) -> str:
    try:
        return read_file(checkout / name, LOCK_BYTES_MAX).decode()
    except UnicodeDecodeError as error:
        raise PodError(f"{checkout / name} is no text") from error
