"""What may not be in a runtime: a binary that comes from nowhere, and a need that only the building machine fulfils."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from node.pod.runtime import contents, packed
from node.pod.runtime.elf import Dynamic, is_elf, read_dynamic
from node.pod.runtime.making import SOURCES, Sources

PLACES: Final[Mapping[str, Callable[[str, str], str | None]]] = {
    "debian": contents.place_debian, "wheel": contents.place_wheel,
}  # fmt: skip


def sources_of(root: Path) -> Sources:
    return msgspec.json.decode((root / SOURCES).read_bytes(), type=Sources)


def binaries_of(root: Path) -> dict[str, bytes]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    found = ((path.relative_to(root).as_posix(), path.read_bytes()) for path in files)
    return {path: content for path, content in found if is_elf(content)}


def strangers(root: Path, sources: Sources) -> Iterator[str]:
    """Each binary that no package is named for, or that is not what was in it."""
    for path, content in binaries_of(root).items():
        named = sources.binaries.get(path)
        if named is None:
            yield f"{path} comes from nowhere"
        elif named.package not in sources.packages:
            yield f"{path} comes from {named.package}, which is no package of this runtime"
        elif path != contents.INTERPRETER and hashlib.sha256(content).hexdigest() != named.sha256:
            yield f"{path} is not what was in {named.package}"


def liars(sources: Sources, packages: Mapping[str, Path]) -> Iterator[str]:
    """Each binary that the package named for it does not hold.  ``packages``: package -> its file."""
    there: dict[tuple[str, str], str] = {}
    for name, file in packages.items():
        kind, _, package = name.partition("/")
        if hashlib.sha256(file.read_bytes()).hexdigest() != sources.packages[name].sha256:
            yield f"{name} is not the package that this runtime was made of"
        for path, content in packed.debian_files(file) if kind == "debian" else packed.wheel_files(file):
            if (place := PLACES[kind](package, path)) is not None and is_elf(content):
                there[name, place] = hashlib.sha256(content).hexdigest()
    for path, named in sources.binaries.items():
        if there.get((named.package, path)) != named.sha256:
            yield f"{named.package} holds no such {path}"


def lacking(root: Path) -> Iterator[str]:
    """Each library that a binary needs, and that is neither where it looks for it nor one that every host has.

    As the loader of glibc looks: the folders of DT_RUNPATH if there is one, else those of the interpreter's DT_RPATH.
    """
    found = {path: read_dynamic(content) for path, content in binaries_of(root).items()}
    general = _folders(contents.INTERPRETER, found[contents.INTERPRETER].rpath)
    for path, dynamic in found.items():
        folders = _looked_in(path, dynamic, general)
        for folder in folders:
            if folder.startswith(("/", "..")):
                yield f"{path} looks for libraries in {folder}, which is not of this runtime"
        for name in dynamic.needed:
            if name not in contents.HOST and not any(f"{folder}/{name}" in found for folder in folders):
                yield f"{path} needs {name}, which not every host has"


def two_of_a_kind(root: Path) -> Iterator[str]:
    """Each library that both the runtime and the host give: two copies could meet in one process."""
    for path, content in binaries_of(root).items():
        if posixpath.basename(path) in contents.HOST or read_dynamic(content).name in contents.HOST:
            yield f"{path} is the host's"


def _looked_in(path: str, dynamic: Dynamic, general: list[str]) -> list[str]:
    return _folders(path, dynamic.runpath) if dynamic.runpath else [*_folders(path, dynamic.rpath), *general]


def _folders(path: str, searched: str) -> list[str]:
    folder = posixpath.dirname(path)
    return [posixpath.normpath(part.replace("$ORIGIN", folder)) for part in searched.split(":") if part]
