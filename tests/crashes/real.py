"""A real farm of a practice network is killed in each phase of a release, supervisor and vaults, and started again.

None of it is among the tests: a network, a trial and a restart take more than a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.api.client import ApiError, NotRunning
from node.practice.candidate import Candidate
from node.practice.farm import Farm
from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from node.practice.releases import RELEASES
from node.practice.scenario import Scenario
from node.supervisor.home import Home

PHASES: Final = ("fetching", "on_trial", "rehearsing", "promoting", "probation", "confirmed")
# Where a farm may be found that was killed there: what it was about to write down may have been written.
MAY_BE_NEXT: Final = {
    "fetching": "staged", "on_trial": "rehearsing", "rehearsing": "promoting", "promoting": "probation",
    "probation": "confirmed", "confirmed": "confirmed",
}  # fmt: skip
VAULTS: Final = 6
CHUNKS: Final = 30
LOOK_S: Final = 0.005
REACHED_S_MAX: Final = 600.0
INTO_S: Final = 0.05  # a moment after the phase was written down, so that its work has begun


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one kill.  ``chunks``: how many lay in the store then; ``lost``: how many of them were gone."""

    phase: str
    found: str
    end: str
    is_new_in_use: bool
    chunks: int
    lost: int
    unread: int
    down_s: float

    @property
    def is_right(self) -> bool:
        is_where_it_was = self.found in (self.phase, MAY_BE_NEXT[self.phase])
        return is_where_it_was and self.end == "confirmed" and self.is_new_in_use and not self.lost and not self.unread


async def rows(phases: tuple[str, ...]) -> list[Row]:
    """One network, in which one release after the other is published, and the farm killed once on its way."""
    with practice_folder(None, is_kept=False) as folder:
        async with PracticeNetwork(folder, PracticeProfile(vaults=VAULTS, farms=1)) as network:
            await network.wait_until_it_stands()
            scenario = Scenario(network, lambda _line: None)
            addresses = [await put(network.farms[0]) for _ in range(CHUNKS)]
            found = []
            for phase in phases:
                found.append(await _row(network, scenario, phase, addresses))
                print(line(found[-1]), flush=True)
            return found


def line(row: Row) -> str:
    verdict = "right" if row.is_right else "WRONG"
    return (
        f"{row.phase:<11} found {row.found:<11} end {row.end:<11} {row.chunks:>4} chunks, {row.lost} lost, "
        f"{row.unread} unread, down {row.down_s:.1f} s  {verdict}"
    )


async def put(farm: Farm) -> str:
    """Put a chunk that nobody else has; its address."""
    return (await farm.client.put_chunk(os.urandom(1 << 12))).address


async def _row(network: PracticeNetwork, scenario: Scenario, phase: str, addresses: list[str]) -> Row:
    (farm,) = network.farms
    known = {item.release for item in (await farm.updates()).items}
    playing = asyncio.create_task(scenario.play(Candidate.named(RELEASES["good"])))
    release = await reached(farm, known, phase)
    kill(farm)
    await farm.ended()
    chunks = stored(farm)
    began_s = time.monotonic()
    await farm.start_again()
    where = await _says(farm, release)
    await farm.wait_until_up(VAULTS - 1, network.profile.stand_s_max)
    down_s = time.monotonic() - began_s
    lost = chunks - stored(farm)
    (decided,) = (await playing).farms
    gone = await unread(farm, addresses)
    update = await farm.update(release)
    assert update is not None
    in_use = (await farm.client.status()).in_use
    is_new_in_use = in_use is not None and in_use.tree_hash == update.tree_hash
    return Row(phase, where, decided.phase, is_new_in_use, len(chunks), len(lost), gone, round(down_s, 1))


async def reached(farm: Farm, known: set[str], phase: str) -> str:
    """Look at what is written down until a new release is in that phase; which one it is."""
    state = farm.folder / "state" / "updates.json"
    async with asyncio.timeout(REACHED_S_MAX):
        while True:
            with contextlib.suppress(FileNotFoundError):
                for record in json.loads(state.read_bytes())["records"]:
                    if record["release"]["name"] not in known and record["way"]["phase"] == phase:
                        await asyncio.sleep(INTO_S)
                        return str(record["release"]["name"])
            await asyncio.sleep(LOOK_S)


def kill(farm: Farm) -> None:
    """End the supervisor and all its children at once."""
    supervisor = psutil.Process(farm.pid)
    for process in (supervisor, *supervisor.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def stored(farm: Farm) -> set[str]:
    """The chunks in its store.  Blocking."""
    return {path.name for path in Home.open(Path(farm.folder)).vault.glob("chunks/*")}


async def unread(farm: Farm, addresses: list[str]) -> int:
    """How many of them cannot be read."""
    count = 0
    for address in addresses:
        try:
            await farm.client.get_chunk(address)
        except (ApiError, NotRunning):
            count += 1
    return count


async def _says(farm: Farm, release: str) -> str:
    """Where the farm says that the release is, as soon as it says anything."""
    async with asyncio.timeout(REACHED_S_MAX):
        while True:
            update = await farm.update(release)
            if update is not None:
                return update.phase
            await asyncio.sleep(LOOK_S)
