"""Build the installer for Windows from this checkout: ``python3 installers/windows/build.py --out DIR``.

On Debian 12.  As root, what is missing is installed first.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A file that is started has its own folder on the path, where `installers` cannot be found.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from installers import python_version

    python_version.require()
    from installers import building

    sys.exit(building.main("installers.windows.making", "windows", sys.argv[1:]))
