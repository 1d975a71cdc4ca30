"""An event loop without a world: its clock jumps to the next timer, and all that happens follows from a seed.

*   It never waits.  When nothing is ready and no timer is set, every task would wait for ever: an error.
*   Work for threads is done here, after a while drawn from the seed; when the power fails inside of it (``PowerCut``),
    the process that it belongs to is told so.
*   Every task belongs to the process in whose context it was made, so that a process can be killed as a whole.
*   With ``is_shuffling`` the steps of different processes that are due at the same moment change places; those of
    one process never do.
*   Sockets, subprocesses and real threads do not exist: whoever reaches for them gets NotImplementedError.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import heapq
import random
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple

from tests.sim_filesystem import PowerCut

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

WORK_S_MIN: Final = 0.0002  # of a thread
WORK_S_MAX: Final = 0.02


class Owner(Protocol):
    """A process, as far as its loop knows it."""

    is_alive: bool
    tasks: dict[asyncio.Task[Any], None]  # a dict keeps the order, a set does not

    def power_failed(self) -> None: ...


current_owner: Final[contextvars.ContextVar[Owner | None]] = contextvars.ContextVar("owner", default=None)


class SimLoop(asyncio.BaseEventLoop):
    """See the module.  ``fingerprint`` covers every ``trace``, with its time."""

    def __init__(self, seed: str, *, is_shuffling: bool = False) -> None:
        super().__init__()
        self.now_s = 0.0
        self.random = random.Random(f"{seed}/loop")
        self.trace_count = 0
        self._is_shuffling = is_shuffling
        self._ready: deque[Any]  # made by BaseEventLoop
        self._hash = hashlib.sha256()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []  # numbered in the order they were set
        self._timer_count = 0
        self.set_task_factory(_make_task)  # type: ignore[arg-type]  # the stubs know fewer options

    @property
    def fingerprint(self) -> str:
        return self._hash.hexdigest()[:16]

    def trace(self, what: str) -> None:
        """Let ``what`` be part of the fingerprint."""
        self.trace_count += 1
        self._hash.update(f"{self.now_s:.9f} {what}\n".encode())

    def time(self) -> float:
        return self.now_s

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now_s + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, timer))
        return timer

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """A thread that was started finishes, even if nobody waits for it any more; unless its process dies."""
        future: asyncio.Future[T] = self.create_future()
        owner = current_owner.get()
        delay_s = WORK_S_MIN + (WORK_S_MAX - WORK_S_MIN) * self.random.random()
        self.call_later(delay_s, _work, owner, future, func, args)
        return future

    def spawn(self, owner: Owner, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that belongs to ``owner``, whoever calls."""
        context = contextvars.copy_context()
        context.run(current_owner.set, owner)
        return self.create_task(work, context=context)

    def _run_once(self) -> None:
        """One turn of the loop: all that is ready, or all that is due at the next moment."""
        ready, timers = self._ready, self._timers
        if not ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise RuntimeError(f"deadlock at {self.now_s} s: nothing is ready and no timer is set")
            self.now_s = max(self.now_s, timers[0][0])
            while timers and timers[0][0] <= self.now_s:
                ready.append(heapq.heappop(timers)[2])
        if self._is_shuffling and len(ready) > 1:
            self._shuffle()
            ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _shuffle(self) -> None:
        """Draw a new order in which the steps of every process keep theirs."""
        queues: dict[int, deque[Any]] = {}
        order: list[int] = []
        for handle in self._ready:
            owner = id(handle._context.get(current_owner)) if handle._context is not None else 0
            queues.setdefault(owner, deque()).append(handle)
            order.append(owner)
        if len(queues) > 1:
            self.random.shuffle(order)
            self._ready = deque(queues[owner].popleft() for owner in order)


def _make_task(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
    context = options.get("context")
    owner = context.get(current_owner) if context is not None else current_owner.get()
    task = asyncio.Task(work, loop=loop, **options)
    if owner is not None:
        owner.tasks[task] = None
        task.add_done_callback(owner.tasks.pop)
    return task


def _work(owner: Owner | None, future: asyncio.Future[T], func: Callable[..., T], args: tuple[Any, ...]) -> None:
    if owner is not None and not owner.is_alive:
        return
    try:
        result = func(*args)
    except PowerCut:
        assert owner is not None, "the power of no process failed"
        owner.power_failed()
    except Exception as error:  # noqa: BLE001 - it is handed on, as by a thread
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(result)
