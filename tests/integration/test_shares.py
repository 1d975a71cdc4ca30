"""A file put and fetched as the README shows it: a practice network, and the command line on two of its farms."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

PERENNIAL = [sys.executable, "-I", "-m", "node.cli"]
COMMAND_S_MAX = 120


@contextmanager
def network(home: Path) -> Iterator[list[str]]:
    """A practice network that publishes nothing; yields the homes of its farms."""
    arguments = ["practice", "--releases", "none", "--keep", "--json", "--vaults", "6", "--farms", "2"]
    with subprocess.Popen(
        [*PERENNIAL, *arguments, "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        members = json.loads(process.stdout.readline())
        try:
            yield [farm["home"] for farm in members["farms"]]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=COMMAND_S_MAX)
    assert process.returncode == 0


def call(*arguments: str) -> Any:
    ended = subprocess.run(
        [*PERENNIAL, *arguments, "--json"], capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def test_what_one_farm_puts_another_one_fetches(tmp_path: Path):
    garden = tmp_path / "garden"
    (garden / "beds").mkdir(parents=True)
    (garden / "beds" / "seeds.bin").write_bytes(Random(1).randbytes(3_000_000))
    (garden / "plan.txt").write_text("Grüße 🌱")
    with network(tmp_path / "network") as (first, second):
        stored = call("put", str(garden), "--home", first)
        fetched = call("get", stored["address"], "-o", str(tmp_path / "out"), "--home", second)
    assert stored["holders_least"] >= 3
    assert fetched["files"] == stored["files"] == 2
    for path in ("beds/seeds.bin", "plan.txt"):
        assert (tmp_path / "out" / path).read_bytes() == (garden / path).read_bytes()
