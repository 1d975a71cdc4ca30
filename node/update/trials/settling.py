"""What a twin no longer has, settled while it can still account for it: handed over, or lost.

A vault names those who took a chunk over only as long as it runs (page 0025).  So before a twin is ended its store is
read, and it is asked for whatever is missing; soon after the first chunk that was handed over too, for a computer may
be switched off at any moment.

    store read -> nothing of what it owes is missing
          `-----> missing -> both are asked for it, by a prober -> takers named: owed no more
                                                                   none named: still owed, and a later scan finds a loss
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from node.trial.events import Event, Twin
from node.update.errors import ProberFailed, TwinFailed
from node.update.ports import TrialPorts
from node.update.trials.observations import Measured, NewsServed, Observer
from node.update.trials.probing import Probing
from node.update.trials.rehearsal import scan, stop
from node.update.trials.sides import Twins

ASK_S_MAX: Final = 600.0  # for all that is missing, some thousand chunks

log = logging.getLogger(__name__)


class Settler:
    """Settles what is missing, of one trial.  Whoever looks sees to it that the prober is still."""

    def __init__(
        self, twins: Twins, observer: Observer, ports: TrialPorts, probing: Probing, step: Callable[[Event], None],
        now_s: Callable[[], float],
    ) -> None:  # fmt: skip
        self._twins = twins
        self._observer = observer
        self._ports = ports
        self._probing = probing
        self._step = step
        self._now_s = now_s
        self._settled = 0  # chunks handed over, when it was looked last

    def is_due(self) -> bool:
        """Whether something was handed over since the last look: then more may have been."""
        return len(self._observer.handed_over) > self._settled

    async def look(self) -> None:
        """Read both stores, and settle what is missing.  A twin that fails at it is not asked; others find that out."""
        missing: dict[bytes, None] = {}
        try:
            for side in self._twins.shuffled():
                vault, owed = self._twins.running(side.name), self._observer.owed(side.name)
                whole = (await scan(vault, owed)).whole
                missing |= dict.fromkeys(address for address in owed if address not in whole)
        except TwinFailed as error:
            log.info("a twin's store was not read reason=%s", error)
        await self.ask(missing)
        self._settled = len(self._observer.handed_over)

    async def ask(self, addresses: Iterable[bytes]) -> None:
        """Ask both for each of these chunks.  What cannot be asked stays owed."""
        missing = tuple(dict.fromkeys(addresses))
        if not missing:
            return
        log.info("%s chunks are asked for that a twin no longer has", len(missing))
        try:
            async with asyncio.timeout(ASK_S_MAX), self._probing.stillness():
                await self._ask(missing)
        except (TimeoutError, ProberFailed, TwinFailed) as error:
            log.info("not all of them were asked for reason=%s", error)

    async def _ask(self, addresses: tuple[bytes, ...]) -> None:
        first, second = (side.name for side in self._twins.shuffled())
        interview = self._probing.interview((first, second), partial(self._hear, (first, second)))
        prober = await self._ports.start_prober((self._twins.running(first).record, self._twins.running(second).record))
        self._twins.own(prober)
        try:
            await interview.about(prober, addresses)
        finally:
            await stop(prober)

    def _hear(self, order: tuple[Twin, Twin], found: Measured | NewsServed) -> None:
        """Only what was handed over, or is wrong: that a chunk is not there is found by who reads the whole store."""
        for event in self._observer.settled(found, order, self._now_s()):
            self._step(event)
