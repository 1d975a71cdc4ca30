"""In which wave a farm tries out a release: private until it enrols, bound before the release was known.

A home draws one seed for life.  For each of the two that release, foundation and pods (farms hold each to its own
numbers), the seed begins a chain of hashes; the commitment, which every certificate of the farm carries, is the hash
of the chains' ends:

    start(seed, role, era) --SHA-256--> ... --> link --SHA-256 n times--> end      commitment = H(all ends, era)

A chain is enough for an era of CHAIN_LENGTH numbers; each era has chains and a commitment of its own, which holds for
no other era.  A farm commits itself to the era of the next release.

Enrolling for the release with number ``sequence`` reveals the link from which n steps lead to the end; n is that
number as it counts within its era.  The farm cannot choose among links, links of later releases cannot be computed from
it, and those of one role say nothing of another role's.  The position, H(reveal, digest of the release), is known to
nobody before: whoever sees a release and then wants to be first would need a seed that it has committed to a week ago.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Final, Literal

Role = Literal["foundation", "vault"]

ROLES: Final[tuple[Role, ...]] = ("foundation", "vault")
CHAIN_LENGTH: Final = 1024  # numbers in an era; a check costs so many hashes at most
SEED_BYTES: Final = 32
HASH_BYTES: Final = 32
DIGEST_BYTES: Final = 32
COMMITMENT_BYTES: Final = HASH_BYTES
REVEAL_BYTES: Final = HASH_BYTES * len(ROLES)  # the link of its own role, and the ends of all other chains

_DOMAIN: Final = b"perennial/1 membership "
_ERA_BYTES: Final = 8
_FRACTION_BITS: Final = 53  # what a float holds exactly: no position is rounded up to 1


class BadReveal(ValueError):
    """It does not lead to the commitment.  Do not count what came with it."""


def commitment(seed: bytes, highest: int = 0) -> bytes:
    """What a farm's certificates carry when ``highest`` is the highest number of any release so far; 32 bytes.

    Always the same for one seed, until a number ends an era.  Takes about a millisecond.
    """
    era = _era_of(highest + 1)
    return _joined([_stepped(_start(seed, role, era), CHAIN_LENGTH) for role in ROLES], era)


def reveal(seed: bytes, role: Role, sequence: int) -> bytes:
    """What enrolling for this release shows, REVEAL_BYTES long.  It is a secret until then."""
    era = _era_of(sequence)
    link = _stepped(_start(seed, role, era), CHAIN_LENGTH - _steps_of(sequence))
    ends = [_stepped(_start(seed, other, era), CHAIN_LENGTH) for other in ROLES if other != role]
    return b"".join([link, *ends])


def check_reveal(committed: bytes, revealed: bytes, role: Role, sequence: int) -> None:
    """Check that ``revealed`` is the one value that belongs to the commitment and to this number.

    Raises:
        BadReveal: It is not, or the commitment is to another era.
    """
    if len(revealed) != REVEAL_BYTES:
        raise BadReveal(f"a reveal of {len(revealed)} bytes")
    parts = [revealed[i : i + HASH_BYTES] for i in range(0, REVEAL_BYTES, HASH_BYTES)]
    end, others = _stepped(parts[0], _steps_of(sequence)), iter(parts[1:])
    if _joined([end if known == role else next(others) for known in ROLES], _era_of(sequence)) != committed:
        raise BadReveal("the reveal does not lead to the commitment")


def position(revealed: bytes, release_digest: bytes) -> float:
    """Where the farm stands in the rollout of this release: uniform in [0, 1), the lowest come first."""
    assert len(release_digest) == DIGEST_BYTES, len(release_digest)
    return _share(revealed[:HASH_BYTES] + release_digest)


def wave_of(place: float, shares: Sequence[float]) -> int:
    """The wave of a position; ``shares`` are the parts of the network that come one after the other.

    Without shares there are no waves, and everybody is in the first.
    """
    assert 0.0 <= place < 1.0, place
    ends = list(itertools.accumulate(shares[:-1]))  # the last wave takes the rest, whatever rounding has left
    return sum(place >= end for end in ends)


def _era_of(sequence: int) -> int:
    assert sequence >= 1, sequence
    return (sequence - 1) // CHAIN_LENGTH


def _steps_of(sequence: int) -> int:
    return (sequence - 1) % CHAIN_LENGTH + 1


def _start(seed: bytes, role: Role, era: int) -> bytes:
    assert len(seed) == SEED_BYTES, len(seed)
    return hashlib.sha256(_DOMAIN + b"start " + role.encode() + b"\0" + seed + _named(era)).digest()


def _stepped(link: bytes, steps: int) -> bytes:
    prefix = _DOMAIN + b"link\0"
    for _ in range(steps):
        link = hashlib.sha256(prefix + link).digest()
    return link


def _joined(ends: Sequence[bytes], era: int) -> bytes:
    return hashlib.sha256(_DOMAIN + b"commitment\0" + b"".join(ends) + _named(era)).digest()


def _named(era: int) -> bytes:
    """The first era has no name: farms of older versions, which know no other, must come to the same."""
    return era.to_bytes(_ERA_BYTES, "big") if era else b""


def _share(content: bytes) -> float:
    number = int.from_bytes(hashlib.sha256(_DOMAIN + b"position\0" + content).digest(), "big")
    return (number >> (8 * HASH_BYTES - _FRACTION_BITS)) / (1 << _FRACTION_BITS)
