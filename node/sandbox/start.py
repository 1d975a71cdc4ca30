"""How a child's process is started, per operating system.

Linux, macOS   the launcher starts, contains itself, says what is in force, and becomes the child
Windows        the child is started asleep, put into a job, and woken
elsewhere      the child starts uncontained, and the report says so
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.sandbox import windows
from node.sandbox.errors import STAY_OPEN
from node.sandbox.piped import READ_BYTES, Piped, Process
from node.sandbox.report import SandboxReport, uncontained
from node.sandbox.spec import HAS_LAUNCHER, SandboxSpec, environment


@dataclass(frozen=True, slots=True)
class Started:
    """A process with three pipes.  ``report``: what holds it; None if the launcher says that in its first line.

    ``let_go`` gives back what holds it; call it once it has ended.
    """

    process: Process
    report: SandboxReport | None
    let_go: Callable[[], None]


async def start(spec: SandboxSpec) -> Started:
    """Start the launcher, or where there is none the child itself.

    Raises:
        OSError: The system refused.  Nothing of it is left.
    """
    if HAS_LAUNCHER:
        return Started(await _start_piped(spec), None, nothing)
    if spec.must_shut_off:
        raise PermissionError(STAY_OPEN)
    for folder in spec.folders().values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        return Started(await _start_piped(spec), uncontained(), nothing)
    process = await _start_asleep(spec)
    return wake_contained(process, spec.capabilities.memory_bytes, windows.load_kernel(), psutil.Process)


def wake_contained(
    process: asyncio.subprocess.Process,
    memory_bytes: int,
    kernel: Any,
    find: Callable[[int], psutil.Process],
) -> Started:
    """Put a process that was started asleep into a job, then wake it; without a job it is woken all the same.

    Raises:
        OSError: It cannot be woken; it has been killed.
    """
    let_go: Callable[[], None] = nothing
    try:
        job = windows.hold(kernel, process.pid, memory_bytes, windows.processes_max())
        report, let_go = job.report, job.close
    except OSError as error:
        report = windows.free(error)
    try:
        find(process.pid).resume()
    except psutil.Error as error:
        process.kill()
        let_go()
        raise OSError(f"it cannot be woken: {error}") from error
    return Started(process, report, let_go)


async def _start_piped(spec: SandboxSpec) -> Piped:
    return await Piped.start(spec.command(), spec.data, environment())


async def _start_asleep(spec: SandboxSpec) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *spec.command(), stdin=pipe, stdout=pipe, stderr=pipe, cwd=spec.data, env=environment(), limit=READ_BYTES,
        creationflags=windows.CREATE_SUSPENDED | windows.CREATE_NO_WINDOW,
    )  # fmt: skip


def nothing() -> None:
    """Nothing holds it."""
