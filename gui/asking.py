"""Asks the node for what only one page shows, again and again, but only while that page is shown; or once, at all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from gui.feed import ANSWER_S_MAX, Node
from node.api.client import ApiError, NotRunning

ASK_S: Final = 3.0  # between two questions

T = TypeVar("T")


class Asking(Generic[T]):
    """One page's questions to one node.  Belongs to one event loop; ``run`` it as a task and cancel that to end it."""

    def __init__(
        self,
        home: Path,
        ask: Callable[[Node], Awaitable[T]],
        hear: Callable[[T | None], None],
        *,
        connect: Callable[[Path], Node],
    ) -> None:
        """``ask`` puts the questions; ``hear`` is given what came of them, None when nothing could be heard."""
        self._home = home
        self._ask = ask
        self._hear = hear
        self._connect = connect
        self._shown = asyncio.Event()
        self._again = asyncio.Event()

    def show(self, is_shown: bool) -> None:  # noqa: FBT001  (Qt's own way of saying it)
        """The page was shown, which asks at once, or hidden, which asks no more."""
        if is_shown:
            self._shown.set()
            self._again.set()
        else:
            self._shown.clear()

    async def run(self) -> None:
        """Ask for ever.  Cancel it to end it."""
        node = self._connect(self._home)
        try:
            while True:
                await self._shown.wait()
                self._again.clear()
                await self._ask_once(node)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ASK_S):
                        await self._again.wait()
        finally:
            await node.close()

    async def _ask_once(self, node: Node) -> None:
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                heard = await self._ask(node)
        except (NotRunning, ApiError, TimeoutError, OSError):
            self._hear(None)
        else:
            self._hear(heard)


async def answers(node: Node) -> bool:
    """Whether anything answers; asked once, for at most ANSWER_S_MAX."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            await node.status()
    except NotRunning:
        return False
    except (ApiError, TimeoutError):
        return True  # it runs, but does not say anything clever
    finally:
        await node.close()
    return True
