"""A command ends as it should, however it is told to, and whatever becomes of what it says."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli.ending import SAME_WISH_S, once_for_each_wish, told_to_end
from node.supervisor.home import Home

END_S_MAX = 20.0
NODE = """
import asyncio
from node.cli.run import _stopped_by_signals

async def node():
    ended = asyncio.Event()
    with _stopped_by_signals(ended.set):
        print("It runs.", flush=True)
        await ended.wait()
        print("Handed over.")

asyncio.run(node())
"""

TOLD = """
import asyncio
from node.cli.run import _stopped_by_signals

async def node():
    ended = asyncio.Event()
    def stop():
        print("It is told to end.", flush=True)
        if wishes:
            ended.set()
        wishes.append("to end")
    wishes = []
    with _stopped_by_signals(stop):
        print("It runs.", flush=True)
        await ended.wait()

asyncio.run(node())
"""

UNHEARD = """
import asyncio, sys
from types import SimpleNamespace
from node import cli
from node.cli import run

class FakeSupervisor:
    successor = None
    vault = SimpleNamespace(wait_until_settled=lambda: asyncio.sleep(0), switch=lambda _: asyncio.sleep(0))
    looking = SimpleNamespace()

    def __init__(self, home, keys, **others):
        self.home, self.keys, self.ended = home, keys, asyncio.Event()

    def status(self):
        return SimpleNamespace(farm="3f2a", sentence="All is well.")

    def farewell(self):
        return "All of 7 pieces are handed over."

    def stop(self):
        self.ended.set()

    async def run(self):
        await self.ended.wait()

class FakeServer:
    def __init__(self, supervisor, socket): ...

    async def start(self, inherited): ...

    async def follow(self): ...

    async def stop(self): ...

run.Supervisor, run.ApiServer = FakeSupervisor, FakeServer
cli.main()
"""
FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there a process can only be ended, not told to end")


@pytest.mark.long
@pytest.mark.usefixtures("hangup_heard")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_node_ends_in_order_also_when_its_terminal_is_closed(name: str):
    with subprocess.Popen([sys.executable, "-c", NODE], stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert node.stdout.readline() == "It runs.\n"

        node.send_signal(signal.Signals[name])

        assert node.communicate(timeout=END_S_MAX)[0] == "Handed over.\n"
    assert node.returncode == 0


@pytest.mark.long
@pytest.mark.usefixtures("hangup_heard")
def test_a_node_that_is_told_by_several_at_once_still_hands_over_until_a_person_is_in_a_hurry():
    with subprocess.Popen([sys.executable, "-c", TOLD], stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert node.stdout.readline() == "It runs.\n"
        node.send_signal(signal.SIGTERM)
        assert node.stdout.readline() == "It is told to end.\n"

        node.send_signal(signal.SIGTERM)
        node.send_signal(signal.SIGHUP)
        node.send_signal(signal.SIGINT)

        assert node.communicate(timeout=END_S_MAX)[0] == "It is told to end.\n"
    assert node.returncode == 0


@pytest.mark.parametrize(
    ("told", "wishes"),
    [
        ([(0.0, "SIGTERM"), (0.1, "SIGTERM"), (SAME_WISH_S - 0.1, "SIGHUP")], 1),
        ([(0.0, "SIGTERM"), (SAME_WISH_S, "SIGTERM")], 2),
        ([(0.0, "SIGTERM"), (0.1, "SIGINT")], 2),
        ([(0.0, "SIGINT"), (0.1, "SIGINT")], 2),
        ([(0.0, "SIGINT"), (0.1, "SIGHUP"), (0.2, "SIGTERM")], 1),
    ],
)
def test_a_second_wish_to_end_is_a_persons_or_comes_later(told: list[tuple[float, str]], wishes: int):
    made: list[str] = []
    times = iter([at_s for at_s, _ in told])
    tell = once_for_each_wish(lambda: made.append("to end"), lambda: next(times))

    for _, name in told:
        tell(signal.Signals[name])

    assert len(made) == wishes


@pytest.mark.usefixtures("hangup_heard")
def test_what_was_started_to_outlive_its_terminal_does():
    assert signal.SIGHUP in told_to_end()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does it

    assert signal.SIGHUP not in told_to_end()
    assert signal.SIGTERM in told_to_end()


@pytest.mark.long
def test_a_node_that_nobody_listens_to_ends_in_order(tmp_path: Path):
    Home.make(tmp_path, kind="practice", root=b"genesis", bind="127.0.9.1:0", quota_bytes=64 << 20)
    command = [sys.executable, "-c", UNHEARD, "run", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as node:
        assert node.stdout is not None
        assert node.stderr is not None
        try:
            assert node.stdout.readline().startswith(b"Perennial runs on ")
            node.stdout.close()

            node.terminate()

            said = node.stderr.read()
            assert (node.wait(END_S_MAX), said) == (0, b"")
        finally:
            node.kill()


@pytest.mark.long
@pytest.mark.skipif(not FULL.exists(), reason="no disk here is always full")
@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--json"], ["status", "--json"]])
def test_what_a_full_disk_does_not_take_is_one_sentence(tmp_path: Path, arguments: list[str]):
    command = [sys.executable, "-m", "node.cli", *arguments, "--home", str(tmp_path / "home")]
    with FULL.open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)

    assert (ended.returncode, ended.stderr) == (1, "The output cannot be written: No space left on device.\n")
