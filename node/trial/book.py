"""Whom the farm's own vault has really met, under which commitment, and since when: whose word on a release may count.

    met --> known before under the same commitment: seen again       under another one: known since now
        `-> new: takes a free place, or that of one that was not seen for STALE_S; else it is turned away

Identities are free, old ones are not.  So newcomers push nobody out who is still about; a subnet, and the block of
addresses around it, hold no more than a few places however many identities they bring; and nobody can have been met
earlier than it was.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from node.trial.membership import COMMITMENT_BYTES
from node.trial.stored import decoded

ENTRIES_MAX: Final = 4_096
SUBNET_ENTRIES_MAX: Final = 4  # a home has its own vault and, now and then, two of a trial
BLOCK_ENTRIES_MAX: Final = ENTRIES_MAX // 16  # of a /16 (IPv4) or /32 (IPv6), which one party may well own
BLOCK_BITS: Final = {4: 16, 6: 32}
STALE_S: Final = 30 * 24 * 3600.0
BOOK_BYTES_MAX: Final = 1 << 20
SUBNET_CHARACTERS_MAX: Final = 64
VAULT_ID_BYTES: Final = 32

_Id = Annotated[bytes, Meta(min_length=VAULT_ID_BYTES, max_length=VAULT_ID_BYTES)]
_Commitment = Annotated[bytes, Meta(min_length=COMMITMENT_BYTES, max_length=COMMITMENT_BYTES)]
_Subnet = Annotated[str, Meta(max_length=SUBNET_CHARACTERS_MAX)]


class UnreadableBook(ValueError):
    """What was kept is no book.  Begin an empty one: its entries only have to grow old again."""


class Acquaintance(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A vault that was met from ``subnet``, and has been known under ``commitment`` since ``first_s`` (UTC)."""

    vault_id: _Id
    subnet: _Subnet
    commitment: _Commitment
    first_s: float
    seen_s: float


class Book:
    """Invariants: at most ENTRIES_MAX, SUBNET_ENTRIES_MAX of a subnet, BLOCK_ENTRIES_MAX of a block of addresses."""

    def __init__(self, entries: Iterable[Acquaintance] = ()) -> None:
        self._entries: dict[bytes, Acquaintance] = {}
        self._subnets: Counter[str] = Counter()
        self._blocks: Counter[str] = Counter()
        for entry in entries:
            self._enter(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Acquaintance]:
        return iter(tuple(self._entries.values()))

    def get(self, vault_id: bytes) -> Acquaintance | None:
        return self._entries.get(vault_id)

    def met(self, vault_id: bytes, subnet: str, commitment: bytes, now_s: float) -> bool:
        """Note that the vault was met; whether it stands in the book now.  ``now_s`` is UTC.

        It keeps the subnet from which it was met first: what it moves to may be crowded already.
        """
        if len(vault_id) != VAULT_ID_BYTES or len(commitment) != COMMITMENT_BYTES:
            return False  # without a commitment it can enrol nowhere
        known = self._entries.get(vault_id)
        if known is not None:
            first_s = known.first_s if known.commitment == commitment else now_s
            # A clock that was set back must not make it known for longer, and one set forward not for ever.
            again = Acquaintance(vault_id, known.subnet, commitment, min(first_s, now_s), now_s)
            self._entries[vault_id] = again
            return True
        return self._enter(Acquaintance(vault_id, subnet, commitment, now_s, now_s))

    def known_since(self, before_s: float) -> tuple[Acquaintance, ...]:
        """Those whose commitment has stood here since ``before_s`` (UTC) or longer, the oldest first."""
        old = [entry for entry in self._entries.values() if entry.first_s <= before_s]
        return tuple(sorted(old, key=lambda entry: entry.first_s))

    def dump(self) -> bytes:
        return msgspec.msgpack.encode(tuple(self._entries.values()))

    @classmethod
    def load(cls, content: bytes) -> Book:
        """Raises UnreadableBook."""
        return cls(decoded(content, tuple[Acquaintance, ...], BOOK_BYTES_MAX, UnreadableBook, "book"))

    def _enter(self, entry: Acquaintance) -> bool:
        """Give a new vault a place, if it may have one."""
        block = _block_of(entry.subnet)
        if not block or entry.vault_id in self._entries:
            return False
        if self._subnets[entry.subnet] >= SUBNET_ENTRIES_MAX:
            is_free = self._drop_stalest(entry.seen_s, subnet=entry.subnet)
        elif self._blocks[block] >= BLOCK_ENTRIES_MAX:
            is_free = self._drop_stalest(entry.seen_s, block=block)
        else:
            is_free = len(self._entries) < ENTRIES_MAX or self._drop_stalest(entry.seen_s)
        if is_free:
            self._entries[entry.vault_id] = entry
            self._subnets[entry.subnet] += 1
            self._blocks[block] += 1
        return is_free

    def _drop_stalest(self, now_s: float, *, subnet: str = "", block: str = "") -> bool:
        """Drop the one that was not seen for longest, of those in that subnet or block; whether one was stale."""
        stale = [
            entry
            for entry in self._entries.values()
            if now_s - entry.seen_s >= STALE_S
            and (not subnet or entry.subnet == subnet)
            and (not block or _block_of(entry.subnet) == block)
        ]
        if not stale:
            return False
        dropped = min(stale, key=lambda entry: entry.seen_s)
        del self._entries[dropped.vault_id]
        self._subnets[dropped.subnet] -= 1
        self._blocks[_block_of(dropped.subnet)] -= 1
        return True


def _block_of(subnet: str) -> str:
    """The block of addresses around a subnet; "" if it is none."""
    try:
        network = ipaddress.ip_network(subnet)
        return str(network.supernet(new_prefix=BLOCK_BITS[network.version]))
    except ValueError:
        return ""
