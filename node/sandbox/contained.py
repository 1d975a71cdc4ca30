"""A process in an AppContainer: how it is started with pipes of ours, and the rehearsal before it.

    keys of its folders -> rehearsal, in the same container, job and pipes -> the child

Whatever does not go as it should, the child is started with the job alone, and the report says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.sandbox import container, inside
from node.sandbox.agreed import DETAIL_CHARACTERS_MAX, REHEARSAL_S_MAX
from node.sandbox.asks import plain
from node.sandbox.piped import Piped
from node.sandbox.spec import SandboxSpec, environment

if sys.platform == "win32":
    import asyncio.windows_utils

LAST_WORDS_BYTES_MAX: Final = 16 << 10
FOR_EVER: Final = 0xFFFFFFFF  # a process that is killed ends, so the wait does


@dataclass(frozen=True, slots=True)
class Pipes:
    """Our ends, for which the loop can wait, and those of the process, inheritable: input, output, errors.

    Each has ``fileno`` (on Windows the handle) and ``close``.
    """

    ours: tuple[Any, Any, Any]
    theirs: tuple[Any, Any, Any]


class Contained:
    """A process in the container.  Belongs to one event loop."""

    def __init__(self, kernel: Any, asleep: container.Asleep) -> None:
        self.pid = asleep.pid
        self.returncode: int | None = None
        self._kernel, self._handle = kernel, asleep.handle
        loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[int] = loop.create_future()
        # A thread, because only the loop's own insides can wait for a handle.
        threading.Thread(target=self._watch, args=(loop,), name=f"process {self.pid}", daemon=True).start()

    async def wait(self) -> int:
        return await asyncio.shield(self._exited)

    def kill(self) -> None:
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        self._kernel.TerminateProcess(self._handle, 1)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._kernel.WaitForSingleObject(self._handle, FOR_EVER)
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody is there to be told
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        code = ctypes.c_uint32()
        self._kernel.GetExitCodeProcess(self._handle, ctypes.byref(code))
        self._kernel.CloseHandle(self._handle)
        self.returncode = code.value
        self._exited.set_result(code.value)


def open_pipes() -> Pipes:
    """Raises OSError: Windows has none left."""
    if sys.platform != "win32":
        raise NotImplementedError("this is no Windows")
    ours, theirs = [], []
    for is_input in (True, False, False):
        listening, calling = map(
            asyncio.windows_utils.PipeHandle,
            asyncio.windows_utils.pipe(overlapped=(not is_input, is_input), duplex=is_input),
        )
        mine, other = (calling, listening) if is_input else (listening, calling)
        os.set_handle_inheritable(other.handle, True)
        ours.append(mine)
        theirs.append(other)
    return Pipes((*ours,), (*theirs,))


async def start(
    parts: container.Libraries, command: list[str], spec: SandboxSpec, keys: tuple[bytes, ...], pipes: Pipes
) -> Piped:
    """Start a command in the container, asleep; ``pipes`` are used up.

    Raises:
        OSError: Windows refused.  Nothing of it is left.
    """
    try:
        asleep = container.spawn(
            parts, command, folder=spec.data, environment=environment(),
            handles=[end.fileno() for end in pipes.theirs], keys=keys,
        )  # fmt: skip
    except OSError:
        for end in pipes.ours:
            end.close()
        raise
    finally:
        for end in pipes.theirs:
            end.close()
    process = Contained(parts.kernel, asleep)
    try:
        return await Piped.connect(process, *pipes.ours)
    except BaseException:
        process.kill()
        raise


async def hear(process: Piped) -> str:
    """What the rehearsal came to: why the child must not be started in the container, "" if it may.  It ends it."""
    said = b""
    try:
        async with asyncio.timeout(REHEARSAL_S_MAX):
            while len(said) < LAST_WORDS_BYTES_MAX and (read := await process.stderr.read(LAST_WORDS_BYTES_MAX)):
                said += read
            code = await process.wait()
    except TimeoutError:
        return f"its rehearsal took longer than {REHEARSAL_S_MAX:g} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        process.close()
    words = plain(said.decode("utf-8", "replace").strip().rpartition("\n")[2])
    return "" if code == 0 else words[:DETAIL_CHARACTERS_MAX] or f"its rehearsal ended with {code:#x}"


def rehearsal(spec: SandboxSpec) -> list[str]:
    """The command of the rehearsal.  Raises OSError: its program cannot be read."""
    folders = [*spec.folders().values()]
    shown = [folder for folder in container.rights(spec) if folder not in folders]
    order = {
        "modules": spec.capabilities.modules,
        "udp": spec.capabilities.udp,
        "shown": [str(folder) for folder in shown],
        "folders": [str(folder) for folder in folders],
        "hidden": [os.path.expanduser("~"), str(spec.data.parent)],  # noqa: PTH111  it is only named
        "forbidden": [str(folder / "rehearsal") for folder in (spec.slot, spec.data) if folder not in folders],
        "others": [os.getpid()],
    }
    program = Path(inside.__file__).read_text(encoding="utf-8")
    return [sys.executable, "-I", "-B", "-c", program, json.dumps(order)]
