"""A contained child and its control channel.

The channel is the child's standard input and output: frames as in ``node.vault.control``, and the prober's own
messages in the same framing.  The child is not trusted: whatever it sends has a limit, and what breaks the
contract ends it, with the reason in ``fault``.

    start -> (launcher's line, hello, configuration) -> ask, on_report ... -> exited
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec
import psutil  # type: ignore[import-untyped]  # it ships no types

from node.sandbox.asks import Asks, plain
from node.sandbox.errors import ChildError, ChildGone, ChildNotStarted, ChildTimeout
from node.sandbox.log import CappedLog, keep_log
from node.sandbox.piped import CAN_TAKE_OVER, READ_BYTES, HandedChild, Piped
from node.sandbox.report import SandboxReport, read_report
from node.sandbox.spec import SandboxSpec
from node.sandbox.start import Started, nothing, start
from node.sandbox.usage import Usage, usage_of
from node.vault.control import FRAME_BYTES_MAX, LENGTH_BYTES, Frames
from node.vault.errors import ControlError

START_S_MAX: Final = 30.0  # from the launcher to the hello, on a slow disk
LAST_WORDS_S: Final = 5.0  # between the end of the channel and the end of the process, whichever comes first
ASKS_MAX: Final = 64  # unanswered at a time; more wait
REPORTS_PER_S_MAX: Final = 200  # unasked ones; a child that has more to say waits
REPORT_BYTES: Final = 64 << 10  # a longer one counts as several: to read 2 MiB may take 20 ms

_log = logging.getLogger(__name__)

R = TypeVar("R")


class Child(Generic[R]):
    """A child process of which nothing is believed but what its operating system enforces.

    ``report`` says what that is.  ``exited`` is done with the exit code (negative: the signal) once the process has
    ended and all that it said has been delivered.  ``fault`` is why it was ended here, if it was to blame.
    ``counters`` counts what was dropped.  Use it in the loop that started it: the child ends with that thread.
    """

    def __init__(
        self,
        started: Started,
        *,
        decode: Callable[[bytes], R],
        on_report: Callable[[R], None],
        log: CappedLog,
        name: str,
    ) -> None:
        """Take over a process; ``Child.start`` is the way to make one."""
        process = started.process
        assert process.stdin is not None, name
        assert process.stdout is not None, name
        assert process.stderr is not None, name
        self.name = name
        self.pid = process.pid
        self.report = started.report or SandboxReport("none")
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.fault: str | None = None
        self.counters: Counter[str] = Counter()
        self._started = started
        self._process = process
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._log = log
        self._asks = Asks[R](self.counters)
        self._sending = asyncio.Lock()
        self._asking = asyncio.Semaphore(ASKS_MAX)
        self._reports_since_s = 0.0
        self._report_count = 0
        self._decode = decode
        self._on_report = on_report
        self._frames = Frames()
        self._received: deque[bytes] = deque()
        self._keeping: asyncio.Task[None] | None = None
        self._living: asyncio.Task[None] | None = None
        self._is_handed_on = False

    @classmethod
    async def start(
        cls,
        spec: SandboxSpec,
        *,
        configure: Callable[[bytes], bytes],
        decode: Callable[[bytes], R],
        on_report: Callable[[R], None],
        log: Path,
        name: str,
        start_s_max: float = START_S_MAX,
    ) -> Child[R]:
        """Start a child, hear its hello, configure it.  Safe to cancel: the child ends then.

        Args:
            spec: What it is given.
            configure: Called once with the content of the first frame; returns the content of the answer's frame
                (without its length); raises ``ChildError``, ``ControlError`` or ``ValueError`` if it will not do.
            decode: Reads a frame's content; raises ``ControlError`` or a decoder's error for what is no message.
            on_report: Called in the loop for every message that answers nothing; must not block.
            log: The file for its standard error.
            name: How the supervisor's own log calls it.
            start_s_max: How long all of it may take.

        Raises:
            ChildNotStarted: The system refused.  Nothing of it is left.
            ChildError: It did not start, or did not say what it should, or nothing in time (ChildTimeout).  Nothing of
                it is left.
        """
        with contextlib.ExitStack() as undo:
            try:
                capped_log = CappedLog(log, asyncio.get_running_loop().time())
                undo.callback(capped_log.close)
                started = await start(spec)
            except OSError as error:
                raise ChildNotStarted(f"{name} cannot be started: {error}") from error
            undo.pop_all()
        child = cls(started, decode=decode, on_report=on_report, log=capped_log, name=name)
        try:
            async with asyncio.timeout(start_s_max):
                await child._open(configure)
        except TimeoutError as error:
            raise ChildTimeout(f"{name} said no hello within {start_s_max:g} s") from error
        except (ControlError, ConnectionError, ValueError, msgspec.DecodeError) as error:
            raise ChildError(f"{name} did not start as agreed: {plain(str(error))}") from error
        finally:
            if child._living is None:
                await child._discard()
        _log.info("child started name=%s pid=%d sandbox=%s", name, child.pid, child.report.level)
        return child

    @classmethod
    async def take_over(
        cls,
        handed: HandedChild,
        *,
        decode: Callable[[bytes], R],
        on_report: Callable[[R], None],
        log: Path,
        name: str,
    ) -> Child[R]:
        """Go on with a child that the program before has handed on; the arguments are those of ``start``.

        Raises:
            ChildGone: It has ended meanwhile.
            ControlError: What it had begun to say is no frame.
            OSError: Its log cannot be opened.
        """
        process = await Piped.take_over(handed.process)
        try:
            capped_log = CappedLog(log, asyncio.get_running_loop().time())
            child = cls(
                Started(process, handed.report, nothing), decode=decode, on_report=on_report, log=capped_log, name=name
            )
            child._received.extend(child._frames.feed(handed.unread))
        except BaseException:
            process.kill()
            raise
        child.counters.update(handed.counters)
        child._asks = Asks(child.counters, handed.next_number, handed.unanswered)
        child._keep_log()
        child._live_on()
        _log.info("child taken over name=%s pid=%d", name, child.pid)
        return child

    async def hand_on(self) -> HandedChild:
        """Let go of the child, which goes on, for the program that this process becomes next.

        Whoever still waits for an answer hears that the child has ended.

        Raises:
            ChildError: It cannot be handed on: it has ended, does not listen, or this system cannot.
        """
        if not isinstance(self._process, Piped) or not CAN_TAKE_OVER:
            raise ChildError("a child cannot be handed on here")
        if self._living is None or self.exited.done():
            raise ChildGone(f"{self.name} has ended")
        async with self._sending:
            process = await self._process.let_go()
        self._is_handed_on = True
        await _end(self._living)
        assert self._keeping is not None, self.name
        await _end(self._keeping)
        if self._process.returncode is not None:
            raise ChildGone(f"{self.name} has ended")
        unread = [len(content).to_bytes(LENGTH_BYTES, "big") + content for content in self._received]
        self._asks.settle(f"{self.name} is handed on")
        return HandedChild(
            process,
            self.report,
            b"".join((*unread, bytes(self._frames.unfinished), await self._stdout.read())),
            self._asks.next_number,
            self._asks.unanswered,
            dict(self.counters),
        )

    async def ask(self, make: Callable[[int], msgspec.Struct], timeout_s: float) -> R:
        """Send the command that ``make`` builds around a fresh id; return the answer to it.

        Safe to cancel; the answer is dropped when it comes.

        Raises:
            ChildFailed: It answered that it could not.
            ChildGone: It has ended, before or meanwhile.
            ChildTimeout: No answer within ``timeout_s``, counted from this call.
            ControlError: The command is too long for a frame.
        """
        try:
            async with asyncio.timeout(timeout_s), self._asking:
                return await self._ask(make)
        except TimeoutError as error:
            raise ChildTimeout(f"{self.name} did not answer within {timeout_s:g} s") from error

    def usage(self) -> Usage:
        """What the child has used so far.

        Raises:
            ChildGone: It has ended.
        """
        if self._process.returncode is not None:
            raise ChildGone(f"{self.name} has ended")
        try:
            return usage_of(self.pid)
        except (OSError, psutil.Error) as error:
            raise ChildGone(f"{self.name} has ended: {error}") from error

    async def stop(self, grace_s: float) -> int:
        """Close the channel, which asks the child to end; kill it if it has not within ``grace_s``.

        Returns:
            The exit code, or the negative signal.
        """
        self._stdin.close()
        await asyncio.wait({self.exited}, timeout=grace_s)
        self.kill()
        return await asyncio.shield(self.exited)

    def kill(self) -> None:
        """End the child at once; ``exited`` follows."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _open(self, configure: Callable[[bytes], bytes]) -> None:
        """From the launcher's line to the sent configuration; then the child lives."""
        if self._started.report is None:
            self.report = read_report(await self._stderr.readline())
        self._keep_log()
        hello = await self._receive()
        if hello is None:
            raise ChildError(f"{self.name} ended without a hello")
        await self._send(configure(hello))
        self._live_on()

    def _keep_log(self) -> None:
        self._keeping = asyncio.create_task(keep_log(self._stderr, self._log), name=f"{self.name} log")

    def _live_on(self) -> None:
        self._living = asyncio.create_task(self._live(), name=f"{self.name} channel")

    async def _discard(self) -> None:
        """End a child that never came to life, and everything that belongs to it."""
        self.kill()
        self._stdin.close()
        await self._process.wait()
        self._started.let_go()
        await _read_out(self._stdout)
        if self._keeping is None:
            await _read_out(self._stderr)
            self._log.close()
        else:
            await _end(self._keeping)
        self.exited.cancel()

    async def _receive(self) -> bytes | None:
        """The content of the next frame; None once the child has closed its end.

        Raises:
            ControlError: A frame is over its limit.
        """
        while not self._received:
            received = await self._stdout.read(READ_BYTES)
            if not received:
                return None
            self._received.extend(self._frames.feed(received))
        return self._received.popleft()

    async def _live(self) -> None:
        """Deliver what the child says until it has ended; then settle everything that still waits for it."""
        assert self._keeping is not None, self.name
        reading = asyncio.create_task(self._read(), name=f"{self.name} reports")
        waiting = asyncio.create_task(self._process.wait(), name=f"{self.name} exit")
        try:
            await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if self._is_handed_on:
                return
            if not (reading.done() and reading.exception()):
                # The end of the channel and that of the process follow each other, or the rest is cut off.
                await asyncio.wait({reading, waiting}, timeout=LAST_WORDS_S)
        finally:
            if self._is_handed_on:
                waiting.cancel()
            else:
                self.kill()
        code = await waiting
        self._started.let_go()
        self._stdin.close()
        await _end(reading)
        await _read_out(self._stdout)
        await _end(self._keeping)
        _log.info("child ended name=%s pid=%d code=%d fault=%s", self.name, self.pid, code, self.fault)
        fault = self.fault
        self._asks.settle(f"{self.name} has ended with {code}" if fault is None else f"{self.name} was ended: {fault}")
        if not self.exited.done():
            self.exited.set_result(code)

    async def _read(self) -> None:
        try:
            while not self._is_handed_on and (content := await self._receive()) is not None:
                await self._take(self._decode(content), len(content))
        except (ControlError, ChildError, ValueError, msgspec.DecodeError) as error:
            self.fault = plain(str(error))
            self.counters["contract_broken"] += 1
            self.kill()

    async def _take(self, report: R, length: int) -> None:
        """Give an answer to whoever waits for it, and anything else to ``on_report``.

        Raises:
            ChildError: It answers what nobody asked.
        """
        number = getattr(report, "id", None)
        if number is None:
            await self._keep_pace(1 + length // REPORT_BYTES)
            self._on_report(report)
        else:
            self._asks.take(number, report)

    async def _keep_pace(self, count: int) -> None:
        """Wait when the child reports faster than REPORTS_PER_S_MAX: then it waits too, as its pipe is full."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._reports_since_s >= 1.0:
            self._reports_since_s, self._report_count = now_s, 0
        self._report_count += count
        if self._report_count > REPORTS_PER_S_MAX:
            self.counters["reports_held_up"] += 1
            await asyncio.sleep(self._reports_since_s + 1.0 - now_s)

    async def _ask(self, make: Callable[[int], msgspec.Struct]) -> R:
        if self.exited.done():
            raise ChildGone(f"{self.name} has ended")
        number, answer = self._asks.begin()
        try:
            await self._send(msgspec.msgpack.encode(make(number)))
            return await answer
        except ConnectionError as error:
            raise ChildGone(f"{self.name} no longer listens") from error
        finally:
            self._asks.end(number)

    async def _send(self, content: bytes) -> None:
        """Send one frame; waits while the child does not read.

        Raises:
            ControlError: The content is longer than FRAME_BYTES_MAX.
            ConnectionError: The child has closed its end.
        """
        if len(content) > FRAME_BYTES_MAX:
            raise ControlError(f"a frame of {len(content)} bytes is over {FRAME_BYTES_MAX}")
        async with self._sending:
            await self._stdin.drain()  # before, not after: at most one frame lies in the buffer
            self._stdin.write(len(content).to_bytes(LENGTH_BYTES, "big") + content)


async def _read_out(stream: asyncio.StreamReader) -> None:
    """Read what is left in the pipe of a process that has ended, so that the pipe is closed."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            while await stream.read(READ_BYTES):
                pass


async def _end(task: asyncio.Task[None]) -> None:
    """Give a task LAST_WORDS_S to end, then cancel it; its failure is a bug of ours and goes to the log."""
    _, pending = await asyncio.wait({task}, timeout=LAST_WORDS_S)
    if pending:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled() and (bug := task.exception()) is not None:
        _log.error("a child's task failed task=%s", task.get_name(), exc_info=bug)
