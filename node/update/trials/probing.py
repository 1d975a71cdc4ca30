"""The prober of one trial through all its runs: it asks both twins, unless these are restarted or looked at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from node.trial.events import Twin
from node.update.errors import ProberFailed, TwinFailed
from node.update.ports import Prober, TrialPorts
from node.update.trials.interview import Chance, Hear, Interview
from node.update.trials.observations import Measured, NewsServed
from node.update.trials.plan import Plan
from node.update.trials.rehearsal import stop
from node.update.trials.sides import Twins

FAILURES_MAX: Final = 5  # within FAILURES_S
FAILURES_S: Final = 24 * 3600.0
PAUSE_S: Final = 1.0

log = logging.getLogger(__name__)


class Probing:
    """Keeps a prober asking.  Invariant: at most one runs, for all have one folder.

    ``began`` is called whenever one has greeted both twins, ``hear`` is told what both answered, and who comes first in
    that.  ``since_s``: when the trial began (UTC).  ``is_still``: nobody is to be asked now, and nothing is heard.
    """

    plan: Plan  # once the twins are known

    def __init__(
        self, twins: Twins, ports: TrialPorts, chance: Chance, since_s: float, began: Callable[[], None],
        hear: Callable[[Measured | NewsServed, tuple[Twin, Twin]], None],
    ) -> None:  # fmt: skip
        self.is_still = False
        self._twins = twins
        self._ports = ports
        self._chance = chance
        self._since_s = since_s
        self._began = began
        self._hear = hear
        self._prober: Prober | None = None
        self._asking = asyncio.Lock()

    def interview(self, order: tuple[Twin, Twin], hear: Hear) -> Interview:
        """Raises TwinFailed when one of them does not run."""
        first, second = (self._twins.running(name) for name in order)

        def records() -> tuple[bytes, bytes]:
            return first.record, second.record

        return Interview(records, self.plan, self._ports, self._chance, hear, self._since_s)

    async def keep(self, pairs_per_s: float) -> int:
        """Keep one running until too many have failed within a day; return how many.

        It is ours, so its end says nothing of the twins.
        """
        failed_s: list[float] = []
        while len(failed_s) < FAILURES_MAX:
            if self.is_still or not self._twins.are_up:
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                async with self._asking:
                    await self._ask(pairs_per_s)
            except (ProberFailed, TwinFailed) as error:
                log.warning("the prober is started anew reason=%s", error)
            if not self.is_still:
                now_s = asyncio.get_running_loop().time()
                failed_s = [*(at_s for at_s in failed_s if now_s - at_s < FAILURES_S), now_s]
            self._prober = None
            await asyncio.sleep(PAUSE_S)
        return len(failed_s)

    @contextlib.asynccontextmanager
    async def stillness(self) -> AsyncIterator[None]:
        """Be still until this is over; then as before."""
        was_still = self.is_still
        try:
            await self.be_still()
            async with self._asking:
                yield
        finally:
            self.is_still = was_still

    async def be_still(self) -> None:
        """Start none any more; return when none runs."""
        self.is_still = True
        if self._prober is not None:
            await self._prober.stop()
        async with self._asking:  # one that was being started has ended too
            return

    async def _ask(self, pairs_per_s: float) -> None:
        """Have both twins asked until the prober ends.

        Raises:
            ProberFailed, TwinFailed: It did not start, or it ended otherwise than it should.
        """
        first, second = (side.name for side in self._twins.shuffled())
        order = first, second
        asked = [self._twins.running(name) for name in order]
        interview = self.interview(order, lambda found: None if self.is_still else self._hear(found, order))
        self._prober = prober = await self._ports.start_prober((asked[0].record, asked[1].record))
        self._twins.own(prober)
        try:
            # A twin that was started again meanwhile would not be reached.
            if not self.is_still and [self._twins.sides[name].vault for name in order] == asked:
                self._began()
                await interview.run(prober, pairs_per_s)
        finally:
            await stop(prober)
