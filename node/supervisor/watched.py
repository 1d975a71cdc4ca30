"""One run of the vault and what the supervisor knows of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from node.supervisor.ports import Run


@dataclass(slots=True)
class Watched:
    """A run and what is known of it.  Times are the event loop's."""

    run: Run
    tree_hash: str
    started_s: float
    answered_s: float
    listened_s: float | None = None
    record: bytes = b""  # encoded PeerRecord, as it last gave it
    is_record_kept: bool = False
    is_told: bool = False  # what changed while it started
    renew_after_s: float = 0.0  # no renewal before this
    listening: asyncio.Event = field(default_factory=asyncio.Event)

    def listens(self, now_s: float, record: bytes) -> None:
        """Note that it said, for the first time or again, where it can be reached."""
        if self.listened_s is None:
            self.listened_s = self.answered_s = now_s
            self.listening.set()
        self.record = record
        self.is_record_kept = False
