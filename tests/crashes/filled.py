"""A real farm of a practice network has a disk of its own, which is filled and emptied while a release is tried out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from node.api.client import ApiError, NotRunning
from node.practice.candidate import Candidate
from node.practice.farm import Farm
from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from node.practice.releases import RELEASES
from node.practice.scenario import Scenario
from node.vault.storage.quota import RESERVE_BYTES
from tests.crashes.small_disk import fill, make_room, small_disk

VAULTS: Final = 6
MEGABYTES: Final = (RESERVE_BYTES >> 20) + 600  # what a vault leaves to the farmer, and room for the home
INTO_S: Final = 3.0  # the trial's beginning, and a few of its questions
FULL_S: Final = 12.0  # the trial is written every few seconds
SAID_S_MAX: Final = 90.0  # the disk is looked at once in a minute
FULL: Final = ("it is full", "of the disk are free")  # as it is said
LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """What was said while the disk was full, and what became of the release.  "" for nothing."""

    status: str
    updates: str
    while_full: str  # the phase at the end of that time
    end: str

    @property
    def is_right(self) -> bool:
        is_told = FULL[0] in self.updates and any(part in self.status for part in FULL)
        is_on_its_way = self.while_full in ("on_trial", "rehearsing")  # a trial that ends makes some room itself
        return is_told and is_on_its_way and self.end == "confirmed"

    @property
    def line(self) -> str:
        verdict = "right" if self.is_right else "WRONG"
        return f"status: {self.status!r}; updates: {self.updates!r}; {self.while_full}, then {self.end}  {verdict}"


async def fill_a_real_one() -> Row:
    """Raises NoSmallDisk where none can be mounted."""
    with practice_folder(None, is_kept=False) as folder, small_disk(folder / "farm-1", MEGABYTES) as disk:
        async with PracticeNetwork(folder, PracticeProfile(vaults=VAULTS, farms=1)) as network:
            await network.wait_until_it_stands()
            (farm,) = network.farms
            playing = asyncio.create_task(Scenario(network, lambda _line: None).play(Candidate.named(RELEASES["good"])))
            await _until(lambda: _phase(farm), ("on_trial",))
            await asyncio.sleep(INTO_S)
            fill(disk)
            status = await _until(lambda: _status(farm), FULL)
            updates = await _until(lambda: _trouble(farm), FULL[:1])
            await asyncio.sleep(FULL_S)
            while_full = await _phase(farm)
            make_room(disk)
            (decided,) = (await playing).farms
    return Row(status, updates, while_full, decided.phase)


async def _until(look: Callable[[], Awaitable[str]], parts: tuple[str, ...]) -> str:
    """Look again and again until one of these is a part of what is seen; what was seen last."""
    seen = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SAID_S_MAX):
            while not any(part in seen for part in parts):
                with contextlib.suppress(ApiError, NotRunning):
                    seen = await look()
                await asyncio.sleep(LOOK_S)
    return seen


async def _phase(farm: Farm) -> str:
    return next((item.phase for item in (await farm.updates()).items), "")


async def _status(farm: Farm) -> str:
    return (await farm.client.status()).sentence


async def _trouble(farm: Farm) -> str:
    return (await farm.client.updates()).trouble
