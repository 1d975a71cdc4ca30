"""Plays rows: several in one practice network, one after the other, as long as nothing of them stays in it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import node.vault
from node.practice.candidate import Candidate
from node.practice.farm import Farm
from node.practice.network import PracticeNetwork, practice_folder
from node.practice.profile import PracticeProfile
from node.practice.run import in_use
from node.practice.scenario import DECIDED, Scenario
from tests.candidates.attempts import traces
from tests.candidates.catalogue import write_source
from tests.candidates.rows import End, Row, complaints

PODS = 3  # that sign: as many as are needed
LOOK_S = 2.0  # between two looks at what becomes of a release that was taken over
SETTLE_S = 2.0  # in which processes that end have written what they have to say

Told = Callable[[str], None]
Played = Callable[[Row, tuple[End, ...], list[str], float], None]


async def play_all(rows: Sequence[Row], seed: int, profile: PracticeProfile, told: Told, played: Played) -> None:
    """Play the rows; each is told to ``played``, with what did not end as it should, as soon as it is over.

    A release that was refused or taken back leaves the farms as they were, and a harmless one does no harm in use;
    after any other end a new network is made.

    Raises:
        PracticeError, PodError, HomeError, VaultUnavailable, ApiError, NotRunning: The network cannot be made or run.
    """
    left = deque(rows)
    while left:
        with practice_folder(None, is_kept=False) as folder:
            async with PracticeNetwork(folder, profile) as network:
                await network.wait_until_it_stands()
                async with in_use(network, seed, told):
                    scenario = Scenario(network, told)
                    is_sound = True
                    while left and is_sound:
                        is_sound = await _play(left.popleft(), seed, network, scenario, played)


async def _play(row: Row, seed: int, network: PracticeNetwork, scenario: Scenario, played: Played) -> bool:
    """Play one row; return whether others can be played in this network after it."""
    begun_s = time.monotonic()
    version = f"{node.vault.__version__}.{seed}"  # no other source in this network is the same
    source = await asyncio.to_thread(write_source, row, network.folder / "rows" / row.name, version)
    outcome = await scenario.play(Candidate(row.name, PODS, "any", source=source))
    until_s = time.monotonic() + row.watched_s
    ends = await _ends(network.farms, outcome.release)
    while time.monotonic() < until_s and any(end.verdict in ("", "promoted") for end in ends):
        await asyncio.sleep(LOOK_S)
        ends = await _ends(network.farms, outcome.release)
    await asyncio.sleep(SETTLE_S)
    left_behind = await asyncio.to_thread(traces, row, [farm.folder for farm in network.farms])
    played(row, ends, complaints(row, ends, left_behind), time.monotonic() - begun_s)
    return all(end.verdict and (end.verdict != "promoted" or row.is_harmless) for end in ends)


async def _ends(farms: Sequence[Farm], release: str) -> tuple[End, ...]:
    ends = []
    for farm in farms:
        update = await farm.update(release)
        if update is None:
            ends.append(End(farm.name, "", "never announced"))
        else:
            verdict = update.verdict if update.phase in DECIDED else ""
            ends.append(End(farm.name, verdict, update.reason, round(sum(update.seconds.values()), 1)))
    return tuple(ends)


def source_folder() -> Path:
    """Where the source lies that is tried: ``node/``."""
    assert node.vault.__file__ is not None
    return Path(node.vault.__file__).parents[1]
