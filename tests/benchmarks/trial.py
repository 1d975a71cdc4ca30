"""The trial: the rule against its table, and what a supervisor pays for it.

Each row of the table is played so many times on a made-up home (``tests.homes``) with the real trial.  Two samples of
so many trials differ by chance too: the detail says by how many points one in twenty would, although the rule were the
very same.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

from node.trial import REAL
from node.trial.evidence import PAIRS_PER_BLOCK_MAX
from node.trial.rule import Metric
from tests.benchmarks.rows import Detail, Row, at_most, figures_of, tell
from tests.benchmarks.scenarios import SCENARIOS, Scenario
from tests.homes import Home, Release, Surroundings

TRIALS: Final = 400
REFERENCE_TRIALS: Final = 400
POINTS_MAX: Final = 2.0
ADDS: Final = 20_000
ADD_US_MAX: Final = 20.0
BLOCKS_WEIGHED: Final = 4  # by then as many pairs as are ever remembered
STATE_BYTES_MAX: Final = 200_000


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--trials", type=int, default=TRIALS, help="of each scenario")
    command.add_argument("--only", nargs="+", default=[], help="parts of the names of scenarios")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    chosen = [one for one in SCENARIOS if not arguments.only or any(part in one.name for part in arguments.only)]
    rows: list[Row] = []
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for number, scenario in enumerate(chosen):
            seeds = range(1_000_000 * number, 1_000_000 * number + arguments.trials)
            ends = list(workers.map(_end_of, [scenario] * arguments.trials, seeds, chunksize=10))
            rows.append(tell(_row(scenario, ends)))
    return figures_of([*rows, tell(_price_of_a_block()), tell(_size_of_the_state())])


def _end_of(scenario: Scenario, seed: int) -> tuple[str, float]:
    verdict = Home(scenario.release, scenario.around, seed).run()
    return verdict.outcome, verdict.seconds_run / 3600


def _row(scenario: Scenario, ends: list[tuple[str, float]]) -> Row:
    """By how many points the shares of promoted and refused ones differ from the table's, whichever differs more."""
    count = Counter(outcome for outcome, _ in ends)
    promoted, refused = 100 * count["promote"] / len(ends), 100 * count["refuse"] / len(ends)
    off = max(abs(promoted - scenario.promoted), abs(refused - scenario.refused))
    chance = max(_by_chance(share, len(ends)) for share in (scenario.promoted, scenario.refused))
    detail: Detail = {
        "promoted, %": round(promoted, 1),
        "in the table": scenario.promoted,
        "refused, %": round(refused, 1),
        "there": scenario.refused,
        "median h": round(statistics.median(hours for _, hours in ends)),
        "trials": len(ends),
        "points by chance, 1 in 20": round(chance, 1),
    }
    return at_most(scenario.name, off, POINTS_MAX, "points", detail)


def _by_chance(percent: float, trials: int) -> float:
    share = percent / 100
    return 100 * 1.96 * math.sqrt(share * (1 - share) * (1 / trials + 1 / REFERENCE_TRIALS))


def _price_of_a_block() -> Row:
    metric = Metric()
    begun_s = time.process_time()
    for number in range(ADDS):
        metric.add((number % 7) / 3 - 1)
    add_us = 1e6 * (time.process_time() - begun_s) / ADDS
    return at_most("one block more for one metric of the rule", add_us, ADD_US_MAX, "us", {"blocks": ADDS})


def _size_of_the_state() -> Row:
    busy = Surroundings(pairs_per_h=PAIRS_PER_BLOCK_MAX * 3600 / REAL.block_s)
    home = Home(Release(), busy, seed=1, is_pair_by_pair=True)
    sizes = []
    for _ in range(BLOCKS_WEIGHED):
        home.begin_block()
        sizes.append(len(home.trial.dump()))
        home.end_block()
    what = "state of a trial on disk, with a full block"
    return at_most(what, max(sizes), STATE_BYTES_MAX, "bytes", {"blocks": len(sizes)})
