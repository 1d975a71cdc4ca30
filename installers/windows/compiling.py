"""Perennial.exe and Perennial.com from perennial.c, by a compiler for Windows on Linux.  Blocks for a second.

The same source gives the same bytes: no time of day is written into them.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
COMPILER: Final = "x86_64-w64-mingw32-gcc"
RESOURCES: Final = "x86_64-w64-mingw32-windres"
STEP_S_MAX: Final = 60.0
OPTIONS: Final = ("-Os", "-s", "-Wall", "-Wextra", "-Werror", "-municode", "-Wl,--no-insert-timestamp")
# Name -> what makes it so: a program with a console lets a terminal wait for it and shows what is said.
PROGRAMS: Final = {"Perennial.exe": ("-mwindows",), "Perennial.com": ("-mconsole", "-DHAS_CONSOLE")}


class NotCompiled(Exception):
    """A tool is missing or refused; the message is what it said."""


def compile_programs(version: str, icon: Path, into: Path, scratch: Path) -> tuple[str, ...]:
    """Make both programs in the folder ``into``; return their names.

    Raises:
        NotCompiled: A tool is missing or refused.
    """
    numbers = ",".join([*version.split("."), "0", "0", "0"][:4])
    given = f'#define VERSION {numbers}\n#define VERSION_TEXT "{version}"\n#define ICON_FILE "{icon.as_posix()}"\n'
    (scratch / "given.h").write_text(given, encoding="utf-8")
    resource = scratch / "perennial.o"
    run([RESOURCES, "-I", str(HERE), "-I", str(scratch), str(HERE / "perennial.rc"), str(resource)])
    for name, kind in PROGRAMS.items():
        run([COMPILER, *OPTIONS, *kind, str(HERE / "perennial.c"), str(resource), "-o", str(into / name)])
    return tuple(PROGRAMS)


def run(command: list[str], seconds: float = STEP_S_MAX) -> None:
    """Raises NotCompiled with what the tool said when it does not succeed within so many seconds."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotCompiled(str(error)) from error
    if done.returncode != 0:
        raise NotCompiled(done.stderr[-2000:] or done.stdout[-2000:])
