"""Start Perennial from a checkout: what `python3 installers/run.py` does."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from installers import debian
from installers.environment import Environment, SetupError, clean_environ, say

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Set up if need be and become `perennial`; return an exit code only when that was not possible."""
    environment = Environment(ROOT)
    try:
        prepare(environment, arguments)
        return become(environment.program("perennial"), what_to_start(arguments, os.environ, sys.platform))
    except (SetupError, OSError) as error:
        say(f"Perennial cannot start: {error}")
        return 1
    except KeyboardInterrupt:
        say("Interrupted; the next start takes the set-up up again.")
        return 130


def screens(environ: Mapping[str, str], platform: str) -> list[str]:
    """Return the kinds of screen that a window could be shown on, named as in debian-packages.txt."""
    if platform in {"win32", "darwin"}:
        return [platform]
    return [kind for name, kind in (("DISPLAY", "x11"), ("WAYLAND_DISPLAY", "wayland")) if environ.get(name)]


def what_to_start(arguments: list[str], environ: Mapping[str, str], platform: str) -> list[str]:
    """Return the arguments for `perennial`: none means its tray app."""
    if arguments or screens(environ, platform):
        return arguments
    return ["practice"]


def prepare(environment: Environment, arguments: list[str]) -> None:
    """Set up what is not set up.  What a window needs is looked for whenever one will be shown.

    Raises:
        SetupError: Something is missing without which the start makes no sense.
    """
    kinds = screens(os.environ, sys.platform)
    is_window_wanted = bool(kinds) and not arguments
    is_ready = environment.is_ready("run")
    indispensable = [] if is_ready else ["environment"]
    window = ["window", *(kinds or ["x11"])]
    desirable = [] if is_ready or is_window_wanted else window
    if is_window_wanted:
        indispensable += window
    missing = debian.provide([*indispensable, *desirable])
    if debian.missing(indispensable):
        raise SetupError(debian.advice(missing))
    environment.prepare("run")
    if missing:
        say(f"No window can be shown: {debian.advice(missing)}")


def become(program: Path, arguments: list[str]) -> int:
    command = [str(program), *arguments]
    if sys.platform == "win32":
        return subprocess.call(command, env=clean_environ())  # exec there would detach from the terminal
    if not arguments:
        say("Starting Perennial's icon in the tray.")
    return os.execve(program, command, clean_environ())
