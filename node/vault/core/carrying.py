"""What a vault carries beside its chunks: the files that the newest head names, so that no close group can hide them.

They lie in memory, count for no quota and are kept by no lease: the supervisor hands them in after every start, and
drops them when a newer head names others.  Whoever asks for one gets it as any chunk.  Nobody is promised anything:
an audit is answered from the disk alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

CARRIED_BYTES_MAX: Final = 16 << 20  # a release of the vault has some hundred kB, a hybrid root of five pods 58


class Carried:
    """Invariant: at most CARRIED_BYTES_MAX, each under its own address."""

    def __init__(self) -> None:
        self._objects: dict[bytes, bytes] = {}
        self._size_bytes = 0

    def get(self, address: bytes) -> bytes | None:
        return self._objects.get(address)

    def take(self, content: bytes) -> bool:
        """Carry this too; whether there was room for it."""
        address = hashlib.sha256(content).digest()
        if address not in self._objects:
            if self._size_bytes + len(content) > CARRIED_BYTES_MAX:
                return False
            self._objects[address] = content
            self._size_bytes += len(content)
        return True

    def drop_all_but(self, addresses: Iterable[bytes]) -> None:
        wanted = set(addresses)
        self._objects = {address: content for address, content in self._objects.items() if address in wanted}
        self._size_bytes = sum(map(len, self._objects.values()))
