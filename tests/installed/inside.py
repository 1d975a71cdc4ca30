"""``python -m tests.installed.inside PACKAGE``: install it, use it, remove it; each row as a line of JSON.

Only where nothing is lost by it: ``elsewhere.rows`` starts it in a system of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.benchmarks.rows import Row, at_most, printed
from tests.installed.package import BROUGHT, MB, said_by
from tests.installed.runtime import counted, starts
from tests.installed.use import INSTALLATION, PERENNIAL, Used, call, use
from tests.installed.window import times

APT_S_MAX: Final = 300


def main() -> None:
    scratch = Path(tempfile.mkdtemp(dir="/var/tmp"))
    scratch.chmod(0o755)  # others than root look at what is in it
    for row in measure(Path(sys.argv[1]), scratch):
        print(json.dumps(asdict(row)), flush=True)


def measure(package: Path, scratch: Path) -> Iterator[Row]:
    begun_s = time.monotonic()
    _apt("install", str(package))
    yield printed("installing", time.monotonic() - begun_s, "s", {})
    yield at_most("installed size", _size_of(INSTALLATION) / MB, 190, "MB", {})
    yield counted("what the system finds wrong with it", _faults())
    yield from starts(INSTALLATION / "runtime", INSTALLATION / "app")
    yield from times(scratch)
    used = use(scratch)
    yield counted("failures while it was used", used.failures)
    yield printed("from `perennial run` to its first sentence", used.up_s, "s", {})
    yield counted("files written into the installation", _changed())
    begun_s = time.monotonic()
    _apt("install", "--reinstall", str(package))
    yield printed("installing it once more while a node runs", time.monotonic() - begun_s, "s", {})
    yield counted("what became of the node by that", _disturbed(used))
    begun_s = time.monotonic()
    said = _apt("remove", "perennial")
    yield printed("removing it while a node runs", time.monotonic() - begun_s, "s", {})
    yield counted("what is left after the removal, or what is not", _left(said, used))


def _apt(*order: str) -> str:
    command = ["apt-get", "-q", "-y", "--no-install-recommends", *order]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=APT_S_MAX, check=False,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"apt-get {order[0]}: {done.stdout[-2000:]}")
    return done.stdout


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _faults() -> Iterator[str]:
    for command in (
        ["dpkg", "--verify", "perennial"],
        ["desktop-file-validate", "/usr/share/applications/perennial.desktop"],
        ["appstreamcli", "validate", "--no-net", "--explain", "/usr/share/metainfo/perennial.metainfo.xml"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0 or (command[0] == "dpkg" and done.stdout):
            yield f"{command[0]}: {done.stdout.strip()[-600:]} {done.stderr.strip()[-200:]}"
    yield from (f"{path} is not there" for path in BROUGHT if not Path(path).exists())


def _changed() -> Iterator[str]:
    known = set(said_by("dpkg", "-L", "perennial").split("\n"))
    yield from (str(path) for path in INSTALLATION.rglob("*") if str(path) not in known)


def _disturbed(used: Used) -> Iterator[str]:
    if used.running.poll() is not None:
        yield f"it has ended with {used.running.returncode}"
    status = call(used.kept.parent, "status", "--home", str(used.kept))
    if status.returncode != 0:
        yield f"it does not answer: {status.stdout} {status.stderr}"


def _left(said: str, used: Used) -> Iterator[str]:
    """``said``: by apt-get while it removed."""
    yield from (f"{path} is left" for path in (*BROUGHT, str(INSTALLATION)) if os.path.lexists(path))
    if used.running.poll() is None:
        yield "the node goes on running"
        os.killpg(used.running.pid, signal.SIGKILL)
    if "Perennial runs; it is ended" not in said:
        yield f"the removal does not say that a node runs: {said[-400:]}"
    if not (used.kept / "home.json").exists():
        yield "the home is gone"
    if shutil.which(PERENNIAL.name, path="/usr/bin:/bin"):
        yield "the command is left"


if __name__ == "__main__":
    main()
