"""The launcher in a process of its own, on a world of ``tests.launcher_world``; killed before a change, if told.

``python -m tests.crashes.launching FOLDER NUMBER SECONDS``: what counts as a change are the calls of CHANGING, and each
start; SECONDS is how long a program may take to say that it is well.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from installers.launcher.arguments import Asked
from installers.launcher.choosing import STARTS_MAX
from installers.launcher.keeping import Limits, carry_out
from installers.launcher.starting import Places
from tests.launcher_world import World

CHANGING: Final = ("open", "write", "fsync", "replace", "posix_spawn")
LIMITS: Final = Limits(look=0.1, retry=0.0, stop_max=0.3)
WAIT_S_MAX: Final = 30.0


def launched(
    world: World, *, killed_at: int = -1, healthy_s_max: float = WAIT_S_MAX, by: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    """The launcher, started ``by`` a command such as nohup; before change number ``killed_at`` it kills itself."""
    asked = (str(world.folder), str(killed_at), str(healthy_s_max))
    command = [*by, sys.executable, "-m", "tests.crashes.launching", *asked]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def play_kill(folder: Path, killed_at: int) -> bool:
    """Let a launcher leave a program that crashes, killed at that change; return whether it came so far.

    Raises:
        AssertionError: The next launcher did not start the one that works.
    """
    world = World(folder)
    world.point(world.slot("crashes", "bad"), world.slot("well", "good"), starts=STARTS_MAX - 1)

    code = launched(world, killed_at=killed_at).wait(WAIT_S_MAX)
    assert code in {0, -signal.SIGKILL}, code
    assert launched(world).wait(WAIT_S_MAX) == 0

    assert world.ran[-1] == "good", world.ran
    assert world.ran.count("bad") <= 1, world.ran
    assert world.record.is_proven, world.record
    return code != 0


def play_kills() -> int:
    """Kill it before each change that it makes; print what became of it."""
    for killed_at in itertools.count():
        with tempfile.TemporaryDirectory() as folder:
            if not play_kill(Path(folder) / "world", killed_at):
                print(
                    f"a launcher killed before each of {killed_at} changes: each time the next one started what works"
                )
                return 0
    raise AssertionError


def killing(killed_at: int) -> None:
    numbers = itertools.count()

    def counted(usual: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            if next(numbers) == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return usual(*args, **options)

        return called

    for name in CHANGING:
        setattr(os, name, counted(getattr(os, name)))


def main(folder: Path, killed_at: int, healthy_s_max: float) -> int:
    if killed_at >= 0:
        killing(killed_at)
    home = folder / "home"
    places = Places(folder / "installation", home / "slots")
    return carry_out(
        Asked("node", home), places, ("run", "--home", str(home)), LIMITS._replace(healthy_max=healthy_s_max)
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
