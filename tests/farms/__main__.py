"""``python -m tests.farms [TABLE] [--farms N] [--book N] [--runs N] [--only TEXT] [--results FILE] [--json]``.

TABLE is complete (every release, liars and armies, ordinary and urgent), halts or books.  Each row is the median of
the runs, and the largest of what was hurt; run R of a scenario always plays alike.  With FILE it goes on, whatever
ended it, after the last run that is in FILE.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

import node.trial
from tests.candidates.results import source_hash
from tests.farms import model, network
from tests.farms.network import Outcome, Scenario, run
from tests.farms.results import HEAD, Results, row_of, said
from tests.farms.scenarios import TABLES


def sized(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    farms = arguments.farms or scenario.farms
    book = arguments.book or min(scenario.book, farms)
    return replace(scenario, farms=farms, book=book, sybils=scenario.sybils * farms // scenario.farms)


def played(name: str, scenario: Scenario, seed: int, results: Results) -> Outcome:
    found = results.found(name, scenario, seed)
    if found is None:
        found = run(scenario, seed)
        results.add(name, scenario, seed, found)
    return found


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.farms", description=__doc__)
    options.add_argument("table", nargs="?", default="complete", choices=TABLES)
    options.add_argument("--farms", type=int, help="instead of the table's own number")
    options.add_argument("--book", type=int, help="how many others each farm has met, instead of the table's number")
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--only", default="", help="rows whose name contains this")
    options.add_argument("--results", type=Path, help="the file that holds what was played so far")
    options.add_argument("--json", action="store_true", dest="is_json", help="one list of rows, when all are played")
    arguments = options.parse_args(words)
    results = Results(arguments.results, _code())
    if not arguments.is_json:
        print(f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", sep="\n")
    rows = []
    for name, whole in TABLES[arguments.table]().items():
        if arguments.only in name:
            scenario = sized(whole, arguments)
            outcomes = [played(name, scenario, seed, results) for seed in range(1, arguments.runs + 1)]
            rows.append(row_of(name, scenario, outcomes))
            if not arguments.is_json:
                print(said(rows[-1]), flush=True)
    if arguments.is_json:
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
    return 0


def _code() -> str:
    """The hash of the trials and waves, and of what plays them.  Blocking."""
    played_by = (Path(module.__file__ or "").read_bytes() for module in (model, network))
    trial = source_hash(Path(node.trial.__file__).parent)
    return hashlib.sha256(trial.encode() + b"".join(played_by)).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
