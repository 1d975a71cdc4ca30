"""What was played: one line for each scenario and run, on the disk as soon as it is known; and the table of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from tests.farms.network import Outcome, Scenario

HEAD: Final = (
    "scenario", "promoted %", "false promotions %", "false refusals %", "refused %", "not proven %", "waiting %",
    "hurt, of honest farms (median, max)", "of these past the way back", "median promotion, d",
    "nine in ten promoted, d", "farms halted %", "first halt, d", "army's part of the first wave %",
)  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """``asked``: the hash of the scenario and of all code that plays it."""

    name: str
    seed: int
    asked: str
    outcome: Outcome


class Row(msgspec.Struct, frozen=True):
    """The median of the runs, and the largest of what was hurt.

    Percents are of the honest farms.  A false promotion is one of a release that is, or turns, worse; a false refusal
    is that a release which is not was refused, not proven, or had not come at the end.  Days count from when it was
    published.
    """

    scenario: str
    runs: int
    farms: int
    promoted_percent: float
    false_promotions_percent: float | None
    false_refusals_percent: float | None
    refused_percent: float
    not_proven_percent: float
    waiting_percent: float
    hurt: float
    hurt_max: int
    past_the_way_back: float
    promoted_days: float | None
    promoted_90_days: float | None
    halted_percent: float
    first_halt_days: float | None
    army_percent: float


class Results:
    """The lines of one file, or of none.  A line that was torn off, or that other code played, does not count."""

    def __init__(self, file: Path | None, code: str) -> None:
        self._file = file
        self._code = code
        self._lines = {(line.name, line.seed, line.asked): line.outcome for line in _read(file)}

    def found(self, name: str, scenario: Scenario, seed: int) -> Outcome | None:
        return self._lines.get((name, seed, self._asked(scenario)))

    def add(self, name: str, scenario: Scenario, seed: int, outcome: Outcome) -> None:
        line = Line(name, seed, self._asked(scenario), outcome)
        self._lines[line.name, line.seed, line.asked] = outcome
        if self._file is None:
            return
        with self._file.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _asked(self, scenario: Scenario) -> str:
        return hashlib.sha256(f"{self._code} {scenario}".encode()).hexdigest()


def _read(file: Path | None) -> list[Line]:
    lines = []
    for content in file.read_bytes().splitlines() if file is not None and file.exists() else ():
        try:
            lines.append(msgspec.json.decode(content, type=Line))
        except msgspec.DecodeError:
            continue  # empty, or torn off by whatever ended the run
    return lines


def row_of(name: str, scenario: Scenario, outcomes: Sequence[Outcome]) -> Row:
    def percent(counts: Sequence[float]) -> float:
        return round(100 * median(count / o.farms for count, o in zip(counts, outcomes, strict=True)), 1)

    def days(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return round(median(known), 2) if known else None

    promoted = percent([o.promoted for o in outcomes])
    is_bad = scenario.release.is_bad
    return Row(
        scenario=name,
        runs=len(outcomes),
        farms=outcomes[0].farms,
        promoted_percent=promoted,
        false_promotions_percent=promoted if is_bad else None,
        false_refusals_percent=None if is_bad else percent([o.farms - o.promoted for o in outcomes]),
        refused_percent=percent([o.refused for o in outcomes]),
        not_proven_percent=percent([o.kept for o in outcomes]),
        waiting_percent=percent([o.waiting for o in outcomes]),
        hurt=median(o.hurt for o in outcomes),
        hurt_max=max(o.hurt for o in outcomes),
        past_the_way_back=median(o.past_the_way_back for o in outcomes),
        promoted_days=days([o.promoted_days for o in outcomes]),
        promoted_90_days=days([o.promoted_90_days for o in outcomes]),
        halted_percent=percent([o.halted for o in outcomes]),
        first_halt_days=days([o.halted_day for o in outcomes]),
        army_percent=round(100 * median(o.sybils_counted for o in outcomes), 1),
    )


def said(row: Row) -> str:
    """A line of the table whose head is ``HEAD``."""

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.1f}"

    cells = (
        row.scenario,
        number(row.promoted_percent),
        number(row.false_promotions_percent),
        number(row.false_refusals_percent),
        number(row.refused_percent),
        number(row.not_proven_percent),
        number(row.waiting_percent),
        f"{row.hurt:.0f}, {row.hurt_max} of {row.farms}",
        f"{row.past_the_way_back:.0f}",
        number(row.promoted_days),
        number(row.promoted_90_days),
        number(row.halted_percent),
        number(row.first_halt_days),
        number(row.army_percent),
    )
    return f"| {' | '.join(cells)} |"
