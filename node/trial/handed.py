"""Chunks that a twin has handed over: others have signed to keep them in its place, and that is no loss.

Both twins do so, each by what it knows of its neighbours.  But whoever signs may be invented, for keys cost nothing,
and a candidate could lose chunks under that name.  So one that hands over more than its twin, by more than chance, is
held back, and nothing is refused for it: it may just know other neighbours.  Nor is one promoted where most chunks
went to others: what was read of them, and looked for after restarts, was too young to say much.

Source: resources/handbook/decisions/0060-chunks-that-a-twin-hands-over.md.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from node.trial import verdict as says
from node.trial.evidence import Pair
from node.trial.relayed import DEVIATIONS_MAX

SHARE_MAX: Final = 0.5  # of the chunks that the candidate has stored


class Handed(msgspec.Struct):
    """Chunks that were found handed over, by who had done it when it was found.  Each is to be told once."""

    both: int = 0
    only_candidate: int = 0
    only_control: int = 0

    @property
    def count_all(self) -> int:
        return self.both + self.only_candidate + self.only_control

    def count(self, pair: Pair) -> None:
        if pair.candidate.is_handed_over and pair.control.is_handed_over:
            self.both += 1
        elif pair.candidate.is_handed_over:
            self.only_candidate += 1
        elif pair.candidate.is_good:  # it was seen to keep what its twin did not
            self.only_control += 1

    def missing(self, stored: int) -> list[str]:
        """What stands in the way of a promotion, in words: as in ``relayed``.  ``stored``: chunks, by the candidate."""
        one_sided = self.only_candidate + self.only_control
        candidate, control = self.both + self.only_candidate, self.both + self.only_control
        is_chance = self.only_candidate - self.only_control <= DEVIATIONS_MAX * math.sqrt(one_sided)
        if is_chance and candidate <= SHARE_MAX * stored:
            return []
        return [says.gave_away(candidate, control)]
