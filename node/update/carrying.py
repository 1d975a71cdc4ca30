"""The files that the newest head lists, as every farm's vault carries them, so that nobody can hide them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

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
    """What of these can be had here, by address: manifests and chunks of the releases that are here, then the roots.

    Blocking.  At most CARRIED_BYTES_MAX: what does not fit is left to the close groups.
    """
    found: dict[bytes, bytes] = {}
    size_bytes = 0
    for content in (*(file for release in releases for file in _files_of(release, slots)), *roots):
        if size_bytes + len(content) <= CARRIED_BYTES_MAX:
            found[address_of(content)] = content
            size_bytes += len(content)
    return found


class Carrying:
    """Lets the vault in use serve what the newest head lists, as far as it is here.  Belongs to one event loop.

    The newest release of each role first, then those before it: what others are to try out first is in use here, or
    tried out.
    """

    def __init__(self, slots: Slots, carry: Callable[[Mapping[bytes, bytes]], Awaitable[None]]) -> None:
        """``carry`` hands the files to the vault, in place of those from before."""
        self._slots = slots
        self._carry = carry
        self._carried: tuple[tuple[Release, ...], tuple[bytes, ...]] = (), ()

    async def turn(self, listed: Sequence[Release], roots: tuple[bytes, ...]) -> None:
        """Hand on what has changed, if anything has; called again and again.  Raises what ``carry`` raises."""
        newest = newest_of(listed)
        ordered = (*newest, *(release for release in listed if release not in newest))
        staged = tuple(release for release in ordered if is_here(release, self._slots))
        if (staged, roots) != self._carried:
            await self._carry(await asyncio.to_thread(carried_files, staged, roots, self._slots))
            self._carried = staged, roots


def is_here(release: Release, slots: Slots) -> bool:
    """Whether anything of a release can be carried; a runtime never is, it is too large."""
    if release.layer == "app":
        return slots.objects.is_handed_on(release.tree_hash)
    return release.layer == "vault" and slots.has("vault", release.tree_hash)


def _files_of(release: Release, slots: Slots) -> Iterator[bytes]:
    """Of a vault the manifest and all chunks, unless it was chunked in another way; of an app what was fetched here.

    That differs from farm to farm: who had the app before it fetched a delta, who did not, whole files.
    """
    if not is_here(release, slots):
        return
    try:
        if release.layer == "app":
            yield from slots.objects.handed_on(release.tree_hash)
            return
        slot = slots.verify("vault", release.tree_hash)
        manifest, chunks = manifest_of(read_vault_layer(slot / "node"))
        content = encode_manifest(manifest)
    except (SlotDamaged, OSError, MalformedMessage) as error:
        log.warning("a release is not carried reason=%s", error)
        return
    if address_of(content) == release.manifest:
        yield content
        yield from chunks.values()
