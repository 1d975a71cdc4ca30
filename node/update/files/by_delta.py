"""A release by what differs from a tree that is here.

The old tree is read from the disk, and the delta says what the new one has instead.  What comes of it must have the
signed tree hash, and each file that a patch leads to its own: then nothing else has to be believed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from node.trust.delta import Delta, Entry, applied, decode_delta
from node.trust.errors import MalformedMetadata
from node.trust.layers import TREE_BYTES_MAX
from node.trust.packed import PATCHED_BYTES_MAX, patched
from node.trust.release import Offer, Release, check_files
from node.update.errors import FetchFailed, SlotDamaged
from node.update.files.chunks import Source
from node.update.files.objects import Objects
from node.update.files.slots import Slots
from node.update.files.trees import read_tree
from node.vault.share.tree import Manifest, TreeFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Basis:
    """A tree that is here, as it is on the disk now, and the delta that begins with it."""

    offer: Offer
    root: Path
    files: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new tree consists of, and which of its files are here already, by SHA-256 in hex."""

    manifest: Manifest
    held: Mapping[str, Path]


async def plan_by_delta(release: Release, slots: Slots, source: Source) -> Plan | None:
    """Fetch a delta from a tree that is here and make every file that a patch leads to; None where none can be used.

    Where a patch leads to no file of the new tree, that one is left to be fetched whole.

    Raises:
        FetchFailed: The delta could not be had.
        TrustError: It leads to another tree than the signed one, or is none.
        StageFailed: This machine could not keep it.
    """
    basis = await asyncio.to_thread(_basis_of, release, slots)
    if basis is None:
        return None
    content = await source.get(basis.offer.address)
    if len(content) != basis.offer.length:
        raise MalformedMetadata(f"{release.name}: this is not the signed delta")
    delta = decode_delta(content)
    manifest = applied(delta, basis.files)
    check_files(release, manifest)
    if (size_bytes := sum(file.length for file in manifest.files)) > TREE_BYTES_MAX[release.layer]:
        raise MalformedMetadata(f"{release.name}: a delta leads to {size_bytes} bytes, which are over the limit")
    await source.get_all(delta.parts)
    await asyncio.to_thread(_make_patched, delta, basis, slots.objects.of(release.tree_hash))
    return Plan(manifest, {sha256: basis.root / path for path, (_, sha256, _) in basis.files.items()})


def _basis_of(release: Release, slots: Slots) -> Basis | None:
    for offer in release.deltas:
        root = slots.at_hand(release.layer, offer.tree)
        if root is not None:
            try:
                return Basis(offer, root, read_tree(root, TREE_BYTES_MAX[release.layer]))
            except (SlotDamaged, OSError) as error:
                log.warning("a tree is no basis for a delta tree=%s reason=%s", offer.tree[:8], error)
    return None


def _make_patched(delta: Delta, basis: Basis, objects: Objects) -> None:
    """Make the files that patches lead to, one after the other."""
    stream = _Stream(delta, objects)
    for patch in delta.patches:
        file, content = delta.files[patch.number], stream.read(patch.length)
        if objects.made(file) is None:
            try:
                old = _old_content(file, basis) if patch.is_from_old else b""
                objects.make(file, [patched(old, content, file.length)])
            except (MalformedMetadata, SlotDamaged, OSError) as error:
                log.warning("a patch leads to no file, which is fetched whole path=%s reason=%s", file.path, error)


def _old_content(file: TreeFile, basis: Basis) -> bytes:
    """The old file of that path, with the bytes that the tree had when it was read."""
    found = basis.files.get(file.path)
    if found is None or found[2] > PATCHED_BYTES_MAX:
        raise MalformedMetadata("there is no old file that could be patched")
    with (basis.root / file.path).open("rb") as opened:
        return opened.read(PATCHED_BYTES_MAX)


class _Stream:
    """The patches of a delta, read one after the other; of its parts one at a time is in memory."""

    def __init__(self, delta: Delta, objects: Objects) -> None:
        self._parts = self._read(delta, objects)
        self._left = b""

    def read(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            FetchFailed: A part was lost meanwhile.
        """
        found = bytearray()
        while len(found) < length:
            self._left = self._left or next(self._parts)
            taken = self._left[: length - len(found)]
            found += taken
            self._left = self._left[len(taken) :]
        return bytes(found)

    @staticmethod
    def _read(delta: Delta, objects: Objects) -> Iterator[bytes]:
        if delta.body:
            yield delta.body
        for address in delta.parts:
            part = objects.get(address)
            if not part:
                raise FetchFailed(f"chunk {address.hex()[:8]} was lost meanwhile")
            yield part
        raise FetchFailed("the patches of a delta are shorter than it says")
