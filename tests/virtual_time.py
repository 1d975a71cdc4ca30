"""An event loop whose clock jumps to the next timer: hours pass in milliseconds, and always in the same order."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: the time that a real one would spend waiting is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError(f"nothing is ready and no timer is set at {self.now_s}")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """``loop.time()`` is virtual; what goes to a thread is done at once, in this one."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9
        self._work_s = 0.0

    def time(self) -> float:
        return self._jumping.now_s

    def sleep_through(self, seconds: float) -> None:
        """Let the clock go on while nothing is done, as that of a computer that sleeps may."""
        self._jumping.now_s += seconds

    def take(self, seconds: float) -> None:
        """Called by what goes to a thread: it is not done before so much time has passed."""
        self._work_s = seconds

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        self._work_s = 0.0
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - it is handed on, as by a thread
            future.set_exception(error)
        else:
            self._give(future, result)
        return future

    def _give(self, future: asyncio.Future[T], result: T) -> None:
        def give() -> None:
            if not future.done():  # nobody waits any more
                future.set_result(result)

        if self._work_s:
            self.call_later(self._work_s, give)
        else:
            give()


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
