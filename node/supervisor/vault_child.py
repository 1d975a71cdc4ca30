"""The vault in use: started, watched, certified anew, and handed over to another version.

One task does it all, one thing after the other, so that a handover, an exit and the end of the supervisor
never meet halfway:

              start            Listening              exit, silence
    WAITING ---------> STARTING ---------> LISTENING ---------------.
       ^                  |                    |                    |
       |                  | exit, time-out     | switch             |
       |  delay over      v                    v                    |
       '-------------- (Watchdog) <------ handover fails            |
                          ^                    |  succeeds          |
                          |                    '---> LISTENING      |
                          '-----------------------------------------'
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from node.api import schema, texts
from node.supervisor.errors import RequestRefused, SupervisorError, SwitchFailed, SwitchImpossible, VaultUnavailable
from node.supervisor.keys import Keys
from node.supervisor.launch import activate, same_port, stood_by
from node.supervisor.leaving import Handing
from node.supervisor.ports import ASK_S, Launcher, Run, Surroundings
from node.supervisor.succession import HandedVault
from node.supervisor.switching import Switch, failed_by
from node.supervisor.watchdog import STEADY_S, Watchdog
from node.supervisor.watched import Watched, start_watching, watched_on
from node.update.errors import UpdateError
from node.vault import control
from node.vault.noting import Met

POLL_S: Final = 5.0
POLL_YOUNG_S: Final = 1.0  # at first, when its neighbours appear
YOUNG_S: Final = 15.0
ACTIVATE_S: Final = 20.0
SILENCE_S_MAX: Final = 60.0  # a vault that answers nothing for so long hangs and is ended
FAILURES_ON_PORT: Final = 2  # after so many failures in a row the port is no longer insisted on
SWITCHES_MAX: Final = 4  # that may wait for one another

log = logging.getLogger(__name__)


class VaultChild:
    """Keeps exactly one vault running in the home's data directory, whatever happens to it."""

    def __init__(
        self,
        *,
        tree_hash: str,
        record: bytes,
        bind: str,
        keys: Keys,
        launcher: Launcher,
        surroundings: Surroundings,
        utc_s: Callable[[], float] = time.time,
        inherited: HandedVault | None = None,
    ) -> None:
        """``inherited``: the vault that the program before in this process has left running."""
        self._tree_hash = inherited.tree_hash if inherited is not None else tree_hash
        self._inherited = inherited
        self._configured_bind = bind
        self._bind = same_port(bind, record)
        self.keys = keys
        self._launcher = launcher
        self._around = surroundings
        self._utc_s = utc_s
        self._watched: Watched | None = None
        self._standby: Watched | None = None  # the new vault during a handover
        self._watchdog = Watchdog()
        self._start_at_s = 0.0
        self._switches: list[Switch] = []
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._hurried = asyncio.Event()
        self._handing = Handing()
        self._is_left_on = False
        self.is_stopping = False
        self.leave_s = 0.0  # in which the vault may hand its chunks over, once it is being stopped
        self.has_met = False  # whether there were other vaults, in this run or an earlier one
        self.record = record  # encoded PeerRecord of the newest run, for others to find it by
        self.state: control.State | None = None  # the newest figures of the current run
        self.failure = ""  # why the vault last ended or did not start

    @property
    def tree_hash(self) -> str:
        """The version in use: the one that runs, or is started again and again."""
        return self._tree_hash

    @property
    def run(self) -> Run | None:
        return self._watched.run if self._watched else None

    @property
    def is_listening(self) -> bool:
        return self._watched is not None and self._watched.listened_s is not None

    @property
    def failures(self) -> int:
        """How often in a row the vault did not start or ended by itself."""
        return self._watchdog.failures_in_a_row

    @property
    def handover(self) -> schema.Handover | None:
        """How far the current run is with handing chunks over; None while it does not."""
        return self._handing.now

    def silent_s(self) -> float | None:
        """Seconds since the vault last answered; ``None`` if it is not reachable yet."""
        if self._watched is None or self._watched.listened_s is None or self.state is None:
            return None
        return self._now() - self._watched.answered_s

    def up_s(self) -> float:
        """How long the vault has been reachable, in seconds."""
        if self._watched is None or self._watched.listened_s is None:
            return 0.0
        return self._now() - self._watched.listened_s

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ASK_S) -> control.Report:
        """Send a command to the vault in use and return its answer.

        Raises:
            RequestRefused: The vault did not carry it out.
            VaultUnavailable: There is none, it did not answer in time, or it ended.
        """
        if self._watched is None or self._watched.listened_s is None:
            raise VaultUnavailable(texts.vault_unavailable())
        return await self._watched.run.ask(make, timeout_s)

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None:
        """Hand over to the version ``tree_hash``; nothing happens if it is in use already (``IN_USE``: anew).

        Cancelling the call does not stop the handover.

        Raises:
            SwitchFailed: It does not run; the version from before does, or is started again and again.  If it
                ``is_insisted`` on, this one is started again and again, and the other one never.
        """
        if self.is_stopping or len(self._switches) >= SWITCHES_MAX:
            raise SwitchFailed(texts.stays(texts.stopping()))
        switch = Switch(tree_hash, is_insisted)
        self._switches.append(switch)
        self._wake.set()
        await asyncio.shield(switch.done)

    async def wait_until_settled(self) -> None:
        """Return once the vault has answered, or has failed, for the first time."""
        await self._settled.wait()

    def stop(self, leave_s: float = 0.0) -> None:
        """Make ``keep_running`` drain the vault, which may hand over for ``leave_s``; called again, end it at once."""
        if self.is_stopping:
            self._hurried.set()
        else:
            self.is_stopping, self.leave_s = True, leave_s
        self._wake.set()

    def end(self, fault: str) -> None:
        """Have the vault in use ended for what was found, as if it had failed by itself; no harm if none runs."""
        if self._watched is not None:
            self._watched.fault = fault
            self._wake.set()

    def leave_on(self) -> None:
        """Make ``keep_running`` return while the vault goes on, for ``hand_on``."""
        self._is_left_on = True
        self._wake.set()

    async def hand_on(self) -> HandedVault | None:
        """Let go of the vault, which ``keep_running`` has left on; None if the next program has to start one."""
        watched, self._watched = self._watched, None
        return await watched.hand_on(self._now()) if watched is not None else None

    async def keep_running(self) -> None:
        """Keep the vault running until ``stop`` or ``leave_on``.  Cancelled, it kills the vault at once."""
        is_left_on = False
        try:
            if self._inherited is not None:
                await self._take_over(self._inherited)
            while not (self.is_stopping or self._is_left_on):
                self._wake.clear()
                if self._switches:
                    await self._answer(self._switches.pop(0))
                elif self._watched is not None:
                    await self._look_after(self._watched)
                elif self._now() >= self._start_at_s:
                    await self._start()
                await self._rest()
            is_left_on = not self.is_stopping
            if self._watched is not None and not is_left_on:
                await self._handing.leave(self._watched.run, self.leave_s, self._hurried, self._around.leaving)
        finally:
            for left in (None if is_left_on else self._watched, self._standby):
                if left is not None:
                    left.run.kill()
            self._watched, self._standby = self._watched if is_left_on else None, None
            for switch in self._switches:
                switch.fail(SwitchFailed(texts.stays(texts.stopping())))

    async def _rest(self) -> None:
        """Wait for the next thing to do."""
        if self._watched is None:
            pause_s = max(0.0, self._start_at_s - self._now())
        else:
            pause_s = POLL_YOUNG_S if self._now() - self._watched.started_s < YOUNG_S else POLL_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._wake.wait()

    # Starting.

    async def _start(self) -> None:
        """Start the version in use; if that fails, say so and set the time of the next attempt."""
        bind = self._bind if self.failures < FAILURES_ON_PORT else self._configured_bind
        try:
            self._tree_hash = await asyncio.to_thread(self._around.whole_slot, self._tree_hash)
            await self._around.store_rests(self._tree_hash)
            self._adopt(await self._launch(self._tree_hash, bind, is_standby=False))
        except VaultUnavailable as error:
            self._failed(str(error), up_s=0.0, is_late=error.is_late)
        except (SupervisorError, UpdateError, OSError) as error:  # this machine's fault, not the vault's
            self.failure = str(error)
            self._start_at_s = self._now() + self._watchdog.ended(0.0)
            log.warning("vault not started reason=%s", error)
        self._around.changed()

    async def _launch(self, tree_hash: str, bind: str, *, is_standby: bool) -> Watched:
        slot = await asyncio.to_thread(self._around.slot, tree_hash)
        key = await asyncio.to_thread(self.keys.new_run, self._utc_s())
        assignment = self._around.assignment(bind=bind, is_standby=is_standby)
        start = partial(self._launcher.start, slot, key, assignment)

        def known(run: Run) -> Watched:
            return Watched(run, tree_hash, self._now(), self._now(), given=assignment)

        watched = await start_watching(start, known, self._heard, self._wake.set)
        log.info("vault started tree=%s pid=%d standby=%s", tree_hash[:8], watched.run.pid, is_standby)
        return watched

    async def _take_over(self, handed: HandedVault) -> None:
        """Go on with the vault of the program before; if that cannot be, it is started anew."""
        take_over, known = partial(self._launcher.take_over, handed.run), partial(watched_on, handed, self._now())
        try:
            self._adopt(await start_watching(take_over, known, self._heard, self._wake.set))
        except (VaultUnavailable, OSError) as error:
            log.warning("vault not taken over reason=%s", error)

    def _adopt(self, watched: Watched) -> None:
        self._watched, self.state = watched, None
        self._handing.forget()
        if watched.record:
            self._take_record(watched)

    def _take_record(self, watched: Watched) -> None:
        """Let others find the farm where the vault in use says that it is; one that stands by has no say."""
        self.record = watched.record
        self._bind = same_port(self._configured_bind, watched.record)

    def _heard(self, watched: Watched, report: control.Report) -> None:
        """Take what a vault says by itself.  Runs in the event loop; must not wait."""
        match report:
            case control.Listening():
                if watched.listened_s is None:
                    self._wake.set()  # said again, it waits for the next look: a vault cannot hurry its supervisor
                watched.listens(self._now(), report.record)
                if watched is self._watched:
                    self._take_record(watched)
            case control.HeadSeen():
                self._around.head_seen(report)
            case Met():
                self._around.met(report)
            case control.HandedOver():
                if watched is self._watched:  # else it makes way for another one
                    self._handing.heard(report)
                    self._around.changed()
            case _:
                log.warning("vault said %s out of turn", type(report).__name__)

    # Watching.

    async def _look_after(self, watched: Watched) -> None:
        if why := await watched.why_over(self._now()):
            self._ended(watched, why)
            return
        if watched.listened_s is None:
            return
        if not watched.is_record_kept:
            await watched.keep_record(self._around.save_record)
        await watched.tell(self._around.listening)
        try:
            state = await watched.run.ask(control.GetState)
        except (VaultUnavailable, RequestRefused) as error:
            log.info("vault gave no state reason=%s", error)
            silent_s = self._now() - watched.answered_s
            if silent_s > SILENCE_S_MAX and not watched.run.exited.done():
                watched.run.kill()
                self._ended(watched, texts.vault_silent(silent_s))
        else:
            watched.answers(self._now())
            if isinstance(state, control.State):
                self.state = state
                self.has_met = self.has_met or state.peer_count > 0
            self._settled.set()
            if watched.is_renewal_due(self._now(), self._utc_s()):
                await watched.renew(self.keys, self._utc_s())
        if self._now() - watched.started_s > STEADY_S:
            self._watchdog.was_steady()
        self._around.changed()

    def _ended(self, watched: Watched, reason: str) -> None:
        up_s = 0.0 if watched.listened_s is None else self._now() - watched.listened_s
        self._watched = self.state = None
        self._handing.forget()
        self._failed(reason, up_s, is_late=watched.is_late)
        self._around.changed()

    def _failed(self, reason: str, up_s: float, *, is_late: bool = False) -> None:
        self.failure = reason
        delay_s = self._watchdog.ended(up_s)
        self._start_at_s = self._now() + delay_s
        log.warning("vault failed reason=%s up_s=%.0f next_start_s=%.0f", reason, up_s, delay_s)
        self._settled.set()
        self._around.vault_failed(reason, is_late=is_late)

    # Handing over.

    async def _answer(self, switch: Switch) -> None:
        try:
            if switch.tree_hash != self._tree_hash:
                await self._hand_over(switch.tree_hash or self._tree_hash)
        except SwitchFailed as error:
            log.warning("handover failed insisted=%s reason=%s", switch.is_insisted, error)
            if switch.is_insisted:
                await self._leave_for(switch.tree_hash)
            switch.fail(error)
        else:
            switch.succeed()
        self._wake.set()
        self._around.changed()

    async def _hand_over(self, tree_hash: str) -> None:
        """Prepare the new vault, end the old one, let the new one take its place.

        Which version is started after a power cut is up to the caller.

        Raises:
            SwitchFailed: The new one did not take over; the old one has been started again.
        """
        new = await self._stand_by(tree_hash)
        old_hash, old = self._tree_hash, self._watched
        if old is not None:
            self._watched = None
            await old.run.drain()
        await self._around.store_rests(tree_hash)
        try:
            await activate(new.run, new.listening, ACTIVATE_S)
        except (VaultUnavailable, RequestRefused) as error:
            new.run.kill()
            await asyncio.wait((new.run.exited,), timeout=ACTIVATE_S)  # it may be at the store until then
            await self._start()
            raise failed_by(error, texts.switch_failed(str(error), old_hash[:8])) from error
        self._tree_hash, self._watchdog, self.failure = tree_hash, Watchdog(), ""
        self._adopt(new)
        self._standby = None
        log.info("handed over tree=%s", tree_hash[:8])

    async def _leave_for(self, tree_hash: str) -> None:
        """End the vault in use, whatever the other one can do: what runs must not be able to stay by hindering it."""
        old, self._watched, self.state = self._watched, None, None
        if old is not None:
            await old.run.drain()
        self._handing.forget()
        self._tree_hash, self._watchdog, self._start_at_s = tree_hash, Watchdog(), self._now()

    async def _stand_by(self, tree_hash: str) -> Watched:
        """Start the new vault without a port; return it once it has opened the store."""
        try:
            self._standby = new = await self._launch(tree_hash, self._bind, is_standby=True)
        except VaultUnavailable as error:
            raise failed_by(error, texts.stays(str(error))) from error
        except (SupervisorError, UpdateError, OSError) as error:
            raise SwitchImpossible(texts.stays(str(error))) from error
        try:
            await stood_by(new.run)
        except (VaultUnavailable, RequestRefused) as error:
            new.run.kill()
            raise failed_by(error, texts.stays(str(error))) from error
        return new

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
