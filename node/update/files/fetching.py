"""What a release lacks, from the network into a slot.

A vault release is fetched by its manifest, which must be exactly the one that was signed.  An app or a runtime is
fetched by a delta from a tree that is here, if there is one: then not even the manifest is needed.  Whatever fails
with that is fetched by the manifest all the same.  Of the files only those are fetched that are not here yet, several
chunks at once, each checked by its hash; a chunk that came is kept on disk, so that a fetch which is cut off goes on
where it was.  Nothing that grows with a file is held in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.trust.errors import MalformedMetadata, TrustError
from node.trust.layers import TREE_BYTES_MAX, Layer
from node.trust.packed import piece_lengths, unpack
from node.trust.release import Release, open_manifest, runtime_of
from node.update.disk_wait import DiskWait
from node.update.errors import ContentRefused, FetchFailed, SlotDamaged
from node.update.files.by_delta import Plan, plan_by_delta
from node.update.files.chunks import Counter, GetChunk, Source
from node.update.files.objects import Objects
from node.update.files.slots import Slots
from node.update.files.trees import check_tree
from node.vault.share.tree import Manifest, TreeFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A staged release.  ``bytes_fetched`` came over the network, in this run, as ``objects_fetched`` chunks."""

    path: Path
    bytes_fetched: int
    objects_fetched: int


async def fetch_release(
    release: Release,
    slots: Slots,
    get_chunk: GetChunk,
    counter: Counter | None = None,
    disk: DiskWait | None = None,
) -> Fetched:
    """Fetch what is missing of ``release`` and stage it.  Safe to cancel: what came is kept for the next time.

    Args:
        release: As ``trust`` verified it.
        slots: Where it goes, and where its files may already be.
        get_chunk: Returns a chunk by its address, from any peer; raises anything if it cannot.
        counter: Where to count what comes.
        disk: Where a chunk that came waits for room on a full disk, so that it need not come again; None: it fails.

    Raises:
        ContentRefused: What was signed is not what such a release may be.
        FetchFailed: Some of it could not be had.
        StageFailed: This machine could not keep it.
    """
    source = Source(slots.objects.of(release.tree_hash), get_chunk, counter or Counter(), disk)
    path = await _by_delta(release, slots, source)
    if path is None:
        manifest = await _manifest(release, source)
        lengths = {file.length for file in manifest.files}
        held = await asyncio.to_thread(slots.files, release.layer, lengths)
        path = await _completed(release, Plan(manifest, held), slots, source)
    return Fetched(path, source.counter.bytes_fetched, source.counter.objects_fetched)


async def fetch_program(
    app: Release,
    releases: Sequence[Release],
    platform: str,
    slots: Slots,
    get_chunk: GetChunk,
    counter: Counter | None = None,
    disk: DiskWait | None = None,
) -> Fetched:
    """Fetch an app, and before it the runtime that it needs on this platform, unless that is here already.

    ``releases`` are all that the same head lists, and ``platform`` is named as in ``layers``.  All else is as for
    ``fetch_release``, which this is for each of the two.

    Raises:
        ContentRefused, FetchFailed, StageFailed: As there; the first also where its runtime was recalled and is not
            here, the second also where ``releases`` do not have the app itself, so that nothing is known of that.
    """
    counter = counter or Counter()
    tree = app.runtime_on(platform)
    if tree and not await asyncio.to_thread(_is_whole, "runtime", tree, slots):
        runtime = runtime_of(app, platform, releases)
        if runtime is None and app.name not in {release.name for release in releases}:
            raise FetchFailed(f"no head that is known now lists {app.name} and the runtime that it needs")
        if runtime is None:  # a statement lists a runtime beside the app that needs it: only a recall takes it away
            raise ContentRefused(f"{app.name} needs a runtime for {platform} that was recalled")
        await fetch_release(runtime, slots, get_chunk, counter, disk)
    return await fetch_release(app, slots, get_chunk, counter, disk)


def _is_whole(layer: Layer, tree: str, slots: Slots) -> bool:
    """Whether a tree is here and holds what its hash stands for."""
    place = slots.at_hand(layer, tree)
    try:
        if place is not None:
            check_tree(place, tree, TREE_BYTES_MAX[layer])
    except (SlotDamaged, OSError) as error:
        log.warning("a tree that is here is fetched anew tree=%s reason=%s", tree[:8], error)
        return False
    return place is not None


