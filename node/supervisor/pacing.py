"""How much the node helps at the moment: looks around, asks the machine in ``pausing``, and tells the vaults.

a look, a person, a change of the settings -> pausing -> kept on disk -> limits -> the vaults
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import tzinfo

from node.api import pauses
from node.api.schema import Surroundings
from node.supervisor.errors import StateError
from node.supervisor.pausing import Kept, Lasts, Look, Pausing, Wishes
from node.supervisor.rates import limits_of
from node.supervisor.settings import Settings
from node.supervisor.state import StateFile
from node.supervisor.surroundings.watcher import Watcher
from node.supervisor.waking import STEADY
from node.vault.limiting import Limits

log = logging.getLogger(__name__)


class Pacing:
    """Belongs to one event loop.  ``verdict`` is what was the case at the last look."""

    def __init__(
        self,
        file: StateFile[Kept],
        settings: Callable[[], Settings],
        tell: Callable[[Limits], Awaitable[None]],
        *,
        on_change: Callable[[], None],
        watcher: Watcher | None,
        utc_s: Callable[[], float],
        steady_s: Callable[[], float] = STEADY,
        zone: tzinfo | None = None,
    ) -> None:
        """Go on with the pause that was kept in ``file``.  Blocking.

        ``tell`` is called when the limits have changed, and must not raise; ``on_change`` when there is news to show.
        Without a ``watcher`` (a practice home) nothing pauses or eases by itself.  ``steady_s`` goes on while the
        computer sleeps: a pause of an hour ends an hour later.
        """
        self._file = file
        self._settings = settings
        self._tell = tell
        self._on_change = on_change
        self._watcher = watcher
        self._utc_s = utc_s
        self._steady_s = steady_s
        self._zone = zone
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._state = Pausing(self._load())
        self._kept = self._state.kept  # on disk
        self._around = Surroundings() if watcher is None else None
        _, self.verdict = self._state.looked(self._now(), self._wishes())
        self._told = self.limits()

    def _load(self) -> Kept:
        try:
            return self._file.load() or Kept()
        except StateError as error:  # nobody is hurt by a node that helps
            log.warning("the pause that was kept is lost reason=%s", error)
            return Kept()

    @property
    def around(self) -> Surroundings:
        return self._around or Surroundings()

    def limits(self) -> Limits:
        """For the vault in use."""
        return limits_of(self._settings(), self.verdict)

    def hold(self) -> str:
        """Why no version may be tried out now; "" if one may."""
        return pauses.no_trial() if self.verdict.is_paused else ""

    async def run(self) -> None:
        """Look around again and again, until cancelled."""
        while True:
            self._wake.clear()
            if self._watcher is not None:
                found = await self._watcher.look()
                if found != self._around:
                    self._around = found
                    self._on_change()
            async with self._lock:
                await self._judge(self._state)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.1, self.verdict.look_in_s)):
                    await self._wake.wait()

    async def pause(self, lasts: Lasts) -> None:
        """A person wants it.  Raises StateError when it could not be kept; then nothing has changed."""
        async with self._lock:
            await self._decide(self._state.paused(lasts, self._now()))

    async def resume(self) -> None:
        """A person wants the node to go on.  Raises StateError when that could not be kept; nothing has changed."""
        async with self._lock:
            await self._decide(self._state.resumed(self._now(), self._wishes()))

    async def settings_changed(self) -> None:
        async with self._lock:
            await self._judge(self._state)

    async def _decide(self, state: Pausing) -> None:
        if state.kept != self._kept:
            await asyncio.to_thread(self._file.save, state.kept)
            self._kept = state.kept
        await self._judge(state)
        self._wake.set()

    async def _judge(self, state: Pausing) -> None:
        reasons, is_eased = self.verdict.reasons, self.verdict.is_eased
        self._state, self.verdict = state.looked(self._now(), self._wishes())
        if self._state.kept != self._kept:  # it ended by itself: if that is lost, it is found to have ended once more
            with contextlib.suppress(StateError):
                await asyncio.to_thread(self._file.save, self._state.kept)
                self._kept = self._state.kept
        if (reasons, is_eased) != (self.verdict.reasons, self.verdict.is_eased):
            kinds = ", ".join(one.kind for one in self.verdict.reasons)
            log.info("paused for=%s eased=%s", kinds or "nothing", self.verdict.is_eased)
            self._on_change()
        limits = self.limits()
        if limits != self._told:
            self._told = limits
            await self._tell(limits)

    def _wishes(self) -> Wishes:
        settings = self._settings()
        return Wishes(
            pauses_on_battery=settings.pauses_on_battery, pauses_on_metered=settings.pauses_on_metered,
            eases_in_use=settings.eases_in_use, hours=settings.hours, are_any=self._watcher is not None,
        )  # fmt: skip

    def _now(self) -> Look:
        if hasattr(time, "tzset"):
            time.tzset()  # else a process keeps the time zone in which it was started, wherever it is carried
        return Look(self._steady_s(), self._utc_s(), self._around, self._zone)
