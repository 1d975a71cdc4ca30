"""A command that is told to end does so in order, however it is told."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from node.cli.ending import told_to_end

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

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there a process can only be ended, not told to end")


@pytest.mark.usefixtures("hangup_heard")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_node_ends_in_order_also_when_its_terminal_is_closed(name: str):
    with subprocess.Popen([sys.executable, "-c", NODE], stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert node.stdout.readline() == "It runs.\n"

        node.send_signal(signal.Signals[name])

        assert node.communicate(timeout=END_S_MAX)[0] == "Handed over.\n"
    assert node.returncode == 0


@pytest.mark.usefixtures("hangup_heard")
def test_what_was_started_to_outlive_its_terminal_does():
    assert signal.SIGHUP in told_to_end()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does it

    assert signal.SIGHUP not in told_to_end()
    assert signal.SIGTERM in told_to_end()