async def _by_delta(release: Release, slots: Slots, source: Source) -> Path | None:
    """Fetch and stage it by a delta; None where that does not lead to it."""
    try:
        plan = await plan_by_delta(release, slots, source)
        return None if plan is None else await _completed(release, plan, slots, source)
    except (TrustError, ContentRefused, FetchFailed) as error:
        log.warning("a delta is of no use, whole files are fetched release=%s reason=%s", release.name, error)
        return None


async def _manifest(release: Release, source: Source) -> Manifest:
    content = await source.get(release.manifest)
    try:
        return open_manifest(release, content)
    except TrustError as error:
        raise ContentRefused(str(error)) from error


async def _completed(release: Release, plan: Plan, slots: Slots, source: Source) -> Path:
    """Fetch the files of a plan that are not here, then stage it.

    Raises:
        ContentRefused, FetchFailed, StageFailed: As ``fetch_release``.
    """
    size_bytes, limit = sum(file.length for file in plan.manifest.files), TREE_BYTES_MAX[release.layer]
    if size_bytes > limit:
        raise ContentRefused(f"{release.name}: {size_bytes} bytes are over {limit}")
    objects = slots.objects.of(release.tree_hash)
    missing = await asyncio.to_thread(_missing, plan, objects)
    await source.get_all(address for file in missing for address in file.chunks)
    try:
        path = await asyncio.to_thread(_stage, release, plan, missing, slots)
    except MalformedMetadata as error:
        raise ContentRefused(f"{release.name}: {error}") from error
    except (OSError, SlotDamaged) as error:
        raise FetchFailed(f"{release.name}: a file was lost meanwhile: {error}") from error
    assert path.name == release.tree_hash, path
    await asyncio.to_thread(_let_go, release, slots)
    return path


def _let_go(release: Release, slots: Slots) -> None:
    """What came is needed no more, except by others who fetch the same app.  A full disk delays no update for that."""
    try:
        if release.layer == "app":
            slots.objects.hand_on(release.tree_hash)
        else:
            slots.objects.let_go(release.tree_hash)
    except OSError as error:
        log.warning("what was fetched is not put aside reason=%s", error)


def _missing(plan: Plan, objects: Objects) -> list[TreeFile]:
    """The files that are nowhere here, each content once."""
    files = {file.sha256: file for file in plan.manifest.files if file.sha256 not in plan.held}
    return [file for file in files.values() if objects.made(file) is None]


def _stage(release: Release, plan: Plan, missing: list[TreeFile], slots: Slots) -> Path:
    """Put the tree together: files of one chunk from memory, all others from where they lie."""
    places, objects = dict(plan.held), slots.objects.of(release.tree_hash)
    small: dict[str, TreeFile] = {}
    for file in missing:
        if len(file.chunks) <= 1:
            small[file.sha256] = file
        else:
            places[file.sha256] = _made(file, release.layer, objects)
    made = {file.sha256: file for file in plan.manifest.files if file.sha256 not in (places | small)}
    for file in made.values():
        path = objects.made(file)
        if path is None:
            raise FileNotFoundError(file.path)
        places[file.sha256] = path

    def read(sha256: str) -> bytes | Path:
        return places[sha256] if sha256 in places else _content(small[sha256], release.layer, objects)

    return slots.stage(release.layer, plan.manifest, read, release.capabilities)


def _made(file: TreeFile, layer: Layer, objects: Objects) -> Path:
    try:
        return objects.make(file, _pieces(file, layer, objects))
    except SlotDamaged as error:
        raise MalformedMetadata(str(error)) from error


def _content(file: TreeFile, layer: Layer, objects: Objects) -> bytes:
    content = b"".join(_pieces(file, layer, objects))
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise MalformedMetadata(f"the bytes for {file.path} are not those that were signed")
    return content


def _pieces(file: TreeFile, layer: Layer, objects: Objects) -> Iterator[bytes]:
    """The pieces of a file from its chunks, which are here.

    Raises:
        MalformedMetadata: A chunk is not what the manifest says.
        FileNotFoundError: One was lost meanwhile.
    """
    for address, length in zip(file.chunks, piece_lengths(file.length), strict=True):
        chunk = objects.get(address)
        if chunk is None:
            raise FileNotFoundError(file.path)
        if layer == "vault" and len(chunk) != length:
            raise MalformedMetadata(f"{file.path} is packed, which no file of a vault may be")
        yield unpack(chunk, length)
