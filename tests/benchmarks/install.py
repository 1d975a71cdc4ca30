"""The installed app: what its updates cost to publish, to fetch and to put in place.

Each part is a module of its own, ``install_NAME``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import Any

from tests.benchmarks.rows import Row, figures_of, tell

NAMES = ("modules", "bundle", "qt", "switch")


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rows: list[Row] = []
    for name in arguments.only:
        started_s = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += [tell(row) for row in _measured(name)]
        print(f"{name} took {time.monotonic() - started_s:.0f} s", file=sys.stderr, flush=True)
    return figures_of(rows)


def _measured(name: str) -> list[Row]:
    try:
        rows: list[Row] = importlib.import_module(f"tests.benchmarks.install_{name}").measure()
    except Exception as error:  # noqa: BLE001  # whatever it is: the figures of the others shall not be lost
        return [Row(f"{name} could not be measured", -1.0, "", is_met=False, detail={"why": repr(error)[:200]})]
    return rows
