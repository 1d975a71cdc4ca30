"""A release from a tree of source files.  The same files always give the same bytes, on every computer.

DIR/release.json       what it is
DIR/manifest           every file with its hash and chunks
DIR/objects/<sha256>   the chunks
DIR/signing.json       what pods sign (``signing_file.py``), once it was drafted
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import node
from node.pod.capabilities import check_covers, fill
from node.pod.errors import PodError
from node.pod.files import finish_folder, pretty, read_as, read_file, start_folder
from node.pod.needs import Needs, derive
from node.pod.statements import ReleaseFile
from node.trust.capabilities import Capabilities
from node.trust.errors import TrustError
from node.trust.release import (
    LAYER_OF,
    NOTES_CHARACTERS_MAX,
    SEQUENCE_MAX,
    VERSION_PATTERN,
    Release,
    is_in_vault_layer,
    open_manifest,
)
from node.vault.errors import MalformedMessage
from node.vault.share.tree import (
    CHUNK_BYTES_MAX,
    FILES_MAX,
    MANIFEST_BYTES_MAX,
    address_of,
    decode_manifest,
    encode_manifest,
    manifest_of,
    tree_hash,
    tree_hash_of,
)

RELEASE_FORMAT: Final = 1
RELEASE_FILE_BYTES_MAX: Final = 64 << 10
TREE_BYTES_MAX: Final = 64 << 20  # a vault release is some hundred kB of source
FOLDERS_MAX: Final = 2_000
NEEDED: Final = ("__init__.py", "__main__.py")
SKIPPED_FOLDER: Final = "__pycache__"
SKIPPED_SUFFIX: Final = ".pyc"

SourceFile = tuple[str, bool, bytes]  # path in the release, is it executable, content


@dataclass(frozen=True, slots=True)
class Built:
    """A release that nobody has signed yet.  ``objects``: the chunks of its files by address."""

    release: ReleaseFile
    manifest: bytes
    objects: dict[bytes, bytes]


def build(
    source: Path,
    out: Path,
    version: str,
    notes: str = "",
    layer: str = "vault",
    *,
    role: str = "vault",
    floor: int = 0,
    capabilities: Capabilities | None = None,
    is_urgent: bool = False,
) -> Built:
    """Build a release into the new folder ``out``, which appears whole or not at all.  Blocking.

    Args:
        source: A checkout, or a folder that holds what ``node/vault`` holds; in that case ``node/__init__.py`` is
            taken from the code that runs here.
        out: Absent or empty.
        version: What the release is called.
        notes: What changed, for people.
        layer: Only ``vault`` can be released yet.
        role: Who releases it: ``vault`` (the pods) or ``foundation``.
        floor: The number of the release below which no recall may lead once this is released; 0 changes nothing.
        capabilities: What it may do; None for what its source is found to need, and no more.
        is_urgent: Whether farms shall try it out for some hours instead of days; more pods must sign it then.

    Raises:
        PodError: The source cannot be released, or ``out`` not be used.
    """
    built = build_tree(
        source, version, notes, layer, role=role, floor=floor, capabilities=capabilities, is_urgent=is_urgent
    )
    write(built, out)
    return built


def write(built: Built, out: Path, others: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Write a built release, and ``others`` beside it, into the new folder ``out``, whole or not at all.  Blocking.

    Raises:
        PodError: ``out`` cannot be used.
    """
    making = start_folder(out)
    try:
        (making / "objects").mkdir()
        for address, content in built.objects.items():
            (making / "objects" / address.hex()).write_bytes(content)
        (making / "manifest").write_bytes(built.manifest)
        for name, content in {"release.json": pretty(built.release), **others}.items():
            (making / name).write_bytes(content)
        finish_folder(making, out)
    except OSError as error:
        raise PodError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def build_tree(
    source: Path,
    version: str,
    notes: str = "",
    layer: str = "vault",
    *,
    role: str = "vault",
    floor: int = 0,
    capabilities: Capabilities | None = None,
    is_urgent: bool = False,
) -> Built:
    """Build a release in memory; see ``build``.

    Raises:
        PodError: The source cannot be released.
    """
    if layer != "vault" or role not in LAYER_OF:
        raise PodError(f"{role} cannot release the layer {layer!r} yet")
    if not VERSION_PATTERN.fullmatch(version):
        raise PodError(f"{version[:80]!r} is no version: letters, digits and . + _ - are allowed, at most 64")
    if len(notes) > NOTES_CHARACTERS_MAX:
        raise PodError(f"the notes are over {NOTES_CHARACTERS_MAX} characters")
    if is_urgent and role != "vault":
        raise PodError("only pods can say that a release is urgent")
    if not 0 <= floor <= SEQUENCE_MAX:
        raise PodError(f"the floor {floor} is no number of a release")
    files = vault_files(source)
    try:
        manifest, objects = manifest_of(files)
        content = encode_manifest(manifest)
    except MalformedMessage as error:
        raise PodError(f"{source} cannot be released: {error}") from error
    release = ReleaseFile(
        RELEASE_FORMAT,
        role,
        layer,
        version,
        tree_hash_of(manifest),
        notes,
        address_of(content).hex(),
        len(content),
        floor,
        capabilities or fill(derive((path, content) for path, _, content in files)),
        is_urgent,
    )
    built = Built(release, content, objects)
    check(source, built)
    check_covers(release.name, release.capabilities, derive_of(built))
    return built


