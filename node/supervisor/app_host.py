"""How a later app is tried out, and how this process becomes it; fulfils ``node.update.app_ports.AppHost``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

import node
from node.sandbox.program import own_command
from node.supervisor.home import Home
from node.supervisor.programs import has_left
from node.supervisor.warming import HELP, warm
from node.update.app_ports import Shown
from node.update.errors import HostFailed
from node.update.files.programs import Program
from node.update.files.starting import Installation, running
from node.update.files.trees import remove_tree

WORK: Final = "rehearsal"  # in the home, so that it counts as a part of what the farmer lends
MODULE: Final = "node.rehearsal.__main__"
REHEARSAL_S_MAX: Final = 3_500.0  # longer than all its parts may take
STOP_S: Final = 20.0
LINE_BYTES_MAX: Final = 64 << 10
SYSTEMS: Final = {"linux": "linux", "win32": "windows", "darwin": "macos"}
MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}

log = logging.getLogger(__name__)


class Programs:
    """The programs of one home that a launcher has started."""

    def __init__(self, home: Home, installation: Installation, become: Callable[[Program], None]) -> None:
        """Blocking: what a rehearsal has left that was cut off is removed."""
        self._home = home
        self._installation = installation
        self._become = become
        self._work = home.path / WORK
        self._own = Path(node.__file__).resolve().parents[1]
        remove_tree(self._work, is_best_effort=True)

    @property
    def platform(self) -> str:
        machine = platform.machine().lower()
        return f"{SYSTEMS.get(sys.platform, 'other')}-{MACHINES.get(machine, machine)}"

    def running(self) -> Program:
        return running(self._home.slots)

    def installed_app(self) -> str:
        return self._installation.installed().app

    def was_left(self, program: Program, since_s: float) -> bool:
        return has_left(self._home, program, since_s)

    async def warm(self, program: Program) -> None:
        """Raises NotWarmed when it does not even start."""
        await warm(await asyncio.to_thread(self._installation.command, self._home.slots, program, HELP))

    def become(self, program: Program) -> None:
        self._become(program)

    async def rehearse(self, app: Path, runtime: Path | None) -> Shown:
        """Hold a succession rehearsal.  Safe to cancel.

        A candidate is refused only if the app in use passes the same on this computer.

        Raises:
            HostFailed: It came to no end, or left no word.
            OSError: It could not be held.
        """
        shown = await self._rehearse(app, runtime)
        if shown.verdict != "refused":
            return shown
        own = await self._rehearse(self._own, None)
        if own.verdict == "passed":
            return shown
        return Shown("void", f"the app in use does not pass here either: {own.reason}")

    async def _rehearse(self, app: Path, runtime: Path | None) -> Shown:
        await asyncio.to_thread(remove_tree, self._work)
        self._work.mkdir(mode=0o700)
        arguments = ["--app", str(app), "--home", str(self._home.path), "--work", str(self._work)]
        arguments += ["--runtime", str(runtime)] if runtime is not None else []
        arguments += ["--brief"] if self._home.is_practice else []
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *own_command(MODULE, arguments), stdin=pipe, stdout=pipe, stderr=nothing, limit=LINE_BYTES_MAX
        )
        try:
            async with asyncio.timeout(REHEARSAL_S_MAX):
                return await _last_word(process)
        except (TimeoutError, ValueError, msgspec.DecodeError) as error:
            raise HostFailed("the rehearsal came to no end") from error
        finally:
            await _end(process)
            await asyncio.to_thread(remove_tree, self._work, is_best_effort=True)


async def _last_word(process: asyncio.subprocess.Process) -> Shown:
    """What stands in the last line that it says.  Raises ValueError, DecodeError."""
    assert process.stdout is not None
    last = b""
    async for line in process.stdout:
        log.info("rehearsal %s", line.decode(errors="replace").strip())
        last = line
    return msgspec.json.decode(last, type=Shown)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it end all that it has started, and see it end."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
