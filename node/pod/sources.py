"""The files of a release, read from a checkout or from a tree that was built."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import node
from node.pod.errors import PodError
from node.pod.files import read_file
from node.trust.layers import APP_FOLDERS, TREE_BYTES_MAX, Layer, is_in_layer
from node.vault.share.tree import FILES_MAX

FOLDERS_MAX: Final = 2_000
VAULT_NEEDED: Final = ("__init__.py", "__main__.py")
SKIPPED_FOLDER: Final = "__pycache__"
SKIPPED_SUFFIX: Final = ".pyc"

SourceFile = tuple[str, bool, bytes]  # path in the release, is it executable, content


def source_files(layer: Layer, source: Path) -> Iterator[SourceFile]:
    """The files of a release of that layer, one after the other, in no particular order.

    Args:
        layer: The vault's files come from a checkout, or from a folder that holds what ``node/vault`` holds; the app's
            from a checkout; a runtime is the whole folder.
        source: That folder.

    Raises:
        PodError: The folder is not one of these, or holds what cannot be released.
    """
    if not source.is_dir():
        raise PodError(f"{source} is no folder" if source.exists() else f"{source} does not exist")
    found = {"vault": _vault_files, "app": _app_files, "runtime": _runtime_files}[layer](source)
    for path, is_executable, content in found:
        if not is_in_layer(layer, path):
            article = "an" if layer == "app" else "a"
            raise PodError(f"{source} holds {path}, which {article} {layer} release may not contain")
        yield path, is_executable, content


def _vault_files(source: Path) -> Iterator[SourceFile]:
    is_checkout = (source / "node" / "vault").is_dir()
    vault, paths = source / "node" / "vault" if is_checkout else source, set()
    for path, is_executable, content in _walk(vault, "vault"):
        paths.add(path)
        yield f"node/vault/{path}", is_executable, content
    if not paths:
        raise PodError(f"{vault} holds no files")
    for name in VAULT_NEEDED:
        if name not in paths:
            raise PodError(f"{vault} holds no {name}, so it is not what node/vault holds")
    # The running code's own: a folder that holds only node/vault is meant as a change to it.
    package = source / "node" / "__init__.py" if is_checkout else Path(node.__file__)
    yield "node/__init__.py", False, _read(package, package.lstat().st_size if package.exists() else 0)


def _app_files(source: Path) -> Iterator[SourceFile]:
    for folder in APP_FOLDERS:
        if not (source / folder).is_dir() or (source / folder).is_symlink():
            raise PodError(f"{source} holds no folder {folder}, so it is no checkout")
        for path, is_executable, content in _walk(source / folder, "app"):
            yield f"{folder}/{path}", is_executable, content


def _runtime_files(source: Path) -> Iterator[SourceFile]:
    return _walk(source, "runtime")


def _walk(top: Path, layer: Layer) -> Iterator[SourceFile]:
    """Every file below ``top`` that belongs into a release, in no particular order."""
    folders, files, size, limit = [top], 0, 0, TREE_BYTES_MAX[layer]
    is_source = layer != "runtime"  # whose byte code somebody put there on purpose
    for number, folder in enumerate(folders):  # it grows while it is walked
        if number >= FOLDERS_MAX:
            raise PodError(f"{top} has over {FOLDERS_MAX} folders")
        for path, found in _entries(folder):
            if stat.S_ISLNK(found.st_mode):
                raise PodError(f"{path} is a link; a release holds files only")
            if stat.S_ISDIR(found.st_mode):
                folders += [] if is_source and path.name == SKIPPED_FOLDER else [path]
            elif not stat.S_ISREG(found.st_mode):
                raise PodError(f"{path} is neither a file nor a folder")
            elif not is_source or not path.name.endswith(SKIPPED_SUFFIX):
                files, size = files + 1, size + found.st_size
                if files > FILES_MAX or size > limit:
                    raise PodError(f"{top} holds over {FILES_MAX} files or over {limit >> 20} MiB")
                yield path.relative_to(top).as_posix(), bool(found.st_mode & stat.S_IXUSR), _read(path, found.st_size)


def _entries(folder: Path) -> list[tuple[Path, os.stat_result]]:
    try:
        return [(path, path.lstat()) for path in sorted(folder.iterdir())]
    except OSError as error:
        raise PodError(f"{folder} cannot be read: {error.strerror}") from error


def _read(path: Path, size: int) -> bytes:
    content = read_file(path, size)
    if len(content) != size:
        raise PodError(f"{path} changed while it was read")
    return content
