"""A practice network ends when it is told to, whoever still reads what it says."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

END_S_MAX = 20.0
NETWORK = """
import asyncio
from node.cli.practice import PipeConsole, _run_until_told

console = PipeConsole()

async def network():
    try:
        console.out("It stands.")
        await asyncio.get_running_loop().create_future()
    finally:
        open(PLACE, "w").write("taken down")

_run_until_told(network, console, is_until_eof=False)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="there a process can only be ended, not told to end")
@pytest.mark.usefixtures("hangup_heard")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_is_taken_down_also_when_nobody_reads_any_more(tmp_path, name: str):
    place = tmp_path / "said"
    program = f"PLACE = {str(place)!r}\n{NETWORK}"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        assert run.stdout is not None
        try:
            assert run.stdout.readline() == b"It stands.\n"
            run.stdout.close()

            run.send_signal(signal.Signals[name])

            run.wait(END_S_MAX)
        finally:
            run.kill()

    assert place.read_text() == "taken down"
