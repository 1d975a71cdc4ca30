"""One run of the vault and what the supervisor knows of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from node.api import texts
from node.supervisor.errors import VaultUnavailable
from node.supervisor.ports import Run


@dataclass(slots=True)
class Watched:
    """A run and what is known of it.  Times are the event loop's."""

    run: Run
    tree_hash: str
    started_s: float
    answered_s: float
    listened_s: float | None = None
    is_record_kept: bool = False
    is_told: bool = False  # what changed while it started
    renew_after_s: float = 0.0  # no renewal before this
    _listening: asyncio.Event = field(default_factory=asyncio.Event)

    def listens(self, now_s: float) -> None:
        """Note that it said, for the first time or again, where it can be reached."""
        if self.listened_s is None:
            self.listened_s = self.answered_s = now_s
            self._listening.set()
        self.is_record_kept = False

    async def reachable(self, timeout_s: float) -> None:
        """Return once it listens; it may say so before or after it is done with what made it listen.

        Raises:
            VaultUnavailable: It ended, or did not listen in time.
        """
        hearing = asyncio.create_task(self._listening.wait())
        await asyncio.wait((hearing, self.run.exited), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        hearing.cancel()
        if self.listened_s is None:
            raise VaultUnavailable(texts.vault_not_listening(timeout_s))
