"""A whole node in this process, supervisor and real vault, for benchmarks of trial and switch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from node.pod.build import build_tree
from node.practice.releases import copy_source
from node.supervisor import keys
from node.supervisor.home import Home
from node.supervisor.supervisor import Supervisor
from node.update.files.slots import Slots
from node.vault.control import Pace
from node.vault.share.tree import decode_manifest
from tests.child_world import nothing_to_hold
from tests.signed_world import World as SignedWorld

STAND_S_MAX = 60.0


@contextlib.asynccontextmanager
async def running_node(
    folder: Path, contacts: tuple[bytes, ...], quota_bytes: int, pace: Pace
) -> AsyncIterator[Supervisor]:
    """A node at 127.0.1.1 that has the vaults of ``contacts`` for neighbours."""
    root = SignedWorld().genesis
    home = await asyncio.to_thread(
        Home.make, folder, kind="practice", root=root, bind="127.0.1.1:0", quota_bytes=quota_bytes,
        contacts=contacts, pace=pace,
    )  # fmt: skip
    node = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
    running = asyncio.create_task(node.run(nothing_to_hold))
    try:
        await until(lambda: node.vault.is_listening)
        yield node
    finally:
        node.stop(0.0)
        await running


def staged(slots: Slots, folder: Path, version: str) -> str:
    """The same code under another version, in a slot."""
    built = build_tree(copy_source(folder, version=version, change=None), version)
    manifest = decode_manifest(built.manifest)
    contents = {file.sha256: b"".join(map(built.objects.__getitem__, file.chunks)) for file in manifest.files}
    return slots.stage("vault", manifest, contents.__getitem__).name


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; raises TimeoutError after STAND_S_MAX."""
    async with asyncio.timeout(STAND_S_MAX):
        while not is_so():  # other processes can only be looked at again
            await asyncio.sleep(0.1)
