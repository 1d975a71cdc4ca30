"""``python3 -I -S -B launcher [ARGUMENTS OF perennial]``: starts Perennial as it is installed."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A folder that is started is itself on the path and no package: its modules would not find each other.
    folder = Path(__file__).resolve().parent
    sys.path[0], __package__, __spec__ = str(folder.parent), folder.name, None
    from .keeping import main

    sys.exit(main(sys.argv[1:]))
