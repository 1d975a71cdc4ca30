"""In which wave a farm tries out a release: private until it enrols, bound before the release was known.

A home draws one seed for life.  For each role that releases (their numbers count apart) the seed begins a chain of
hashes; the commitment, which every certificate of the farm carries, is the hash of the chains' ends:

    start(seed, role) --SHA-256--> ... --> link --SHA-256 `sequence` times--> end      commitment = H(all ends)

Enrolling for the release with number ``sequence`` reveals the link from which exactly so many steps lead to the end.
The farm cannot choose among links, links of later releases cannot be computed from it, and those of one role say
nothing of another role's.  The position, H(reveal, digest of the release), is known to nobody before: whoever sees
a release and then wants to be first would need a seed that it has committed to a week ago.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Final, Literal

Role = Literal["foundation", "vault"]

ROLES: Final[tuple[Role, ...]] = ("foundation", "vault")
CHAIN_LENGTH: Final = 1024  # numbers of releases of all layers: 17 years of five a month; a check costs so many hashes
SEED_BYTES: Final = 32
HASH_BYTES: Final = 32
DIGEST_BYTES: Final = 32
COMMITMENT_BYTES: Final = HASH_BYTES
REVEAL_BYTES: Final = HASH_BYTES * len(ROLES)  # the link of its own role, and the ends of all other chains

_DOMAIN: Final = b"perennial/1 membership "
_FRACTION_BITS: Final = 53  # what a float holds exactly: no position is rounded up to 1


class BadReveal(ValueError):
    """It does not lead to the commitment.  Do not count what came with it."""


class ChainUsedUp(ValueError):
    """No link is left for a release with so high a number.

    The farm cannot enrol: it sends no note and nobody counts it.  Its own wave is that of ``private_position``; where
    no farm can enrol, the waves follow each other by time alone.
    """


def commitment(seed: bytes) -> bytes:
    """What a farm's certificates carry, 32 bytes; always the same for one seed.  Takes about a millisecond."""
    return _joined([_stepped(_start(seed, role), CHAIN_LENGTH) for role in ROLES])


def reveal(seed: bytes, role: Role, sequence: int) -> bytes:
    """What enrolling for this release shows, REVEAL_BYTES long.  It is a secret until then.

    Raises:
        ChainUsedUp: ``sequence`` is over CHAIN_LENGTH.
    """
    _check_sequence(sequence)
    link = _stepped(_start(seed, role), CHAIN_LENGTH - sequence)
    ends = [_stepped(_start(seed, other), CHAIN_LENGTH) for other in ROLES if other != role]
    return b"".join([link, *ends])


def check_reveal(committed: bytes, revealed: bytes, role: Role, sequence: int) -> None:
    """Check that ``revealed`` is the one value that belongs to the commitment and to this number.

    Raises:
        BadReveal: It is not.
        ChainUsedUp: ``sequence`` is over CHAIN_LENGTH; nobody can reveal anything for it.
    """
    _check_sequence(sequence)
    if len(revealed) != REVEAL_BYTES:
        raise BadReveal(f"a reveal of {len(revealed)} bytes")
    parts = [revealed[i : i + HASH_BYTES] for i in range(0, REVEAL_BYTES, HASH_BYTES)]
    end, others = _stepped(parts[0], sequence), iter(parts[1:])
    if _joined([end if known == role else next(others) for known in ROLES]) != committed:
        raise BadReveal("the reveal does not lead to the commitment")


def position(revealed: bytes, release_digest: bytes) -> float:
    """Where the farm stands in the rollout of this release: uniform in [0, 1), the lowest come first."""
    assert len(release_digest) == DIGEST_BYTES, len(release_digest)
    return _share(b"position", revealed[:HASH_BYTES] + release_digest)


def private_position(seed: bytes, release_digest: bytes) -> float:
    """The same for a release whose number no chain reaches: uniform too, but it can be shown to nobody."""
    assert len(release_digest) == DIGEST_BYTES, len(release_digest)
    return _share(b"private position", seed + release_digest)


def wave_of(place: float, shares: Sequence[float]) -> int:
    """The wave of a position; ``shares`` are the parts of the network that come one after the other.

    Without shares there are no waves, and everybody is in the first.
    """
    assert 0.0 <= place < 1.0, place
    ends = list(itertools.accumulate(shares[:-1]))  # the last wave takes the rest, whatever rounding has left
    return sum(place >= end for end in ends)


def _check_sequence(sequence: int) -> None:
    assert sequence >= 1, sequence
    if sequence > CHAIN_LENGTH:
        raise ChainUsedUp(f"the number {sequence} is over {CHAIN_LENGTH}")


def _start(seed: bytes, role: Role) -> bytes:
    assert len(seed) == SEED_BYTES, len(seed)
    return hashlib.sha256(_DOMAIN + b"start " + role.encode() + b"\0" + seed).digest()


def _stepped(link: bytes, steps: int) -> bytes:
    prefix = _DOMAIN + b"link\0"
    for _ in range(steps):
        link = hashlib.sha256(prefix + link).digest()
    return link


def _joined(ends: Sequence[bytes]) -> bytes:
    return hashlib.sha256(_DOMAIN + b"commitment\0" + b"".join(ends)).digest()


def _share(kind: bytes, content: bytes) -> float:
    number = int.from_bytes(hashlib.sha256(_DOMAIN + kind + b"\0" + content).digest(), "big")
    return (number >> (8 * HASH_BYTES - _FRACTION_BITS)) / (1 << _FRACTION_BITS)
