"""``python -m tests.fuzz [OPTIONS OF libFuzzer]``: let a coverage-guided fuzzer look for a story that a vault fails.

It needs the package atheris, which exists for some systems and Python versions only and is in no lock file; the
gate tells random stories instead (``tests/property/test_vault_fuzz.py``).  Useful options: ``-max_total_time=600``,
``-max_len=4000``, and a folder to keep the corpus in.
"""

from __future__ import annotations

import importlib
import sys


def main() -> int:
    """Fuzz until told to stop; the exit code is libFuzzer's, or 2 without atheris."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        print("atheris is not installed here: pip install atheris", file=sys.stderr)
        return 2
    with atheris.instrument_imports(include=["node.vault"]):
        from tests.fuzz.story import Story

    atheris.Setup(sys.argv, lambda content: Story(content).tell())
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
