"""One trial end to end: two twins, a prober that asks both, samples, the neighbours' tables, and a verdict.

    draw identities -> start both twins -> start the prober -> Started -> ... -> verdict -> stop everything
                                                                           |
    cut off: both twins on their own data -> Resumed -> whole stores read -'

Whatever happens, nothing that was started outlives ``run``.  What must survive a power cut is kept while it runs.
What the candidate leaves behind is what ``rehearsal`` looks at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from node.trial.events import (
    Event,
    HostFault,
    PeersRated,
    Resumed,
    Started,
    Ticked,
    Twin,
    VaultExited,
)
from node.trial.ratchet import Estimates
from node.trial.trial import Trial
from node.trial.verdict import Outcome, Progress, Verdict
from node.update.errors import TwinFailed, TwinLate
from node.update.ports import TrialPorts
from node.update.reasons import OUT_OF_MEMORY
from node.update.trials.interview import Chance
from node.update.trials.keeping import Keeper
from node.update.trials.making import drawn_sides, kept_sides
from node.update.trials.observations import Measured, Neighbourhood, NewsServed, Observer, reports_about
from node.update.trials.order import TrialOrder
from node.update.trials.overuse import LOOK_S_MIN, Overuse
from node.update.trials.plan import Plan
from node.update.trials.probing import Probing
from node.update.trials.rehearsal import TrialResult
from node.update.trials.restarts import START_TRIES, Restarter, draw_restarts
from node.update.trials.settling import Settler
from node.update.trials.sides import Side, Twins
from node.update.trials.state import Cut, KeptTrial, KeptTwin, TrialFile
from node.update.waiting import whole
from node.vault.core.identity import position_of
from node.vault.ports import Entropy, Random

HANDOVER_S: Final = 3.0  # in which a twin gives back what it held; the own vault holds most of it anyway
STARTS_LATER: Final = 5  # tries of who is not back after a restart, in the time in which it must be
SHUT_DOWN_S: Final = 2.0  # in which a computer that is shut down ends this program, too, in whatever order
TICK_S: Final = 1.0
SAMPLES_PER_BLOCK: Final = 4
SAMPLE_S_MIN: Final = 0.5
SAMPLE_S_MAX: Final = 60.0
RATINGS_PER_TRIAL: Final = 20  # within the shortest trial
RATE_S_MIN: Final = 2.0
WEIGH_S: Final = 5.0  # how long a twin may take more of the disk than it was given

log = logging.getLogger(__name__)


class TrialRun:
    """Runs one trial, or goes on with one that was cut off.  ``progress`` may be read at any time."""

    def __init__(
        self,
        order: TrialOrder,
        ports: TrialPorts,
        file: TrialFile,
        cut: Cut | None = None,
        *,
        random: Random,
        entropy: Entropy,
        utc_s: Callable[[], float],
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises UnreadableTrial when ``cut`` holds none."""
        self._order = order
        self._ports = ports
        self._cut = cut
        self._random = random
        self._entropy = entropy
        self._utc_s = utc_s
        self._on_progress = on_progress
        if cut is None:
            self._trial = Trial(profile=order.profile, distances=order.distances)
            self._restarts_due = draw_restarts(order.profile, random)
        else:
            self._trial = Trial.load(cut.kept.trial)
            self._restarts_due = cut.kept.restarts
        self._observer = Observer(self._trial.profile)
        self._twins = Twins(ports, order.quota_bytes, random)
        self._overuse = Overuse(self._twins, order.quota_bytes, self._step, self._now)
        chance = Chance(random, entropy, utc_s)
        self._probing = Probing(self._twins, ports, chance, order.started_s, self._probing_began, self._measured)
        self._settler = Settler(self._twins, self._observer, ports, self._probing, self._step, self._now)
        self._restarter = Restarter(self._twins, self._observer, self._step, self._now, self._settler.ask)
        self._moves = ports.moves
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()
        self._undecided: tuple[Outcome, str] = ("void", "")  # how it ends without a verdict, and why
        self._are_ends_judged = cut is not None and cut.kept.are_ends_judged
        self._unwilling = "" if cut is None else cut.kept.unwilling  # why "promote" became "refuse" at the end
        self._neighbourhood = Neighbourhood(1, 0, ())
        self._network_size = 0 if cut is None else cut.kept.network_size
        self.keeper = Keeper(file, self._observer, self._kept, self._mark)

    @property
    def progress(self) -> Progress:
        return self._trial.progress()

    @property
    def estimates(self) -> Estimates:
        """How the candidate compares with the control so far."""
        return self._trial.comparison.estimates()

    def host_fault(self, what: str, *, is_brief: bool = False) -> None:
        """The computer itself failed; what its vaults did meanwhile is not held against them."""
        self._step(HostFault(self._now(), what, is_brief))

    async def run(self) -> TrialResult:
        """Run the trial to its verdict.  Safe to cancel; then it can be gone on with from what is kept.

        Raises:
            OSError: The data folders could not be made.
            StateUnreadable: What a twin had stored is gone.
        """
        await self._make_sides()
        position = position_of(self._twins.sides["control"].vault_id)
        earlier = self._observer.readable
        self._probing.plan = Plan(position, self._network_size, self._random, self._entropy, earlier)
        verdict = self._trial.verdict
        if verdict is None or (verdict.outcome == "promote" and not self._are_ends_judged):
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._stop_all)
                failed = await self._start()
                if failed is not None:
                    return failed
                stack.push_async_callback(self._keep)
                if verdict is None:
                    await self._watch()
                    if self._trial.verdict is not None and self._trial.verdict.outcome == "promote":
                        await self._settle()  # the rehearsal looks for all that is owed, and can ask nobody
                else:  # it was cut off before both were seen to end
                    self._ended.set()
            verdict = self._trial.verdict
            if verdict is None:
                return self._result(*self._undecided)
            await self._judge_ends(verdict)
        return self._result(*(("refuse", self._unwilling) if self._unwilling else (verdict.outcome, verdict.reason)))

    async def _judge_ends(self, verdict: Verdict) -> None:
        outcome, reason = self._twins.judge_ends(verdict.outcome, verdict.reason)
        self._are_ends_judged, self._unwilling = True, reason if outcome != verdict.outcome else ""
        await self._keep()

    # Starting.

    async def _look_around(self, *around: bytes) -> None:
        try:
            self._neighbourhood = await self._ports.neighbourhood(around)
        except TwinFailed as error:
            log.info("neighbours not known reason=%s", error)

    async def _make_sides(self) -> None:
        if not self._network_size:
            await self._look_around()
            self._network_size = self._neighbourhood.network_size
        if self._cut is None:
            sides = await drawn_sides(self._order, self._network_size, self._random, self._entropy)
        else:
            self._observer.acknowledged, self._observer.handed_over = self._cut.acknowledged, self._cut.handed_over
            sides = await kept_sides(self._order, self._cut.kept)
        self._twins.sides |= sides

    async def _start(self) -> TrialResult | None:
        """Start both twins; the result if that decides it all."""
        if self._cut is not None:
            self._begun.set()
            self._step(Resumed(self._now()))
            self._probing.is_still = True  # until both are back, which _watch waits for
            await self._restarter.bring_back(is_planned=False)
            return None
        late = [side.name for side in self._twins.shuffled() if await self._is_late(side, START_TRIES)]
        candidate, control = self._twins.sides["candidate"], self._twins.sides["control"]
        if "candidate" in late and control.vault is not None:  # what kept both waiting may be over, now that one is up
            await self._is_late(candidate, 1)
        if control.vault is None:
            return self._result("void", f"the current version did not start beside it: {control.trouble}")
        if candidate.vault is None:
            return self._result("refuse", f"it did not start while its twin did: {candidate.trouble}")
        return None

    async def _is_late(self, side: Side, tries: int) -> bool:
        """Start a twin for the first time; whether it did not come up because there was no more time for it."""
        try:
            await self._twins.start(side, is_standby=False, tries=tries)
        except TwinFailed as error:
            log.info("twin not started reason=%s", error)
            return isinstance(error, TwinLate)
        return False

    async def _wait_for_both(self) -> None:
        """Try on with one that was not back when the trial went on; nobody is asked before its store was read."""
        await self._keep_trying()
        self._probing.is_still = False

    async def _keep_trying(self) -> None:
        await self._restarter.keep_trying(self._trial.profile.start_s_max / STARTS_LATER)

    def _probing_began(self) -> None:
        """Said again after each restart; the trial takes the first one, so the private time is drawn once."""
        self._begun.set()
        self._step(Started(self._now(), self._trial.profile.duration_s(self._random.random())))

    def _measured(self, measured: Measured | NewsServed, order: tuple[Twin, Twin]) -> None:
        if self._ended.is_set():
            return
        for event in self._observer.measured(measured, order, self._now()):
            self._step(self._overuse.beside(event))

    # Watching.

    async def _watch(self) -> None:
        """Feed the trial until it has decided."""
        async with asyncio.TaskGroup() as tasks:
            profile = self._trial.profile
            sample_s = min(SAMPLE_S_MAX, max(SAMPLE_S_MIN, profile.block_s / SAMPLES_PER_BLOCK))
            rate_s = max(RATE_S_MIN, profile.trial_s_min / RATINGS_PER_TRIAL)
            watchers = [
                tasks.create_task(self._repeat(self._tick, TICK_S)),
                tasks.create_task(self._repeat(self._sample, sample_s)),
                tasks.create_task(self._repeat(self._rate, rate_s)),
                tasks.create_task(self._repeat(self._overuse.weigh, WEIGH_S)),
                tasks.create_task(self._repeat(self._look_for_overuse, max(LOOK_S_MIN, profile.block_s))),
                tasks.create_task(self._keep_probing()),
                tasks.create_task(self._repeat(self._restart_if_due, TICK_S)),
                tasks.create_task(self._repeat(self._settle_if_due, max(TICK_S, profile.lost_retry_s))),
                tasks.create_task(self._keep_on()),
                tasks.create_task(self._wait_for_both()),
                *(tasks.create_task(self._watch_exit(side)) for side in self._twins.shuffled()),
            ]
            await self._ended.wait()
            for watcher in watchers:
                watcher.cancel()

    async def _repeat(self, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
        while True:
            await asyncio.sleep(pause_s)
            await work()

    async def _tick(self) -> None:
        self._step(Ticked(self._now(), self._utc_s() - self._order.started_s))
        self._on_progress()

    async def _sample(self) -> None:
        if self._probing.is_still:
            return
        await self._overuse.hear()
        try:
            candidate, control = (self._twins.running(name).usage() for name in ("candidate", "control"))
        except TwinFailed:
            return  # one has just ended; that is told elsewhere
        if not self._probing.is_still:
            self._step(self._overuse.sampled(candidate, control))

    async def _rate(self) -> None:
        await self._look_around(self._twins.around)
        candidate, control = await asyncio.to_thread(
            reports_about,
            self._twins.vault_ids,
            self._neighbourhood.neighbours,
            utc_s=self._utc_s(),
            announced_s=self._order.announced_s,
            known_since=self._order.known_since,
        )
        self._step(PeersRated(self._now(), candidate, control, self._neighbourhood.subnet_count or None))

    async def _look_for_overuse(self) -> None:
        found = None if self._probing.is_still else await self._overuse.look()
        if found is not None:
            self._end_without_verdict(*found)

    async def _watch_exit(self, side: Side) -> None:
        while True:
            vault = side.vault
            if vault is None:
                await asyncio.sleep(TICK_S)  # being restarted
                continue
            await asyncio.wait({vault.exited})
            if side.vault is vault:
                side.vault = None
                if self._overuse.was_starved(side.name, vault):  # a restart under way would hold it against the twin
                    self._end_without_verdict("void", OUT_OF_MEMORY)
                    return
                ended_s = self._now()
                await asyncio.sleep(SHUT_DOWN_S)
                self._step(VaultExited(ended_s, side.name, vault.exited.result()))

    async def _keep_probing(self) -> None:
        failures = await self._probing.keep(self._trial.profile.pairs_per_s_min)
        self._end_without_verdict("void", f"the prober failed {failures} times")

    def _end_without_verdict(self, outcome: Outcome, reason: str) -> None:
        self._undecided = outcome, reason
        self._ended.set()

    async def _restart_if_due(self) -> None:
        """Restart both twins at the moments that were drawn, and when the computer or its disk has moved."""
        due, moves = [one for one in self._restarts_due[:1] if self._trial.ran_s >= one.ran_s], self._ports.moves
        if self._probing.is_still or not (due or moves != self._moves) or not self._twins.are_up:
            return
        await self._settle()
        if not self._twins.are_up:  # one has ended meanwhile, which is told elsewhere
            self._probing.is_still = False
            return
        try:
            is_killed = any(one.is_killed for one in due)
            await self._restarter.restart(is_killed=is_killed, is_planned=bool(due))
        except TwinFailed as error:
            log.info("twins not restarted reason=%s", error)
            return
        await self._keep_trying()
        self._moves, self._restarts_due = moves, self._restarts_due[len(due) :]
        await self._keep()
        self._probing.is_still = False

    async def _settle_if_due(self) -> None:
        if self._settler.is_due() and not self._probing.is_still and self._twins.are_up:
            await self._settle()
            self._probing.is_still = False

    async def _settle(self) -> None:
        await self._probing.be_still()
        await self._settler.look()

    # What must survive a power cut.

    async def _keep_on(self) -> None:
        await self._begun.wait()  # before that there is nothing to lose
        await self.keeper.run()

    async def _keep(self) -> None:
        if self._begun.is_set():
            await self.keeper.keep()

    def _mark(self) -> object:
        return self._trial.comparison.blocks, self._trial.verdict, len(self._restarts_due)

    def _kept(self) -> KeptTrial:
        sides = self._twins.sides.values()
        return KeptTrial(
            number=self._order.number,
            started_s=self._order.started_s,
            quota_bytes=self._order.quota_bytes,
            trial=self._trial.dump(),
            twins={side.name: KeptTwin(side.tree_hash, side.data.name, side.seed) for side in sides},
            restarts=self._restarts_due,
            are_ends_judged=self._are_ends_judged,
            unwilling=self._unwilling,
            network_size=self._network_size,
        )

    # Ending.

    async def _stop_all(self) -> None:
        """Stop whatever was started.  Only at the trial's own end do twins give back what they held."""
        await whole(self._twins.stop_all(HANDOVER_S if self._ended.is_set() else 0.0))

    def _result(self, outcome: Outcome, reason: str) -> TrialResult:
        data = self._twins.sides["candidate"].data
        return TrialResult(outcome, reason, data, self._observer.owed("candidate"))

    def _step(self, event: Event) -> None:
        if self._trial.step(event) is not None:
            self._ended.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
