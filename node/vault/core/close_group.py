"""Which vaults hold a chunk: the nearest ones, as many as make up CLOSE_GROUP_SUBNETS different subnets.

Counting subnets and not identities means that a thousand vaults behind one address are one holder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from node.vault.core.identity import distance

CLOSE_GROUP_SUBNETS: Final = 5


class Placed(Protocol):
    """Anything that stands at a position and is seen from a subnet."""

    @property
    def position(self) -> int: ...

    @property
    def subnet(self) -> str: ...


P = TypeVar("P", bound=Placed)


def close_group(vaults: Iterable[P], address: bytes, subnets: int = CLOSE_GROUP_SUBNETS) -> list[P]:
    """The vaults nearest to ``address`` that together make up ``subnets`` subnets, nearest first.

    All vaults, when there are fewer subnets than that.
    """
    seen: set[str] = set()
    group: list[P] = []
    for vault in sorted(vaults, key=lambda vault: distance(vault.position, address)):
        if len(seen | {vault.subnet}) > subnets:
            break
        seen.add(vault.subnet)
        group.append(vault)
    return group
