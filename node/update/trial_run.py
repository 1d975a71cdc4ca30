"""One trial end to end: two twins, a prober that asks both, samples, the neighbours' tables, and a verdict.

    draw identities -> start both twins -> start the prober -> Started -> ... -> verdict -> stop everything

Which twin is the candidate is known only here, by ``_Side``.  Whatever happens, nothing that was started outlives
``run``.  What the candidate leaves behind is what ``rehearsal`` looks at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.trial.events import (
    Denied,
    Event,
    HostFault,
    PeersRated,
    Rescanned,
    Started,
    Ticked,
    Twin,
    UsageSampled,
    VaultExited,
    VaultStarted,
)
from node.trial.evidence import Usage
from node.trial.profile import Profile
from node.trial.trial import Trial
from node.trial.verdict import Outcome, Progress
from node.update.errors import ProberFailed, TwinFailed
from node.update.identities import draw_identities
from node.update.interview import Chance, Interview
from node.update.observations import Measured, Neighbourhood, Observer, reports_about
from node.update.plan import Plan
from node.update.ports import Prober, Process, TrialPorts, TwinOrder, TwinVault
from node.update.rehearsal import TrialResult, scan, stop
from node.update.trees import size_of
from node.vault.core.identity import Signer, position_of
from node.vault.ports import Entropy, Random

HANDOVER_S: Final = 3.0  # in which a twin gives back what it held; the own vault holds most of it anyway
START_TRIES: Final = 2  # the second failure is held against the twin
PROBER_FAILURES_MAX: Final = 5
TICK_S: Final = 1.0
SAMPLES_PER_BLOCK: Final = 4
SAMPLE_S_MIN: Final = 0.5
SAMPLE_S_MAX: Final = 60.0
RATINGS_PER_TRIAL: Final = 20  # within the shortest trial
RATE_S_MIN: Final = 2.0
WEIGH_S: Final = 5.0  # how long a twin may take more of the disk than it was given
SPARE_BYTES: Final = 16 << 20  # beside its quota, for what is on its way
NAME_BYTES: Final = 8  # of a data folder's name

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOrder:
    """What to try out.  ``folder`` is empty and gets one folder of a random name for each twin's data.

    ``announced_s``: when the release was announced (UTC); neighbours must be older than that.
    """

    candidate: str
    control: str
    folder: Path
    quota_bytes: int
    profile: Profile
    announced_s: float


@dataclass(slots=True)
class _Side:
    """One twin through all its runs."""

    name: Twin
    tree_hash: str
    data: Path
    seed: bytes
    vault: TwinVault | None = None
    trouble: str = ""  # why it did not start
    vault_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.vault_id = Signer(self.seed).public_key


class TrialRun:
    """Runs one trial.  ``progress`` may be read at any time."""

    def __init__(
        self,
        order: TrialOrder,
        ports: TrialPorts,
        *,
        random: Random,
        entropy: Entropy,
        utc_s: Callable[[], float],
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._order = order
        self._ports = ports
        self._random = random
        self._entropy = entropy
        self._utc_s = utc_s
        self._on_progress = on_progress
        self._trial = Trial(profile=order.profile)
        self._observer = Observer(order.profile)
        self._sides: dict[Twin, _Side] = {}
        self._plan: Plan
        self._prober: Prober | None = None
        self._probed: tuple[Twin, Twin] = ("candidate", "control")
        self._processes: list[Process] = []  # all that were ever started
        self._is_restarting = False
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()
        self._trouble = ""  # why there can be no verdict
        self._neighbourhood = Neighbourhood(1, 0, ())

    @property
    def progress(self) -> Progress:
        return self._trial.progress()

    def host_fault(self, what: str) -> None:
        """The computer itself failed; what its vaults did meanwhile is not held against them."""
        self._step(HostFault(self._now(), what))

    async def run(self) -> TrialResult:
        """Run the trial to its verdict.  Safe to cancel.

        Raises:
            OSError: The data folders could not be made.
        """
        await self._look_around()
        await self._make_sides()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._stop_all)
            failed = await self._start_sides()
            if failed is not None:
                return failed
            await self._watch()
        verdict = self._trial.verdict
        return self._result(verdict.outcome, verdict.reason) if verdict else self._result("void", self._trouble)

    # Starting.

    async def _look_around(self) -> None:
        try:
            self._neighbourhood = await self._ports.neighbourhood()
        except TwinFailed as error:
            log.info("neighbours not known reason=%s", error)

    async def _make_sides(self) -> None:
        seeds = list(await asyncio.to_thread(draw_identities, self._entropy, self._neighbourhood.network_size))
        if self._random.random() < 0.5:
            seeds.reverse()
        chosen: tuple[tuple[Twin, str], ...] = (
            ("candidate", self._order.candidate), ("control", self._order.control)
        )  # fmt: skip
        for (name, tree_hash), seed in zip(chosen, seeds, strict=True):
            data = self._order.folder / self._entropy(NAME_BYTES).hex()
            await asyncio.to_thread(data.mkdir, mode=0o700, parents=True)
            self._sides[name] = _Side(name, tree_hash, data, seed)
        self._plan = Plan(position_of(self._sides["control"].vault_id), self._random, self._entropy)

    async def _start_sides(self) -> TrialResult | None:
        """Start both twins; the result if that decides it all."""
        for side in self._shuffled():
            for _ in range(START_TRIES):
                try:
                    await self._start_vault(side, is_standby=False)
                    break
                except TwinFailed as error:
                    side.trouble = str(error)
                    log.info("twin not started reason=%s", error)
        candidate, control = self._sides["candidate"], self._sides["control"]
        if control.vault is None:
            return self._result("void", f"the current version did not start beside it: {control.trouble}")
        if candidate.vault is None:
            return self._result("refuse", f"it did not start while its twin did: {candidate.trouble}")
        return None

    async def _start_vault(self, side: _Side, *, is_standby: bool) -> TwinVault:
        order = TwinOrder(
            tree_hash=side.tree_hash, data=side.data, seed=side.seed, quota_bytes=self._order.quota_bytes,
            is_standby=is_standby,
        )  # fmt: skip
        side.vault = await self._ports.start_twin(order)
        self._processes.append(side.vault)
        return side.vault

    async def _probe(self) -> None:
        """Have both twins asked until the prober ends.

        Raises:
            ProberFailed, TwinFailed: It did not start, or it ended otherwise than it should.
        """
        order = [side.name for side in self._shuffled()]
        self._probed = (order[0], order[1])
        first, second = (self._running(name).record for name in order)
        chance = Chance(self._random, self._entropy, self._utc_s)
        interview = Interview((first, second), self._plan, self._ports, chance, self._measured)
        self._prober = prober = await self._ports.start_prober((first, second))
        self._processes.append(prober)
        if not self._is_restarting:
            # Said again after each restart; the trial takes the first one, so the private time is drawn once.
            self._begun.set()
            self._step(Started(self._now(), self._order.profile.duration_s(self._random.random())))
        try:
            await interview.run(prober, self._order.profile.pairs_per_s_min)
        finally:
            await stop(prober)

    def _measured(self, measured: Measured) -> None:
        if self._is_restarting or self._ended.is_set():
            return
        for event in self._observer.measured(measured, self._probed, self._now()):
            self._step(event)

    # Watching.

    async def _watch(self) -> None:
        """Feed the trial until it has decided."""
        async with asyncio.TaskGroup() as tasks:
            profile = self._order.profile
            sample_s = min(SAMPLE_S_MAX, max(SAMPLE_S_MIN, profile.block_s / SAMPLES_PER_BLOCK))
            rate_s = max(RATE_S_MIN, profile.trial_s_min / RATINGS_PER_TRIAL)
            watchers = [
                tasks.create_task(self._repeat(self._tick, TICK_S)),
                tasks.create_task(self._repeat(self._sample, sample_s)),
                tasks.create_task(self._repeat(self._rate, rate_s)),
                tasks.create_task(self._repeat(self._weigh, WEIGH_S)),
                tasks.create_task(self._keep_probing()),
                tasks.create_task(self._restart_on_purpose()),
                *(tasks.create_task(self._watch_exit(side)) for side in self._shuffled()),
            ]
            await self._ended.wait()
            for watcher in watchers:
                watcher.cancel()

    async def _repeat(self, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
        while True:
            await asyncio.sleep(pause_s)
            await work()

    async def _tick(self) -> None:
        self._step(Ticked(self._now()))
        self._on_progress()

    async def _sample(self) -> None:
        if self._is_restarting:
            return
        try:
            used = [self._running(name).usage() for name in ("candidate", "control")]
        except TwinFailed:
            return  # one has just ended; that is told elsewhere
        candidate, control = (Usage(one.cpu_ns, one.rss_bytes) for one in used)
        self._step(UsageSampled(self._now(), candidate, control))

    async def _rate(self) -> None:
        await self._look_around()
        candidate, control = await asyncio.to_thread(
            reports_about,
            (self._sides["candidate"].vault_id, self._sides["control"].vault_id),
            self._neighbourhood.neighbours,
            utc_s=self._utc_s(),
            announced_s=self._order.announced_s,
        )
        self._step(PeersRated(self._now(), candidate, control, self._neighbourhood.subnet_count or None))

    async def _weigh(self) -> None:
        """End a twin that takes more of the disk than it was given; its sandbox limits each file, not their number."""
        enough_bytes = self._order.quota_bytes + SPARE_BYTES
        for side in self._shuffled():
            if await asyncio.to_thread(size_of, side.data, enough_bytes) >= enough_bytes:
                self._step(Denied(self._now(), side.name, "it took more of the disk than it was given"))
                if side.vault is not None:
                    side.vault.kill()

    async def _watch_exit(self, side: _Side) -> None:
        while True:
            vault = side.vault
            if vault is None:
                await asyncio.sleep(TICK_S)  # being restarted
                continue
            await asyncio.wait({vault.exited})
            if side.vault is vault:
                side.vault = None
                self._step(VaultExited(self._now(), side.name, vault.exited.result()))

    async def _keep_probing(self) -> None:
        """Keep a prober running; it is ours, so its end says nothing of the twins."""
        failures = 0
        while failures < PROBER_FAILURES_MAX:
            if self._is_restarting or any(side.vault is None for side in self._sides.values()):
                await asyncio.sleep(TICK_S)
                continue
            try:
                await self._probe()
            except (ProberFailed, TwinFailed) as error:
                log.warning("the prober is started anew reason=%s", error)
                await asyncio.sleep(TICK_S)
            failures += not self._is_restarting
            self._prober = None
        self._trouble = f"the prober failed {failures} times"
        self._ended.set()

    # Restarts on purpose: what the twins acknowledged must be there afterwards.

    async def _restart_on_purpose(self) -> None:
        """Restart both twins at random moments; the first time without warning, as a power cut would."""
        profile = self._order.profile
        moments = sorted(self._random.random() * profile.trial_s_min for _ in range(profile.restarts_min))
        await self._begun.wait()
        begun_s = self._now()
        for number, moment_s in enumerate(moments):
            await asyncio.sleep(max(0.0, begun_s + moment_s - self._now()))
            self._is_restarting = True
            try:
                await self._restart(is_killed=number == 0)
            except TwinFailed as error:
                # The trial hears nothing of a twin that is not back; after a while it asks whether the other one is.
                log.info("twins not restarted reason=%s", error)
                return
            self._is_restarting = False

    async def _restart(self, *, is_killed: bool) -> None:
        """Restart both twins and look for all that they acknowledged.

        Raises:
            TwinFailed: One of them did not come back.
        """
        if self._prober is not None:
            await self._prober.stop()
        for side in self._shuffled():
            vault, side.vault = self._running(side.name), None
            self._step(VaultExited(self._now(), side.name, 0, is_intended=True))
            if is_killed:
                vault.kill()
            await vault.stop()
        lost: dict[Twin, tuple[bytes, ...]] = {}
        failed: TwinFailed | None = None
        for side in self._shuffled():
            try:
                lost[side.name] = await self._come_back(side)
            except TwinFailed as error:
                failed = error  # the other one shall come back all the same: it shows whose fault it is
        if failed is not None:
            raise failed
        self._step(Rescanned(self._now(), lost["candidate"], lost["control"]))

    async def _come_back(self, side: _Side) -> tuple[bytes, ...]:
        """Start a twin on its own data and look for what it acknowledged; return what it no longer has."""
        vault = await self._start_vault(side, is_standby=True)
        held = await scan(vault)
        await vault.activate()
        self._step(VaultStarted(self._now(), side.name))
        return tuple(address for address in self._observer.acknowledged[side.name] if address not in held.whole)

    # Ending.

    async def _stop_all(self) -> None:
        """Stop whatever was started, in any case."""
        async with asyncio.TaskGroup() as tasks:
            for process in reversed(self._processes):
                if not process.exited.done():
                    tasks.create_task(stop(process, HANDOVER_S))

    def _result(self, outcome: Outcome, reason: str) -> TrialResult:
        acknowledged = tuple(self._observer.acknowledged["candidate"])
        return TrialResult(outcome, reason, self._sides["candidate"].data, acknowledged)

    # Small things.

    def _step(self, event: Event) -> None:
        if self._trial.step(event) is not None:
            self._ended.set()

    def _running(self, name: Twin) -> TwinVault:
        vault = self._sides[name].vault
        if vault is None:
            raise TwinFailed("it has ended")
        return vault

    def _shuffled(self) -> list[_Side]:
        sides = list(self._sides.values())
        return sides if self._random.random() < 0.5 else sides[::-1]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
