"""Publishes one release after the other into the practice network and waits for what the farms decide."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

import node.vault
from node.api.schema import Updates
from node.pod.build import build, build_tree
from node.pod.network import pod_names
from node.pod.publish import publish, release_signed_by
from node.pod.sign import sign
from node.practice.candidate import Candidate
from node.practice.farm import Farm
from node.practice.network import PracticeNetwork
from node.practice.outcome import FarmOutcome, ReleaseOutcome, from_update, refused_unstaged, release_outcome
from node.practice.releases import Expectation, copy_source

DECIDED: Final = ("confirmed", "refused", "not_proven", "rolled_back")
POLL_S: Final = 0.5


class Scenario:
    """The story of one run.  ``told`` is called with a line for a person whenever something happens."""

    def __init__(self, network: PracticeNetwork, told: Callable[[str], None]) -> None:
        self._network = network
        self._told = told
        self._count = 0

    async def play(self, candidate: Candidate) -> ReleaseOutcome:
        """Publish the candidate, wait for every farm, sum up.

        Raises:
            PracticeError, PodError: It cannot be built, signed or published.
            ApiError, NotRunning: The farm to publish through does not answer.
        """
        self._count += 1
        version = _version(self._count)
        work = self._network.folder / "releases" / version
        await asyncio.to_thread(work.mkdir, parents=True)
        source = candidate.source
        if source is None:
            source = await asyncio.to_thread(copy_source, work / "source", version=version, change=candidate.change)
        if candidate.expected == "not staged":
            return await self._forge(candidate, source, version)
        folder = work / "release"
        built = await asyncio.to_thread(build, source, folder, version, f"practice: {candidate.name}")
        for pod in pod_names(self._network.pods_folder)[: candidate.pods]:
            await asyncio.to_thread(sign, folder, self._network.pods_folder, pod)
        self._told(f"“{candidate.name}” ({version}) is signed by {candidate.pods} pods and published.")
        await publish(folder, self._network.pods_folder, self._network.farms[0].client)
        published_s = time.monotonic()
        release = built.release.name
        farms = await self._gather(lambda farm: self._decision(farm, release, candidate.expected, published_s))
        return release_outcome(candidate.name, release, built.release.tree, candidate.expected, farms)

    async def _forge(self, candidate: Candidate, source: Path, version: str) -> ReleaseOutcome:
        """Too few pods sign, and a vault whose host cheats offers the result to everyone."""
        pods = pod_names(self._network.pods_folder)[: candidate.pods]
        head, objects = await asyncio.to_thread(
            release_signed_by, self._network.pods_folder, source, version, pods, notes="practice: forged"
        )
        attacker = self._network.plain[-1]
        for content in objects.values():
            await attacker.put(content)
        await attacker.carry(head)
        self._told(f"“{candidate.name}” ({version}) is signed by {candidate.pods} pods; {attacker.name} offers it.")
        published_s = time.monotonic()
        digest = hashlib.sha256(head).hexdigest()
        release = f"vault/{version}"
        farms = await self._gather(lambda farm: self._refusal(farm, release, digest, published_s))
        tree_hash = (await asyncio.to_thread(build_tree, source, version)).release.tree
        return release_outcome(candidate.name, release, tree_hash, candidate.expected, farms)

    async def _gather(self, wait: Callable[[Farm], Coroutine[None, None, FarmOutcome]]) -> tuple[FarmOutcome, ...]:
        async with asyncio.TaskGroup() as tasks:  # a failure at one farm ends the waiting for the others
            waiting = [tasks.create_task(wait(farm)) for farm in self._network.farms]
        return tuple(task.result() for task in waiting)

    async def _decision(self, farm: Farm, release: str, expected: Expectation, published_s: float) -> FarmOutcome:
        def is_decided(updates: Updates) -> bool:
            return any(item.release == release and item.phase in DECIDED for item in updates.items)

        after_s = await self._wait(farm, is_decided, published_s)
        outcome = from_update(farm.name, await farm.update(release), expected, after_s)
        self._told(f"{farm.name}: {outcome.verdict or 'undecided'} ({outcome.reason or outcome.phase})")
        return outcome

    async def _refusal(self, farm: Farm, release: str, digest: str, published_s: float) -> FarmOutcome:
        def is_refused(updates: Updates) -> bool:
            return any(head.digest == digest for head in updates.refused_heads)

        after_s = await self._wait(farm, is_refused, published_s)
        updates = await farm.updates()
        refused = next((head for head in updates.refused_heads if head.digest == digest), None)
        staged = await farm.update(release)
        if staged is not None or refused is None or after_s is None:
            return from_update(farm.name, staged, "promoted", after_s)  # whatever it is, it is not as expected
        self._told(f"{farm.name}: thrown away ({refused.reason})")
        return refused_unstaged(farm.name, refused.reason, after_s)

    async def _wait(self, farm: Farm, is_over: Callable[[Updates], bool], published_s: float) -> float | None:
        """Seconds since the release was published, or None when the time is up."""
        try:
            async with asyncio.timeout(self._network.profile.decide_s_max):
                while not is_over(await farm.updates()):  # noqa: ASYNC110  # another process can only be asked again
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return None
        return round(time.monotonic() - published_s, 1)


def _version(count: int) -> str:
    """The version after the running one, counted up for each release."""
    major, minor, patch = (int(part) for part in node.vault.__version__.split("."))
    return f"{major}.{minor}.{patch + count}"
