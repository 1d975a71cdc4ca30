"""Whether the own vault id runs somewhere else, too: a home that was copied to another computer.

Of two runs the others count the one with the newer certificate, and refuse the older one all but that.  The farm's own
key has signed it, so nobody else can make it up; and the certificates of earlier runs are older.
"""

from __future__ import annotations

from collections.abc import Iterable

from node.vault.core.events import Now
from node.vault.core.identity import PeerRecord, check_record
from node.vault.errors import PeerError


class Double:
    """Knows when a newer run was last shown."""

    def __init__(self) -> None:
        self._shown_s: float | None = None

    def is_shown(self, own: PeerRecord, records: Iterable[PeerRecord], now: Now) -> bool:
        """Whether one of these, which somebody shows, is of a newer run of the own vault."""
        is_newer = any(_is_newer(record, own, now) for record in records)
        if is_newer:
            self._shown_s = now.monotonic_s
        return is_newer

    def age_s(self, now: Now) -> float | None:
        """Since one was last shown; None: never in this run."""
        return None if self._shown_s is None else max(0.0, now.monotonic_s - self._shown_s)


def _is_newer(record: PeerRecord, own: PeerRecord, now: Now) -> bool:
    if record.vault_id != own.vault_id or record.certificate.serial <= own.certificate.serial:
        return False
    try:
        check_record(record, now.utc_s)
    except PeerError:
        return False
    return True
