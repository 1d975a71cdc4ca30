"""``python -m tests.crashes``: cut a release's way off wherever it can be, and print what became of it.

``--cuts``: the power fails at every file operation, on disks that are pretended.  ``--twice``: once more at every file
operation of what follows.  ``--full``: the disk is full at every write.  ``--real``: a real farm is killed in each
phase.  ``--becoming``: a real farm becomes another program while it tries a release out.  ``--filled``: a real farm's
disk is filled meanwhile.  ``--launcher``: the launcher is killed before each change that it makes.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.crashes.becoming import become_on_trial
from tests.crashes.farm import folder_of
from tests.crashes.filled import fill_a_real_one
from tests.crashes.full import play_full
from tests.crashes.launching import play_kills
from tests.crashes.real import PHASES, rows
from tests.crashes.small_disk import NoSmallDisk
from tests.crashes.trials import TRIALS, play_trial
from tests.crashes.ways import WAYS, play, play_twice
from tests.simulation.signing import cheap_everywhere


def main() -> int:
    command = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    kind = command.add_mutually_exclusive_group(required=True)
    kind.add_argument("--cuts", action="store_true", help="every file operation of every way; it takes minutes")
    kind.add_argument("--twice", action="store_true", help="every second cut after every one; it takes a day")
    kind.add_argument("--filled", action="store_true", help="a real farm on a disk of its own; it takes minutes")
    kind.add_argument("--full", action="store_true", help="every write of every way; it takes minutes")
    kind.add_argument("--real", action="store_true", help="with real processes; it takes minutes")
    kind.add_argument("--becoming", action="store_true", help="with real processes; it takes minutes")
    kind.add_argument("--launcher", action="store_true", help="with real processes; it takes a minute")
    command.add_argument("phases", nargs="*", metavar="PHASE", help=f"some of {', '.join(PHASES)}; all without")
    arguments = command.parse_args()
    if arguments.cuts:
        return everywhere(WAYS, play) | everywhere(TRIALS, play_trial)
    if arguments.twice:
        return everywhere(WAYS, play_twice)
    if arguments.filled:
        return filled()
    if arguments.full:
        return everywhere(WAYS, play_full)
    if arguments.launcher:
        return play_kills()
    if arguments.becoming:
        row = asyncio.run(become_on_trial())
        print(row.line)
        return 0 if row.is_right else 1
    if unknown := set(arguments.phases) - set(PHASES):
        command.error(f"no such phase: {', '.join(sorted(unknown))}")
    found = asyncio.run(rows(tuple(arguments.phases) or PHASES))
    return 0 if all(row.is_right for row in found) else 1


def filled() -> int:
    try:
        row = asyncio.run(fill_a_real_one())
    except NoSmallDisk as error:
        print(f"skipped: {error}")
        return 0
    print(row.line)
    return 0 if row.is_right else 1


def everywhere(names: Iterable[str], play_one: Callable[[str, Path, int], tuple[int, int]]) -> int:
    logging.disable(logging.ERROR)  # what fails by intent, thousands of times, would bury what is found
    failed = 0
    for name in names:
        begun_s = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, cheap_everywhere():
            try:
                played, _ = play_one(name, folder_of(Path(folder)), 1)
            except AssertionError as error:
                failed += 1
                print(f"{name}: FAILED: {error} {getattr(error, '__notes__', '')}", flush=True)
            else:
                took_s = time.monotonic() - begun_s
                print(f"{name}: {played} disks, each goes on as if nothing had been ({took_s:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
