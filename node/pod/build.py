"""A release from a tree of files.  The same files always give the same bytes, on every computer.

DIR/release.json       what it is
DIR/manifest           every file with its hash and chunks
DIR/objects/<sha256>   the chunks, and those of the deltas that lead to it
DIR/signing.json       what pods sign (``signing_file.py``), once it was drafted

The chunks of a vault release are the very bytes of its files.  Those of an app or a runtime are packed, and another
version of zstd packs otherwise: there it is the tree that is the same everywhere, and the tree that pods compare.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from node.pod.capabilities import check_covers, fill
from node.pod.deltas import deltas_to
from node.pod.errors import PodError
from node.pod.files import finish_folder, pretty, read_as, read_file, start_folder
from node.pod.needs import Needs, derive
from node.pod.packing import packed_manifest_of
from node.pod.release_file import ReleaseFile
from node.pod.sources import source_files
from node.trust.capabilities import TODAY, Capabilities
from node.trust.delta import decode_delta
from node.trust.errors import TrustError
from node.trust.layers import PLATFORM_PATTERN, ROLE_OF, ROLES, VERSION_PATTERN, Layer
from node.trust.packed import piece_lengths, unpack
from node.trust.release import NOTES_CHARACTERS_MAX, SEQUENCE_MAX, Release, open_manifest
from node.vault.errors import MalformedMessage
from node.vault.share.tree import (
    CHUNK_BYTES_MAX,
    MANIFEST_BYTES_MAX,
    TreeFile,
    address_of,
    decode_manifest,
    encode_manifest,
    manifest_of,
    tree_hash,
    tree_hash_of,
)

RELEASE_FORMAT: Final = 1
RELEASE_FILE_BYTES_MAX: Final = 64 << 10
NO_RUNTIMES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Built:
    """A release that nobody has signed yet.  ``objects``: the chunks of its files and deltas by address."""

    release: ReleaseFile
    manifest: bytes
    objects: dict[bytes, bytes]

    @property
    def files(self) -> tuple[TreeFile, ...]:
        return decode_manifest(self.manifest).files

    def content(self, file: TreeFile) -> bytes:
        """The content of one of its files.

        Raises:
            MalformedMetadata: Its chunks are not what the manifest says.
        """
        pieces = zip(file.chunks, piece_lengths(file.length), strict=True)
        return b"".join(unpack(self.objects[address], length) for address, length in pieces)


def build(
    source: Path,
    out: Path,
    version: str,
    notes: str = "",
    layer: Layer = "vault",
    *,
    role: str = "vault",
    floor: int = 0,
    capabilities: Capabilities | None = None,
    is_urgent: bool = False,
) -> Built:
    """Build a release into the new folder ``out``, which appears whole or not at all; see ``build_tree``.  Blocking.

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
    layer: Layer = "vault",
    *,
    role: str = "vault",
    floor: int = 0,
    capabilities: Capabilities | None = None,
    is_urgent: bool = False,
    platform: str = "",
    runtimes: Mapping[str, str] = NO_RUNTIMES,
    before: Sequence[Built] = (),
) -> Built:
    """Build a release in memory.

    Args:
        source: A checkout; for the vault also a folder that holds what ``node/vault`` holds, in which case
            ``node/__init__.py`` is taken from the code that runs here; for a runtime its folder.
        version: What the release is called.
        notes: What changed, for people.
        layer: What it is a release of.
        role: Who releases the vault: ``vault`` (the pods) or ``foundation``; the rest is released by ``app``.
        floor: The number of the release below which no recall may lead once this is released; 0 changes nothing.
        capabilities: What a vault may do; None for what its source is found to need, and no more.
        is_urgent: Whether farms shall try a vault out for some hours instead of days; more pods must sign it then.
        platform: Of a runtime.
        runtimes: The trees of the runtimes that an app needs, by platform.
        before: Releases of an app or a runtime that farms have now, the newest first: whoever has one of them need not
            fetch whole files.

    Raises:
        PodError: The source cannot be released.
    """
    role = role if layer == "vault" else ROLE_OF[layer]
    _check_asked(layer, role, version, notes, floor=floor, platform=platform, runtimes=runtimes, is_urgent=is_urgent)
    files = list(source_files(layer, source))
    try:
        manifest, objects = manifest_of(files) if layer == "vault" else packed_manifest_of(files, before)
        content = encode_manifest(manifest)
    except MalformedMessage as error:
        raise PodError(f"{source} cannot be released: {error}") from error
    if layer == "vault":
        capabilities = capabilities or fill(derive((path, content) for path, _, content in files))
    release = ReleaseFile(
        format=RELEASE_FORMAT,
        role=role,
        layer=layer,
        version=version,
        tree=tree_hash_of(manifest),
        notes=notes,
        manifest=address_of(content).hex(),
        manifest_length=len(content),
        floor=floor,
        capabilities=capabilities or TODAY,
        is_urgent=is_urgent,
        platform=platform,
        runtimes=dict(sorted(runtimes.items())),
    )
    built = Built(release, content, objects)
    if layer != "vault":
        offers, chunks = deltas_to(built, before)
        built = Built(msgspec.structs.replace(release, deltas=offers), content, {**objects, **chunks})
    check(source, built)
    _check_vault(built)
    return built


