"""Twins that are started again on their own data: what they acknowledged must be there afterwards.

On purpose, at random moments, the first time without warning, as a power cut would.  Or because the trial was cut off:
then it says nothing of the candidate that both were down, but a chunk that it acknowledged must be there all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from node.trial.events import Event, Rescanned, Twin, VaultExited, VaultStarted
from node.trial.profile import Profile
from node.update.errors import TwinFailed
from node.update.trials.observations import Observer
from node.update.trials.rehearsal import scan
from node.update.trials.sides import Side, Twins
from node.vault.ports import Random

log = logging.getLogger(__name__)


class Restart(msgspec.Struct, frozen=True, array_like=True):
    """A restart on purpose, due once both twins were up for ``ran_s`` seconds of the trial."""

    ran_s: float
    is_killed: bool


def draw_restarts(profile: Profile, random: Random) -> tuple[Restart, ...]:
    """The moments of all restarts on purpose; nobody else may know them."""
    moments = sorted(random.random() * profile.trial_s_min for _ in range(profile.restarts_min))
    return tuple(Restart(ran_s, number == 0) for number, ran_s in enumerate(moments))


class Restarter:
    """Restarts the twins of one trial and tells the trial what it finds."""

    def __init__(
        self, twins: Twins, observer: Observer, step: Callable[[Event], None], now_s: Callable[[], float]
    ) -> None:
        self._twins = twins
        self._observer = observer
        self._step = step
        self._now_s = now_s

    async def restart(self, *, is_killed: bool) -> None:
        """Restart both twins and look for all that they acknowledged.

        Raises:
            TwinFailed: One of them did not come back.
        """
        for side in self._twins.shuffled():
            vault, side.vault = self._twins.running(side.name), None
            self._step(VaultExited(self._now_s(), side.name, 0, is_intended=True))
            if is_killed:
                vault.kill()
            await vault.stop()
        await self.bring_back(is_planned=True)

    async def bring_back(self, *, is_planned: bool, tries: int = 1) -> None:
        """Start both twins on their own data and look for all that they acknowledged.

        Raises:
            TwinFailed: One of them did not come back, at any of the tries.
        """
        lost: dict[Twin, tuple[bytes, ...]] = {}
        failed: TwinFailed | None = None
        for side in self._twins.shuffled():
            try:
                lost[side.name] = await self._come_back(side, tries)
            except TwinFailed as error:
                failed = error  # the other one shall come back all the same: it shows whose fault it is
        if failed is not None:
            raise failed
        self._step(Rescanned(self._now_s(), lost["candidate"], lost["control"], is_planned=is_planned))

    async def _come_back(self, side: Side, tries: int) -> tuple[bytes, ...]:
        """Start a twin on its own data and look for what it acknowledged; return what it no longer has.

        Twice: in standby it only reads, and what its taking over the store deletes is seen only after that.
        """
        vault = await self._twins.start(side, is_standby=True, tries=tries)
        acknowledged = tuple(self._observer.acknowledged[side.name])
        read = await scan(vault, acknowledged)
        await vault.activate()
        held = read.whole & (await scan(vault, acknowledged)).whole
        self._step(VaultStarted(self._now_s(), side.name))
        return tuple(address for address in acknowledged if address not in held)
