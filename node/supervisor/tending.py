"""What a twin is told and asked while it runs: the same, at the same pace, as the vault in use.

    listening -> files of the head, its share of the disk -> GetState, again and again
                 now and then: a certificate anew, whom it would keep, a newer head and its files

Nothing of what it answers is believed, or held against it: the trial judges by its own questions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.keys import RunKey
from node.supervisor.meeting import KEEP_FIRST_S, KEEP_S
from node.supervisor.ports import Run
from node.supervisor.vault_child import POLL_S, POLL_YOUNG_S, YOUNG_S
from node.supervisor.watched import Watched
from node.vault import control

Order = Callable[[int], control.Command]

ORDERS_MAX: Final = 1024  # that wait to be given; of more the oldest are left out


class Tending:
    """Looks after one run of a twin, from when it listens.  Belongs to the event loop of the run."""

    def __init__(
        self, run: Run, first: Callable[[], Sequence[Order]], renew: Callable[[RunKey], RunKey],
        utc_s: Callable[[], float], hear: Callable[[control.Report], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """``first`` returns what it is told once it listens; ``renew`` certifies its transport key anew.

        ``hear`` is told what it answers.
        """
        self._run = run
        self._first = first
        self._renew = renew
        self._utc_s = utc_s
        self._hear = hear
        self._orders: deque[Order] = deque(maxlen=ORDERS_MAX)
        self._wake = asyncio.Event()

    def tell(self, orders: Sequence[Order]) -> None:
        """Give it these orders as soon as it listens and has time."""
        self._orders.extend(orders)
        self._wake.set()

    async def keep_on(self, listening: asyncio.Event) -> None:
        """Look after it until cancelled; it is cancelled when the run has ended."""
        started_s = self._now()
        await listening.wait()
        self._orders.extendleft(reversed(self._first()))
        watched = Watched(self._run, "", started_s, started_s)
        contacts_at_s = self._now() + KEEP_FIRST_S
        while True:
            self._wake.clear()
            while self._orders:
                await self._give(self._orders.popleft())
            await self._give(control.GetState)
            if watched.is_renewal_due(self._now(), self._utc_s()):
                await self._certify()
            if self._now() >= contacts_at_s:
                contacts_at_s = self._now() + KEEP_S
                await self._give(control.GetContacts)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_YOUNG_S if self._now() - started_s < YOUNG_S else POLL_S):
                    await self._wake.wait()

    async def _certify(self) -> None:
        key = self._renew(self._run.key)
        if await self._give(lambda number: control.RenewCertificate(number, key.certificate)):
            self._run.key = key

    async def _give(self, order: Order) -> bool:
        """Whether it was carried out."""
        with contextlib.suppress(VaultUnavailable, RequestRefused):
            self._hear(await self._run.ask(order))
            return True
        return False

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
