"""Set up and run everything that decides whether a change lands: ``python3 installers/test.py [OPTIONS]``.

What runs: ruff check, ruff format --check, mypy and pytest, in this order, each of them even when an earlier
one failed.  The options go to pytest.

The tests spare two things, which take long and change no result: flushes to the disk, and verifying a signature once
more that was found good before.  With ``--unsparing`` they spare nothing.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A file that is started has its own folder on the path, where `installers` cannot be found.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from installers import python_version

    python_version.require()
    from installers import checks

    sys.exit(checks.main(sys.argv[1:]))
