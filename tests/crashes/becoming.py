"""A real farm of a practice network becomes another program while it tries a release out, and goes on with both.

The program is what every farm has, under another name; a signal stands in place of an app release.  None of it is
among the tests: a network and a whole trial take minutes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.api.schema import TrialView, Update
from node.practice.candidate import Candidate
from node.practice.farm import Farm
from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from node.practice.releases import RELEASES
from node.practice.scenario import Scenario
from tests.crashes.real import CHUNKS, VAULTS, kill, put, reached, stored, unread
from tests.succession import world
from tests.succession.world import Node

BLOCKS_MIN: Final = 3  # of the trial, before the farm becomes another program: then there is something to forget
BLOCKS_FORGOTTEN_MAX: Final = 1  # the newest is not on the disk yet: a trial is written down every two seconds
LOOK_S: Final = 0.1
TRIAL_S_MAX: Final = 120.0


@dataclass(frozen=True, slots=True)
class Row:
    """What became of it.  ``blocks``: that the trial had before, at the first look after, and at its end."""

    blocks: tuple[int, int, int]
    is_same_trial: bool
    is_same_vault: bool
    end: str
    is_new_in_use: bool
    chunks: int
    lost: int
    unread: int
    silent_s: float

    @property
    def is_right(self) -> bool:
        before, after, at_the_end = self.blocks
        has_gone_on = before - BLOCKS_FORGOTTEN_MAX <= after < at_the_end and self.is_same_trial and self.is_same_vault
        return has_gone_on and self.end == "confirmed" and self.is_new_in_use and not self.lost and not self.unread

    @property
    def line(self) -> str:
        trial = "one trial" if self.is_same_trial else "two trials"
        vault = "the same vault" if self.is_same_vault else "another vault"
        return (
            f"becoming    {' to '.join(map(str, self.blocks))} blocks of {trial}, {vault}, end {self.end}, "
            f"{self.chunks} chunks, {self.lost} lost, {self.unread} unread, silent {self.silent_s:.1f} s  "
            f"{'right' if self.is_right else 'WRONG'}"
        )


async def become_on_trial() -> Row:
    """Play it.

    Raises:
        PracticeError, PodError, TimeoutError: The network cannot be made, or the trial does not come as far.
    """
    with practice_folder(None, is_kept=False) as folder, tempfile.TemporaryDirectory() as place:
        async with PracticeNetwork(folder, PracticeProfile(vaults=VAULTS, farms=1)) as network:
            await network.wait_until_it_stands()
            (farm,) = network.farms
            addresses = [await put(farm) for _ in range(CHUNKS)]
            kill(farm)
            await farm.ended()
            async with world.running(Path(farm.folder), world.installation_in(Path(place) / "installation")) as node:
                async with asyncio.timeout(network.profile.stand_s_max):
                    while (await farm.client.status()).peer_count < VAULTS - 1:
                        await asyncio.sleep(LOOK_S)
                return await _story(network, farm, node, addresses)


async def _story(network: PracticeNetwork, farm: Farm, node: Node, addresses: list[str]) -> Row:
    world.put_other(node.home.slots)
    playing = asyncio.create_task(Scenario(network, lambda _line: None).play(Candidate.named(RELEASES["good"])))
    release = await reached(farm, set(), "on_trial")
    before = await _trial(farm, release, BLOCKS_MIN)
    chunks = stored(farm)
    world.become(node)
    await world.until(node.is_other)
    become_s = time.monotonic()
    await world.answered(node.client)
    silent_s = time.monotonic() - become_s
    is_same_vault = node.vault_pid in node.vaults()
    after = await _trial(farm, release, 0)
    (decided,) = (await playing).farms
    update = await _update(farm, release)
    in_use = (await farm.client.status()).in_use
    assert update.trial is not None
    return Row(
        (before.blocks, after.blocks, update.trial.blocks), before.started_s == update.trial.started_s, is_same_vault,
        decided.phase, in_use is not None and in_use.tree_hash == update.tree_hash,
        len(chunks), len(chunks - stored(farm)), await unread(farm, addresses), silent_s,
    )  # fmt: skip


async def _trial(farm: Farm, release: str, blocks: int) -> TrialView:
    """What the trial has found, as soon as it is said and has so many blocks."""
    async with asyncio.timeout(TRIAL_S_MAX):
        while True:
            update = await farm.update(release)
            if update is not None and update.trial is not None and update.trial.blocks >= blocks:
                return update.trial
            await asyncio.sleep(LOOK_S)


async def _update(farm: Farm, release: str) -> Update:
    update = await farm.update(release)
    assert update is not None
    return update
