"""What leads farms from the releases before to a new one without fetching whole files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from node.trust.delta import make_delta
from node.trust.packed import PATCHED_BYTES_MAX, patch
from node.trust.release import DELTAS_MAX
from node.vault.errors import MalformedMessage
from node.vault.share.tree import TreeFile, address_of

if TYPE_CHECKING:
    from node.pod.build import Built

# A new file up to this length travels inside the delta: one more request would cost as much.
INSIDE_BYTES_MAX: Final = 64 << 10

Offers = dict[str, tuple[str, int]]


def deltas_to(built: Built, before: Sequence[Built]) -> tuple[Offers, dict[bytes, bytes]]:
    """The deltas from the newest of ``before`` to ``built``, as its release offers them, and their chunks by address.

    At most DELTAS_MAX, the newest first; one that is no shorter than whole files is left out.
    """
    offers: Offers = {}
    chunks: dict[bytes, bytes] = {}
    for old in before:
        if len(offers) < DELTAS_MAX and old.release.tree not in (built.release.tree, *offers):
            made = _delta(old, built)
            if made is not None:
                first, others = made
                offers[old.release.tree] = (address_of(first).hex(), len(first))
                chunks |= {address_of(first): first} | others
    return offers, chunks


def _delta(old: Built, new: Built) -> tuple[bytes, dict[bytes, bytes]] | None:
    there = {file.path: file for file in old.files}
    held = {file.sha256 for file in old.files}
    changed = tuple(file for file in new.files if not _is_same(there.get(file.path), file))
    removed = tuple(sorted(there.keys() - {file.path for file in new.files}))
    unknown = [file for file in changed if file.sha256 not in held]

    def patched(file: TreeFile) -> tuple[bool, bytes] | None:
        return _patch(old, there.get(file.path), new, file)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = dict(zip([file.path for file in unknown], pool.map(patched, unknown), strict=True))
    patches = {path: found for path, found in made.items() if found is not None}
    try:
        first, others = make_delta(removed, changed, patches)
    except MalformedMessage:
        return None
    whole = {address: len(new.objects[address]) for file in unknown for address in file.chunks}
    left = sum(len(new.objects[a]) for file in unknown if file.path not in patches for a in file.chunks)
    is_shorter = len(first) + sum(map(len, others.values())) + left < sum(whole.values()) + len(new.manifest)
    return (first, others) if is_shorter else None


def _patch(old: Built, before: TreeFile | None, new: Built, file: TreeFile) -> tuple[bool, bytes] | None:
    """Is it made from the old file, and the patch; None where the whole file is no longer."""
    if file.length > PATCHED_BYTES_MAX:
        return None
    content, found = new.content(file), list[tuple[bool, bytes]]()
    if before is not None and 0 < before.length <= PATCHED_BYTES_MAX:
        found.append((True, patch(old.content(before), content)))
    if file.length <= INSIDE_BYTES_MAX:
        found.append((False, patch(b"", content)))
    best = min(found, key=lambda one: len(one[1]), default=None)
    is_inside = file.length <= INSIDE_BYTES_MAX
    whole_bytes = sum(len(new.objects[address]) for address in file.chunks)
    return best if best is not None and (is_inside or len(best[1]) < whole_bytes) else None


def _is_same(old: TreeFile | None, new: TreeFile) -> bool:
    """Whether it is the same file, however its chunks were packed."""
    return old is not None and (old.is_executable, old.sha256) == (new.is_executable, new.sha256)
