"""How a program is started, for a supervisor that becomes another one; the launcher has words of its own for the same.

    PYTHON -I -X pycache_prefix=HOME/slots/cache/NAME -c CODE APP run ARGUMENTS...

The launcher tells the programs that it starts where it lies; one that was started otherwise, from a checkout say,
has no launcher, and never changes which program runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

import node
from node.trust.layers import Layer
from node.update.files.programs import INSTALLED, Program

LAUNCHER: Final = "PERENNIAL_LAUNCHER"  # environment variable: the whole path of the launcher's command
UNKEPT: Final = "PERENNIAL_UNKEPT"  # environment variable: the launcher has become this process
CACHE: Final = "cache"
CACHE_NAME_DIGITS: Final = 16  # of each tree
INSTALLED_FILE: Final = "installed.json"
INSTALLED_BYTES_MAX: Final = 1 << 16
# Exit codes that the launcher understands; 1 is a failure that was stated.
BUSY_CODE: Final = (
    69  # the home is in use, or only a person can give what is lacking: nothing is wrong with the program
)
CRASHED_CODE: Final = 70

_CODE: Final = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
try:
    from node.cli import main
    sys.exit(main())
except Exception:
    sys.excepthook(*sys.exc_info())
    sys.exit(70)
"""


class Installed(msgspec.Struct, frozen=True):
    """What ``installed.json`` says: the version, and the trees that were installed."""

    version: str = ""
    platform: str = ""
    app: str = ""
    runtime: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the launcher lies, and with it the installed program."""

    folder: Path
    is_kept: bool = True  # its launcher waits for this process; else its exit code is read by whoever called that

    @classmethod
    def here(cls, environ: Mapping[str, str] = os.environ) -> Installation | None:
        """The one whose launcher started this process; None if none did."""
        launcher = environ.get(LAUNCHER, "")
        return cls(Path(launcher).parent, not environ.get(UNKEPT)) if Path(launcher).is_absolute() else None

    @property
    def launcher(self) -> Path:
        return self.folder / ("Perennial.exe" if sys.platform == "win32" else "perennial")

    def installed(self) -> Installed:
        """Blocking; nothing is known where it cannot be read."""
        try:
            with (self.folder / INSTALLED_FILE).open("rb") as file:
                return msgspec.json.decode(file.read(INSTALLED_BYTES_MAX), type=Installed)
        except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
            return Installed()

    def trees(self) -> dict[Layer, tuple[str, Path]]:
        """What was installed, by its hash, and where it lies; what is not known is left out.  Blocking."""
        said = self.installed()
        found: dict[Layer, str] = {"app": said.app, "runtime": said.runtime}
        return {layer: (tree, self.folder / layer) for layer, tree in found.items() if tree}

    def command(self, slots: Path, program: Program, arguments: Sequence[str]) -> tuple[str, ...]:
        """What starts that program with these arguments of ``perennial``.  Blocking."""
        folder = self.folder
        app = slots / "app" / program.app if program.app else folder / "app"
        runtime = slots / "runtime" / program.runtime if program.runtime else folder / "runtime"
        # There one Python has a console and another one none, as this process.
        python = runtime / (Path(sys.executable).name if sys.platform == "win32" else "bin/python3")
        cache = f"pycache_prefix={slots / CACHE / self._cache_name(program)}"
        return (str(python), "-I", "-X", cache, "-c", _CODE, str(app), *arguments)

    def _cache_name(self, program: Program) -> str:
        """Byte code belongs to one app on one runtime: an installed app may be replaced by one of the same times."""
        installed = self.installed()
        trees = program.app or installed.app, program.runtime or installed.runtime
        return "-".join(tree[:CACHE_NAME_DIGITS] or "installed" for tree in trees)


def running(slots: Path) -> Program:
    """Which program this process is, by where its files lie."""
    app, runtime = Path(node.__file__).resolve(), Path(sys.executable).resolve()
    try:
        return Program(_slot_of(slots / "app", app), _slot_of(slots / "runtime", runtime))
    except ValueError:
        return INSTALLED


def _slot_of(layer: Path, file: Path) -> str:
    folder = layer.resolve()
    return file.relative_to(folder).parts[0] if folder in file.parents else ""
