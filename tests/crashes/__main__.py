"""``python -m tests.crashes --real``: kill a real farm in each phase of a release, and print what became of it."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.crashes.real import PHASES, rows


def main() -> int:
    command = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    command.add_argument("--real", action="store_true", required=True, help="with real processes; it takes minutes")
    command.add_argument("phases", nargs="*", metavar="PHASE", help=f"some of {', '.join(PHASES)}; all without")
    arguments = command.parse_args()
    if unknown := set(arguments.phases) - set(PHASES):
        command.error(f"no such phase: {', '.join(sorted(unknown))}")
    found = asyncio.run(rows(tuple(arguments.phases) or PHASES))
    return 0 if all(row.is_right for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
