"""What peers have signed to keep: the receipts that can be held against them.

A home holds tens of thousands of chunks, each with some others, and renews all of their receipts in a round; of those
that came last none would be there any more when the round comes by again.  So receipts of a part of all addresses are
kept, of each of these all of them, and which part that is nobody else knows: whoever loses chunks loses some of it.

Source: resources/handbook/decisions/0066-what-a-home-proves-in-a-day.md.
"""

from __future__ import annotations

import hashlib
from typing import Final

from node.vault.core.messages import HeldReceipt
from node.vault.core.proofs import LEASE_S
from node.vault.ports import Entropy

RECEIPTS_KEPT: Final = 10_000
DRAW_BYTES: Final = 8
DRAWS: Final = 1 << 8 * DRAW_BYTES
SECRET_BYTES: Final = 32
WIDEN_BELOW: Final = RECEIPTS_KEPT // 4


class Receipts:
    """Invariant: at most RECEIPTS_KEPT are kept, and none of an address outside of the part.

    As long as all have room, the part is everything.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._secret = b""  # of this run, once a part is left out
        self._part = DRAWS  # addresses are in it whose draw is lower
        self._kept: dict[tuple[bytes, bytes], HeldReceipt] = {}  # the longest not renewed first

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, vault_id: bytes, receipt: HeldReceipt) -> None:
        """In the place of what that vault signed for the same chunk before."""
        key = vault_id, receipt.receipt.address
        self._kept.pop(key, None)
        if self._is_in_part(key[1]):
            self._kept[key] = receipt
        while len(self._kept) > RECEIPTS_KEPT:
            self._secret = self._secret or self._entropy(SECRET_BYTES)
            self._part = self._part * 7 // 8
            self._kept = {key: kept for key, kept in self._kept.items() if self._is_in_part(key[1])}

    def get(self, vault_id: bytes, address: bytes) -> HeldReceipt | None:
        return self._kept.get((vault_id, address))

    def forget(self, vault_id: bytes, address: bytes) -> None:
        self._kept.pop((vault_id, address), None)

    def tick(self, utc_s: float) -> None:
        """Forget what nobody renews any more, and keep more again when there are few."""
        while self._kept:
            key, first = next(iter(self._kept.items()))
            if first.receipt.at_s + LEASE_S > utc_s:  # what was signed for longer is not kept for longer
                break
            del self._kept[key]
        if len(self._kept) < WIDEN_BELOW:
            self._part = min(DRAWS, 2 * self._part + 1)

    def _is_in_part(self, address: bytes) -> bool:
        if self._part == DRAWS:
            return True
        drawn = hashlib.blake2b(address, digest_size=DRAW_BYTES, key=self._secret).digest()
        return int.from_bytes(drawn, "big") < self._part
