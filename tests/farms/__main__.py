"""``python -m tests.farms TABLE [--farms N] [--book N] [--runs N] [--only TEXT]``: a table, row by row.

TABLE is one of releases, liars, urgent, armies, halts, books.  Each row is the median of the runs, and the largest of
what was hurt; run R of a scenario always plays alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from statistics import median

from tests.farms.network import Outcome, Scenario, run
from tests.farms.scenarios import TABLES

HEAD = (
    "| scenario | promoted % | refused % | not proven % | waiting % | hurt, of honest farms (median, max) | of these "
    "past the way back | median promotion, d | farms halted % | first halt, d | army's part of the first wave % |"
)


def row(name: str, outcomes: list[Outcome]) -> str:
    def percent(counts: list[int]) -> str:
        return f"{100 * median(count / outcome.farms for count, outcome in zip(counts, outcomes, strict=True)):.1f}"

    def days(values: list[float | None]) -> str:
        known = [value for value in values if value is not None]
        return f"{median(known):.1f}" if known else "–"

    cells = [
        name,
        percent([o.promoted for o in outcomes]),
        percent([o.refused for o in outcomes]),
        percent([o.kept for o in outcomes]),
        percent([o.waiting for o in outcomes]),
        f"{median(o.hurt for o in outcomes):.0f}, {max(o.hurt for o in outcomes)} of {outcomes[0].farms}",
        f"{median(o.past_the_way_back for o in outcomes):.0f}",
        days([o.promoted_days for o in outcomes]),
        percent([o.halted for o in outcomes]),
        days([o.halted_day for o in outcomes]),
        f"{100 * median(o.sybils_counted for o in outcomes):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def sized(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    farms = arguments.farms or scenario.farms
    book = arguments.book or min(scenario.book, farms)
    return replace(scenario, farms=farms, book=book, sybils=scenario.sybils * farms // scenario.farms)


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.farms", description=__doc__)
    options.add_argument("table", choices=TABLES)
    options.add_argument("--farms", type=int, help="instead of the table's own number")
    options.add_argument(
        "--book", type=int, help="how many others each farm has met, instead of the table's own number"
    )
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--only", default="", help="rows whose name contains this")
    arguments = options.parse_args(words)
    print(HEAD)
    print("|---" * HEAD.count(" | ") + "|---|")
    begun_s = time.process_time()
    for name, scenario in TABLES[arguments.table]().items():
        if arguments.only in name:
            played = sized(scenario, arguments)
            print(row(name, [run(played, seed) for seed in range(1, arguments.runs + 1)]), flush=True)
    print(f"\n{arguments.runs} runs a row, {time.process_time() - begun_s:.0f} s of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
