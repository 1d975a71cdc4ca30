"""The folders of an installation, laid out as they will lie on Windows.  All blocks.

launcher/       from installers/launcher
runtime/        from the packages
app/            node/, gui/, resources/ of the checkout
installed.json  what it is
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from installers.installation import FILE_TIME_S, app_files, installed_json, launcher_files
from installers.windows import contents
from node.pod.errors import PodError
from node.pod.runtime import packed
from node.vault.share.tree import is_path_allowed, tree_hash

ARCHIVE_BYTES_MAX: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Staged:
    """``files``: paths below ``folder``, sorted, with ``/``."""

    folder: Path
    files: tuple[str, ...]
    size_bytes: int
    app: str
    runtime: str


def stage(root: Path, version: str, python: Path, wheels: Mapping[str, Path], into: Path) -> Staged:
    """Lay everything out in the new folder ``into``.

    Raises:
        ValueError: Two packages bring the same file, or a path could not be kept on Windows.
        PodError: A package cannot be read, or the checkout is none of which a release could be made.
        OSError: The disk refused.
    """
    parts = {
        "app": {path: content for path, _, content in app_files(root)},
        "launcher": dict(launcher_files(root)),
        "runtime": runtime_files(python, wheels),
    }
    app, runtime = (_tree_hash(parts[name]) for name in ("app", "runtime"))
    files = {f"{name}/{path}": content for name, found in parts.items() for path, content in found.items()}
    files["installed.json"] = installed_json(version, contents.PLATFORM, app, runtime)
    for path, content in files.items():
        _write(into / path, content)
    size_bytes = sum(len(content) for content in files.values())
    return Staged(into, tuple(sorted(files)), size_bytes, app, runtime)


def runtime_files(python: Path, wheels: Mapping[str, Path]) -> dict[str, bytes]:
    """The files of the runtime by their paths in it.

    Raises:
        ValueError: Two packages bring the same file, or a path could not be kept on Windows.
        PodError: A package cannot be read.
    """
    found = {contents.SEARCH_PATH: contents.SEARCHED.encode()}
    for name, content in _python_files(python):
        if (place := contents.place_python(name)) is not None:
            _add(found, place, content)
    for distribution, wheel in wheels.items():
        for name, content in packed.wheel_files(wheel):
            if (place := contents.place_wheel(distribution, name)) is not None:
                _add(found, place, content)
    return found


def _add(found: dict[str, bytes], path: str, content: bytes) -> None:
    if not is_path_allowed(path) or found.setdefault(path, content) != content:
        raise ValueError(f"{path} is no path for Windows, or comes twice")


def _python_files(source: Path) -> Iterator[packed.PackedFile]:
    """Those of the archive in the source distribution, of which nothing else is used.

    Raises:
        PodError: It cannot be read.
    """
    try:
        with tarfile.open(source) as outer:
            member = next((one for one in outer if one.name.partition("/")[2] == contents.PYTHON_ARCHIVE), None)
            file = outer.extractfile(member) if member and member.size <= ARCHIVE_BYTES_MAX else None
            if file is None:
                raise PodError(f"{source.name} holds no {contents.PYTHON_ARCHIVE} that could be read")
            with zipfile.ZipFile(io.BytesIO(file.read())) as inner:
                for name in inner.namelist():
                    yield name, inner.read(name)
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise PodError(f"{source.name} cannot be unpacked: {error}") from error


def _tree_hash(files: dict[str, bytes]) -> str:
    entries = (
        (path, contents.is_executable(path), hashlib.sha256(content).hexdigest()) for path, content in files.items()
    )
    return tree_hash(entries)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (FILE_TIME_S, FILE_TIME_S))


def folders_of(files: tuple[str, ...]) -> list[str]:
    """The folders that these files need, inner ones before those around them."""
    found = {parent.as_posix() for path in files for parent in PurePosixPath(path).parents} - {"."}
    return sorted(found, key=lambda folder: (-folder.count("/"), folder))
