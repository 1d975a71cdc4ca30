"""A system of its own for what changes a system: this one, seen through a layer that takes all changes.

``overlayfs`` and a root of its own, and no other process in sight: what ends nodes shall not find those of this
computer.  What is left running there ends with it.  Needs Linux and root.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.rows import Row

ROOT: Final = Path(__file__).resolve().parents[2]
INSIDE_S_MAX: Final = 1200
_ENTER: Final = """
set -e
layer=$1
shift
mkdir -p "$layer/changes" "$layer/work" "$layer/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/changes,workdir=$layer/work" "$layer/root"
mount -t proc proc "$layer/root/proc"
for name in dev sys; do mount --rbind "/$name" "$layer/root/$name"; done
exec chroot "$layer/root" env --chdir="$1" PYTHONPATH="$1" "$2" -m tests.installed.inside "$3"
"""


def rows(package: Path, layer: Path) -> Iterator[Row]:
    """Install, use and remove the package there.  ``layer``: a new folder, on a disk with a GB to spare."""
    layer.mkdir()
    enter = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER, "sh", str(layer))
    command = [*enter, str(ROOT), sys.executable, str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Row(**json.loads(line))
        if process.wait(INSIDE_S_MAX) != 0:
            raise SystemExit(f"it ended with {process.returncode}")
