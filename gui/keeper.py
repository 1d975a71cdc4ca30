"""Starts the node of one home as a child of the app, and asks the person for the passphrase of its key.

      begin  ->  (its first word)            ->  it runs
             ->  (it wants a passphrase)     ->  asked for in the window  ->  begin, with it
             ->  (it fails, or says nothing) ->  that is told, and it is begun again by itself, later and later

The passphrase goes from the field to the child's standard input, and is kept nowhere.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from gui import children
from gui.children import Child, ChildFailed
from gui.disk import Question
from gui.instance import is_home
from gui.stories.home import Silence
from gui.window import Window

LOOK_S: Final = 5.0  # between two looks whether it is to be begun again
AGAIN_S_MIN: Final = 300.0  # from a failure until it is begun again by itself; each further time twice as long
AGAIN_S_MAX: Final = 3600.0
LONG_S: Final = 5.0  # a start that takes longer may wait for a person: a locked keyring asks for its password
# Exit codes of one that somebody told to end, here and where a shell or the launcher says it.
TOLD_CODES: Final = (0, -1, -2, -15, 130, 143)
# What a node says that cannot start without a person: the code of the failure that it states.
WANTED: Final[dict[str, Literal["known", "new"]]] = {"key.passphrase": "known", "key.new_passphrase": "new"}

GONE: Final = "key.gone"  # of a failure that seldom ends by itself: what a person can do is said instead


class Keeper:
    """One per app.  ``tell`` is called whenever something else is to be shown, ``open`` brings the window up."""

    def __init__(
        self,
        window: Window,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        tell: Callable[[], None],
        bring_up: Callable[[], None],
        wall_s: Callable[[], float],
    ) -> None:
        self._window = window
        self._tell = tell
        self._bring_up = bring_up
        self._command: tuple[str, ...] = ()
        self.child: Child | None = None
        self._home_of_child: Path | None = None
        self._wall_s = wall_s
        self._ended_s = math.inf  # when the child was found to have ended
        self._adopted: Path | None = None  # the home of a node that the app before this one has started
        self._silent_since_s: float | None = None  # since when a child that was started has not said a word
        self._is_beginning = False
        self.is_asking = False  # the window asks for the passphrase, or waits for what came of it
        self._is_minding = False  # somebody begins it again when that is due
        self._due_s = math.inf  # of the loop's clock: when that is
        self._again_s = AGAIN_S_MIN  # how long from the next failure
        self._is_key_gone = False  # at the last failure
        window.passphrase.given.connect(lambda passphrase: spawn(self.run(self._command, passphrase)))

    @property
    def is_running(self) -> bool:
        return self._adopted is not None or (self.child is not None and not self.child.has_ended)

    @property
    def silence(self) -> Silence:
        """How long what was started here has not said its first word."""
        if self._silent_since_s is None:
            return "short" if self._is_beginning else "none"
        return "long" if asyncio.get_running_loop().time() - self._silent_since_s >= LONG_S else "short"

    def trouble(self) -> str:
        """Why the child has ended, if it has."""
        return self.child.last_words() if self.child is not None and self.child.has_ended else ""

    def wrote(self) -> tuple[str, ...]:
        """What a child that has ended wrote last; it may have come to no log."""
        return self.child.wrote() if self.child is not None and self.child.has_ended else ()

    @property
    def tries_again(self) -> bool:
        """Whether it has failed, and that it is begun again by itself may help."""
        return self._is_failed and not self._is_key_gone

    async def begin(self, command: Sequence[str], line: str = "", seconds: float | None = None) -> None:
        """Start it, and wait for its first word for so long.

        Raises:
            ChildFailed: It did not start; nothing is left running.
        """
        self._is_beginning = True
        self._tell()  # at once: the one before may take its time to end
        try:
            await self.stop()
            self._home_of_child = children.home_in(command)
            self.child, self._ended_s = await Child.start(command, line), math.inf
            await self._hear_first(self.child, seconds)
        except ChildFailed as error:
            self._due_s, self._is_key_gone = math.inf, error.code == GONE
            if error.code not in WANTED:
                self._put_off()
            raise
        finally:
            self._is_beginning = False
        self._due_s, self._again_s, self._is_key_gone = math.inf, AGAIN_S_MIN, False

    async def _hear_first(self, child: Child, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._silent_since_s = loop.time()
        later = loop.call_later(LONG_S + 0.05, self._tell)  # timers may be a little early
        self._tell()
        try:
            await child.first_word(seconds)
        except ChildFailed:
            await child.stop()
            self._ended_s = self._wall_s()
            raise
        finally:
            later.cancel()
            self._silent_since_s = None

    async def run(self, command: Sequence[str], passphrase: str = "") -> None:
        """Start it, ask for what it wants, and return at its end; at once while one is being started already."""
        if self._is_beginning:
            return  # whoever asks twice wants it once: of two, one would be left to nobody
        self._command = tuple(command)
        try:
            await self.begin(command, passphrase)
        except ChildFailed as error:
            if error.code in WANTED:
                self.ask(error.code, is_again=bool(passphrase))
            else:
                self._stop_asking()
            self._tell()
            return
        self._stop_asking()
        await self.wait()

    async def run_at(self, home: Path, command: Sequence[str]) -> None:
        """As ``run``, and ``mind`` it from then on."""
        is_there = await Question(lambda: is_home(home)).answer(otherwise=True)
        await self.run(command)
        await self.mind(home, command, was_there=is_there)

    async def mind(self, home: Path, command: Sequence[str], *, was_there: bool = True) -> None:
        """Run it again, for ever, some time after it has failed; at once when ``home`` is there which was not.

        Its disk may be plugged in later.  Returns at once where that is done already.  Cancel it to end it.
        """
        if self._is_minding:
            return
        self._is_minding = True
        disk, loop = Question(lambda: is_home(home)), asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._is_failed:
                continue
            is_there = await disk.answer(otherwise=False)
            is_due = loop.time() >= self._due_s or not was_there
            was_there = is_there
            if is_there and is_due and self._is_failed:  # still: the disk may have taken its time
                await self.run(command)

    @property
    def _is_failed(self) -> bool:
        return self._due_s != math.inf and not (self._is_beginning or self.is_running or self.is_asking)

    def _put_off(self) -> None:
        self._due_s = asyncio.get_running_loop().time() + self._again_s
        self._again_s = min(self._again_s * 2, AGAIN_S_MAX)

    async def wait(self) -> None:
        """Wait for its end, and tell it.  One that was not told to end has failed."""
        assert self.child is not None
        child = self.child
        code = await child.wait()
        if child is self.child:  # and not already a newer one
            self._ended_s = self._wall_s()
            if code not in TOLD_CODES:
                self._put_off()
        self._tell()

    async def stop(self) -> None:
        adopted, self._adopted = self._adopted, None
        if adopted is not None:
            await children.end_node(adopted)
        if self.child is not None:
            home = self._home_of_child
            is_told = not children.HAS_SIGNALS and home is not None and await children.tell_node(home)
            await self.child.stop(is_told=is_told)

    def adopt(self, home: Path) -> None:
        """Take over the node of this home from the app before this one: it ends with this one."""
        self._adopted = home

    def let_go(self) -> None:
        """Leave the node to the app after this one."""
        if self.child is not None:
            self.child.let_go()
        self.child = self._adopted = None

    def heard(self, at_s: float) -> None:
        """A node answered then, whoever has started it: there is nothing to be asked for any more.

        The child that had ended before is not the one, and what it said last is of no matter any more.
        """
        self._stop_asking()
        if self.child is not None and at_s > self._ended_s:
            self.child, self._due_s = None, math.inf

    def ask(self, code: str, *, is_again: bool) -> None:
        """Ask for what a node wants that said ``code``.  ``is_again``: what was given does not open the key."""
        self.is_asking = True
        self._window.passphrase.ask(is_new=WANTED[code] == "new", is_again=is_again)
        self._window.show_passphrase()
        self._bring_up()

    def _stop_asking(self) -> None:
        if self.is_asking:
            self.is_asking = False
            self._window.passphrase.forget()
            self._window.show_main()
            self._tell()
