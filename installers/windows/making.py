"""The installer: packages in, ``PerennialSetup-VERSION.exe`` out.  Blocks for a minute or two.

The same checkout gives the same bytes: packages are pinned by their hashes, all files bear the same time, and their
order is that of their names.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from installers import building, installation
from installers.installation import FILE_TIME_S
from installers.windows import staging
from installers.windows.compiling import HERE, NotCompiled, compile_programs, run
from installers.windows.fetching import NotFetched, fetch
from installers.windows.icon import icon
from installers.windows.script import included
from node.pod.errors import PodError

ROOT: Final = HERE.parent.parent
ICON_SIDES: Final = (16, 24, 32, 48, 64, 128, 256)
PACK_S_MAX: Final = 600.0


def main(arguments: Sequence[str]) -> int:
    """Build it; return the exit code."""
    parser = argparse.ArgumentParser(prog="installers/windows/build.py", description="Builds the Windows installer.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the installer is put")
    parser.add_argument("--packages", type=Path, metavar="DIR", help="keep what was fetched there, for the next time")
    building.add_here(parser)
    given = parser.parse_args(arguments)
    try:
        build(given.here / given.out, given.packages and given.here / given.packages)
    except (NotFetched, NotCompiled, PodError, ValueError, OSError) as error:
        print(f"The installer could not be built: {error}", file=sys.stderr)
        return 1
    return 0


def build(out: Path, packages: Path | None) -> Path:
    """Put the installer into the folder ``out``, say on the way how long each step took, and return its path.

    Raises:
        NotFetched, NotCompiled, PodError, ValueError, OSError: It could not be built; the message says why.
    """
    version = installation.version(ROOT)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        clock = Clock()
        python, wheels = fetch(packages or scratch / "packages")
        clock.say(f"{len(wheels)} wheels and CPython fetched")
        staged = staging.stage(ROOT, version, python, wheels, scratch / "stage")
        clock.say(f"{len(staged.files)} files of {_megabytes(staged.size_bytes)} laid out")
        picture = scratch / "perennial.ico"
        icons = (ROOT / f"resources/icons/perennial-{side}.png" for side in ICON_SIDES)
        picture.write_bytes(icon([path.read_bytes() for path in icons]))
        programs = compile_programs(version, picture, staged.folder, scratch)
        clock.say("programs compiled")
        made = pack(version, staged, programs, picture, out, scratch)
        clock.say("packed")
    print(f"app {staged.app}\nruntime {staged.runtime}")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    print(f"{made.name}: {_megabytes(made.stat().st_size)}, SHA-256 {digest}", flush=True)
    return made


def pack(
    version: str, staged: staging.Staged, programs: Sequence[str], picture: Path, out: Path, scratch: Path
) -> Path:
    """Let NSIS make one file of it all.

    Raises:
        NotCompiled: NSIS is missing or refused.
    """
    files = tuple(sorted((*staged.files, *programs)))
    for name in programs:
        os.utime(staged.folder / name, (FILE_TIME_S, FILE_TIME_S))
    listed = scratch / "files.nsh"
    listed.write_text(included(staged.folder, files, staging.folders_of(files)), encoding="utf-8")
    made = out / f"PerennialSetup-{version}.exe"
    given = {
        "VERSION": version,
        "OUT": str(made),
        "ICON": str(picture),
        "FILES": str(listed),
        "SIZE_KB": str(staged.size_bytes >> 10),
    }
    defined = [f"-D{name}={value}" for name, value in given.items()]
    run(["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", *defined, str(HERE / "installer.nsi")], PACK_S_MAX)
    return made


class Clock:
    """Says how long each step took."""

    def __init__(self) -> None:
        self._begun_s = time.monotonic()

    def say(self, what: str) -> None:
        now_s = time.monotonic()
        print(f"{now_s - self._begun_s:5.1f} s  {what}", flush=True)
        self._begun_s = now_s


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
