"""Throw-away identities for the twins of a trial, next to each other in the network.

Twins that lie next to each other belong to the same close groups and so hold the same chunks, without anyone having
to arrange it.  Nothing tells which of the two is the candidate.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from typing import Final

from node.vault.core.identity import KEY_BYTES, Signer, position_of
from node.vault.ports import Entropy

POSITION_BITS: Final = 256
EXTRA_BITS: Final = 3  # so that most likely no other vault lies between the twins
DRAWS_MAX: Final = 20_000  # about a second; enough for a network of some 2^25 vaults


def draw_identities(entropy: Entropy, network_size: int) -> tuple[bytes, bytes]:
    """Draw Ed25519 seeds until two of them share about log2(``network_size``) + 3 bits; return those two.

    Any two of all that were drawn will do, so a prefix of n bits takes about 2^(n/2) draws.  After DRAWS_MAX
    draws the best pair is taken.  CPU-bound: call it through ``asyncio.to_thread``.
    """
    bits_wanted = math.ceil(math.log2(max(2, network_size))) + EXTRA_BITS
    drawn: list[tuple[int, bytes]] = []
    best_bits, best = -1, (b"", b"")
    for _ in range(DRAWS_MAX):
        if best_bits >= bits_wanted:
            break
        seed = entropy(KEY_BYTES)
        one = (position_of(Signer(seed).public_key), seed)
        place = bisect.bisect(drawn, one)
        for other in drawn[max(0, place - 1) : place + 1]:  # the longest prefix is shared with a neighbour
            bits = shared_bits(one[0], other[0])
            if bits > best_bits and other[1] != seed:
                best_bits, best = bits, (other[1], seed)
        drawn.insert(place, one)
    assert best_bits >= 0, "entropy gives the same bytes again and again"
    return best


def between(seeds: tuple[bytes, bytes]) -> bytes:
    """An address as near to both vaults as they are to each other, always the same.

    Which ones are meant, it does not tell: beyond what they share it is made of their seeds, which nobody else knows.
    """
    first, second = (position_of(Signer(seed).public_key) for seed in seeds)
    drawn = int.from_bytes(hashlib.sha256(b"around" + b"".join(seeds)).digest(), "big") >> shared_bits(first, second)
    return (first ^ drawn).to_bytes(POSITION_BITS // 8, "big")


def shared_bits(position: int, other: int) -> int:
    """The length of the prefix that two positions share."""
    return POSITION_BITS - (position ^ other).bit_length()
