"""What the developers have recalled, and how far back a recall may lead.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from node.trust.chain import Chain
from node.trust.head import decode
from node.trust.release import LAYER_OF, floor_of, recalled_in
from node.trust.state import read_state


@dataclass(frozen=True, slots=True)
class Recalls:
    """``names`` are all releases ever recalled; no recall leads to a release with a number below ``floor``."""

    names: frozenset[str] = frozenset()
    floor: int = 0

    def leads_to(self, releases: Mapping[str, int]) -> bool:
        """Whether a recall may lead to files that were released under these names, with these numbers.

        Files of which one name was recalled are recalled under every name.  Files that came with the program were never
        released: they count as older than every release.
        """
        return self.names.isdisjoint(releases) and max(releases.values(), default=0) >= self.floor


def recalls_in(chain: Chain) -> Recalls:
    """What the newest head of a chain says of recalls, whether its statements have lapsed since or not."""
    if not chain.head:
        return Recalls()
    delegated = read_state(decode(chain.head)).delegated
    statements = [delegated[role].signed for role in LAYER_OF if role in delegated]
    names = frozenset(name for statement in statements for name in recalled_in(statement))
    return Recalls(names, max(map(floor_of, statements), default=0))
