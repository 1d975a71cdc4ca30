"""A practice network that stays: what is told of it, and how a farm leaves it, by itself and with all others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

PERENNIAL = [sys.executable, "-I", "-m", "node.cli"]
END_S_MAX = 15  # far below the time in which a farm may hand over


def hear(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Read on to the line that holds ``pattern``."""
    assert process.stdout is not None
    for line in process.stdout:
        if (found := re.search(pattern, line)) is not None:
            return found
    raise AssertionError(f"it ended without saying {pattern}")


def end(process: subprocess.Popen[str]) -> str:
    """Press Ctrl+C; the end must come soon.  Returns what was said meanwhile."""
    begun_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=4 * END_S_MAX)
    assert time.monotonic() - begun_s < END_S_MAX
    assert process.returncode == 0
    return said


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([*PERENNIAL, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_farm_that_is_stopped_hands_over_unless_all_others_end_too(tmp_path: Path):
    home, other = tmp_path / "net" / "farm-1", tmp_path / "net" / "farm-2"
    with started(
        "practice", "--releases", "none", "--keep", "--vaults", "6", "--farms", "2", "--home", str(tmp_path / "net")
    ) as network:
        assert hear(network, "farm 1: --home (.*)")[1] == str(home)
        hear(network, r"The network stays; Ctrl\+C ends it\.")
        hear(network, "Nothing was published.")

        os.kill(int((home / "lock").read_text()), signal.SIGINT)
        hear(network, "farm 1 has ended with code 0; the others go on without it.")
        log = (home / "logs" / "supervisor.log").read_text()
        found = re.search("stopped: ([0-9]+) of ([0-9]+) chunks handed over; nothing waits for this computer", log)
        assert found is not None, log
        assert int(found[1]) == int(found[2]) > 0
        assert "leaving begun handover_s=20\n" in log
        assert f"leaving ended done={found[1]} left=0 hurried=False\n" in log

        plain = next(child for child in psutil.Process(network.pid).children() if "run" not in child.cmdline())
        plain.kill()
        hear(network, "vault [3-6] has ended with code -9; the others go on without it.")

        end(network)
        assert "leaving begun handover_s=0\n" in (other / "logs" / "supervisor.log").read_text()

    with started("run", "--home", str(home)) as alone:
        hear(alone, "Perennial runs on")
        said = end(alone)
        assert re.search("0 of [0-9]+ chunks handed over; no other vault can be reached, so the rest waits here", said)
