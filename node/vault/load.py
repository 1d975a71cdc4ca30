"""How much a vault is asked, and by whom most: the part of the control contract that shows who keeps a vault busy.

Counted is every request that reaches the vault, whatever becomes of it.

Beside that a vault counts its *work*: all that anyone can have it do, in requests of the shortest kind, each of which
takes a vault 1 to 3 ms of processor time.  For a request says little of that: one for a whole chunk takes ten times as
much, and whoever only connects again and again asks nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

SINCE_CONTROL_VERSION: Final = 3
ASKERS_KEPT_MAX: Final = 64
WORK: Final = "work"  # as a counter of a State: in this run of the vault
WORK_BYTES: Final = 1 << 17  # of a question and its answer, that are as much work as a short request


def work_of(length: int) -> int:
    """What a request is, of so many bytes together with its answer."""
    return 1 + length // WORK_BYTES


class Load(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Of ``all`` requests the vault ``by`` sent ``most``, or up to one in ASKERS_KEPT_MAX more."""

    all: int
    most: int
    by: bytes


class Askers:
    """Counts requests by vault id.

    Invariant: at most ASKERS_KEPT_MAX are told apart.  One more costs each of them one request, so whoever asked more
    than one in ASKERS_KEPT_MAX of all is among them, however many identities others make (Misra and Gries, 1982).
    """

    def __init__(self) -> None:
        self._all = 0
        self._counts: dict[bytes, int] = {}

    def asked(self, vault_id: bytes) -> None:
        self._all += 1
        if vault_id in self._counts or len(self._counts) < ASKERS_KEPT_MAX:
            self._counts[vault_id] = self._counts.get(vault_id, 0) + 1
        else:
            self._counts = {other: count - 1 for other, count in self._counts.items() if count > 1}

    def take(self) -> Load:
        """What came since the last take."""
        by = max(self._counts, key=lambda vault_id: self._counts[vault_id], default=b"")
        load = Load(self._all, self._counts.get(by, 0), by)
        self._all, self._counts = 0, {}
        return load
