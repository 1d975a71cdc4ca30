"""``python -m tests.routers [--homes N] [--symmetric]``: do homes behind routers meet, and hold each other's chunks?

The exit code is 1 when not every two vaults know each other, or a chunk that one home put cannot be read by another.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.routers.bed import NoBed
from tests.routers.story import play


def main() -> int:
    command = argparse.ArgumentParser(prog="python -m tests.routers", description=__doc__)
    command.add_argument("--homes", type=int, default=4)
    command.add_argument("--symmetric", action="store_true", help="routers that take another port for each peer")
    arguments = command.parse_args()
    try:
        found = asyncio.run(play(arguments.homes, is_symmetric=arguments.symmetric))
    except NoBed as error:
        print(f"skipped: {error}")
        return 0
    for home in found.homes:
        outer = "names" if home.is_outer_named else "does not name"
        print(f"{home.name}: knows {home.peers} of {len(found.homes) - 1}, {outer} an outer address, {home.meetings}")
    read = "read by another one" if found.is_read else "NOT READ by another one"
    print(f"after {found.after_s:.0f} s; a chunk of the last home: {found.copies} copies, {read}")
    return 0 if found.unknown == 0 and found.is_read else 1


if __name__ == "__main__":
    sys.exit(main())
