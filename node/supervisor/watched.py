"""One run of the vault and what the supervisor knows of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from node.supervisor.ports import Run
from node.vault.core.identity import CERTIFICATE_S

RENEW_S: Final = 4 * 3600.0  # before the certificate ends
RENEW_PAUSE_S: Final = 300.0  # after a renewal that failed


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

    def is_renewal_due(self, now_s: float, utc_s: float) -> bool:
        """Whether to certify its key anew now; if it is not done, the next time is after RENEW_PAUSE_S.

        By the calendar: it goes on while the computer sleeps.
        """
        is_issued_later = self.run.key.expires_s - CERTIFICATE_S > utc_s  # the clock was set back
        is_due = utc_s >= self.run.key.expires_s - RENEW_S or is_issued_later
        if not is_due or now_s < self.renew_after_s:
            return False
        self.renew_after_s = now_s + RENEW_PAUSE_S
        return True
