"""Takes to the node what a person asks for: a pause, its end, other settings.

      a setting moved  ->  shown at once  ->  (a short rest)  ->  sent, the last of each  ->  held, or refused

What the node refuses goes back to what holds, and the node's own sentence is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from gui.feed import Node
from gui.patching import applied, fields, merged, without
from gui.stories.resources import Refusal
from gui.texts import app as texts
from gui.texts.said import in_words
from node.api.client import ApiError, NotRunning
from node.api.schema import PauseLasts, Settings, SettingsPatch, Status

REST_S: Final = 0.5  # a slider that rests so long is where it was meant to be
WORD_S: Final = 120.0  # so long it is said why a wish came to nothing; then it is no news any more
CHANGE_S_MAX: Final = 12.0  # longer than the client's own limit, whose answer says more

T = TypeVar("T")
NOTHING: Final = SettingsPatch()


class Changes:
    """What one person asks of one node.  Belongs to one event loop.

    ``tell`` is called whenever something else is to be shown; ``take`` is given a status that a wish was answered with.
    """

    def __init__(
        self,
        *,
        connect: Callable[[Path], Node],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        tell: Callable[[], None],
        take: Callable[[Status], None],
    ) -> None:
        self._connect = connect
        self._spawn = spawn
        self._tell = tell
        self._take = take
        self._home: Path | None = None
        self._heard: Settings | None = None  # as last told by the feed
        self._held: Settings | None = None  # as last known from anybody
        self._wanted = NOTHING
        self._rest: asyncio.TimerHandle | None = None
        self._is_sending = False
        self._word: asyncio.TimerHandle | None = None  # why a wish came to nothing, which is said until then
        self.refusal = ""  # of the last wish to pause or go on
        self.refused = Refusal()  # of the last change of settings

    @property
    def settings(self) -> Settings | None:
        """As they will be once all that was moved is taken; None while nothing is known of them."""
        return None if self._held is None else applied(self._held, self._wanted)

    def attach(self, home: Path) -> None:
        """Ask the node of this home from now on."""
        self._stop_rest()
        self._stop_word()
        self._home, self._heard, self._held, self._wanted = home, None, None, NOTHING
        self.refusal, self.refused = "", Refusal()

    async def finish(self) -> None:
        """Send at once what still rests: the app is about to end.  Takes at most ``CHANGE_S_MAX``."""
        if self._stop_rest():
            await self._send()
        self._stop_word()

    def hear(self, settings: Settings | None) -> None:
        """Take what the feed last heard; the same once more says nothing of what was changed since."""
        if settings != self._heard:
            self._heard = self._held = settings

    def pause(self, lasts: PauseLasts) -> None:
        self._wish(lambda node: node.pause(lasts))

    def resume(self) -> None:
        self._wish(lambda node: node.resume())

    def change(self, patch: SettingsPatch) -> None:
        """Show the change at once, and send it when nothing more is moved for a moment."""
        self._wanted = merged(self._wanted, patch)
        self.refused = Refusal()
        self._stop_rest()
        self._rest = asyncio.get_running_loop().call_later(REST_S, self._send_soon)
        self._tell()

    def _wish(self, ask: Callable[[Node], Awaitable[Status]]) -> None:
        self.refusal = ""
        self._spawn(self._fulfil(ask))

    async def _fulfil(self, ask: Callable[[Node], Awaitable[Status]]) -> None:
        answer = await self._asked(ask)
        if isinstance(answer, str):
            self.refusal = answer
            self._say_for_a_while()
            self._tell()
        else:
            self._take(answer)

    def _say_for_a_while(self) -> None:
        self._stop_word()
        self._word = asyncio.get_running_loop().call_later(WORD_S, self._forget)

    def _forget(self) -> None:
        self._word = None
        self.refusal, self.refused = "", Refusal()
        self._tell()

    def _stop_word(self) -> None:
        if self._word is not None:
            self._word.cancel()
            self._word = None

    def _stop_rest(self) -> bool:
        rest, self._rest = self._rest, None
        if rest is not None:
            rest.cancel()
        return rest is not None

    def _send_soon(self) -> None:
        self._rest = None
        if not self._is_sending:  # else it is sent after the one that is on its way
            self._is_sending = True
            self._spawn(self._send())

    async def _send(self) -> None:
        try:
            while self._rest is None and self._wanted != NOTHING:
                sent = self._wanted
                answer = await self._asked(lambda node, sent=sent: node.patch_settings(sent))  # type: ignore[misc]
                self._wanted = without(self._wanted, sent)
                if isinstance(answer, str):
                    self.refused = Refusal(answer, fields(sent))
                    self._say_for_a_while()
                else:
                    self._held = answer
                self._tell()
        finally:
            self._is_sending = False

    async def _asked(self, ask: Callable[[Node], Awaitable[T]]) -> T | str:
        """The node's answer, or why there is none, in a sentence."""
        assert self._home is not None
        node = self._connect(self._home)
        try:
            async with asyncio.timeout(CHANGE_S_MAX):
                return await ask(node)
        except ApiError as error:
            return in_words(error.message, error.told.said)
        except (NotRunning, TimeoutError, OSError):
            return texts.NOT_DONE
        finally:
            await node.close()
