"""Reads by way of the farm's own vault: they show a candidate that is good only to the prober.

The own vault runs the version that the candidate would replace, so it must not be able to stop its successor.  What a
twin has signed counts, whoever asked.  That an answer did not come is only that vault's word: it can hold a promotion
back, like a neighbour's, and refuses nothing; and where it does not hear the control either, it holds nothing back.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from node.trial import verdict as says
from node.trial.evidence import Pair

DEVIATIONS_MAX: Final = 3.0  # of pairs that only one twin answered; more are no chance


class Relayed(msgspec.Struct):
    """Pairs that the own vault asked for, by who gave a right answer; one-sided ones are those of only one twin."""

    both: int = 0
    only_candidate: int = 0
    only_control: int = 0

    def count(self, pair: Pair) -> None:
        if pair.candidate.is_good and pair.control.is_good:
            self.both += 1
        elif pair.candidate.is_good:
            self.only_candidate += 1
        elif pair.control.is_good:
            self.only_control += 1

    def missing(self, reads_min: int) -> list[str]:
        """What stands in the way of a promotion, in words.

        Nothing while the control gave fewer than ``reads_min`` right answers: then it is the own vault that cannot
        ask.  After that the pairs that only one twin answered must be as many of either, but for chance (McNemar).
        """
        candidate, control = self.both + self.only_candidate, self.both + self.only_control
        one_sided = self.only_candidate + self.only_control
        if control < reads_min:
            return []
        if self.only_control - self.only_candidate <= DEVIATIONS_MAX * math.sqrt(one_sided):
            return []
        return [says.worse_to_vaults(candidate, control)]
