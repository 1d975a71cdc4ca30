"""Which vaults hold a chunk: the nearest ones, as many as make up CLOSE_GROUP_SUBNETS different subnets.

Counting subnets and not identities means that a thousand vaults behind one address are one holder; and no more than
SUBNET_VAULTS_MAX of them are bothered, so that a crowd does not make a put a thousand times as dear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

CLOSE_GROUP_SUBNETS: Final = 5
# Where the nearest have no room the next ones take their place, so far out; who asks for a chunk looks as far.  It also
# covers that who brings one knows of deaths that its taker does not, and relies on others than that one does.
REACH_SUBNETS: Final = 30
HOLDERS_MIN: Final = 3  # subnets: with fewer a chunk counts neither as stored nor as taken over
SUBNET_VAULTS_MAX: Final = 4  # a farm on trial has three: its vault and the twins


class Placed(Protocol):
    """Anything that stands at a position and is seen from a subnet."""

    @property
    def position(self) -> int: ...

    @property
    def subnet(self) -> str: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one vault stands, kept after the vault itself may be gone."""

    vault_id: bytes
    position: int
    subnet: str


def close_group(vaults: Iterable[P], address: bytes, subnets: int = CLOSE_GROUP_SUBNETS) -> list[P]:
    """The vaults nearest to ``address`` that together make up ``subnets`` subnets, nearest first.

    Of each subnet the nearest SUBNET_VAULTS_MAX; of all subnets, when there are fewer than that.
    """
    seen: dict[str, int] = {}
    group: list[P] = []
    target = int.from_bytes(address, "big")
    for vault in sorted(vaults, key=lambda vault: vault.position ^ target):
        subnet = vault.subnet
        count = seen.get(subnet, 0)
        if not count and len(seen) == subnets:
            break
        seen[subnet] = count + 1
        if count < SUBNET_VAULTS_MAX:
            group.append(vault)
    return group


def in_turns(vaults: Iterable[P]) -> list[P]:
    """One of each subnet first, then a second one of each: a crowd in one of them shall not be all that is met."""
    turns: Counter[str] = Counter()
    ranked: list[tuple[int, P]] = []
    for vault in vaults:
        ranked.append((turns[vault.subnet], vault))
        turns[vault.subnet] += 1
    return [vault for _, vault in sorted(ranked, key=lambda each: each[0])]


def is_in_group(place: P, others: Iterable[P], target: int, subnets: int = CLOSE_GROUP_SUBNETS) -> bool:
    """Whether ``place`` is in the close group of the address ``target`` (as a number) together with ``others``.

    The same as looking for it in ``close_group``, but it stops as soon as enough nearer ones are found: fast
    when ``others`` begin with those that are near.  ``place`` itself may be among them.
    """
    limit = place.position ^ target
    seen = {place.subnet}
    same = 1
    for other in others:
        if other.position ^ target < limit:
            seen.add(other.subnet)
            same += other.subnet == place.subnet
            if len(seen) > subnets or same > SUBNET_VAULTS_MAX:
                return False
    return True
