"""``python -m tests.candidates --seeds 5 --results FILE [--only NAME,...] [--any-source]``: the whole matrix.

Whatever ends it, it goes on after the last row that is in FILE.  Rows that were played with another source of ``node/``
are played again.  The exit code is 1 when a row did not end as it should.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from node.practice.profile import PracticeProfile
from tests.candidates import modelled
from tests.candidates.catalogue import ROWS
from tests.candidates.matrix import play_all, source_folder
from tests.candidates.modelled import MODELLED
from tests.candidates.results import Results, line_of, source_hash, table
from tests.candidates.rows import End, ModelledRow, Row, Traces, complaints

ALL = (*MODELLED, *ROWS)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.candidates", description=__doc__)
    options.add_argument("--seeds", type=int, default=5, help="how many, from 1 on")
    options.add_argument("--results", type=Path, required=True, help="the file that holds what was found so far")
    options.add_argument("--only", default="", help="names of rows, separated by commas")
    options.add_argument("--any-source", action="store_true", help="let lines about any source of node/ count")
    return options


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    names = [name.strip() for name in arguments.only.split(",") if name.strip()]
    unknown = set(names) - {row.name for row in ALL}
    if unknown:
        parser().error(f"no row is called {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in ALL)}")
    rows = [row for row in ALL if not names or row.name in names]
    source = source_hash(source_folder())
    results = Results(arguments.results, source, is_any_source=arguments.any_source)
    seeds = range(1, arguments.seeds + 1)
    for seed in seeds:
        _play([row for row in rows if results.found(row, seed) is None], seed, source, results)
    print(*table(rows, results, seeds), sep="\n")
    lines = [results.found(row, seed) for row in rows for seed in seeds]
    return 0 if all(line is not None and not line.complaints for line in lines) else 1


def _play(rows: list[Row | ModelledRow], seed: int, source: str, results: Results) -> None:
    def played(row: Row | ModelledRow, ends: tuple[End, ...], found: list[str], seconds: float) -> None:
        results.add(line_of(row, seed, source, ends, found, seconds))
        said = "; ".join(found) or f"as it should, {ends[0].verdict}: {ends[0].reason}"
        print(f"seed {seed}, {row.name} ({seconds:.0f} s): {said}", flush=True)

    for row in rows:
        if isinstance(row, ModelledRow):
            begun_s = time.monotonic()
            ends = (modelled.play(row, seed),)
            played(row, ends, complaints(row, ends, Traces()), time.monotonic() - begun_s)
    real = [row for row in rows if isinstance(row, Row)]
    asyncio.run(play_all(real, seed, PracticeProfile(), lambda line: print(f"    {line}", flush=True), played))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
