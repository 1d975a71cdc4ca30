"""``python -m tests.succession switch [--json]``: how long nobody answers while a node becomes another program;
``... rehearse [--only NAME,...]``: what the succession rehearsal says of candidate apps, some minutes each.

The exit code is 1 when a figure that was asked for is missed, or a candidate is judged wrongly.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.benchmarks import rows
from tests.succession import rehearsals, switch
from tests.succession.candidates import CANDIDATES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.succession", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    command = commands.add_parser("switch", help="how long nobody answers while a node becomes another program")
    command.add_argument("--json", action="store_true", help="one JSON object at the end instead of text")
    command = commands.add_parser("rehearse", help="what the succession rehearsal says of candidate apps")
    command.add_argument("--only", default="", help="names of candidates, separated by commas")
    arguments = parser.parse_args()
    if arguments.name == "rehearse":
        return rehearse([name for name in arguments.only.split(",") if name])
    figures = rows.figures_of([rows.tell(row) for row in switch.measured()])
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        rows.show(figures)
    return 0 if figures["is_met"] else 1


def rehearse(names: list[str]) -> int:
    unknown = set(names) - {one.name for one in CANDIDATES}
    if unknown:
        sys.exit(f"no candidate is called {', '.join(sorted(unknown))}")
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
