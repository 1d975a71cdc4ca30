"""``python -m tests.succession switch [--json]``: how long nobody answers while a node becomes another program.

The exit code is 1 when a figure that was asked for is missed.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.benchmarks import rows
from tests.succession import switch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.succession", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    command = commands.add_parser("switch", help="how long nobody answers while a node becomes another program")
    command.add_argument("--json", action="store_true", help="one JSON object at the end instead of text")
    arguments = parser.parse_args()
    figures = rows.figures_of([rows.tell(row) for row in switch.measured()])
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        rows.show(figures)
    return 0 if figures["is_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
