"""When a running trial is written down: soon after anything that matters, and else once in a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from node.api import texts
from node.update.trials.observations import Observer
from node.update.trials.state import KeptTrial, Log, TrialFile
from node.update.waiting import to_its_end

KEEP_S: Final = 2.0  # the pace at which it is looked for what matters; a lively trial is written that often
KEEP_S_MAX: Final = 300.0  # so much of a trial may be lost at most, while nothing happens that matters

log = logging.getLogger(__name__)


class Keeper:
    """Keeps one trial in its file.  Belongs to one event loop.

    ``describe`` gives all there is to keep, ``mark`` differs from the one before when something happened that must
    not be forgotten; a chunk that was acknowledged is always such a thing.  ``trouble`` is why the disk refuses it; ""
    while it does not.
    """

    def __init__(
        self,
        file: TrialFile,
        observer: Observer,
        describe: Callable[[], KeptTrial],
        mark: Callable[[], object],
    ) -> None:
        self._file = file
        self._observer = observer
        self._describe = describe
        self._mark = mark
        self.trouble = ""
        self._kept_mark: object = None
        self._kept_at_s = 0.0
        self._keeping = asyncio.Lock()

    async def run(self) -> None:
        """Keep it whenever it is due, until cancelled."""
        while True:
            await asyncio.sleep(KEEP_S)
            is_new = self._mark() != self._kept_mark or bool(self._unkept())
            if is_new or self._now() - self._kept_at_s >= KEEP_S_MAX:
                await self.keep()

    async def keep(self) -> None:
        """Keep it now.  Where the disk refuses, what was kept before will have to do."""
        async with self._keeping:
            mark, news = self._mark(), self._unkept()
            try:
                await to_its_end(partial(self._file.save, self._describe(), news))
            except OSError as error:
                log.warning("the trial could not be kept reason=%s", error)
                self.trouble = texts.disk_refuses(error)
                return
            self.trouble = ""
            self._kept_mark, self._kept_at_s = mark, self._now()

    def _unkept(self) -> tuple[tuple[Log, bytes], ...]:
        return self._file.unkept(self._observer.acknowledged, self._observer.handed_over)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
