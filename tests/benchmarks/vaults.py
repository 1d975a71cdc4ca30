"""Real vault processes for the benchmarks, each in its sandbox and in a subnet of its own (127.0.i.1)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from node.practice.host import PlainVault
from node.supervisor.ports import Slot
from node.trust.chain import Chain
from node.update.files.slots import Slots
from node.vault import control
from tests.signed_world import World as SignedWorld

STAND_S_MAX = 60.0
POLL_S = 0.1
CONTACTS = 3  # vaults that every other one is told of


class Vaults:
    """Some vault processes of one network, used with ``async with``: none is left behind, whatever happens."""

    def __init__(self, folder: Path, pace: control.Pace, quota_bytes: int) -> None:
        self.folder, self.pace, self.quota_bytes = folder, pace, quota_bytes
        self.all: dict[int, PlainVault] = {}
        self.chain = Chain.start(SignedWorld().genesis)
        self._slot: Slot | None = None

    async def __aenter__(self) -> Self:
        self._slot = await asyncio.to_thread(own_slot, self.folder / "slots")
        return self

    async def __aexit__(self, *_: object) -> None:
        for vault in self.all.values():
            vault.kill()
        await asyncio.gather(*(vault.stop() for vault in self.all.values()))

    async def add(self, number: int) -> PlainVault:
        """Start the vault ``number``, anew if it was there before: with its old data, and a new transport key."""
        assert self._slot is not None, "used outside of async with"
        contacts = tuple(vault.record for other, vault in self.all.items() if other != number and vault.record)
        vault = PlainVault(f"vault {number}", self.folder / f"vault-{number}", f"127.0.{number}.1:0", self.chain)
        self.all[number] = vault
        await vault.start(self._slot, contacts[:CONTACTS], self.pace, self.quota_bytes)
        return vault

    async def wait_until_known(self, count: int) -> None:
        """Every vault knows ``count`` others.

        Raises:
            TimeoutError: Not within STAND_S_MAX.
        """
        async with asyncio.timeout(STAND_S_MAX):
            for vault in self.all.values():
                while (await vault.state()).peer_count < count:
                    await asyncio.sleep(POLL_S)


def own_slot(folder: Path) -> Slot:
    """A slot with the code of this checkout.  Blocking."""
    slots = Slots(folder)
    tree_hash = slots.fill_from_checkout()
    return Slot(tree_hash, slots.verify("vault", tree_hash), slots.pycache("vault", tree_hash))


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder on the disk, not in memory: what is durable there costs what it costs."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
