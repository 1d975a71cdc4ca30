"""A signed release as one head and its chunks, handed to a node of the network.

The chunks go first and the head last: a farm that hears of a release can fetch it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from node.api.schema import HeadAnswer, StoredChunk
from node.pod.build import Built, build_tree, load
from node.pod.errors import PodError
from node.pod.network import check, current, keep, roots, utc_now
from node.pod.sign import add_signatures, load_draft
from node.pod.statements import Draft
from node.trust.errors import TrustError
from node.trust.head import decode, encode
from node.vault.share.tree import address_of

PUTS_AT_ONCE: Final = 4


class Node(Protocol):
    """What is needed of ``node.api.client.Client``."""

    async def put_chunk(self, content: bytes) -> StoredChunk: ...

    async def offer_head(self, content: bytes) -> HeadAnswer: ...


@dataclass(frozen=True, slots=True)
class Published:
    """What was handed over.  ``holders_least``: how many vaults hold the chunk that the fewest hold."""

    release: str
    head_bytes: int
    objects: int
    object_bytes: int
    holders_least: int
    outcome: str


def bundle(release_folder: Path, network_folder: Path) -> tuple[bytes, dict[bytes, bytes]]:
    """The head that a signed release makes, and its chunks by address, the manifest and all roots among them.

    Whether enough pods signed is not asked here; every farm asks.  Blocking.

    Raises:
        PodError: Nobody signed, or something is damaged or outdated.
    """
    built, published = load(release_folder), current(network_folder)
    draft = load_draft(release_folder, published, built)
    if draft is None:
        raise PodError(f"{release_folder} is not signed by anyone yet")
    if draft.is_late(published):
        raise PodError("a heartbeat went out since this release was signed; let one pod sign it again")
    if not draft.timestamp.signatures:
        raise PodError(f"{release_folder} is signed by founders only; pods must sign the snapshot")
    return encode(draft.head(published, built.release.role)), _chunks(built) | roots(network_folder)


async def publish(
    release_folder: Path, network_folder: Path, client: Node, *, now: datetime | None = None
) -> Published:
    """Hand a signed release to a node: its chunks, then the head; then write down that it is published.

    Publishing again after a failure is safe.

    Raises:
        PodError: Not enough pods signed, or the node refuses the head.
        ApiError, NotRunning: The node could not be reached or did not store a chunk.
    """
    name = (await asyncio.to_thread(load, release_folder)).release.name
    head, objects = await asyncio.to_thread(bundle, release_folder, network_folder)
    try:
        await asyncio.to_thread(check, network_folder, head, now)
    except TrustError as error:
        raise PodError(f"no farm would accept this: {error}") from error
    holders = await _put_all(client, objects.values())
    answer = await client.offer_head(head)
    if answer.outcome == "refused":
        raise PodError(f"the node refused the release: {answer.reason}")
    await asyncio.to_thread(keep, network_folder, decode(head))
    return Published(
        name,
        len(head),
        len(objects),
        sum(map(len, objects.values())),
        min(holders),
        answer.outcome,
    )


def release_signed_by(
    network_folder: Path,
    source: Path,
    version: str,
    pods: Sequence[str],
    *,
    notes: str = "",
    role: str = "vault",
    now: datetime | None = None,
) -> tuple[bytes, dict[bytes, bytes]]:
    """Build, sign by ``pods`` and bundle at once: the head and all chunks by address, manifest and roots among them.

    The network's folder takes the release over as published only if farms would accept it: one that too few pods
    signed leaves no trace.  Blocking.

    Raises:
        PodError: The source cannot be released, or one of ``pods`` may not sign.
    """
    moment = now or utc_now()
    built, published = build_tree(source, version, notes, role=role), current(network_folder)
    draft = Draft.begin(published, built.release, moment)
    for pod in pods:
        add_signatures(draft, published, network_folder, built, pod)
    head, objects = encode(draft.head(published, role)), _chunks(built) | roots(network_folder)
    try:
        check(network_folder, head, moment)
    except TrustError:
        return head, objects
    keep(network_folder, decode(head))
    return head, objects


async def _put_all(client: Node, contents: Iterable[bytes]) -> list[int]:
    """Store every chunk; return how many hold each.  The first failure ends it all and is raised."""
    turn = asyncio.Semaphore(PUTS_AT_ONCE)

    async def put(content: bytes) -> int:
        async with turn:
            return (await client.put_chunk(content)).holders

    try:
        async with asyncio.TaskGroup() as group:
            puts = [group.create_task(put(content)) for content in contents]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [task.result() for task in puts]


def _chunks(built: Built) -> dict[bytes, bytes]:
    return {**built.objects, address_of(built.manifest): built.manifest}
