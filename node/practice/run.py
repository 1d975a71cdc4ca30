"""One practice run from beginning to end: the network, its traffic, the releases, the result."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console

from node.practice.candidate import Candidate, check_starts
from node.practice.farm import Member
from node.practice.network import PracticeNetwork, practice_folder
from node.practice.outcome import ReleaseOutcome, TrafficOutcome, noise_of
from node.practice.profile import PracticeProfile
from node.practice.scenario import Scenario
from node.practice.traffic import Traffic
from node.practice.view import View

FIRST_CHUNKS: Final = 40  # stored before the first release, so that there is something to audit


@dataclass(frozen=True, slots=True)
class FarmPlace:
    """A farm, as scripts want to know it."""

    name: str
    home: str
    pid: int


@dataclass(frozen=True, slots=True)
class Members:
    """Everyone in the network; printed first with ``--keep --json``."""

    vaults: tuple[Member, ...]
    farms: tuple[FarmPlace, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """All of a run.  ``noise``: standard deviation of z, equal code against equal code, by metric in margins."""

    is_as_expected: bool
    seed: int
    profile: PracticeProfile
    stood_after_s: float
    seconds: float
    noise: dict[str, float]
    traffic: TrafficOutcome
    releases: tuple[ReleaseOutcome, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks of a practice run."""

    profile: PracticeProfile
    candidates: tuple[Candidate, ...]
    home: Path | None
    is_kept: bool
    seed: int


async def practise(
    request: Request, console: Console, announce: Callable[[Members], None], finished: Callable[[Result], None]
) -> None:
    """Run a practice network; ``announce`` when it stands, ``finished`` with the result.

    With ``is_kept`` the network goes on after that until cancelled; everything is stopped in any case.

    Raises:
        PracticeError, PodError, HomeError, VaultUnavailable: It cannot be made or run as asked; one sentence.
    """
    is_folder_kept = request.is_kept and request.home is not None
    with practice_folder(request.home, is_kept=is_folder_kept) as folder:
        for candidate in request.candidates:
            if candidate.source is not None:
                await check_starts(candidate.source, folder / "check")
        await _run_in(folder, request, console, announce, finished)


async def _run_in(
    folder: Path, request: Request, console: Console, announce: Callable[[Members], None],
    finished: Callable[[Result], None],
) -> None:  # fmt: skip
    started_s = time.monotonic()
    async with PracticeNetwork(folder, request.profile) as network:
        view = View(network, console)
        with view.shown():
            async with _running(view.follow()):
                await network.wait_until_it_stands()
                stood_after_s = round(time.monotonic() - started_s, 1)
                view.told(f"{request.profile.vaults} vaults know each other after {stood_after_s:.0f} s.")
                announce(_members(network))
                async with in_use(network, request.seed, view.told) as traffic:
                    releases = await _play_all(network, request, view)
                    result = Result(
                        is_as_expected=all(release.is_as_expected for release in releases),
                        seed=request.seed,
                        profile=request.profile,
                        stood_after_s=stood_after_s,
                        seconds=round(time.monotonic() - started_s, 1),
                        noise=noise_of(releases, "good"),
                        traffic=replace(traffic.outcome),
                        releases=releases,
                    )
                    finished(result)
                    if request.is_kept:
                        await asyncio.get_running_loop().create_future()  # until cancelled


@contextlib.asynccontextmanager
async def in_use(network: PracticeNetwork, seed: int, told: Callable[[str], None]) -> AsyncIterator[Traffic]:
    """Let people use a network that stands, as long as the block runs; there is something in it from the beginning."""
    traffic = Traffic(network.plain, network.profile, Random(seed))  # noqa: S311  # not for secrets
    for _ in range(FIRST_CHUNKS):
        await traffic.put_one()
    async with _running(traffic.run()), _running(network.watch(told)):
        yield traffic


async def _play_all(network: PracticeNetwork, request: Request, view: View) -> tuple[ReleaseOutcome, ...]:
    scenario = Scenario(network, view.told)
    releases = []
    for candidate in request.candidates:
        outcome = await scenario.play(candidate)
        view.decided(outcome)
        releases.append(outcome)
    return tuple(releases)


@contextlib.asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run ``work`` beside the block and end it with the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended


def _members(network: PracticeNetwork) -> Members:
    farms = tuple(FarmPlace(farm.name, str(farm.folder), farm.pid) for farm in network.farms)
    return Members(tuple(network.members()), farms)
