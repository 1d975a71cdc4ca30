"""PURE: what to ask the twins next.

Chunks are drawn until their address lies so near to the twins that both belong to its close group: the nearer, the
more vaults there are.  Puts come first and go on at PUT_SHARE; reads go to chunks that both twins have acknowledged,
drawn at random from all of them, so that a chunk dropped at any time is asked for sooner or later.

Contents come from a secret, so they are kept nowhere: each can be made again when an audit of it is to be checked.
The secret ends with the program.  Of chunks from before a cut only reads are checked, by their address.

Source: resources/handbook/decisions/0060-chunks-that-a-twin-hands-over.md.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from node.prober.control import ChunkKind
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from node.vault.core.identity import distance
from node.vault.ports import Entropy, Random

PUT_SHARE: Final = 0.25
GET_SHARE: Final = 0.5  # the rest are audits
READ_SHARE: Final = 1 - PUT_SHARE
DOUBTED_SHARE: Final = 0.1  # of the questions, while there is a chunk that was not served
DOUBTED_MAX: Final = 64
CHUNKS_KEPT_MAX: Final = 20_000
CHUNK_BYTES_MAX: Final = 64 << 10
LONG_SHARE: Final = 1 / 64  # of the puts: as long as the chunks of people's files
LONG_BYTES_MAX: Final = (1 << 20) - (8 << 10)  # so that what both twins answer fits into one frame
READABLE_MIN: Final = 8  # chunks stored before the first read
NEAR_BITS_MIN: Final = 4  # of the address equal to the twins' position
# For some 330,000 vaults.  A quarter of a second of drawing for a chunk, and no liar about the size can make it more.
NEAR_BITS_MAX: Final = 18
GROUP_BITS: Final = 2  # beyond a close group's part of the network: a network may grow, and its size is a guess
DRAWS_PER_NEAR: Final = 8  # of those that bring one near on average; then the nearest one will do
POSITION_BITS: Final = 256
TAIL_BYTES: Final = 4  # of a content, drawn until its address is near
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Draw:
    """One question, before it has a number and a nonce.  ``content`` only for a put, ``first`` is 0 or 1."""

    kind: ChunkKind
    address: bytes
    content: bytes
    first: int


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a content is made from again."""

    number: int
    length: int
    tail: bytes


def near_bits(network_size: int) -> int:
    """How many bits a chunk shares with the twins, so that of about so many vaults hardly one stands nearer to it."""
    bits = math.ceil(math.log2(max(1, network_size) / CLOSE_GROUP_SUBNETS)) + GROUP_BITS
    return min(NEAR_BITS_MAX, max(NEAR_BITS_MIN, bits))


class Plan:
    """Draws questions; knows the chunks that both twins have acknowledged and neither has handed over.

    ``earlier``: those of them from before the trial was cut off.
    """

    def __init__(
        self, position: int, network_size: int, random: Random, entropy: Entropy, earlier: Iterable[bytes] = ()
    ) -> None:
        self._position = position
        self._near_bits = near_bits(network_size)
        self._random = random
        self._secret = entropy(SECRET_BYTES)
        self._number = 0
        self._recipes: dict[bytes, _Recipe] = {}  # of the acknowledged chunks, and of the one on its way
        self._stored = list(earlier)
        self._earlier = len(self._stored)  # these come first; there is no recipe of them
        self._doubted: deque[bytes] = deque(maxlen=DOUBTED_MAX)

    @property
    def can_read(self) -> bool:
        """Whether enough is stored to ask for."""
        return len(self._stored) >= READABLE_MIN

    def next(self) -> Draw:
        """Draw the next question.  CPU-bound: a put takes up to a quarter of a second, rarely two."""
        share = self._random.random()
        if self._doubted and share < DOUBTED_SHARE:
            return Draw("get", self._doubted.popleft(), b"", self._random.randrange(2))
        if not self.can_read or (share < PUT_SHARE and len(self._stored) < CHUNKS_KEPT_MAX):
            return self._put()
        return self._read("get" if share < PUT_SHARE + GET_SHARE else "audit")

    def next_read(self) -> Draw:
        """Draw a read, in the same shares of gets and audits.  Only when ``can_read``."""
        return self._read("get" if self._random.random() * READ_SHARE < GET_SHARE else "audit")

    def content_of(self, address: bytes) -> bytes:
        """Make the content of a drawn chunk again."""
        recipe = self._recipes[address]
        return self._body(recipe.number, recipe.length) + recipe.tail

    def acknowledged(self, address: bytes) -> None:
        """Both twins have signed a receipt for the chunk."""
        assert address in self._recipes
        self._stored.append(address)

    def given_up(self, address: bytes) -> None:
        """Not both twins have: it will not be asked for."""
        del self._recipes[address]

    def forget(self, address: bytes) -> None:
        """Others keep the chunk now: it is not asked for again."""
        if address in self._stored:
            self._earlier -= self._stored.index(address) < self._earlier
            self._stored.remove(address)  # but not its recipe: an answer may still be on its way
            self._doubted = deque((one for one in self._doubted if one != address), maxlen=DOUBTED_MAX)

    def doubt(self, address: bytes) -> None:
        """A twin did not serve this chunk: it is asked for again soon, to tell a loss from a hitch."""
        self._doubted.append(address)

    def _read(self, kind: ChunkKind) -> Draw:
        first = self._earlier if kind == "audit" else 0
        if first == len(self._stored):
            return self._read("get")
        address = self._stored[first + self._random.randrange(len(self._stored) - first)]
        return Draw(kind, address, b"", self._random.randrange(2))

    def _put(self) -> Draw:
        self._number += 1
        most = LONG_BYTES_MAX if self._random.random() < LONG_SHARE else CHUNK_BYTES_MAX
        length = TAIL_BYTES + 1 + self._random.randrange(most - TAIL_BYTES)
        body = self._body(self._number, length)
        recipe = _Recipe(self._number, length, self._near(body))
        content = body + recipe.tail
        address = hashlib.sha256(content).digest()
        self._recipes[address] = recipe
        return Draw("put", address, content, self._random.randrange(2))

    def _near(self, body: bytes) -> bytes:
        """The tail that brings a content near to the twins; the nearest one found otherwise."""
        begun = hashlib.sha256(body)
        best, best_distance = b"", 1 << POSITION_BITS
        for draw in range(DRAWS_PER_NEAR << self._near_bits):
            tail, whole = draw.to_bytes(TAIL_BYTES, "big"), begun.copy()
            whole.update(tail)
            away = distance(self._position, whole.digest())
            if away < best_distance:
                best, best_distance = tail, away
            if away.bit_length() <= POSITION_BITS - self._near_bits:
                break
        return best

    def _body(self, number: int, length: int) -> bytes:
        made = hashlib.shake_256(self._secret + number.to_bytes(8, "big"))
        return made.digest(length - TAIL_BYTES)
