"""What the developers have recalled, and how far back a recall may lead.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from node.trust.chain import Chain
from node.trust.head import decode
from node.trust.layers import ROLES
from node.trust.release import floor_of, recalled_in
from node.trust.state import read_state


@dataclass(frozen=True, slots=True)
class Recalls:
    """``names`` are all releases ever recalled; no recall leads to a release with a number below ``floor``.

    ``app_floor`` is the one of the app's releases: all releases are numbered in one row, but the layers have floors of
    their own.
    """

    names: frozenset[str] = frozenset()
    floor: int = 0
    app_floor: int = 0

    def leads_to(self, releases: Mapping[str, int], *, is_app: bool = False) -> bool:
        """Whether a recall may lead to files that were released under these names, with these numbers.

        Files of which one name was recalled are recalled under every name.  Files that came with the program were never
        released: they count as older than every release.
        """
        floor = self.app_floor if is_app else self.floor
        return self.names.isdisjoint(releases) and max(releases.values(), default=0) >= floor


def recalls_in(chain: Chain) -> Recalls:
    """What the newest head of a chain says of recalls, whether its statements have lapsed since or not."""
    if not chain.head:
        return Recalls()
    delegated = read_state(decode(chain.head)).delegated
    statements = {role: delegated[role].signed for role in ROLES if role in delegated}
    names = frozenset(name for statement in statements.values() for name in recalled_in(statement))
    floors = {role: floor_of(statement) for role, statement in statements.items()}
    app_floor = floors.pop("app", 0)
    return Recalls(names, max(floors.values(), default=0), app_floor)
