"""Asks disks what may take for ever: one that hangs answers nothing, and cannot be told to stop.

So each question has a thread of its own, for which nobody waits when the app ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

ANSWER_S_MAX: Final = 4.0  # a disk that says nothing for so long hangs

T = TypeVar("T")


class Question(Generic[T]):
    """One question, to be put again and again; not anew while it waits for its answer.  Belongs to one event loop."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._answer: asyncio.Future[T] | None = None  # to what was asked last

    async def answer(self, otherwise: T, seconds: float | None = None) -> T:
        """What the disk says, or ``otherwise`` when it says nothing for so long (ANSWER_S_MAX).

        Raises:
            OSError, or whatever else the question raises.
        """
        if self._answer is None or self._answer.done():
            self._answer = self._put()
        await asyncio.wait((self._answer,), timeout=ANSWER_S_MAX if seconds is None else seconds)
        return self._answer.result() if self._answer.done() else otherwise

    def _put(self) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        answer.add_done_callback(lambda one: one.cancelled() or one.exception())  # perhaps nobody waits any more

        def hear(result: T | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # it is what was asked for

        def ask() -> None:
            result, error = _asked(self._ask)
            with contextlib.suppress(RuntimeError):  # the app has ended meanwhile
                loop.call_soon_threadsafe(hear, result, error)

        threading.Thread(target=ask, name="disk", daemon=True).start()
        return answer


def answer_now(ask: Callable[[], T], otherwise: T, seconds: float | None = None) -> T:
    """As ``Question``, where there is no loop yet.  Blocking, for so long at most (ANSWER_S_MAX)."""
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_asked(ask)), name="disk", daemon=True).start()
    try:
        result, error = answers.get(timeout=ANSWER_S_MAX if seconds is None else seconds)
    except queue.Empty:
        return otherwise
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # it is what was asked for


def _asked(ask: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        return ask(), None
    except Exception as error:  # noqa: BLE001  (it is raised where the answer is waited for)
        return None, error
