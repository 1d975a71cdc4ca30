"""Build a package for Linux from this checkout: ``python3 installers/linux/build.py deb|rpm|folder --out DIR``.

On Debian 12: what a runtime is made of is fetched with its apt-get.  As root, what is missing is installed first.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A file that is started has its own folder on the path, where `installers` cannot be found.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from installers import python_version

    python_version.require()
    from installers import building

    sys.exit(building.main("installers.linux.making", "packages", sys.argv[1:]))
