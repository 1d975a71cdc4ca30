"""Passes over all that is held, however much that is: a part after the other, in a circle.

    what came last --> part --> part --> ... --> what came last --> ...
                        ^--- who comes joins here, and goes along until it is the turn of this part again

Each part is a ``Pass`` of its own, so that no step looks at all addresses, nor keeps a list of them.  Where no more is
held than is remembered in the order in which it came, there is one part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.vault.core.close_group import Place
from node.vault.core.held import Held, after
from node.vault.core.passes import Finding, Pass

PART: Final = 5_000  # addresses


class Tour:
    """It is over when everybody who joined was led around once.

    It goes over ``first`` alone, if these ``are_all``, or over them before the others.  ``chosen`` leaves out of a
    part, when its turn comes, what need not be looked at.  ``places`` and the others: see ``Pass``.
    """

    def __init__(
        self, first: list[bytes], places: list[Place], joined: list[Place], left: list[Place], *, are_all: bool,
        is_of_left: bool = False, full: frozenset[bytes],
        chosen: Callable[[list[bytes]], list[bytes]] = list,
    ) -> None:  # fmt: skip
        self._first, self._are_all = first, are_all
        self._among_first: frozenset[bytes] = frozenset(() if are_all else first)
        self._left, self._is_of_left, self._chosen = left, is_of_left, chosen
        self._riders: list[tuple[list[Place], bytes | None]] = [(joined, None)]  # who, and in which part they joined
        self._at: bytes | None = None  # where the part at hand begins; None: it is the first
        self._next: bytes | None = b""  # where the next one does
        self._pass = Pass(first, places, joined, left, is_of_left, full)

    @property
    def is_over(self) -> bool:
        return not self._riders

    @property
    def takes_more(self) -> bool:
        return not self.is_over and self._pass.takes_more

    @property
    def addresses(self) -> list[bytes]:
        """Of the part at hand."""
        return self._pass.addresses

    @property
    def needs_part(self) -> bool:
        """Whether ``go_on`` is wanted before ``next``."""
        return self._pass.is_over

    def add(self, places: list[Place], joined: list[Place], addresses: list[bytes], full: frozenset[bytes]) -> None:
        """Let these newcomers join.  ``addresses``: what is not among those at hand, if these are all."""
        self._pass.add(places, joined, addresses if self._are_all else [], full)
        self._riders.append((joined, self._at))

    def next(self) -> Finding | None:
        """Look at one more address."""
        return self._pass.next()

    def go_on(self, held: Held) -> None:
        """Turn to the next part: as much work as there are addresses in it."""
        at = None if self._are_all else self._next
        self._riders = [rider for rider in self._riders if rider[1] != at]
        if not self._riders:
            return
        if at is None:
            addresses, self._next = self._first, b""
        else:
            addresses = self._part(held, at)
        self._at, before = at, self._pass
        joined = [place for riders, _ in self._riders for place in riders if place in before.places]
        self._pass = Pass(addresses, before.places, joined, self._left, self._is_of_left, before.full)

    def _part(self, held: Held, at: bytes) -> list[bytes]:
        """Up to where somebody joined, who is through there."""
        before = min((since for _, since in self._riders if since is not None and since > at), default=None)
        met = held.following(at, PART, before)
        self._next = after(met[-1]) if len(met) == PART else before
        return self._chosen([one for one in met if one not in self._among_first])
