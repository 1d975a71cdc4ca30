"""Succession rehearsals of real candidates, each in a process of its own as a supervisor holds them."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from node.rehearsal.limits import Limits
from node.rehearsal.rehearse import Outcome
from tests.succession import candidates, world
from tests.succession.candidates import Candidate

# As long as it takes on a computer that does other things, too; less than a farm waits, so that bad ones end soon.
PATIENCE: Final = Limits(up_s=60.0, way_s=300.0, app_s=400.0, back_s=200.0)


def play(candidate: Candidate, told: Callable[[str], None], limits: Limits = PATIENCE) -> Outcome:
    """Rehearse it.  Blocking, up to some minutes."""
    with tempfile.TemporaryDirectory(prefix="perennial-") as name:
        folder = Path(name)
        app = candidates.write(candidate, folder / "app")
        home = world.made_home(folder / "home")
        (folder / "work").mkdir()
        return asyncio.run(_rehearsed(app, home.path, folder / "work", limits, told))


async def _rehearsed(app: Path, home: Path, work: Path, limits: Limits, told: Callable[[str], None]) -> Outcome:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "node.rehearsal", "--app", str(app), "--home", str(home), "--work", str(work),
        "--limits", msgspec.json.encode(limits).decode(), cwd=world.ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = b""
    async for line in process.stdout:
        told(line.decode().strip())
    await process.wait()
    return msgspec.json.decode(line, type=Outcome)


def complaint(candidate: Candidate, outcome: Outcome) -> str:
    """What is wrong with the outcome; "" if it is as it should be."""
    if outcome.verdict == candidate.verdict and candidate.reason in outcome.reason:
        return ""
    return f"it should be {candidate.verdict} ({candidate.reason}), it is {outcome.verdict} ({outcome.reason})"
