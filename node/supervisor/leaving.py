"""Chunks that the vault in use gives to others: while it shrinks, and before it ends for good."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from node.api import health, schema
from node.supervisor.ports import Run
from node.vault import control

LEAVE_S: Final = 20.0  # in which a vault that is stopped hands its chunks over; more than a person waits for

log = logging.getLogger(__name__)


class Handing:
    """How far the current run is with handing chunks over.  Its begin and its end stand in the log."""

    def __init__(self) -> None:
        self.now: schema.Handover | None = None
        self._is_leaving = False

    def heard(self, report: control.HandedOver) -> None:
        """Take what the vault says of it."""
        if not self._is_leaving:  # else ``leave`` writes the log
            if self.now is None:
                log.info("shrinking begun left=%d", report.done + report.left)
            if report.is_over:
                log.info("shrinking ended done=%d left=%d", report.done, report.left)
        is_past = report.is_over and not self._is_leaving
        self.now = None if is_past else schema.Handover(report.done, report.left)

    def forget(self) -> None:
        """The run has ended, or another one begins."""
        self.now = None

    async def leave(
        self, run: Run, handover_s: float, hurried: asyncio.Event, before: Callable[[], Awaitable[None]]
    ) -> None:
        """Await ``before``, then drain the vault; return when it has ended, or at once when ``hurried`` is set.

        Whoever is in a hurry has to kill the vault.
        """

        async def drain() -> None:
            await before()
            await run.drain(handover_s)

        self._is_leaving, self.now = True, None
        log.info("leaving begun handover_s=%.0f", handover_s)
        leaving = asyncio.create_task(drain())
        hurrying = asyncio.create_task(hurried.wait())
        try:
            await asyncio.wait({leaving, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reached = self.now or schema.Handover(0, 0)
            log.info("leaving ended done=%d left=%d hurried=%s", reached.done, reached.left, hurried.is_set())
            leaving.cancel()
            hurrying.cancel()
            await asyncio.gather(leaving, hurrying, return_exceptions=True)


def farewell(figures: control.State | None, handover: schema.Handover | None) -> str:
    """What was reached with handing chunks over, from the last figures of a vault; "" if there was nothing to do."""
    are_others_there = figures is not None and figures.peer_count > 0
    if handover is None and figures is not None and figures.chunk_count and not are_others_there:
        handover = schema.Handover(0, figures.chunk_count)
    return health.left(handover, are_others_there=are_others_there) if handover is not None else ""
