"""``python -m tests.succession rehearse [--only NAME,...]``: what the succession rehearsal says of candidate apps.

Each takes some minutes.  The exit code is 1 when one is judged wrongly.
"""

from __future__ import annotations

import argparse
import sys

from tests.succession import rehearsals
from tests.succession.candidates import CANDIDATES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.succession", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    command = commands.add_parser("rehearse", help="what the succession rehearsal says of candidate apps")
    command.add_argument("--only", default="", help="names of candidates, separated by commas")
    names = {name for name in parser.parse_args().only.split(",") if name}
    unknown = names - {one.name for one in CANDIDATES}
    if unknown:
        parser.error(f"no candidate is called {', '.join(sorted(unknown))}")
    failed = 0
    for candidate in CANDIDATES:
        if names and candidate.name not in names:
            continue
        outcome = rehearsals.play(candidate, lambda line: print(f"    {line}", flush=True))
        wrong = rehearsals.complaint(candidate, outcome)
        failed += bool(wrong)
        said = wrong or f"as it should, {outcome.verdict} {outcome.reason}"
        print(f"{candidate.name} ({candidate.does}), {outcome.seconds:.0f} s: {said}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
