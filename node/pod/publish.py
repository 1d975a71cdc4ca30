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
from node.pod.finish import check_not_late
from node.pod.known import KnownNetwork
from node.pod.network import check, current_head, keep, party, published, roots, utc_now
from node.pod.plans import Releasing
from node.pod.sign import SIGNING, begin_here, check_is_of
from node.pod.signing_file import open_file
from node.trust.errors import TrustError
from node.trust.head import decode, encode
from node.trust.layers import Layer
from node.trust.metadata import Targets, read
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


@dataclass(frozen=True, slots=True)
class Announced:
    """A head that was handed over without a release."""

    head_bytes: int
    outcome: str


def bundle(release_folder: Path, network_folder: Path) -> tuple[bytes, dict[bytes, bytes]]:
    """The head that a signed release makes, and its chunks by address, the manifest and all roots among them.

    Whether enough pods signed is not asked here; every farm asks.  Blocking.

    Raises:
        PodError: Nobody signed, or something is damaged or outdated.
    """
    built, known = load(release_folder), published(network_folder)
    if _is_published(built, known):
        return encode(known.head), _chunks(built) | roots(network_folder)
    if not (release_folder / SIGNING).is_file():
        raise PodError(f"{release_folder} is not signed by anyone yet")
    proposal = open_file(release_folder / SIGNING, known)
    check_is_of(proposal, built)
    check_not_late(proposal, known)
    if not proposal.statements["timestamp"].signatures:
        raise PodError(f"{release_folder} is signed by founders only; pods must sign the snapshot")
    return encode(proposal.head()), _chunks(built) | roots(network_folder)


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


async def announce(network_folder: Path, client: Node, *, now: datetime | None = None) -> Announced:
    """Hand what the network has published, and the files of its roots, to a node: after a recall or a rotation.

    Raises:
        PodError: It has expired, or the node refuses it.
        ApiError, NotRunning: The node could not be reached or did not store a root.
    """
    head = await asyncio.to_thread(current_head, network_folder)
    try:
        await asyncio.to_thread(check, network_folder, head, now)
    except TrustError as error:
        raise PodError(f"no farm would accept this: {error}") from error
    await _put_all(client, (await asyncio.to_thread(roots, network_folder)).values())
    answer = await client.offer_head(head)
    if answer.outcome == "refused":
        raise PodError(f"the node refused it: {answer.reason}")
    return Announced(len(head), answer.outcome)


def release_signed_by(
    network_folder: Path,
    source: Path,
    version: str,
    pods: Sequence[str],
    *,
    notes: str = "",
    role: str = "vault",
    layer: Layer = "vault",
    now: datetime | None = None,
) -> tuple[bytes, dict[bytes, bytes]]:
    """Build, sign by ``pods`` and bundle at once: the head and all chunks by address, manifest and roots among them.

    The network's folder takes the release over as published only if farms would accept it: one that too few pods
    signed leaves no trace.  Blocking.

    Raises:
        PodError: The source cannot be released, or one of ``pods`` may not sign.
    """
    moment = now or utc_now()
    built = build_tree(source, version, notes, layer, role=role)
    proposal = begin_here(Releasing(built.release, built.manifest), network_folder, moment)
    for pod in pods:
        proposal = proposal.signed_by(party(network_folder, pod))
    head, objects = encode(proposal.head()), _chunks(built) | roots(network_folder)
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
        first = failures.exceptions[0]
        raise first from first.__cause__  # from the group it would be its own cause
    return [task.result() for task in puts]


def _chunks(built: Built) -> dict[bytes, bytes]:
    return {**built.objects, address_of(built.manifest): built.manifest}


def _is_published(built: Built, known: KnownNetwork) -> bool:
    statement = known.head.delegated.get(built.release.role)
    listed = read(statement, Targets).signed.targets.get(built.release.name) if statement else None
    return listed is not None and listed.hashes == {"sha256": built.release.manifest}