def _check_asked(
    layer: Layer,
    role: str,
    version: str,
    notes: str,
    floor: int,
    platform: str,
    runtimes: Mapping[str, str],
    *,
    is_urgent: bool,
) -> None:
    if role not in ROLES:
        raise PodError(f"{role} releases nothing")
    if not VERSION_PATTERN.fullmatch(version):
        raise PodError(f"{version[:80]!r} is no version: letters, digits and . + _ - are allowed, at most 64")
    if len(notes) > NOTES_CHARACTERS_MAX:
        raise PodError(f"the notes are over {NOTES_CHARACTERS_MAX} characters")
    if is_urgent and role != "vault":
        raise PodError("only pods can say that a release is urgent, and of the vault alone")
    if not 0 <= floor <= SEQUENCE_MAX:
        raise PodError(f"the floor {floor} is no number of a release")
    if (layer == "runtime") != (platform != "") or (runtimes and layer != "app"):
        raise PodError("a runtime is for one platform, and only an app needs runtimes")
    for name in (*([platform] if platform else []), *runtimes):
        if not PLATFORM_PATTERN.fullmatch(name):
            raise PodError(f"{name[:40]!r} is no platform; one is linux-x86_64, for example")


def load(folder: Path) -> Built:
    """A built release from its folder, every byte checked again.

    Raises:
        PodError: It is no release, or damaged.
    """
    if not (folder / "release.json").is_file():
        raise PodError(f"{folder} holds no release; 'perennial pod build' makes one")
    release = read_as(folder / "release.json", ReleaseFile, RELEASE_FILE_BYTES_MAX, "a release")
    manifest = read_file(folder / "manifest", MANIFEST_BYTES_MAX)
    built = Built(release, manifest, {})
    try:
        for file in built.files:
            for address in file.chunks:
                _load_object(folder, address, built)
            if hashlib.sha256(built.content(file)).hexdigest() != file.sha256:
                raise PodError(f"{folder} is damaged: {file.path} has other bytes than its manifest says")
        for named, _ in release.deltas.values():
            for address in decode_delta(_load_object(folder, bytes.fromhex(named), built)).parts:
                _load_object(folder, address, built)
    except (MalformedMessage, TrustError, ValueError) as error:
        raise PodError(f"{folder} is damaged: {error}") from error
    check(folder, built)
    _check_vault(built)
    return built


def _load_object(folder: Path, address: bytes, built: Built) -> bytes:
    chunk = read_file(folder / "objects" / address.hex(), CHUNK_BYTES_MAX)
    if address_of(chunk) != address:
        raise PodError(f"{folder} is damaged: object {address.hex()[:8]} has other bytes than its name says")
    built.objects[address] = chunk
    return chunk


def _check_vault(built: Built) -> None:
    """Check what a vault declares against what its source needs; an app has no sandbox.

    Raises:
        PodError: It does not fit.
    """
    if built.release.layer == "vault":
        for file in built.files:
            if sum(len(built.objects[address]) for address in file.chunks) != file.length:
                raise PodError(f"{built.release.name}: {file.path} is packed, which no file of a vault may be")
        check_covers(built.release.name, built.release.capabilities, derive_of(built))


def derive_of(built: Built) -> Needs:
    """What the source of a release needs."""
    return derive((file.path, built.content(file)) for file in built.files)


def compare(built: Built, checkout: Path) -> list[str]:
    """Build the tree anew from ``checkout``; return the paths in which the release differs from it, sorted.

    Raises:
        PodError: The checkout cannot be read.
    """
    there = {file.path: (file.is_executable, file.sha256) for file in built.files}
    here = {
        path: (is_executable, hashlib.sha256(content).hexdigest())
        for path, is_executable, content in source_files(built.release.layer, checkout)
    }
    differing = sorted(path for path in {**there, **here} if there.get(path) != here.get(path))
    rehashed = tree_hash((path, *entry) for path, entry in here.items())
    assert (rehashed == built.release.tree) == (not differing), "the tree hash and the list of files disagree"
    return differing


def check(where: Path, built: Built) -> None:
    """Ask what every farm will ask, before anyone signs.

    Raises:
        PodError: The manifest is not what the release says, or lists what may not be released.
    """
    told = built.release
    roles = ("vault", "foundation") if told.layer == "vault" else (ROLE_OF[told.layer],)
    if told.format != RELEASE_FORMAT or told.role not in roles:
        raise PodError(f"{where} holds a release of another kind")
    release = Release(
        name=told.name,
        layer=told.layer,
        version=told.version,
        tree_hash=told.tree,
        manifest=address_of(built.manifest),
        manifest_length=len(built.manifest),
        signers=(),
        notes=told.notes,
        sequence=1,
        platform=told.platform,
    )
    try:
        open_manifest(release, built.manifest)
    except TrustError as error:
        raise PodError(f"{where}: {error}") from error
    if (told.manifest, told.manifest_length) != (release.manifest.hex(), release.manifest_length):
        raise PodError(f"{where} is damaged: release.json speaks of another manifest")
