"""What a release lacks, from the network into a slot.

The manifest comes first and must be exactly the one that was signed.  Of its files only those are fetched that no
slot holds yet, several chunks at once, each checked by its hash; a chunk that came is kept on disk, so that a fetch
which is cut off goes on where it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.trust.errors import TrustError
from node.trust.release import Release, open_manifest
from node.update.errors import ContentRefused, FetchFailed, SlotDamaged
from node.update.slots import Slots
from node.update.trees import TREE_BYTES_MAX
from node.vault.share.tree import CHUNK_BYTES_MAX, Manifest, TreeFile

CHUNKS_AT_ONCE: Final = 8
TRIES_MAX: Final = 4  # of one chunk; the lifecycle tries the whole again later
PAUSE_S: Final = 0.5  # after the first failed try; doubles
CHUNK_S_MAX: Final = 60.0  # for one try

GetChunk = Callable[[bytes], Awaitable[bytes]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A staged release.  ``bytes_fetched`` came over the network, in this run, as ``objects_fetched`` chunks."""

    path: Path
    bytes_fetched: int
    objects_fetched: int


class Counter:
    """What came over the network so far; still right when the fetch fails half-way."""

    def __init__(self) -> None:
        self.bytes_fetched = 0
        self.objects_fetched = 0


async def fetch_release(release: Release, slots: Slots, get_chunk: GetChunk, counter: Counter | None = None) -> Fetched:
    """Fetch what is missing of ``release`` and stage it.  Safe to cancel: what came is kept for the next time.

    Args:
        release: As ``trust`` verified it.
        slots: Where it goes, and where its files may already be.
        get_chunk: Returns a chunk by its address, from any peer; raises anything if it cannot.
        counter: Where to count what comes.

    Raises:
        ContentRefused: What was signed is not what such a release may be.
        FetchFailed: Some of it could not be had.
        StageFailed: This machine could not keep it.
    """
    source = _Source(slots, get_chunk, counter or Counter())
    manifest = await _manifest(release, source)
    missing = await asyncio.to_thread(_missing_chunks, manifest, slots)
    gate = asyncio.Semaphore(CHUNKS_AT_ONCE)
    try:
        async with asyncio.TaskGroup() as tasks:
            for address in missing:
                tasks.create_task(_fetch_gated(source, address, gate))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors  # one of several alike: the first stopped the others
    try:
        path = await asyncio.to_thread(_stage, release, manifest, slots)
    except SlotDamaged as error:
        raise ContentRefused(f"{release.name}: {error}") from error
    except (OSError, KeyError) as error:
        raise FetchFailed(f"{release.name}: a file was lost meanwhile: {error}") from error
    return Fetched(path, source.counter.bytes_fetched, source.counter.objects_fetched)


class _Source:
    """Chunks, from the disk if they came before, else from the network; all of them checked."""

    def __init__(self, slots: Slots, get_chunk: GetChunk, counter: Counter) -> None:
        self._slots = slots
        self._get_chunk = get_chunk
        self.counter = counter

    async def get(self, address: bytes) -> bytes:
        """Return a chunk; it is kept on disk from then on.

        Raises:
            FetchFailed: It could not be had in TRIES_MAX tries.
            StageFailed: This machine could not keep it.
        """
        kept = await asyncio.to_thread(self._slots.object, address)
        if kept is not None:
            return kept
        for attempt in range(TRIES_MAX):
            if attempt:
                await asyncio.sleep(PAUSE_S * 2 ** (attempt - 1))
            content = await self._ask(address)
            if content is not None:
                await asyncio.to_thread(self._slots.keep_object, content)
                return content
        raise FetchFailed(f"chunk {address.hex()[:8]} could not be had in {TRIES_MAX} tries")

    async def _ask(self, address: bytes) -> bytes | None:
        try:
            async with asyncio.timeout(CHUNK_S_MAX):
                content = await self._get_chunk(address)
        except Exception as error:  # noqa: BLE001 - whatever fails in the network is one failed try
            log.info("chunk not fetched address=%s reason=%s", address.hex()[:8], error or type(error).__name__)
            return None
        if len(content) > CHUNK_BYTES_MAX or hashlib.sha256(content).digest() != address:
            log.warning("wrong bytes for address=%s", address.hex()[:8])
            return None
        self.counter.bytes_fetched += len(content)
        self.counter.objects_fetched += 1
        return content


async def _manifest(release: Release, source: _Source) -> Manifest:
    content = await source.get(release.manifest)
    try:
        manifest = open_manifest(release, content)
    except TrustError as error:
        raise ContentRefused(str(error)) from error
    size_bytes = sum(file.length for file in manifest.files)
    if size_bytes > TREE_BYTES_MAX:
        raise ContentRefused(f"{release.name}: {size_bytes} bytes are over {TREE_BYTES_MAX}")
    return manifest


async def _fetch_gated(source: _Source, address: bytes, gate: asyncio.Semaphore) -> None:
    async with gate:
        await source.get(address)


def _missing_chunks(manifest: Manifest, slots: Slots) -> list[bytes]:
    """The chunks of all files that no slot holds, each once."""
    held = slots.files()
    return list(dict.fromkeys(a for file in manifest.files if file.sha256 not in held for a in file.chunks))


def _stage(release: Release, manifest: Manifest, slots: Slots) -> Path:
    held = slots.files()
    files = {file.sha256: file for file in manifest.files}

    def read(sha256: str) -> bytes:
        return held[sha256].read_bytes() if sha256 in held else _joined(files[sha256], slots)

    path = slots.stage("vault", manifest, read, release.capabilities)
    assert path.name == release.tree_hash, path
    slots.drop_objects()
    return path


def _joined(file: TreeFile, slots: Slots) -> bytes:
    parts = []
    for address in file.chunks:
        part = slots.object(address)
        if part is None:
            raise KeyError(file.path)
        parts.append(part)
    return b"".join(parts)
