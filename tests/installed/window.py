"""How soon the tray's icon is there, started as it is installed: shell, launcher, app."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.rows import Row, at_most, printed
from tests.installed.use import INSTALLATION, ended, environment, person_folder, run_node
from tests.other_user import NOBODY

ICON_S_MAX: Final = 60.0
STARTS: Final = 5
# A task begins when the one before it waits, and the icon is shown before that.
_TELL: Final = """

_run_untold = App.run


async def _told(self):
    asyncio.create_task(_tell())
    return await _run_untold(self)


async def _tell():
    print("shown", flush=True)


App.run = _told
"""


def times(scratch: Path) -> Iterator[Row]:
    """The installation as it is, but that its app says when the icon is shown, started several times."""
    copy, person = scratch / "installation", person_folder()
    copy.mkdir()
    for name in ("launcher", "app"):
        shutil.copytree(INSTALLATION / name, copy / name)
    for name in ("perennial", "installed.json"):
        shutil.copy2(INSTALLATION / name, copy / name)
    (copy / "runtime").symlink_to(INSTALLATION / "runtime")
    with (copy / "app" / "gui" / "app.py").open("a", encoding="utf-8") as file:
        file.write(_TELL)
    node, _ = run_node(person / "home", scratch)
    try:
        taken_s = [_start(copy, person) for _ in range(STARTS)]
    finally:
        node.terminate()
        ended(node)
    shutil.rmtree(person)
    yield printed("first start of the tray to its icon, without byte code of the app", taken_s[0], "s", {})
    every = ", ".join(f"{one:.2f}" for one in taken_s)
    yield at_most("warm start of the tray to its icon", min(taken_s[1:]), 1.5, "s", {"each": every})


def _start(copy: Path, person: Path) -> float:
    begun_s = time.monotonic()
    process = subprocess.Popen(
        [copy / "perennial", "--hidden", "--home", person / "home"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd="/", user=NOBODY, group=NOBODY, extra_groups=[],
        env=environment(person), stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line == "shown\n":
                return time.monotonic() - begun_s
        raise SystemExit(f"the tray does not start: {''.join(said)[-2000:]}")
    finally:
        process.terminate()
        process.communicate(timeout=ICON_S_MAX)
