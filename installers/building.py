"""What the doors `installers/*/build.py` do: set up what building needs, and let its Python build."""

import argparse
import subprocess
from pathlib import Path

from installers import debian
from installers.environment import Environment, SetupError, clean_environ, say

ROOT = Path(__file__).resolve().parents[1]
BUILD_S_MAX = 3600  # over a slow line, on a slow machine


def add_here(parser: argparse.ArgumentParser) -> None:
    """The module runs in the checkout; a folder that a person names is meant from where the person is."""
    parser.add_argument("--here", type=Path, default=Path.cwd(), help=argparse.SUPPRESS)


def main(module: str, packages: str, arguments: list[str]) -> int:
    """Run the module, once that group of Debian packages is there; return the exit code; 1 is a stated failure."""
    environment = Environment(ROOT)
    try:
        missing = debian.provide(("environment", packages))
        if missing:
            raise SetupError(debian.advice(missing))
        environment.prepare("run")
        command = [str(environment.program("python")), "-m", module, "--here", str(Path.cwd()), *arguments]
        return subprocess.run(command, cwd=ROOT, env=clean_environ(), timeout=BUILD_S_MAX, check=False).returncode
    except (SetupError, OSError, subprocess.TimeoutExpired) as error:
        say(f"It cannot be built: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
