"""What the doors `installers/*/build.py` do: set up what building needs, and let its Python build."""

import subprocess
from pathlib import Path

from installers import debian
from installers.environment import Environment, SetupError, clean_environ, say

ROOT = Path(__file__).resolve().parents[1]
# ``-m`` would find the module only in the folder of the checkout.
RUN = "import runpy, sys; sys.path[0] = sys.argv.pop(1); runpy.run_module(sys.argv.pop(1), run_name='__main__')"
BUILD_S_MAX = 3600  # over a slow line, on a slow machine


def main(module: str, packages: str, arguments: list[str]) -> int:
    """Run the module, once that group of Debian packages is there; return the exit code; 1 is a stated failure."""
    environment = Environment(ROOT)
    try:
        missing = debian.provide(("environment", packages))
        if missing:
            raise SetupError(debian.advice(missing))
        environment.prepare("run")
        # Where the person is: that is what a folder among the arguments is meant from.
        command = [str(environment.program("python")), "-c", RUN, str(ROOT), module, *arguments]
        return subprocess.run(command, env=clean_environ(), timeout=BUILD_S_MAX, check=False).returncode
    except (SetupError, OSError, subprocess.TimeoutExpired) as error:
        say(f"It cannot be built: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
