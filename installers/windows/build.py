"""Build the installer for Windows: ``python3 installers/windows/build.py --out DIR``.  On Debian, from a checkout."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent.parent
    # A file that is started has its own folder on the path, where `installers` cannot be found.
    sys.path[0] = str(root)
    from installers import debian, python_version

    python_version.require()
    from installers.environment import Environment, SetupError, clean_environ, say

    try:
        if lacking := debian.provide(("environment", "windows")):
            raise SetupError(debian.advice(lacking))
        environment = Environment(root)
        environment.prepare("run")
    except (SetupError, OSError) as error:
        say(f"The installer cannot be built: {error}")
        sys.exit(1)
    os.chdir(root)
    command = [str(environment.program("python")), "-m", "installers.windows.making", *sys.argv[1:]]
    os.execve(command[0], command, clean_environ())
