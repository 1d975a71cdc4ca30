"""Set Perennial up in this checkout and start it: ``python3 installers/run.py [ARGUMENTS OF perennial]``.

With a screen the tray app starts, without one the practice network; with arguments, `perennial ARGUMENTS`.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A file that is started has its own folder on the path, where `installers` cannot be found.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from installers import python_version

    python_version.require()
    from installers import start

    sys.exit(start.main(sys.argv[1:]))
