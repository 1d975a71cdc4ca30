"""How a program is started.  ``node.update.files.starting`` says it for a supervisor that becomes another.

    PYTHON -I -X pycache_prefix=HOME/slots/cache/NAME -c CODE APP ARGUMENTS...

Never by a variable of the environment or an installed package: a program is what its app's folder holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from . import record
from .record import Pair

Kind = Literal["node", "window", "other"]

LAUNCHER = "PERENNIAL_LAUNCHER"  # the environment variable by which a program knows what has started it
UNKEPT = "PERENNIAL_UNKEPT"  # the one by which it knows that its exit code is read by whoever called the launcher
CACHE = "cache"
NAMED = 16  # hex digits of each tree
NOWHERE = Path(os.devnull) / "slots"  # there is nothing to be read, and nothing can be kept
CRASHED_CODE = 70  # so that a crash differs from a failure that is stated, which is 1

_CODE = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
try:
    from {module} import main
    sys.exit(main())
except Exception:
    sys.excepthook(*sys.exc_info())
    sys.exit({crashed})
"""
_MODULES = {"node": "node.cli", "window": "gui.__main__", "other": "node.cli"}


class Places(NamedTuple):
    """Where the installation lies, and the slots of the home."""

    installation: Path
    slots: Path

    @property
    def launcher(self) -> Path:
        return self.installation / ("Perennial.exe" if sys.platform == "win32" else "perennial")

    def app(self, pair: Pair) -> Path:
        return self.slots / "app" / pair.app if pair.app else self.installation / "app"

    def runtime(self, pair: Pair) -> Path:
        return self.slots / "runtime" / pair.runtime if pair.runtime else self.installation / "runtime"

    def python(self, pair: Pair) -> Path:
        if sys.platform == "win32":
            return self.runtime(pair) / Path(sys.executable).name  # as this one, with a console or without
        return self.runtime(pair) / "bin" / "python3"

    def cache(self, pair: Pair) -> Path:
        """Where the byte code of one app on one runtime lies.

        Never that of two: an installed app may be replaced by one whose files have the same times.
        """
        installed = record.installed(self.installation)
        app, runtime = pair.app or installed.app, pair.runtime or installed.runtime
        return self.slots / CACHE / f"{app[:NAMED] or 'installed'}-{runtime[:NAMED] or 'installed'}"


def places_of(installation: Path, home: Path) -> Places:
    """With the slots of that home, if nobody else has put them there: root may ask of the home of a person."""
    return Places(installation, home / "slots" if _is_ours(home) else NOWHERE)


def _is_ours(folder: Path) -> bool:
    try:
        return sys.platform == "win32" or folder.stat().st_uid == os.geteuid()
    except OSError:
        return not os.path.lexists(folder)


def command(places: Places, pair: Pair, kind: Kind, arguments: Sequence[str]) -> list[str]:
    """The whole command line; without a home no byte code is kept."""
    kept = ["-X", f"pycache_prefix={places.cache(pair)}"] if places.slots.is_dir() else ["-B"]
    code = _CODE.format(module=_MODULES[kind], crashed=CRASHED_CODE)
    return [str(places.python(pair)), "-I", *kept, "-c", code, str(places.app(pair)), *arguments]


def environ(places: Places, *, is_kept: bool = True) -> dict[str, str]:
    """``is_kept``: a launcher waits for the exit code of the program that gets this."""
    given = {name: value for name, value in os.environ.items() if name != UNKEPT}
    return {**given, LAUNCHER: str(places.launcher)} | ({} if is_kept else {UNKEPT: "1"})
