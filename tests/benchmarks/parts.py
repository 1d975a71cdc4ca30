"""A benchmark of several modules, each with a ``measure()`` that returns rows: those that were asked for, in order."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Mapping
from typing import Any

from tests.benchmarks.rows import Row, figures_of, tell


def add_only(command: argparse.ArgumentParser, names: tuple[str, ...]) -> None:
    command.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))


def measured(modules: Mapping[str, str]) -> dict[str, Any]:
    """``modules``: the name of a part -> its module."""
    rows: list[Row] = []
    for name, module in modules.items():
        started_s = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += [tell(row) for row in _rows_of(name, module)]
        print(f"{name} took {time.monotonic() - started_s:.0f} s", file=sys.stderr, flush=True)
    return figures_of(rows)


def _rows_of(name: str, module: str) -> list[Row]:
    try:
        rows: list[Row] = importlib.import_module(module).measure()
    except Exception as error:  # noqa: BLE001  # whatever it is: the figures of the others shall not be lost
        return [Row(f"{name} could not be measured", -1.0, "", is_met=False, detail={"why": repr(error)[:200]})]
    return rows
