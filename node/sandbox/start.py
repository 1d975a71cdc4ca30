"""How a child's process is started, per operating system.

Linux, macOS   the launcher starts, contains itself, says what is in force, and becomes the child
Windows        the child is started asleep, in a container if the rehearsal went well, put into a job, and woken
elsewhere      the child starts uncontained, and the report says so
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.sandbox import contained, container, windows
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
    for folder in spec.folders().values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        if spec.must_shut_off:
            raise PermissionError(STAY_OPEN)
        return Started(await _start_piped(spec), uncontained(), nothing)
    memory_bytes, kernel = spec.capabilities.memory_bytes, windows.load_kernel()

    def wake(process: Process) -> Started:
        return wake_contained(process, memory_bytes, kernel, psutil.Process)

    return await start_on_windows(spec, container.load, contained.open_pipes, wake, partial(_start_asleep, spec))


async def start_on_windows(
    spec: SandboxSpec,
    load: Callable[[], container.Libraries],
    open_pipes: Callable[[], contained.Pipes],
    wake: Callable[[Process], Started],
    start_free: Callable[[], Awaitable[Process]],
) -> Started:
    """Start the child in the container, if a rehearsal shows that it can live there and is shut off; else without.

    Raises:
        OSError: Windows refused it without the container, too, or it must be shut off.  Nothing of it is left.
    """
    try:
        parts = load()
        keys = await asyncio.to_thread(container.hand_out_keys, parts, spec)

        async def begin(command: list[str]) -> tuple[Piped, Started]:
            process = await contained.start(parts, command, spec, keys, open_pipes())
            try:
                return process, wake(process)
            except OSError:
                process.close()
                raise

        rehearsing, held = await begin(contained.rehearsal(spec))
        try:
            trouble = await contained.hear(rehearsing)
        finally:
            held.let_go()
        if not trouble:
            _, started = await begin(spec.command())
            return _reported(started, container.held)
    except OSError as error:
        trouble = str(error)
    if spec.must_shut_off:
        raise PermissionError(f"{STAY_OPEN}: {trouble}")
    return _reported(wake(await start_free()), partial(container.free, trouble))


def wake_contained(
    process: Process,
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


def _reported(started: Started, rate: Callable[[SandboxReport], SandboxReport]) -> Started:
    assert started.report is not None, started
    return replace(started, report=rate(started.report))


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
