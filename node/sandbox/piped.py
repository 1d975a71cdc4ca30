"""A child's process and our ends of its three pipes, which can outlive the program that opened them.

A process that becomes another program (exec) stays the parent of its children, and keeps the descriptors that it hands
on.  So a child that was started by the program before goes on, and notices nothing:

    start -> Piped -> let_go -> HandedProcess -> exec -> take_over -> Piped
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any, Final, Protocol

import msgspec

from node.sandbox.errors import ChildError, ChildGone
from node.sandbox.report import SandboxReport

READ_BYTES: Final = 64 << 10
FLUSH_S: Final = 2.0  # in which a child has taken what was sent to it, or hangs

CAN_TAKE_OVER: Final = sys.platform == "linux"  # elsewhere no descriptor tells of the end of a process


class Process(Protocol):
    """``asyncio.subprocess.Process``, as far as it is needed here."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...

    @property
    def stdout(self) -> asyncio.StreamReader | None: ...

    @property
    def stderr(self) -> asyncio.StreamReader | None: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def kill(self) -> None: ...


class HandedProcess(msgspec.Struct, frozen=True):
    """A running child: its pid, and the descriptors of our ends of its pipes."""

    pid: int
    stdin: int
    stdout: int
    stderr: int

    def descriptors(self) -> tuple[int, int, int]:
        return self.stdin, self.stdout, self.stderr


class HandedChild(msgspec.Struct, frozen=True):
    """A running child, for the program that this process becomes next.

    ``unread`` is what it has said that nobody has heard; ``unanswered`` are the asks whose answers may still come.
    """

    process: HandedProcess
    report: SandboxReport
    unread: bytes
    next_number: int
    unanswered: tuple[int, ...]
    counters: dict[str, int]


class Exits(Protocol):
    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def kill(self) -> None: ...


class Piped:
    """A process behind pipes of our own.  Belongs to one event loop."""

    def __init__(self, process: Exits, stdin: asyncio.StreamWriter, outputs: tuple[_Output, _Output]) -> None:
        self._process = process
        self.stdin = stdin
        (self.stdout, _), (self.stderr, _) = outputs
        self._transports = (stdin.transport, outputs[0][1], outputs[1][1])

    @classmethod
    async def start(cls, command: list[str], folder: Path, environment: dict[str, str]) -> Piped:
        """Start a process.

        Raises:
            OSError: The system refused.  Nothing of it is left.
        """
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as undo:
            ours, given = [], []
            for is_input in (True, False, False):
                reading, writing = os.pipe()
                mine, other = (writing, reading) if is_input else (reading, writing)
                undo.callback(os.close, mine)
                theirs.callback(os.close, other)
                ours.append(mine)
                given.append(other)
            process = await asyncio.create_subprocess_exec(
                *command, stdin=given[0], stdout=given[1], stderr=given[2], cwd=folder, env=environment
            )
            undo.pop_all()
        return await cls.connect(process, *_files(ours[0], ours[1], ours[2]))

    @classmethod
    async def take_over(cls, handed: HandedProcess) -> Piped:
        """Take over a child that the program before has started.

        Raises:
            ChildGone: It has ended, or is no child of this process.  Its descriptors are closed.
        """
        try:
            process = _TakenOver(handed.pid)
        except OSError as error:
            for descriptor in handed.descriptors():
                os.close(descriptor)
            raise ChildGone(f"the child of the program before is gone: {error}") from error
        return await cls.connect(process, *_files(*handed.descriptors()))

    @classmethod
    async def connect(cls, process: Exits, stdin: Any, stdout: Any, stderr: Any) -> Piped:
        """Read and write our ends of its pipes: files, or what stands for them on Windows."""
        loop = asyncio.get_running_loop()
        # The protocol of a reader controls the flow of a writer, too; nothing is ever read by this one.
        writing, protocol = await loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), stdin
        )
        writer = asyncio.StreamWriter(writing, protocol, None, loop)
        return cls(process, writer, (await _output(stdout), await _output(stderr)))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        """The exit code, or the negative signal."""
        return await self._process.wait()

    def kill(self) -> None:
        """Raises ProcessLookupError once it has ended."""
        self._process.kill()

    def close(self) -> None:
        """Close our ends of the pipes."""
        for transport in self._transports:
            transport.close()

    async def let_go(self) -> HandedProcess:
        """Close our ends of the pipes, but keep them open under other descriptors: the child notices nothing.

        What had been read from it by then is in ``stdout`` and ``stderr``, which come to their end.

        Raises:
            ChildError: It has not taken what was sent to it.  Nothing has changed.
        """
        self._transports[0].set_write_buffer_limits(high=0)
        try:
            async with asyncio.timeout(FLUSH_S):
                await self.stdin.drain()  # with the limit above: until all of it is sent
        except (TimeoutError, ConnectionError) as error:
            raise ChildError("it does not take what is sent to it") from error
        pipes = [transport.get_extra_info("pipe") for transport in self._transports]
        handed = HandedProcess(self.pid, *(os.dup(pipe.fileno()) for pipe in pipes))
        self.close()
        return handed


_Output = tuple[asyncio.StreamReader, asyncio.ReadTransport]


def _files(stdin: int, stdout: int, stderr: int) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    return os.fdopen(stdin, "wb", 0), os.fdopen(stdout, "rb", 0), os.fdopen(stderr, "rb", 0)


async def _output(end: Any) -> _Output:
    reader = asyncio.StreamReader(limit=READ_BYTES)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
    return reader, transport


class _TakenOver:
    """A child that another program of this very process has started."""

    def __init__(self, pid: int) -> None:
        """Raises OSError when it is no child of this process, or has ended before."""
        assert sys.platform == "linux"
        self.pid = pid
        self.returncode: int | None = None
        self._descriptor = os.pidfd_open(pid)
        try:
            if os.waitpid(pid, os.WNOHANG) != (0, 0):  # else the number could be anybody's by now
                raise ProcessLookupError(f"process {pid} has ended")
        except OSError:
            os.close(self._descriptor)
            raise
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._descriptor, self._end)

    async def wait(self) -> int:
        return await asyncio.shield(self._exited)

    def kill(self) -> None:
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, signal.SIGKILL)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._exited.set_result(self.returncode)
