"""The child's end of the control channel, before anything is said on it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import os
os.devnull = "/nowhere/null"
from node.vault.channel import Channel
channel = Channel()
assert os.read(0, 1) == b""
print("noise", flush=True)
channel.send(b"frame")
channel.flush_and_close(5.0)
"""


def test_what_is_printed_or_read_stays_out_of_the_channel_and_that_takes_no_device() -> None:
    """In a container of Windows there is no null device."""
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{PROGRAM}"]
    ended = subprocess.run(command, input=b"for the channel", capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"frame", b"noise\n"), ended.stderr
