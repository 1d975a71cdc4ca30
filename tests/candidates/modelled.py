"""What only a trial of the length of a real one can see: played by the rule with the numbers of a real farm."""

from __future__ import annotations

from typing import Final

from tests.candidates.rows import End, ModelledRow
from tests.homes import Home, Release, Surroundings

MODELLED: Final = (
    ModelledRow(
        "15-percent-more-cpu-in-days",
        "needs 15 % more processor time",
        Release(cpu=1.15),
        ("processor time",),
    ),
    ModelledRow(
        "wrong-bytes-1-in-1000-in-days",
        "serves wrong bytes once in a thousand reads",
        Release(wrong=0.001),
        ("wrong bytes",),
    ),
    ModelledRow(
        "loses-1-in-200-in-days",
        "has lost one chunk in 200 when its store is read",
        Release(lost=0.005),
        ("lost",),
    ),
)


def play(row: ModelledRow, seed: int) -> End:
    verdict = Home(row.release, Surroundings(), seed).run()
    said = {"promote": "promoted", "refuse": "refused", "keep": "not proven", "void": ""}[verdict.outcome]
    return End("model", said, verdict.reason, verdict.evidence.seconds)
