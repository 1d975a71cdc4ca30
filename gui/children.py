"""The processes that the app starts: the node of a home, or a whole practice network.  Plain asyncio.

A child runs in a session of its own, so that a Ctrl+C in the terminal reaches only the app, which then ends it
in order: asked first, and killed only when it does not listen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import msgspec

from gui.texts import app as texts
from gui.texts.said import in_words
from node.api.client import ApiError, Client, NotRunning
from node.api.schema import Examination, Said

if sys.platform != "win32":
    import fcntl

GROW_S_MAX: Final = 180.0  # so long a practice network may take until it stands
EXAMINE_S_MAX: Final = 30.0  # a keyring that is locked takes five of them
STOP_S_MAX: Final = 45.0  # a vault that leaves hands its chunks over first, which takes up to 20 s
LINE_BYTES_MAX: Final = 1 << 20
LINES_KEPT: Final = 20
PID_BYTES_MAX: Final = 20
# Linux: a practice network ends with the app, also when the app is killed or loses its screen.
_TIE: Final = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):  # else it is too late: the app has ended already
    os.execv(sys.argv[2], sys.argv[2:])
"""
# With -P: whoever can write in the folder in which the app was started could else put a module in the way of ours.
_PYTHON: Final = (sys.executable, "-P")
_CLI: Final = (*_PYTHON, "-m", "node.cli")
LAUNCHER: Final = "PERENNIAL_LAUNCHER"  # environment variable: the command that has started this, if it is installed
LOOK_S: Final = 0.1
T = TypeVar("T")
HAS_SIGNALS: Final = sys.platform != "win32"  # there a process can only be ended, not told to end


class ChildFailed(Exception):
    """The child ended, or did not say what it should.  The message is why, for a person.

    ``code`` is the node's own for a failure that it stated, else "".
    """

    def __init__(self, words: str, code: str = "") -> None:
        super().__init__(words)
        self.code = code


class Child:
    """One running process.  ``start`` it, ``stop`` it; its last lines on stderr are kept, exact, for Details."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stated = ""  # the failure with which it ended, as it said it itself
        self._last: deque[str] = deque(maxlen=LINES_KEPT)
        assert process.stderr is not None
        self._reader = asyncio.create_task(_keep_last(process.stderr, self._last))
        self._drain: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, command: Sequence[str], line: str = "") -> Child:
        """Start a process.  ``line``: all that it finds on standard input, where nobody else can read it.

        Raises:
            ChildFailed: The system could not start it.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE if line else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_BYTES_MAX,
                start_new_session=True,
            )
        except OSError as error:
            raise ChildFailed(str(error)) from error
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError):  # it ended without having read it, which it says itself
                process.stdin.write(f"{line}\n".encode(errors="surrogatepass"))  # what is no text it says itself
                await process.stdin.drain()
            process.stdin.close()
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    async def first_word(self, seconds: float | None) -> FirstWord:
        """What it prints first; whatever it prints later is read and dropped.  ``seconds``: None for any time.

        Raises:
            ChildFailed: It stated a failure, ended, stayed silent, or is not understood.
        """
        return await self.first_as(FirstWord, seconds)

    async def first_as(self, kind: type[T], seconds: float | None) -> T:
        """As ``first_word``, of one that prints something else first."""
        line = await self._first_line(seconds)
        try:
            word = msgspec.json.decode(line, type=FirstWord)
            if not word.message:
                return msgspec.json.decode(line, type=kind)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ChildFailed(texts.CHILD_ODD) from error
        self._stated = in_words(word.message, word.said)
        raise ChildFailed(self._stated, word.code)

    async def _first_line(self, seconds: float | None) -> bytes:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise ChildFailed(texts.child_silent(seconds or 0)) from None
        except ValueError as error:
            raise ChildFailed(texts.CHILD_ODD) from error
        if not line:
            await self.wait()
            raise ChildFailed(self.last_words())
        self.read_on()
        return line

    def read_on(self) -> None:
        """Read and drop what it prints, so that it never waits for a reader."""
        assert self._process.stdout is not None
        if self._drain is None:
            self._drain = asyncio.create_task(_drop(self._process.stdout))

    async def wait(self) -> int:
        """Wait for its end; return its exit code."""
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await asyncio.shield(self._reader)
        return code

    def last_words(self) -> str:
        """Why it failed, as it stated; else that it ended.  What it wrote to stderr is for no farmer."""
        return self._stated or texts.child_ended(self._process.returncode)

    def wrote(self) -> tuple[str, ...]:
        """The last lines that it wrote to stderr, at most LINES_KEPT."""
        return tuple(self._last)

    def let_go(self) -> None:
        """Hear it no more, and let it live; the process of the app must end without closing its loop (``os._exit``)."""
        for task in (self._reader, self._drain):
            if task is not None:
                task.cancel()

    async def stop(self, *, is_told: bool = False) -> None:
        """End it: ask, wait, and kill it if it does not listen.  Safe to call again.

        ``is_told``: it has been asked already.
        """
        try:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    if not is_told:
                        self._process.terminate()
                try:
                    async with asyncio.timeout(STOP_S_MAX):
                        await self._process.wait()
                except TimeoutError:
                    self._kill()
                    await self._process.wait()
        finally:
            for task in (self._reader, self._drain):
                if task is not None:
                    task.cancel()

    def _kill(self) -> None:
        """End it, and what it has started in its session: a launcher would leave its program behind."""
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)


