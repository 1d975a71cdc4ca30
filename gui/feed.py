"""Follows one node over its local API, for as long as the app runs.

      read status, updates, trial, settings  ->  listen to events  ->  (line dead, or events missed)  ->  read all anew

What is heard is handed on as a ``Seen``.  A node that was just restarted is back within ``GRACE_S`` and nothing is
said about it; one that is gone longer is said to be gone, within two seconds of its going.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from gui.disk import Question
from gui.instance import is_home
from gui.stories.home import Seen
from gui.texts.said import in_words
from node.api.client import ApiError, Client, NotRunning, Reload
from node.api.schema import (
    Event,
    Joined,
    NetworkView,
    PauseLasts,
    Settings,
    SettingsPatch,
    Status,
    TrialView,
    Updates,
)

RETRY_S: Final = 0.4
GRACE_S: Final = 1.0  # a restart shorter than this is not worth a word
FIRST_S: Final = 20.0  # a node that was just started has this long to say its first word
ANSWER_S_MAX: Final = 4.0  # silence longer than this is a node that hangs
LOOK_SHOWN_S: Final = 2.0  # how often the node is asked whether it is still there: window open
LOOK_HIDDEN_S: Final = 10.0  # window closed
RENDER_S: Final = 0.1  # changes that come faster are shown together

log = logging.getLogger(__name__)


class Node(Protocol):
    """What the app needs of the client of the local API."""

    async def status(self) -> Status: ...

    async def app(self) -> str | None: ...

    async def updates(self) -> Updates: ...

    async def trial(self) -> TrialView | None: ...

    async def settings(self) -> Settings: ...

    async def patch_settings(self, patch: SettingsPatch) -> Settings: ...

    async def pause(self, lasts: PauseLasts) -> Status: ...

    async def resume(self) -> Status: ...

    async def network(self) -> NetworkView: ...

    async def join(self, text: str) -> Joined: ...

    async def diagnostics(self) -> bytes: ...

    def events(self, since: int) -> AsyncIterator[Event | Reload]: ...

    async def close(self) -> None: ...


class Feed:
    """What one node says.  Belongs to one event loop; ``run`` it as a task and cancel that to end it."""

    def __init__(
        self,
        home: Path,
        on_change: Callable[[Seen], None],
        *,
        wall_s: Callable[[], float],
        on_event: Callable[[Event], None] = lambda _: None,
        connect: Callable[[Path], Node] = Client,
    ) -> None:
        self._home = home
        self._on_change = on_change
        self._on_event = on_event
        self._connect = connect
        self._wall_s = wall_s
        self._seen = Seen()
        self._since_s: float | None = None  # monotonic: since when nothing answers
        self._render: asyncio.TimerHandle | None = None
        self._disk = Question(lambda: is_home(home))
        self.is_window_shown = False

    async def run(self) -> None:
        """Follow the node for ever.  Cancel it to end it."""
        self._since_s = asyncio.get_running_loop().time()
        self._say_soon()
        try:
            while True:
                await self._try()
                await asyncio.sleep(RETRY_S)
        finally:
            if self._render is not None:
                self._render.cancel()

    async def _try(self) -> None:
        node = self._connect(self._home)
        try:
            await self._follow(node)
        except (NotRunning, ApiError, TimeoutError, OSError) as error:
            is_missing, refused = not await self._is_home_there(), _refused(error)
            app = await self._app_of(node) if refused else None
            seen = replace(self._seen, refused=refused, is_home_missing=is_missing, app=app)
            self._gone(seen, is_hanging=isinstance(error, TimeoutError))
        finally:
            await node.close()

    async def _follow(self, node: Node) -> None:
        """Read everything, then keep it up to date until the line is dead or events were missed.

        Raises:
            NotRunning, ApiError, TimeoutError: The node does not answer.
        """
        async with asyncio.timeout(ANSWER_S_MAX):
            status = await node.status()
            updates, trial, settings = await node.updates(), await node.trial(), await node.settings()
        self._heard(replace(self._seen, status=status, updates=updates, trial=trial, settings=settings))
        listen = asyncio.create_task(self._listen(node, status.last_event))
        look = asyncio.create_task(self._look(node))
        try:
            done, _ = await asyncio.wait((listen, look), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listen, look):
                task.cancel()
            # Gathered: awaited one by one, a wish to end that comes just now is taken for their end, and lost.
            await asyncio.gather(listen, look, return_exceptions=True)

    async def _app_of(self, node: Node) -> str | None:
        """Which app answers there that is not understood: it may be a later one."""
        with contextlib.suppress(NotRunning, ApiError, TimeoutError, OSError):
            async with asyncio.timeout(ANSWER_S_MAX):
                return await node.app()
        return None

    async def _is_home_there(self) -> bool:
        """Whether it is there, as far as is known: of a disk that hangs, what its node says counts."""
        return await self._disk.answer(otherwise=True, seconds=ANSWER_S_MAX)

    async def _listen(self, node: Node, since: int) -> None:
        """Take in events until some were missed."""
        async with aclosing(node.events(since)) as events:  # type: ignore[type-var]  # it is a generator
            async for event in events:
                if isinstance(event, Reload):
                    return
                self._take(event)

    async def _look(self, node: Node) -> None:
        """Ask now and then, so that a node that hangs is not taken for one with nothing to say.

        Ends when the home is not there any more: its node answers from memory for a while, what no longer holds.
        """
        while await self._is_home_there():
            await asyncio.sleep(LOOK_SHOWN_S if self.is_window_shown else LOOK_HIDDEN_S)
            async with asyncio.timeout(ANSWER_S_MAX):
                self._heard(replace(self._seen, status=await node.status()))

    def _take(self, event: Event) -> None:
        self._on_event(event)
        match event.kind, event.data:
            case "status", Status() as status:
                self._heard(replace(self._seen, status=status))
            case "updates", Updates() as updates:
                self._heard(replace(self._seen, updates=updates))
            case "trial", (TrialView() | None) as trial:
                self._heard(replace(self._seen, trial=trial))
            case "settings", Settings() as settings:
                self._heard(replace(self._seen, settings=settings))

    def take(self, status: Status) -> None:
        """Take a status that was heard in another way, as the answer to a wish."""
        self._heard(replace(self._seen, status=status))

    def _heard(self, seen: Seen) -> None:
        self._since_s = None
        connected = replace(seen, link="connected", refused="", is_home_missing=False, app=None)
        self._change(replace(connected, heard_s=self._wall_s()))

    def _gone(self, seen: Seen, *, is_hanging: bool) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._since_s is None:
            self._since_s = now_s
        patience_s = GRACE_S if self._seen.heard_s else FIRST_S
        if is_hanging or now_s - self._since_s >= patience_s:
            if self._seen.link != "lost":
                log.info("no answer home=%s", self._home)
            self._change(replace(seen, link="lost"))

    def _change(self, seen: Seen) -> None:
        is_said = replace(seen, heard_s=0) == replace(self._seen, heard_s=0) and seen.link == "connected"
        self._seen = seen
        if not is_said:
            self._say_soon()

    def _say_soon(self) -> None:
        if self._render is None:
            self._render = asyncio.get_running_loop().call_later(RENDER_S, self._say)

    def _say(self) -> None:
        self._render = None
        self._on_change(self._seen)


def _refused(error: Exception) -> str:
    """Why a node that answers says nothing; "" for one that does not answer."""
    if not isinstance(error, ApiError) or error.code == "api.timeout":
        return ""
    return in_words(error.message, error.told.said)
