"""Asks disks, and the screen, what may take for ever: one that hangs answers nothing, and cannot be told to stop.

So each question has a thread of its own, for which nobody waits when the app ends.  The thread only leaves its answer,
and the loop looks for it: a thread that called into Qt's loop could do so while that ends, and end the app with it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

ANSWER_S_MAX: Final = 4.0  # a disk that says nothing for so long hangs
PAUSE_S: Final = 0.01  # between two looks for an answer

T = TypeVar("T")


class _Asked(Generic[T]):
    """A question that was put; ``is_done`` is set when it is answered."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self.is_done = threading.Event()
        self._ask = ask
        self._results: list[T] = []
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="disk", daemon=True).start()

    def result(self) -> T:
        """The answer, once there is one.  Raises what the question raised."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._ask())
        except Exception as error:  # noqa: BLE001  (it is raised where the answer is waited for)
            self._error = error
        self.is_done.set()


class Question(Generic[T]):
    """One question, to be put again and again; not anew while it waits for its answer.  Belongs to one event loop."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._asked: _Asked[T] | None = None  # what was asked last

    async def answer(self, otherwise: T, seconds: float | None = None) -> T:
        """What the disk says, or ``otherwise`` when it says nothing for so long (ANSWER_S_MAX).

        Raises:
            OSError, or whatever else the question raises.
        """
        if self._asked is None or self._asked.is_done.is_set():
            self._asked = _Asked(self._ask)
        asked, loop = self._asked, asyncio.get_running_loop()
        until_s = loop.time() + (ANSWER_S_MAX if seconds is None else seconds)
        while not asked.is_done.is_set():
            if loop.time() >= until_s:
                return otherwise
            await asyncio.sleep(PAUSE_S)
        return asked.result()


def answer_now(ask: Callable[[], T], otherwise: T, seconds: float | None = None) -> T:
    """As ``Question``, where there is no loop yet.  Blocking, for so long at most (ANSWER_S_MAX)."""
    asked = _Asked(ask)
    is_done = asked.is_done.wait(ANSWER_S_MAX if seconds is None else seconds)
    return asked.result() if is_done else otherwise