def load(folder: Path) -> Built:
    """A built release from its folder, every byte checked again.

    Raises:
        PodError: It is no release, or damaged.
    """
    if not (folder / "release.json").is_file():
        raise PodError(f"{folder} holds no release; 'perennial pod build' makes one")
    release = read_as(folder / "release.json", ReleaseFile, RELEASE_FILE_BYTES_MAX, "a release")
    manifest = read_file(folder / "manifest", MANIFEST_BYTES_MAX)
    objects = {}
    try:
        for file in decode_manifest(manifest).files:
            for address in file.chunks:
                objects[address] = read_file(folder / "objects" / address.hex(), CHUNK_BYTES_MAX)
    except MalformedMessage as error:
        raise PodError(f"{folder} is damaged: {error}") from error
    for address, chunk in objects.items():
        if address_of(chunk) != address:
            raise PodError(f"{folder} is damaged: object {address.hex()[:8]} has other bytes than its name says")
    built = Built(release, manifest, objects)
    check(folder, built)
    check_covers(release.name, release.capabilities, derive_of(built))
    return built


def derive_of(built: Built) -> Needs:
    """What the source of a release needs."""
    files = decode_manifest(built.manifest).files
    return derive((file.path, b"".join(built.objects[address] for address in file.chunks)) for file in files)


def compare(built: Built, checkout: Path) -> list[str]:
    """Build the tree anew from ``checkout``; return the paths in which the release differs from it, sorted.

    Raises:
        PodError: The checkout cannot be read.
    """
    there = {file.path: (file.is_executable, file.sha256) for file in decode_manifest(built.manifest).files}
    try:
        rebuilt, _ = manifest_of(vault_files(checkout))
    except MalformedMessage as error:
        raise PodError(f"{checkout} cannot be released: {error}") from error
    here = {file.path: (file.is_executable, file.sha256) for file in rebuilt.files}
    differing = sorted(path for path in {**there, **here} if there.get(path) != here.get(path))
    rehashed = tree_hash((path, *entry) for path, entry in here.items())
    assert (rehashed == built.release.tree) == (not differing), "the tree hash and the list of files disagree"
    return differing


def vault_files(source: Path) -> list[SourceFile]:
    """The files of a vault release from a checkout, or from a folder that holds what ``node/vault`` holds.

    Raises:
        PodError: The folder is not one of these, or holds what cannot be released.
    """
    if not source.is_dir():
        raise PodError(f"{source} is no folder" if source.exists() else f"{source} does not exist")
    is_checkout = (source / "node" / "vault").is_dir()
    vault = source / "node" / "vault" if is_checkout else source
    files = [(f"node/vault/{path}", x, content) for path, x, content in _walk(vault)]
    if not files:
        raise PodError(f"{vault} holds no files")
    for name in NEEDED:
        if not any(path == f"node/vault/{name}" for path, _, _ in files):
            raise PodError(f"{vault} holds no {name}, so it is not what node/vault holds")
    # The running code's own: a folder that holds only node/vault is meant as a change to it.
    package = source / "node" / "__init__.py" if is_checkout else Path(node.__file__)
    files.append(("node/__init__.py", False, _read(package, package.lstat().st_size if package.exists() else 0)))
    for path, _, _ in files:
        if not is_in_vault_layer(path):
            raise PodError(f"{source} holds {path}, which a vault release may not contain")
    return files


def _walk(top: Path) -> Iterator[SourceFile]:
    """Every file below ``top`` that belongs into a release, in no particular order."""
    folders, files, size = [top], 0, 0
    for number, folder in enumerate(folders):  # it grows while it is walked
        if number >= FOLDERS_MAX:
            raise PodError(f"{top} has over {FOLDERS_MAX} folders")
        for path, found in _entries(folder):
            if stat.S_ISLNK(found.st_mode):
                raise PodError(f"{path} is a link; a release holds files only")
            if stat.S_ISDIR(found.st_mode):
                folders += [] if path.name == SKIPPED_FOLDER else [path]
            elif not stat.S_ISREG(found.st_mode):
                raise PodError(f"{path} is neither a file nor a folder")
            elif not path.name.endswith(SKIPPED_SUFFIX):
                files, size = files + 1, size + found.st_size
                if files > FILES_MAX or size > TREE_BYTES_MAX:
                    raise PodError(f"{top} holds over {FILES_MAX} files or over {TREE_BYTES_MAX >> 20} MiB")
                yield path.relative_to(top).as_posix(), bool(found.st_mode & stat.S_IXUSR), _read(path, found.st_size)


def _entries(folder: Path) -> list[tuple[Path, os.stat_result]]:
    try:
        return [(path, path.lstat()) for path in sorted(folder.iterdir())]
    except OSError as error:
        raise PodError(f"{folder} cannot be read: {error.strerror}") from error


def _read(path: Path, size: int) -> bytes:
    content = read_file(path, TREE_BYTES_MAX)
    if len(content) != size:
        raise PodError(f"{path} changed while it was read")
    return content


def check(where: Path, built: Built) -> None:
    """Ask what every farm will ask, before anyone signs.

    Raises:
        PodError: The manifest is not what the release says, or lists what may not be released.
    """
    told = built.release
    if told.format != RELEASE_FORMAT or told.role not in LAYER_OF:
        raise PodError(f"{where} holds a release of another kind")
    release = Release(
        told.name,
        told.layer,
        told.version,
        told.tree,
        address_of(built.manifest),
        len(built.manifest),
        (),
        told.notes,
        1,
    )
    try:
        open_manifest(release, built.manifest)
    except TrustError as error:
        raise PodError(f"{where}: {error}") from error
    if (told.manifest, told.manifest_length) != (release.manifest.hex(), release.manifest_length):
        raise PodError(f"{where} is damaged: release.json speaks of another manifest")
