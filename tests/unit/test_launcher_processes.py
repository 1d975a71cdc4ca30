"""The launcher hears an end, and the wish for one, when they come: it waits for both with one and the same wait."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SOON_S_MAX: Final = 20.0  # of the minute that would be waited otherwise
HEAD: Final = "import os, sys; from installers.launcher.processes import System; system = System()\n"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there nothing but the end of a process is heard")


def test_the_end_of_a_program_is_heard_at_once():
    program = (sys.executable, "-c", "import asyncio; raise SystemExit(7)")  # it takes a moment, and is waited for
    code = f"{HEAD}sys.exit(system.start({program!r}, os.environ).wait(60))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=SOON_S_MAX, check=False).returncode == 7


def test_a_rest_between_two_starts_ends_when_somebody_wants_an_end():
    code = f"{HEAD}print('up', flush=True); system.rest(60); sys.exit(8 if system.is_stopping else 0)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as launcher:
        try:
            assert launcher.stdout
            assert launcher.stdout.readline() == b"up\n"
            launcher.terminate()
            assert launcher.wait(SOON_S_MAX) == 8
        finally:
            launcher.kill()
