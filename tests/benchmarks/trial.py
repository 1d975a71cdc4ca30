"""The trial: the rule against its table, and what a supervisor pays for it.

Each row of the table is played so many times on a made-up home (``tests.homes``) with the real trial.  Two samples of
so many trials differ by chance too: the detail says by how many points one in twenty would, although the rule were the
very same.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import random
import statistics
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.supervisor.supervisor import Supervisor
from node.trial import REAL
from node.trial.evidence import PAIRS_PER_BLOCK_MAX
from node.trial.rule import Metric
from node.update.trials.folders import TrialFolders
from node.update.trials.order import TrialOrder
from node.update.trials.run import TrialRun
from node.update.trials.state import TrialFile
from node.vault.control import Pace
from tests.benchmarks.one_node import running_node, until
from tests.benchmarks.rows import Detail, Row, at_most, figures_of, tell
from tests.benchmarks.scenarios import SCENARIOS, Scenario
from tests.benchmarks.vaults import Vaults, temporary_folder
from tests.homes import Home, Release, Surroundings

TRIALS: Final = 400
REFERENCE_TRIALS: Final = 400
POINTS_MAX: Final = 2.0
ADDS: Final = 20_000
ADD_US_MAX: Final = 20.0
BLOCKS_WEIGHED: Final = 4  # by then as many pairs as are ever remembered
STATE_BYTES_MAX: Final = 200_000
CPU_PERCENT_MAX, MEGABYTES_MAX = 5.0, 180.0
PROCESSES: Final = 3
NEIGHBOURS: Final = 4
QUOTA_BYTES: Final = 1 << 28
TWIN_BYTES: Final = 1 << 26
SETTLE_S: Final = 30.0
WATCHED_S: Final = 180.0


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
    rows += [tell(_price_of_a_block()), tell(_size_of_the_state())]
    if not arguments.only:
        rows += [tell(row) for row in asyncio.run(_cost())]
    return figures_of(rows)


def _end_of(scenario: Scenario, seed: int) -> tuple[str, float]:
    verdict = Home(scenario.release, scenario.around, seed).run()
    return verdict.outcome, verdict.evidence.seconds / 3600


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


async def _cost() -> list[Row]:
    """Both twins and the prober of a trial at a real home's pace, beside the vault in use and among four others."""
    with temporary_folder() as folder:
        async with Vaults(folder, Pace(), QUOTA_BYTES) as vaults:
            for number in range(2, NEIGHBOURS + 2):
                await vaults.add(number)
            contacts = tuple(vault.record for vault in vaults.all.values())
            async with running_node(folder / "home", contacts, QUOTA_BYTES, Pace()) as node:
                await until(lambda: node.status().peer_count == NEIGHBOURS)
                return await _cost_on(node)


async def _cost_on(node: Supervisor) -> list[Row]:
    here = psutil.Process()
    before = {child.pid for child in here.children()}
    tree = node.slots.current("vault")
    assert tree is not None
    folders = TrialFolders(node.home.vault, node.home.state / "folders.json")
    order = TrialOrder(
        number=1, started_s=time.time(), candidate=tree, control=tree, folders=folders, quota_bytes=TWIN_BYTES,
        profile=REAL, announced_s=time.time(),
    )  # fmt: skip
    run = TrialRun(
        order, node.host, TrialFile(node.home.state), random=random.Random(1), entropy=os.urandom, utc_s=time.time
    )
    running = asyncio.create_task(run.run())
    try:
        await until(lambda: run.progress.pairs > 0)
        await asyncio.sleep(SETTLE_S)
        three = [child for child in here.children() if child.pid not in before]
        assert len(three) == PROCESSES, [child.cmdline() for child in three]
        cpu_s, pairs = sum(map(_cpu_s, three)), run.progress.pairs
        await asyncio.sleep(WATCHED_S)
        percent = 100 * (sum(map(_cpu_s, three)) - cpu_s) / WATCHED_S
        pairs_per_h = (run.progress.pairs - pairs) * 3600 / WATCHED_S
        megabytes = sum(child.memory_info().rss for child in three) / 1e6
    finally:
        running.cancel()
        await asyncio.wait({running})
    detail: Detail = {"pairs an hour": round(pairs_per_h), "seconds": WATCHED_S}
    return [
        at_most("twins and prober together, of a core", percent, CPU_PERCENT_MAX, "%", detail),
        at_most("twins and prober together, resident", megabytes, MEGABYTES_MAX, "MB", {"processes": len(three)}),
    ]


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
