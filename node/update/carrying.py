"""The files that the newest head names, as every farm's vault carries them, so that nobody can hide them.  Blocking."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from node.trust.layers import ROLES
from node.trust.release import Release
from node.update.errors import SlotDamaged
from node.update.files.slots import Slots
from node.update.files.trees import read_vault_layer
from node.vault.core.carrying import CARRIED_BYTES_MAX
from node.vault.errors import MalformedMessage
from node.vault.share.tree import address_of, encode_manifest, manifest_of

log = logging.getLogger(__name__)


def newest_of(releases: Sequence[Release]) -> tuple[Release, ...]:
    """The newest release of each role that may release anything; ``releases`` are in order, the newest first."""
    firsts = {release.name.partition("/")[0]: release for release in reversed(releases)}
    return tuple(firsts[role] for role in ROLES if role in firsts)


def carried_files(releases: Iterable[Release], roots: Iterable[bytes], slots: Slots) -> dict[bytes, bytes]:
    """What of these can be had here, by address: manifests and chunks of the releases in slots, then the roots.

    At most CARRIED_BYTES_MAX: what does not fit is left to the close groups.
    """
    found: dict[bytes, bytes] = {}
    size_bytes = 0
    for content in (*(file for release in releases for file in _files_of(release, slots)), *roots):
        if size_bytes + len(content) <= CARRIED_BYTES_MAX:
            found[address_of(content)] = content
            size_bytes += len(content)
    return found


def _files_of(release: Release, slots: Slots) -> Iterator[bytes]:
    """The manifest first; nothing of a release that is not staged, or that was chunked in another way.

    Apps and runtimes are left to the close groups: what of them is here is not packed as it travels.
    """
    if release.layer != "vault" or not slots.has("vault", release.tree_hash):
        return
    try:
        slot = slots.verify("vault", release.tree_hash)
        manifest, chunks = manifest_of(read_vault_layer(slot / "node"))
        content = encode_manifest(manifest)
    except (SlotDamaged, OSError, MalformedMessage) as error:
        log.warning("a release is not carried reason=%s", error)
        return
    if address_of(content) == release.manifest:
        yield content
        yield from chunks.values()
