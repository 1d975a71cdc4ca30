"""What no release needs any longer is removed: when the way of one ends, of a vault or of an app, and at each start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial

from node.update.jobs import Means
from node.update.judging import Judge
from node.update.records import in_use_before, watched
from node.update.store import Record
from node.update.waiting import to_its_end

log = logging.getLogger(__name__)


class Cleaning:
    """Belongs to one event loop.  ``records`` and ``lock`` are the driver's own: nothing is begun meanwhile."""

    def __init__(
        self,
        records: Mapping[str, Record],
        lock: asyncio.Lock,
        judge: Judge,
        means: Means,
        look_again: Callable[[], None],
    ) -> None:
        self._records = records
        self._lock = lock
        self._judge = judge
        self._means = means
        self._look_again = look_again
        self._is_due = self._is_of_a_vault = False

    def ask(self, *, is_of_a_vault: bool = False) -> None:
        """A way has ended or is put off, or a watch is over.

        If ``is_of_a_vault``, no release of a vault is on its way, nor is a trial held.
        """
        self._is_due, self._is_of_a_vault = True, self._is_of_a_vault or is_of_a_vault
        self._look_again()

    async def turn(self) -> None:
        """Do what was asked for since the last turn."""
        if self._is_due:
            async with self._lock:
                await (self.after_a_vault() if self._is_of_a_vault else self._of_slots())

    async def after_a_vault(self) -> None:
        """Remove all that is left of trials, and what no release needs of slots, at once.  The lock is held."""
        self._is_of_a_vault = False
        await to_its_end(partial(_remove_trials, self._means))
        await self._of_slots()

    async def _of_slots(self) -> None:
        apps, self._is_due = self._means.apps, False
        await to_its_end(partial(_drop_kept, self._means, self._on_the_way(), self._proven()))
        async with apps.held_still():
            newest = (release for release in self._judge.newest if release.layer == "vault")
            carried = [release.tree_hash for release in newest]  # what was found of it here binds nobody else
            trees = [*self._on_the_way(), *self._gone_back_to(), *carried, *apps.trees()]
            await to_its_end(partial(_remove_slots, self._means, trees))

    def _on_the_way(self) -> list[str]:
        seen = watched(self._records.values())
        return [r.release.tree_hash for r in self._records.values() if not r.way.is_over or r is seen]

    def _proven(self) -> list[str]:
        """Which versions, if one of them is in use, is there for good: none while one is still watched."""
        known = self._records.values()
        return [] if watched(known) else [r.release.tree_hash for r in known if r.way.phase == "confirmed"]

    def _gone_back_to(self) -> list[str]:
        """Which version is again the one before that in use, where the release that is on its way fails."""
        known = self._records.values()
        return [in_use_before(record.way.baseline, known) for record in known if not record.way.is_over]


def _remove_trials(means: Means) -> None:
    """Blocking."""
    means.store.drop_result()
    try:
        means.store.running.drop()
        means.store.decoy.drop()  # one that was cut off: its folders go, too
        means.trials.remove_all()
    except OSError as error:
        log.warning("leftovers of a trial could not be removed reason=%s", error)


def _drop_kept(means: Means, on_the_way: Collection[str], proven: Collection[str]) -> None:
    """Blocking.  What is kept of the store because of those that are ``on_the_way`` stays."""
    try:
        in_use = means.slots.pointer("vault")
    except OSError as error:
        log.warning("what is kept of the store stays for now reason=%s", error)
        return
    if in_use is not None:
        is_old = means.utc_s() - in_use.since_s >= means.profile.way_back_s
        means.kept.drop(in_use.current, on_the_way, is_for_good=is_old or in_use.current in proven)


def _remove_slots(means: Means, trees: Collection[str]) -> None:
    """Blocking."""
    try:
        means.slots.remove_unused(trees)
    except OSError as error:
        log.warning("leftovers of a release could not be removed reason=%s", error)
