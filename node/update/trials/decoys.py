"""Decoy trials: now and then the version in use beside itself, in every way like a real trial.

They measure by how much two equal twins differ on this computer, and blur for everyone outside who is on trial.
Nothing comes of one but figures.  While no release is on its way, each moment is as likely as any other to begin one,
so there is nothing to remember and nothing to guess.  One that is cut off goes on when it could begin, as a trial does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from functools import partial
from typing import Final

from node.api.schema import SelfMeasurement
from node.trial.verdict import Progress
from node.update.errors import StateUnreadable
from node.update.jobs import Means, make_sure_of
from node.update.trials.order import TrialOrder
from node.update.trials.rehearsal import TrialResult
from node.update.trials.run import TrialRun
from node.update.waiting import Owned, to_its_end

KEPT_MAX: Final = 24  # two years of them
NUMBER: Final = 0  # of a trial that is of no release

log = logging.getLogger(__name__)


class Decoys:
    """All decoy trials of one home, one at a time.  Belongs to one event loop; whoever makes it calls ``put_down``."""

    def __init__(self, means: Means, every_s: float) -> None:
        """``every_s``: of idle time, from one to the next, on average; infinity for never.  Blocking."""
        self._means = means
        self._every_s = every_s
        self._considered_s: float | None = None
        self._trial = Owned()
        self._run: TrialRun | None = None
        self.is_cut = means.store.decoy.is_there  # one was cut off, and waits to go on
        self.measured = means.store.load_decoys()  # newest first

    @property
    def is_running(self) -> bool:
        return self._trial.is_running

    async def turn(self, in_use: str | None, now_s: float, *, is_seen: bool) -> None:
        """Begin one if chance has it; called again and again.

        ``in_use`` is None while a release is on its way, or none could be taken up: that ends one that runs.
        ``is_seen``: enough others show the newest head; without that no real trial would begin.
        """
        if in_use is None:
            await self.stop()
        elif is_seen or self.is_running:
            self._consider(in_use, now_s)

    def host_fault(self, what: str, *, is_brief: bool = False) -> None:
        if self._run is not None:
            self._run.host_fault(what, is_brief=is_brief)

    async def stop(self) -> None:
        """End the one that runs, without a result: a release is on its way."""
        is_running = self.is_running
        await self.put_down()
        if is_running:
            await to_its_end(self._clean_up)

    async def put_down(self) -> None:
        """Stop the one that runs, which goes on after the next start."""
        self._considered_s = None
        await self._trial.stop()

    def _consider(self, in_use: str, now_s: float) -> None:
        idle_s = 0.0 if self._considered_s is None else now_s - self._considered_s
        self._considered_s = now_s
        if self.is_running:
            return
        if self.is_cut or self._means.random.random() < -math.expm1(-idle_s / self._every_s):
            self._trial.begin(self._hold(in_use, is_new=not self.is_cut), name="decoy trial")
            self.is_cut = False

    async def _hold(self, in_use: str, *, is_new: bool) -> None:
        try:
            self._run = await asyncio.to_thread(self._prepared, in_use, is_new=is_new)
            await self._keep(in_use, await self._run.run(), self._run.progress)
        except Exception as error:  # noqa: BLE001 - the edge of a task: whatever it is, it concerns no release
            log.info("a decoy trial could not be held reason=%s", error)
        finally:
            self._run = None
        await to_its_end(self._clean_up)  # not when it is cancelled: it may go on

    def _prepared(self, in_use: str, *, is_new: bool) -> TrialRun:
        """A new one, or the one that was cut off.  Blocking.

        Raises:
            StateUnreadable, UnreadableTrial: What was kept of it is of no use.
            UpdateError, OSError: The slot is damaged, or the disk refuses.
        """
        means, cut = self._means, None
        if is_new:
            means.store.decoy.drop()
            means.trials.remove_all()
        else:
            cut = means.store.decoy.load()
            if cut is None or any(twin.tree_hash != in_use for twin in cut.kept.twins.values()):
                raise StateUnreadable("what was kept of it is of another version")
        make_sure_of(means, (in_use,))
        started_s = means.utc_s() if cut is None else cut.kept.started_s
        order = TrialOrder(
            number=NUMBER, started_s=started_s, candidate=in_use, control=in_use, folders=means.trials,
            quota_bytes=means.quota_bytes() if cut is None else cut.kept.quota_bytes, profile=means.profile,
            announced_s=started_s, known_since=means.rollouts.known_since,
        )  # fmt: skip
        return TrialRun(
            order, means.host, means.store.decoy, cut, random=means.random, entropy=means.entropy, utc_s=means.utc_s
        )

    async def _keep(self, in_use: str, result: TrialResult, progress: Progress) -> None:
        noise: dict[str, float] = {one.name: one.sd for one in progress.noise if one.n > 1}
        log.info("measured itself outcome=%s blocks=%d noise=%s", result.outcome, progress.blocks, noise)
        if noise:
            figures = SelfMeasurement(self._means.utc_s(), in_use, result.outcome, progress.blocks, noise)
            self.measured = (figures, *self.measured)[:KEPT_MAX]
            await to_its_end(partial(self._means.store.save_decoys, self.measured))
            self._means.on_change()

    def _clean_up(self) -> None:
        with contextlib.suppress(OSError):  # the next trial removes them before it begins
            self._means.store.decoy.drop()
            self._means.trials.remove_all()
