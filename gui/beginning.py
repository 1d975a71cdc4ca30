"""Leads a person whose computer has no home yet through the three pages of the first run.

      look at the computer  ->  choose  ->  start the node, which makes the home  ->  (its first word)  ->  arrived
                                  ^---------------- (it states a failure) ----'

Nothing is made before the person has asked for it, and a failure leaves the choice as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gui.children import ChildFailed, examine
from gui.disk import Question
from gui.feed import Node
from gui.joining import join
from gui.keeper import WANTED, Keeper
from gui.stories.first_run import Choice, Found, Place, found, making, tell_arrival
from gui.stories.home import Seen, Sign, Story
from gui.texts import welcome as words
from gui.window import Window

FIRST_WORD_S_MAX: Final = 120.0  # the node waits for a keyring, and then for its vault, for 80 of them at most


@dataclass(frozen=True, slots=True)
class Steps:
    """What the app does on the way.  ``arrived``: the home is made and its node runs; ``broken``: only the first."""

    arrived: Callable[[], None]
    broken: Callable[[], None]
    done: Callable[[], None]
    place: Callable[[], Place]
    is_made: Callable[[], bool]


class Beginning:
    """At most one per app, made when the welcome is wanted.  ``spawn`` runs a job for as long as the app lives."""

    def __init__(
        self,
        window: Window,
        keeper: Keeper,
        steps: Steps,
        *,
        home: Path,
        doctor_command: Callable[[Path], tuple[str, ...]],
        node_command: Callable[[Path], tuple[str, ...]],
        connect: Callable[[Path], Node],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._window = window
        self._welcome = window.welcome
        self._keeper = keeper
        self._steps = steps
        self._home = home
        self._doctor_command = doctor_command
        self._node_command = node_command
        self._found: Found | None = None
        self._is_looking = False
        self._welcome.choice.show_home(str(home))
        self._welcome.looked.connect(lambda: spawn(self._look()))
        self._welcome.started.connect(lambda choice: spawn(self._start(choice)))
        invitation = self._welcome.arrival.invitation
        invitation.given.connect(lambda text: spawn(join(connect(home), text, invitation)))
        self._welcome.done.connect(steps.done)

    def show(self) -> None:
        self._window.show_welcome()

    def tell(self, story: Story, sign: Sign, seen: Seen) -> None:
        """Show on the last page how it stands now."""
        self._welcome.arrival.show_story(tell_arrival(story, sign, seen))

    async def _look(self) -> None:
        if self._is_looking:
            return
        self._is_looking = True
        self._welcome.choice.show_found(None)
        try:
            self._found = found(await examine(self._doctor_command(self._home)))
        except ChildFailed as error:
            self._found = Found(None, has_network=False, keyring="", trouble=str(error))
        finally:
            self._is_looking = False
        self._welcome.choice.show_found(self._found)

    async def _start(self, choice: Choice) -> None:
        assert self._found is not None
        given, line = making(self._found, choice)
        try:
            await self._keeper.begin((*self._node_command(self._home), *given), line, FIRST_WORD_S_MAX)
        except ChildFailed as error:
            self._welcome.choice.forget_passphrase()
            if not await Question(self._steps.is_made).answer(otherwise=True):
                self._welcome.show_failure(words.not_started(str(error)))
                await self._look()  # the disk or the keyring may be why, and no more what it was
                return
            self._steps.broken()
            if error.code in WANTED:
                self._keeper.ask(error.code, is_again=False)
            await self._keeper.mind(self._home, self._node_command(self._home))
            return
        self._welcome.choice.forget_passphrase()
        self._welcome.show_arrival(self._steps.place())
        self._steps.arrived()
        await self._keeper.wait()
        await self._keeper.mind(self._home, self._node_command(self._home))
