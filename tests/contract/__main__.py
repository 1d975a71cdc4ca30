"""Try the local API against its own description for longer: ``python -m tests.contract --examples 500``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.contract.trying import served, try_all


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation, of good and of bad requests")
    parser.add_argument("--repeatable", action="store_true", help="the same requests every time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (opened, _):
        for answer, times in sorted(try_all(opened, arguments.examples, is_random=not arguments.repeatable).items()):
            print(f"{times:6}  {answer}")


if __name__ == "__main__":
    main()
