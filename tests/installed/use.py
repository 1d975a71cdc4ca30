"""The installed program used by the user nobody: a practice network, a real node, leaving for good, being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.other_user import NOBODY

INSTALLATION: Final = Path("/opt/perennial")
PERENNIAL: Final = Path("/usr/bin/perennial")
GROWN_S_MAX: Final = 120.0
UP_S_MAX: Final = 60.0
ANSWER_S_MAX: Final = 90.0
END_S_MAX: Final = 60.0


@dataclass(slots=True)
class Used:
    """``running``: a node that still runs, on the home ``kept``."""

    running: subprocess.Popen[str]
    kept: Path
    up_s: float
    failures: list[str] = field(default_factory=list)


def use(scratch: Path) -> Used:
    """Play everything through; the last node is left running."""
    folder = person_folder()
    failures = [*_practise(folder), *_found_and_leave(folder, scratch)]
    running, up_s = run_node(folder / "kept", scratch)
    failures += _kill(running, folder)
    return Used(running, folder / "kept", up_s, failures)


def person_folder() -> Path:
    """A folder of the user nobody, with a short name: a socket's path has a limit."""
    folder = Path(tempfile.mkdtemp(prefix="p-", dir="/var/tmp"))
    os.chown(folder, NOBODY, NOBODY)
    return folder


def _practise(folder: Path) -> list[str]:
    """A practice network; a file put on one farm and fetched from it; the end by Ctrl+C."""
    network = _start(folder, "practice", "--vaults", "6", "--farms", "1", "--releases", "none", "--keep", "--json")
    try:
        line = _line(network, GROWN_S_MAX)
        if not line.startswith("{"):
            return [f"practice does not come to stand: {line} {_rest(network)}"]
        home = _farm_of(json.loads(line))
        (folder / "file").write_bytes(os.urandom(300_000))
        put = call(folder, "put", str(folder / "file"), "--home", home)
        address = put.stdout.split()[-1] if put.stdout else ""
        got = call(folder, "get", address, "-o", str(folder / "back"), "--home", home)
        if got.returncode != 0 or (folder / "back").read_bytes() != (folder / "file").read_bytes():
            return [f"a file does not come back: {put.stderr} {got.stderr}"]
    finally:
        network.terminate()
        code = ended(network)
    return [] if code in {0, 143, -15, 130} else [f"the practice network ends with {code}"]


def _farm_of(said: dict[str, list[dict[str, str]]]) -> str:
    return next(one["folder"] for one in said["vaults"] if one["name"].startswith("farm"))


def _found_and_leave(folder: Path, scratch: Path) -> list[str]:
    """A network founded for practice, a real node in it, its status, and leaving with all that it took."""
    node, _ = run_node(folder / "left", scratch)
    failures = []
    status = call(folder, "status", "--json", "--home", str(folder / "left"))
    if status.returncode != 0 or json.loads(status.stdout)["is_practice"]:
        failures.append(f"no status: {status.stdout} {status.stderr}")
    left = call(folder, "leave", "--give-back", "--home", str(folder / "left"))
    if left.returncode != 0 or (folder / "left").exists() or ended(node) != 0:
        failures.append(f"leaving fails: {left.stdout} {left.stderr} {node.poll()}")
    return failures


def _kill(node: subprocess.Popen[str], folder: Path) -> list[str]:
    """Kill the program, not its launcher, as a system does that has no memory left: it comes back by itself."""
    (program,) = Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text().split()
    os.kill(int(program), signal.SIGKILL)
    deadline_s = time.monotonic() + UP_S_MAX
    while call(folder, "status", "--home", str(folder / "kept")).returncode != 0:
        if time.monotonic() > deadline_s:
            return [f"a node that was killed does not come back: {node.poll()}"]
    return []


def run_node(home: Path, scratch: Path) -> tuple[subprocess.Popen[str], float]:
    """A node on a new home, as soon as it has said its first sentence."""
    network = scratch / "network"
    if not network.exists():
        made = [str(PERENNIAL), "pod", "init-network", str(network)]
        subprocess.run(made, check=True, timeout=ANSWER_S_MAX, stdout=subprocess.DEVNULL)
    root = home.parent / "root.json"
    root.write_bytes((network / "root.json").read_bytes())
    told = subprocess.run(["sha256sum", root], check=True, capture_output=True, text=True).stdout.split()[0]
    begun_s = time.monotonic()
    options = ("--network", str(root), "--fingerprint", told, "--keys", "unprotected", "--json")
    node = _start(home.parent, "run", "--home", str(home), *options)
    line = _line(node, UP_S_MAX)
    assert line.startswith("{"), f"{line} {_rest(node)}"
    return node, time.monotonic() - begun_s


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PERENNIAL, *words], capture_output=True, text=True, timeout=ANSWER_S_MAX, check=False, cwd="/", user=NOBODY,
        group=NOBODY, extra_groups=[], env=environment(folder), stdin=subprocess.DEVNULL,
    )  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    return {
        "HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TMPDIR": str(folder),
        "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder),
    }  # fmt: skip


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PERENNIAL, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", user=NOBODY,
        group=NOBODY, extra_groups=[], env=environment(folder), stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _line(process: subprocess.Popen[str], s_max: float) -> str:
    """The next line of JSON, or the last one that came in that time."""
    assert process.stdout is not None
    deadline_s, line = time.monotonic() + s_max, ""
    while time.monotonic() < deadline_s and not line.startswith("{"):
        line = process.stdout.readline()
        if not line:
            break
    return line


def _rest(process: subprocess.Popen[str]) -> str:
    process.kill()
    return process.communicate()[0][-1000:]


def ended(process: subprocess.Popen[str]) -> int | None:
    try:
        process.communicate(timeout=END_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.returncode
