"""``python -m tests.installed runtime|deb|rpm``: make it, use it, and print how large and how fast it is.

    runtime   made twice: the same tree?  Where does each binary come from, what does it need?  Does all start in it?
    deb       made twice: the same bytes?  Installed, used, removed, in a
              system of its own: what is left?  As root, on Debian.
    rpm       made twice: the same bytes?  What is in it?

``--packages DIR`` keeps what was fetched for the next time.  Each takes minutes and some hundred MB beside DIR.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.rows import Row, tell
from tests.installed import package, runtime

KINDS = {"runtime": runtime.measure, "deb": package.measure_deb, "rpm": package.measure_rpm}


def main() -> int:
    command = argparse.ArgumentParser(prog="python -m tests.installed", description=__doc__)
    command.add_argument("kind", choices=sorted(KINDS))
    command.add_argument("--packages", type=Path, help="what was fetched before; what is missing is fetched into it")
    arguments = command.parse_args()
    with tempfile.TemporaryDirectory(prefix="perennial-installed-", dir="/var/tmp") as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)  # others than root look at what is in it
        rows: list[Row] = []
        for row in KINDS[arguments.kind](arguments.packages or scratch / "packages", scratch):
            rows.append(tell(row))
            for name, value in row.detail.items():
                print(f"        {name}: {value}", file=sys.stderr)
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
