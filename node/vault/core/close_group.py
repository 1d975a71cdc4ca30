"""Which vaults hold a chunk: the nearest ones, as many as make up CLOSE_GROUP_SUBNETS different subnets.

Counting subnets and not identities means that a thousand vaults behind one address are one holder; and no more than
SUBNET_VAULTS_MAX of them are bothered, so that a crowd does not make a put a thousand times as dear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from node.vault.core.identity import distance

CLOSE_GROUP_SUBNETS: Final = 5
SUBNET_VAULTS_MAX: Final = 4  # a farm on trial has three: its vault and the twins


class Placed(Protocol):
    """Anything that stands at a position and is seen from a subnet."""

    @property
    def position(self) -> int: ...

    @property
    def subnet(self) -> str: ...


P = TypeVar("P", bound=Placed)


def close_group(vaults: Iterable[P], address: bytes, subnets: int = CLOSE_GROUP_SUBNETS) -> list[P]:
    """The vaults nearest to ``address`` that together make up ``subnets`` subnets, nearest first.

    Of each subnet the nearest SUBNET_VAULTS_MAX; of all subnets, when there are fewer than that.
    """
    seen: Counter[str] = Counter()
    group: list[P] = []
    for vault in sorted(vaults, key=lambda vault: distance(vault.position, address)):
        if vault.subnet not in seen and len(seen) == subnets:
            break
        seen[vault.subnet] += 1
        if seen[vault.subnet] <= SUBNET_VAULTS_MAX:
            group.append(vault)
    return group
