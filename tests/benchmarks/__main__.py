"""``python -m tests.benchmarks practice [--seeds 10] [--json]``, ``... vault [--only NAME ...] [--json]``,
``... gui [--json]``, ``... install [--only NAME ...] [--json]``, ``... trust [--seeds 5] [--json]``,
``... trial [--trials 400] [--only NAME ...] [--json]``.

The exit code is 1 when a figure that was asked for is missed.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.benchmarks import gui, install, practice, rows, switch, trial, trust, vault

BENCHMARKS = {
    "gui": gui,
    "install": install,
    "practice": practice,
    "switch": switch,
    "trial": trial,
    "trust": trust,
    "vault": vault,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    for name, module in BENCHMARKS.items():
        command = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        command.add_argument("--json", action="store_true", help="one JSON object at the end instead of text")
        module.add_arguments(command)
    arguments = parser.parse_args()
    figures = BENCHMARKS[arguments.name].measure(arguments)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        (practice.show if arguments.name == "practice" else rows.show)(figures)
    return 0 if figures.get("is_met", True) else 1


if __name__ == "__main__":
    sys.exit(main())
