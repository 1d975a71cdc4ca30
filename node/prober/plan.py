"""PURE: what to ask the twins next.

Chunks are drawn until their address lies so near to the twins that both belong to its close group.  Puts come
first and go on at PUT_SHARE; reads go to chunks that both twins have acknowledged, drawn at random from all of
them, so that a chunk dropped at any time is asked for sooner or later.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Final, NamedTuple

from node.prober.control import Kind
from node.vault.core.identity import distance
from node.vault.ports import Random

PUT_SHARE: Final = 0.25
GET_SHARE: Final = 0.5  # the rest are audits
DOUBTED_SHARE: Final = 0.1  # of the questions, while there is a chunk that was not served
DOUBTED_MAX: Final = 64
CHUNKS_KEPT_MAX: Final = 20_000
READABLE_MIN: Final = 8  # chunks stored before the first read
NEAR_BITS: Final = 4  # of the address equal to the twins' position
DRAWS_MAX: Final = 256
POSITION_BITS: Final = 256


class Question(NamedTuple):
    """One request for both twins; ``content`` only for a put, ``first`` is 0 or 1."""

    kind: Kind
    address: bytes
    content: bytes
    first: int


class Plan:
    """Draws questions; holds the addresses that both twins have acknowledged."""

    def __init__(self, position: int, chunk_bytes_max: int, random: Random) -> None:
        self._position = position
        self._chunk_bytes_max = chunk_bytes_max
        self._random = random
        self._stored: list[bytes] = []
        self._doubted: deque[bytes] = deque(maxlen=DOUBTED_MAX)

    def next(self) -> Question:
        """Draw the next question."""
        first = self._random.randrange(2)
        share = self._random.random()
        if self._doubted and share < DOUBTED_SHARE:
            return Question("get", self._doubted.popleft(), b"", first)
        if len(self._stored) < READABLE_MIN or (share < PUT_SHARE and len(self._stored) < CHUNKS_KEPT_MAX):
            content = self._near_content()
            return Question("put", hashlib.sha256(content).digest(), content, first)
        address = self._stored[self._random.randrange(len(self._stored))]
        return Question("get" if share < PUT_SHARE + GET_SHARE else "audit", address, b"", first)

    def acknowledged(self, address: bytes) -> None:
        """Both twins have signed a receipt for the chunk."""
        self._stored.append(address)

    def doubt(self, address: bytes) -> None:
        """A twin did not serve this chunk: it is asked for again soon, to tell a loss from a hitch."""
        self._doubted.append(address)

    def _near_content(self) -> bytes:
        length = 1 + self._random.randrange(self._chunk_bytes_max)
        body = self._random.randbytes(length)
        best, best_distance = body, 1 << POSITION_BITS
        for draw in range(DRAWS_MAX):
            content = body[:-4] + draw.to_bytes(4, "big") if length > 4 else self._random.randbytes(length)
            away = distance(self._position, hashlib.sha256(content).digest())
            if away < best_distance:
                best, best_distance = content, away
            if away.bit_length() <= POSITION_BITS - NEAR_BITS:
                break
        return best
