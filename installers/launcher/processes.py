"""A process that this one started: its end is waited for, and the wish to stop is passed on to it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence

if sys.platform == "win32":
    import signal
    import subprocess

    from .job import tie

    class System:
        """Starts processes.  One per launcher."""

        def __init__(self) -> None:
            self.is_stopping = False
            signal.signal(signal.SIGINT, _unmoved)  # the console tells the program, too

        def start(self, command: Sequence[str], environ: Mapping[str, str]) -> Process:
            """Raises OSError when there is no such program, or the system has no room for it."""
            return Process(_start(command, environ))

        def rest(self, seconds: float) -> None:
            time.sleep(seconds)

    def _start(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        # Each by its name: a program without a console would get none of them otherwise.
        read, said, wrong = (_given(number) for number in (0, 1, 2))
        return subprocess.Popen(list(command), env=dict(environ), stdin=read, stdout=said, stderr=wrong)

    def _given(number: int) -> int:
        """This process's own standard stream, where it has one."""
        try:
            os.fstat(number)
        except OSError:
            return subprocess.DEVNULL
        return number

    class Process:
        def __init__(self, process: subprocess.Popen[bytes]) -> None:
            self._process = process

        def tie(self) -> None:
            """Let it end with this process, which is the only one of the two that others can end."""
            tie(int(self._process._handle))  # type: ignore[attr-defined]  # noqa: SLF001 - nothing else has it

        def wait(self, seconds: float) -> int | None:
            """Its exit code, as soon as it has ended; None after so many seconds."""
            try:
                return self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None

        def stop(self) -> None:
            self._process.terminate()

        def kill(self) -> None:
            self._process.kill()

else:
    import select
    import signal

    PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
    # The terminal tells SIGINT to the program, too; a second one would mean that it shall not hand over first.
    HEARD = (*PASSED_ON, signal.SIGINT, signal.SIGCHLD)

    class System:
        """Starts processes, and hears what this one is told.  One per launcher, in its main thread.

        ``is_stopping``: somebody wants an end.
        """

        def __init__(self) -> None:
            self.is_stopping = False
            self._told, tell = os.pipe()
            os.set_blocking(self._told, False)
            os.set_blocking(tell, False)
            signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
            for number in HEARD:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
                    signal.signal(number, _unmoved)

        def start(self, command: Sequence[str], environ: Mapping[str, str]) -> Process:
            """Raises OSError when there is no such program, or the system has no room for it."""
            return Process(os.posix_spawn(command[0], list(command), dict(environ)), self)

        def rest(self, seconds: float) -> None:
            """Wait so long, or until somebody wants an end."""
            deadline_s = time.monotonic() + seconds
            while not self.is_stopping and (left_s := deadline_s - time.monotonic()) > 0:
                self.hear(left_s)

        def hear(self, seconds: float) -> list[int]:
            """What is told within so many seconds, as the numbers of signals."""
            if not select.select([self._told], [], [], seconds)[0]:
                return []
            numbers = list(os.read(self._told, 64))
            self.is_stopping = self.is_stopping or any(number in PASSED_ON for number in numbers)
            return numbers

    class Process:
        def __init__(self, pid: int, system: System) -> None:
            self.pid = pid
            self._system = system
            self._code: int | None = None

        def tie(self) -> None:
            """It outlives this process: a vault goes on, whatever becomes of its launcher."""

        def wait(self, seconds: float) -> int | None:
            """Its exit code, as soon as it has ended; None after so many seconds.  Passes signals on meanwhile."""
            deadline_s = time.monotonic() + seconds
            while not self._has_ended():
                if (left_s := deadline_s - time.monotonic()) <= 0:
                    return None
                for number in self._system.hear(left_s):
                    if number in PASSED_ON:
                        self._tell(number)
            return self._code

        def stop(self) -> None:
            self._tell(signal.SIGTERM)

        def kill(self) -> None:
            self._tell(signal.SIGKILL)

        def _tell(self, number: int) -> None:
            if not self._has_ended():  # until then nobody else has its number
                os.kill(self.pid, number)

        def _has_ended(self) -> bool:
            if self._code is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._code = os.waitstatus_to_exitcode(status)
            return self._code is not None


def _unmoved(_number: int, _frame: object) -> None:
    """What is told is heard where it is waited for."""


def become(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Be that program from now on; where the system cannot do that, its exit code.

    Raises:
        OSError: There is no such program.
    """
    if sys.platform == "win32":
        return _start(command, environ).wait()
    return os.execve(command[0], list(command), dict(environ))
