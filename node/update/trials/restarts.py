"""Twins that are started again on their own data: what they acknowledged must be there afterwards.

On purpose, at random moments, the first time without warning, as a power cut would.  Or because the computer has moved,
and their connections are those of another place; because its disk was plugged in again, and they have no rights on it;
or because the trial was cut off.  Then it says nothing of the candidate that both were down, but a chunk that it
acknowledged must be there all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from node.trial.events import Event, Rescanned, Twin, VaultExited, VaultStarted
from node.trial.profile import Profile
from node.update.errors import TwinFailed
from node.update.trials.observations import Observer
from node.update.trials.rehearsal import scan
from node.update.trials.sides import Side, Twins
from node.vault.ports import Random

START_TRIES: Final = 2  # in a row; a computer may have been busy at the first one
LATE_S: Final = 15.0  # to open the store, or to take it over, for which there are a minute and half a minute

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
    """Restarts the twins of one trial and tells the trial what it finds.

    ``settle`` asks both for what is missing: a twin may have handed it over since it was started.
    """

    def __init__(
        self, twins: Twins, observer: Observer, step: Callable[[Event], None], now_s: Callable[[], float],
        settle: Callable[[Iterable[bytes]], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._twins = twins
        self._observer = observer
        self._step = step
        self._now_s = now_s
        self._settle = settle
        self._lost: dict[Twin, tuple[bytes, ...]] = {}  # of those that are back
        self._missing: dict[Twin, set[bytes]] = {}  # from the store of each when it was read
        self._late: set[Twin] = set()  # those with which the computer had trouble
        self._is_planned = False
        self._is_waiting = False  # for one that is not back

    async def restart(self, *, is_killed: bool, is_planned: bool) -> None:
        """Restart both twins and look for all that they acknowledged, as ``bring_back`` does.

        Raises:
            TwinFailed: One of them had ended before; nothing was done.
        """
        sides = [(side, self._twins.running(side.name)) for side in self._twins.shuffled()]
        for side, vault in sides:
            side.vault = None
            self._step(VaultExited(self._now_s(), side.name, 0, is_intended=True))
            if is_killed:
                vault.kill()
            await vault.stop()
        await self.bring_back(is_planned=is_planned)

    async def bring_back(self, *, is_planned: bool) -> None:
        """Start both twins on their own data and look for all that they acknowledged.

        Who does not come back at any of START_TRIES is left to ``keep_trying``.
        """
        self._lost, self._is_planned, self._is_waiting = {}, is_planned, True
        self._missing, self._late = {"candidate": set(), "control": set()}, set()
        await self._bring_back(START_TRIES)

    async def keep_trying(self, pause_s: float) -> None:
        """Start whoever is not back, again and again, until both are; the trial says when it is too late."""
        while self._is_waiting:
            await asyncio.sleep(pause_s)
            await self._bring_back(1)

    async def _bring_back(self, tries: int) -> None:
        """The trial hears by itself of one that does not come; after a while it asks whether the other one is there."""
        for side in self._twins.shuffled():
            if side.name in self._lost:
                continue
            try:
                self._lost[side.name] = await self._come_back(side, tries)
            except TwinFailed as error:  # the other one shall come back all the same: it shows whose fault it is
                log.info("a twin is not back reason=%s", error)
                self._late.add(side.name)
                await _put_down(side)
        if len(self._lost) < len(self._twins.sides):
            return
        lost = self._lost
        self._is_waiting = False
        await self._settle((*lost["candidate"], *lost["control"]))
        lost = {twin: tuple(one for one in lost[twin] if one not in self._observer.handed_over) for twin in lost}
        self._step(Rescanned(self._now_s(), lost["candidate"], lost["control"], is_planned=self._is_planned))

    async def _come_back(self, side: Side, tries: int) -> tuple[bytes, ...]:
        """Start a twin on its own data and look for what it acknowledged; return what it owes and no longer has.

        Twice: in standby it only reads, and what its taking over the store deletes is seen only after that.
        """
        side.trouble, begun_s = "", self._now_s()
        vault = await self._twins.start(side, is_standby=True, tries=tries)
        opened_s = self._now_s() - begun_s
        owed = self._observer.owed(side.name)
        missing = self._missing[side.name]  # at an earlier try as well, which may have failed after that
        missing |= set(owed) - (await scan(vault, owed)).whole
        begun_s = self._now_s()
        await vault.activate()
        if side.trouble or max(opened_s, self._now_s() - begun_s) >= LATE_S:
            self._late.add(side.name)
        held = (await scan(vault, owed)).whole - missing
        self._step(VaultStarted(self._now_s(), side.name, is_late=side.name in self._late))
        return tuple(address for address in owed if address not in held)


async def _put_down(side: Side) -> None:
    """End what was started and did not come back: the next one that is started has the same data.

    Who has ended by itself is left to whoever watches for that.
    """
    vault = side.vault
    if vault is not None and not vault.exited.done():
        side.vault = None
        vault.kill()
        await vault.stop()
