"""Two farms that were told different things by the same developers: both find out by themselves, and go on serving.

Then the pods end it with what one of the two carries, and both take it over.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from functools import partial
from pathlib import Path

from node.api.schema import HeadAnswer, StoredChunk
from node.pod import network
from node.pod.conflict import ask_branch
from node.pod.finish import finish
from node.pod.invitation import Invitation
from node.pod.parties import SECRET_BYTES, Party
from node.pod.plans import Resolving
from node.pod.publish import announce, release_signed_by
from node.pod.signing_file import begin, encode_file
from node.supervisor.home import Home
from node.supervisor.supervisor import Supervisor
from tests.integration.test_supervisor import PACE, QUOTA, running, wait_until

HALTED = "the developers' signatures contradict each other"


def split_network(folder: Path) -> tuple[bytes, bytes, bytes]:
    """The genesis root of a network, and two heads with another release in the same place; cedar signed both."""
    source = folder / "source"
    source.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (source / name).write_text(f"# {name}\n")
    network.found(folder / "net")
    shutil.copytree(folder / "net", folder / "elsewhere")
    first, _ = release_signed_by(folder / "net", source, "0.1.1", ["ash", "birch", "cedar"])
    second, _ = release_signed_by(folder / "elsewhere", source, "0.1.2", ["cedar", "elm", "fir"])
    return network.genesis(folder / "net"), first, second


def make(folder: Path, number: int, root: bytes, contacts: tuple[bytes, ...] = ()) -> Home:
    bind = f"127.0.{number}.1:0"
    return Home.make(folder, kind="practice", root=root, bind=bind, quota_bytes=QUOTA, contacts=contacts, pace=PACE)


def is_halted(node: Supervisor) -> bool:
    """Whether the node says so, and what it had begun to fetch waits for its turn again."""
    is_waiting = all(item.phase == "announced" for item in node.updates().items)
    return HALTED in node.status().sentence and is_waiting


class Shown:
    """A node as the client of its local API shows it."""

    def __init__(self, node: Supervisor) -> None:
        self._node = node

    async def head(self) -> bytes:
        return self._node.head()

    async def get_chunk(self, address: str) -> bytes:
        return await self._node.get_chunk(bytes.fromhex(address))

    async def put_chunk(self, content: bytes) -> StoredChunk:
        return await self._node.put_chunk(content)

    async def offer_head(self, content: bytes) -> HeadAnswer:
        return await self._node.offer_head(content)


async def resolve(folder: Path, node: Supervisor) -> None:
    """End the conflict that the node carries: maple comes for cedar, and the four others sign."""
    net = folder / "net"
    branch = await ask_branch(Shown(node), network.roots(net))
    newcomer = Party.from_secret("maple", bytes(range(SECRET_BYTES)))
    proposal = begin(Resolving((branch,), (Invitation.of(newcomer),)), network.published(net), network.utc_now())
    for name in ("ash", "birch", "elm", "fir"):
        proposal = proposal.signed_by(network.party(net, name))
    (folder / "resolution.json").write_bytes(encode_file(proposal))
    finish(folder / "resolution.json", net, network.utc_now())
    await announce(net, Shown(node))


def has_resolved(node: Supervisor, head: bytes) -> bool:
    developers = node.updates().developers
    return node.head() == head and developers is not None and developers.state == "current"


def test_farms_that_were_told_different_things_halt_updates_until_the_pods_end_it_and_go_on_serving(tmp_path: Path):
    root, head, other_head = split_network(tmp_path)

    async def main() -> None:
        async with asyncio.timeout(110), running(make(tmp_path / "a", 1, root)) as first:
            await wait_until(lambda: first.vault.is_listening)
            assert (await first.offer_head(head)).outcome == "accepted"
            async with running(make(tmp_path / "b", 2, root, (first.vault.record,))) as second:
                await second.offer_head(other_head)
                for node in (first, second):
                    await wait_until(partial(is_halted, node))
                    assert node.status().state == "attention"
                    developers = node.updates().developers
                    assert developers is not None
                    assert developers.state == "halted"
                stored = await first.put_chunk(b"still served")
                assert stored.holders == 2
                assert await second.get_chunk(hashlib.sha256(b"still served").digest()) == b"still served"
                await resolve(tmp_path, first)
                for node in (first, second):
                    await wait_until(partial(has_resolved, node, network.current_head(tmp_path / "net")))

    asyncio.run(main())
