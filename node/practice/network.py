"""The practice network as a whole: its folder, its pods, its vaults and farms."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, Self

from node.pod import network as pods
from node.practice.farm import Farm, Member
from node.practice.host import PlainVault
from node.practice.profile import PracticeProfile
from node.practice.releases import PracticeError
from node.supervisor.errors import HomeError
from node.supervisor.home import Lock
from node.supervisor.ports import Slot
from node.trust.chain import Chain
from node.update.files.slots import Slots
from node.update.files.trees import remove_tree
from node.vault.storage.filesystem import write_durably

MARKER: Final = "practice.json"
LOCK: Final = "lock"
PREFIX: Final = "perennial-"
CONTACTS: Final = 3  # vaults that every other one is told of
POLL_S: Final = 0.2

logger = logging.getLogger(__name__)


class PracticeNetwork:
    """Starts everything, and stops everything; used with ``async with``."""

    def __init__(self, folder: Path, profile: PracticeProfile, make_farm: Callable[[str, Path], Farm] = Farm) -> None:
        self.folder = folder
        self.profile = profile
        self.pods_folder = folder / "pods"
        self.plain: list[PlainVault] = []
        self.farms = [make_farm(f"farm {number}", folder / f"farm-{number}") for number in range(1, profile.farms + 1)]
        self._hosts: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop all processes."""
        for host in self._hosts:
            host.cancel()
        await asyncio.gather(*self._hosts, return_exceptions=True)
        await asyncio.gather(*(farm.stop() for farm in self.farms))
        await asyncio.gather(*(vault.stop() for vault in self.plain))

    async def watch(self, told: Callable[[str], None]) -> None:
        """Tell of each farm and each plain vault that ends while the network stands, until cancelled."""

        async def tell(name: str, ending: Awaitable[int]) -> None:
            told(f"{name} has ended with code {await ending}; the others go on without it.")

        async with asyncio.TaskGroup() as tasks:
            for farm in self.farms:
                tasks.create_task(tell(farm.name, farm.ended()))
            for vault in self.plain:
                tasks.create_task(tell(vault.name, asyncio.shield(vault.exited)))

    def members(self) -> list[Member]:
        """All vaults.  Blocking, but short; call it once the network stands."""
        plain = [Member(v.name, v.vault_id.hex(), v.pid, v.bind.rpartition(":")[0], str(v.folder)) for v in self.plain]
        return [farm.member() for farm in self.farms] + plain

    async def _start(self) -> None:
        profile = self.profile
        await asyncio.to_thread(pods.found, self.pods_folder, profile.pods)
        root = await asyncio.to_thread(pods.genesis, self.pods_folder)
        slot = await asyncio.to_thread(self._own_slot)
        contacts: list[bytes] = []
        for number in range(profile.farms + 1, profile.vaults + 1):
            vault = PlainVault(f"vault {number}", self.folder / f"vault-{number}", _bind(number), Chain.start(root))
            self.plain.append(vault)
            await vault.start(slot, tuple(contacts), profile.pace, profile.quota_bytes)
            self._hosts.append(asyncio.create_task(vault.run(), name=vault.name))
            contacts = [*contacts, vault.record][:CONTACTS]
        for number, farm in enumerate(self.farms, 1):
            await farm.start(
                root=root, bind=_bind(number), quota_bytes=profile.quota_bytes, contacts=tuple(contacts),
                pace=profile.pace,
            )  # fmt: skip

    async def wait_until_it_stands(self) -> None:
        """Every vault knows every other one.

        Raises:
            PracticeError: Not within ``stand_s_max``, or a process ended.
        """
        others = self.profile.vaults - 1
        timeout_s = self.profile.stand_s_max
        async with asyncio.TaskGroup() as tasks:  # the first failure ends the waiting for the others
            for farm in self.farms:
                tasks.create_task(farm.wait_until_up(others, timeout_s))
        try:
            async with asyncio.timeout(timeout_s):
                for vault in self.plain:
                    while (await vault.state()).peer_count < others:  # noqa: ASYNC110  # another process can only be asked again
                        await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise PracticeError(f"not all vaults know each other after {timeout_s:.0f} s") from error

    def _own_slot(self) -> Slot:
        slots = Slots(self.folder / "slots")
        tree_hash = slots.fill_from_checkout()
        return Slot(tree_hash, slots.verify("vault", tree_hash), slots.pycache("vault", tree_hash))


@contextlib.contextmanager
def practice_folder(home: Path | None, *, is_kept: bool) -> Iterator[Path]:
    """The folder of the network: a new temporary one, or ``home``, emptied if it was a practice network's before.

    It is locked against a second practice network, and deleted at the end unless it is to be kept.

    Raises:
        PracticeError: ``home`` holds something else, is not ours, or cannot be written.
        HomeError: Another practice network runs in it, or its disk lets nobody hold it.
    """
    if home is None:
        _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)) if home is None else home.absolute()
    try:
        _check_usable(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(folder / MARKER, b'{"kind": "practice network"}\n')
        lock = Lock(folder / LOCK)
    except OSError as error:
        raise PracticeError(f"{folder} cannot be used: {error.strerror or error}") from error
    with lock:
        try:
            _empty(folder)
            yield folder
        finally:
            if not is_kept:
                remove_folder(folder)


def _sweep() -> None:
    """Remove the temporary folders of practice networks that were killed: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, PracticeError, HomeError):
            if (folder / MARKER).is_file():
                _check_usable(folder)
                with Lock(folder / LOCK):
                    remove_folder(folder)


def _check_usable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PracticeError(f"{folder} is not a folder")
    if hasattr(os, "geteuid") and folder.stat().st_uid != os.geteuid():
        raise PracticeError(f"{folder} belongs to someone else")
    if any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise PracticeError(f"{folder} is not empty and no practice network's folder")


def _empty(folder: Path) -> None:
    """Remove what an earlier practice network left."""
    try:
        for entry in folder.iterdir():
            if entry.name not in (MARKER, LOCK):
                remove_tree(entry)
    except OSError as error:
        raise PracticeError(f"{folder} cannot be emptied: {error.strerror or error}") from error


def remove_folder(folder: Path) -> None:
    """Delete a practice network's folder, but nothing without its marker; what fails is left to the next network."""
    if (folder / MARKER).is_file():
        remove_tree(folder, is_best_effort=True)


def _bind(number: int) -> str:
    return f"127.0.{number}.1:0"