class _Farm(msgspec.Struct):
    home: str


class FirstWord(msgspec.Struct):
    """What a child prints first: a practice network its farms, a node how it stands; or why it failed."""

    farms: tuple[_Farm, ...] = ()
    code: str = ""
    message: str = ""  # one sentence; "" if it did not fail
    said: tuple[Said, ...] = ()  # the message as data


def _perennial() -> tuple[str, ...]:
    """The command line of Perennial: by the launcher, where there is one, which knows what is in use."""
    launcher = os.environ.get(LAUNCHER, "")
    return (launcher,) if launcher else _CLI


def node_command(home: Path) -> tuple[str, ...]:
    return (*_perennial(), "run", "--json", "--home", str(home))


def home_in(command: Sequence[str]) -> Path | None:
    """The home that a command names."""
    words = list(command)
    return Path(words[words.index("--home") + 1]) if "--home" in words[:-1] else None


def doctor_command(home: Path) -> tuple[str, ...]:
    return (*_perennial(), "doctor", "--json", "--home", str(home))


def practice_command() -> tuple[str, ...]:
    return (*_perennial(), "practice", "--keep", "--json")


def tied(command: Sequence[str]) -> tuple[str, ...]:
    """The command for a process that shall not outlive this one, where the system can do that."""
    if not sys.platform.startswith("linux"):
        return tuple(command)
    return (*_PYTHON, "-c", _TIE, str(os.getpid()), *command)


async def tell_node(home: Path) -> bool:
    """Ask the node of this home by its API to end, and wait until it answers no more, at most STOP_S_MAX.

    Returns whether it was there to be asked.
    """
    is_told = False
    async with Client(home) as client:
        with contextlib.suppress(NotRunning, ApiError, TimeoutError):
            async with asyncio.timeout(STOP_S_MAX):
                await client.stop()
                is_told = True
                while True:
                    await client.status()
                    await asyncio.sleep(LOOK_S)
    return is_told


async def end_node(home: Path) -> None:
    """End the node of this home, which is no child of ours, and wait until it has ended, at most STOP_S_MAX."""
    if not HAS_SIGNALS:
        await tell_node(home)
        return
    with contextlib.suppress(OSError, ValueError, TimeoutError), (home / "lock").open("rb") as lock:
        if not _is_held(lock):
            return  # it has ended already, and its number may be somebody else's by now
        pid = int(lock.read(PID_BYTES_MAX))
        async with asyncio.timeout(STOP_S_MAX):
            os.kill(pid, signal.SIGTERM)
            while True:
                await asyncio.sleep(LOOK_S)
                os.kill(pid, 0)


def _is_held(lock: BinaryIO) -> bool:
    """Whether a node runs that has taken its home with this file, and written its number there."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(lock, fcntl.LOCK_UN)
    return False


async def grow(command: Sequence[str]) -> tuple[Child, tuple[Path, ...]]:
    """Start a practice network; return it and its farms' homes once it stands.

    Raises:
        ChildFailed: It did not come to stand; nothing is left running.
    """
    child = await Child.start(tied(command))
    try:
        grown = await child.first_word(GROW_S_MAX)
        if not grown.farms:
            raise ChildFailed(texts.NO_FARM)
    except BaseException:
        await child.stop()
        raise
    return child, tuple(Path(farm.home) for farm in grown.farms)


async def examine(command: Sequence[str]) -> Examination:
    """Have the computer looked at.

    Raises:
        ChildFailed: It was not, or nobody understands what was found.
    """
    child = await Child.start(tied(command))
    try:
        return await child.first_as(Examination, EXAMINE_S_MAX)
    finally:
        await child.stop()


async def _keep_last(stream: asyncio.StreamReader, last: deque[str]) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line longer than the limit was thrown away
            continue
        if not line:
            return
        if text := line.decode(errors="replace").strip():
            last.append(text[:500])


async def _drop(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass
