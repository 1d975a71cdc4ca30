"""The asks that a child has not answered yet: who waits for which answer, and which ones nobody wants any more."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final, Generic, TypeVar

from node.sandbox.errors import ChildError, ChildFailed, ChildGone
from node.vault.control import Failed

ABANDONED_MAX: Final = 1024  # asks that nobody waits for any longer, whose answers may still come
CODE_CHARACTERS_MAX: Final = 64
MESSAGE_CHARACTERS_MAX: Final = 500

R = TypeVar("R")


class Asks(Generic[R]):
    """Gives each ask a number of its own.  Belongs to one event loop."""

    def __init__(self, counters: Counter[str], next_number: int = 1, unanswered: tuple[int, ...] = ()) -> None:
        """``unanswered``: asks of the program before, whose answers may still come."""
        self._counters = counters
        self.next_number = next_number
        self._pending: dict[int, asyncio.Future[R]] = {}
        self._abandoned: dict[int, None] = dict.fromkeys(unanswered[-ABANDONED_MAX:])

    @property
    def unanswered(self) -> tuple[int, ...]:
        """The numbers whose answers may still come."""
        return (*self._abandoned, *self._pending)

    def begin(self) -> tuple[int, asyncio.Future[R]]:
        """A number, and the answer that will come; ``end`` it in any case."""
        number, self.next_number = self.next_number, self.next_number + 1
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        return number, answer

    def end(self, number: int) -> None:
        """Nobody waits any longer; an answer may still come."""
        answer = self._pending.pop(number)
        if answer.done() and not answer.cancelled():
            answer.exception()  # an error that came together with a cancellation is nobody's any more
            return
        self._abandoned[number] = None
        if len(self._abandoned) > ABANDONED_MAX:
            del self._abandoned[next(iter(self._abandoned))]

    def take(self, number: int, report: R) -> None:
        """Give an answer to whoever waits for it.

        Raises:
            ChildError: It answers what nobody asked.
        """
        if number in self._abandoned:
            del self._abandoned[number]
            self._counters["answers_late"] += 1
        elif number not in self._pending or self._pending[number].done():
            raise ChildError(f"an answer to {number}, which nobody asked")
        elif isinstance(report, Failed):
            failed = ChildFailed(plain(report.code)[:CODE_CHARACTERS_MAX], plain(report.message))
            self._pending[number].set_exception(failed)
        else:
            self._pending[number].set_result(report)

    def settle(self, why: str) -> None:
        """Let nobody wait any longer."""
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ChildGone(why))


def plain(text: str) -> str:
    """A stranger's text, short and in one line, without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text[:MESSAGE_CHARACTERS_MAX])
