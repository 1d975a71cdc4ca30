"""Looks closer at the node for the pages that ask for more than the feed brings: Network and Details.

It asks only while such a page is shown, and owns what was heard for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from PySide6.QtWidgets import QFileDialog

from gui.asking import Asking
from gui.disk import Question
from gui.feed import Node
from gui.joining import join
from gui.log_tail import LOG, tail
from gui.stories.details import EVENTS_MAX, DetailsSeen, tell_details
from gui.stories.home import Seen
from gui.stories.network import NetworkSeen, tell_network
from gui.texts import details as details_texts
from gui.texts.said import in_words
from gui.window import Window
from node.api.client import ApiError, NotRunning
from node.api.schema import Event, NetworkView, Settings

Closer = Literal["network", "details"]
LOG_S_MAX: Final = 1.0  # its disk may hang, and the node has to be asked as well
SAVE_S_MAX: Final = 60.0  # a few MB, perhaps onto a slow share
NO_SUCH_PATH: Final = "api.path"  # what a node answers that is older than the question
_ZIP: Final = b"PK\x03\x04"


class CloserLook:
    """One per window.  ``spawn`` runs a job for as long as the app lives."""

    def __init__(
        self,
        window: Window,
        *,
        connect: Callable[[Path], Node],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        now: Callable[[], datetime],
        wrote: Callable[[], tuple[str, ...]],
    ) -> None:
        """``wrote``: what a node that was started here and has ended wrote last."""
        self._window = window
        self._connect = connect
        self._spawn = spawn
        self._now = now
        self._wrote = wrote
        self._home: Path | None = None
        self._log: Question[tuple[str, ...] | None] | None = None
        self._jobs: list[asyncio.Task[None]] = []
        self._asking: dict[Closer, Asking[Any]] = {}
        self._shown: set[Closer] = set()
        self._seen = Seen()
        self._network = NetworkSeen()
        self._details = DetailsSeen()
        self._events: deque[Event] = deque(maxlen=EVENTS_MAX)
        self._is_saving = False  # the node puts the file together, which may take it a minute
        self.dialog: QFileDialog | None = None
        window.made.connect(self._page_made)

    def attach(self, home: Path) -> None:
        """Look at this home from now on."""
        for job in self._jobs:
            job.cancel()
        self._home, self._seen = home, Seen()
        self._log = Question[tuple[str, ...] | None](lambda: tail(home / LOG))
        self._network, self._details = NetworkSeen(), DetailsSeen()
        self._events.clear()
        self._asking = {
            "network": Asking(home, _ask_network, self._hear_network, connect=self._connect),
            "details": Asking(home, self._ask_details, self._hear_details, connect=self._connect),
        }
        self._jobs = [self._spawn(asking.run()) for asking in self._asking.values()]
        for page in self._shown:
            self._asking[page].show(True)
            self._tell(page)

    def _page_made(self, name: str) -> None:
        window = self._window
        match name:
            case "network":
                window.network.shown.connect(partial(self.show, "network"))
                window.network.invitation.given.connect(self._join)
            case "help":
                window.help.save.clicked.connect(self.save)
                window.help.show_saving(is_saving=self._is_saving)
            case "details":
                window.details.shown.connect(partial(self.show, "details"))
                window.details.save.clicked.connect(self.save)
                window.details.show_saving(is_saving=self._is_saving)

    def show(self, page: Closer, is_shown: bool) -> None:  # noqa: FBT001  (Qt's own way of saying it)
        """A page came into sight, or left it."""
        (self._shown.add if is_shown else self._shown.discard)(page)
        if page in self._asking:
            self._asking[page].show(is_shown)
        if is_shown:
            self._tell(page)

    def hear(self, seen: Seen) -> None:
        """What the feed heard."""
        self._seen = seen
        self._tell("details")

    def take(self, event: Event) -> None:
        """An event, to be listed among the last ones."""
        self._events.append(event)

    def save(self) -> None:
        """Fetch the diagnostics file, and ask where it shall lie; nothing while that is being done already."""
        if self._home is not None and self.dialog is None and not self._is_saving:
            self._show_saving(is_saving=True)
            self._spawn(self._save(self._home))

    # What was heard.

    def _hear_network(self, heard: tuple[NetworkView, Settings] | None) -> None:
        if heard is None:
            self._network = replace(self._network, is_live=False)
        else:
            is_practice = self._seen.status is not None and self._seen.status.is_practice
            self._network = NetworkSeen(*heard, self._now().timestamp(), is_live=True, is_practice=is_practice)
        self._tell("network")

    def _join(self, text: str) -> None:
        if self._home is not None:
            self._spawn(join(self._connect(self._home), text, self._window.network.invitation))

    def _tell(self, page: Closer) -> None:
        """Show it, if its page is in sight: one that is not is perhaps not even made."""
        if page not in self._shown:
            return
        if page == "network":
            self._window.network.show_story(tell_network(self._network, self._now()))
        else:
            own = replace(self._details, wrote=self._wrote())
            story = tell_details(self._seen, own, self._events, str(self._home or ""), self._now())
            self._window.details.show_story(story)

    async def _ask_details(self, node: Node) -> Settings:
        """The log is read also when the node does not answer: it may say why."""
        assert self._log is not None
        try:
            lines, trouble = await self._log.answer(otherwise=None, seconds=LOG_S_MAX), ""
        except OSError as error:
            lines, trouble = (), details_texts.no_log(error.strerror or str(error))
        if lines is None:
            lines, trouble = (), details_texts.no_log(details_texts.NO_ANSWER)
        self._details = replace(self._details, log=lines, log_trouble=trouble)
        return await node.settings()

    def _hear_details(self, settings: Settings | None) -> None:
        if settings is not None:
            self._details = replace(self._details, settings=settings)
        self._tell("details")

    # The diagnostics file.

    async def _save(self, home: Path) -> None:
        node = self._connect(home)
        try:
            content = await node.diagnostics()
        except ApiError as error:
            if error.code != NO_SUCH_PATH:
                self._say(details_texts.not_saved(in_words(error.message, error.told.said)))
                return
            self._window.help.hide_save()
            self._window.details.hide_save()
            self._say(details_texts.NO_DIAGNOSTICS)
            return
        except NotRunning as error:
            self._say(details_texts.not_saved(in_words(str(error), error.told.said)))
            return
        finally:
            self._show_saving(is_saving=False)
            await node.close()
        self._ask_where(content)

    def _show_saving(self, *, is_saving: bool) -> None:
        self._is_saving = is_saving
        made = vars(self._window)
        if "help" in made:
            self._window.help.show_saving(is_saving=is_saving)
        if "details" in made:
            self._window.details.show_saving(is_saving=is_saving)

    def _say(self, sentence: str) -> None:
        """What became of it, on both pages from which it can be saved."""
        self._window.help.say(sentence)
        self._window.details.say(sentence)

    def _ask_where(self, content: bytes) -> None:
        ending = "zip" if content.startswith(_ZIP) else "txt"
        name = f"perennial-diagnostics-{self._now():%Y-%m-%d}.{ending}"
        self.dialog = QFileDialog(self._window, details_texts.SAVE_TITLE)
        self.dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.dialog.selectFile(name)
        self.dialog.fileSelected.connect(lambda path: self._spawn(self._write(Path(path), content)))
        self.dialog.finished.connect(self._forget_dialog)
        self.dialog.open()

    def _forget_dialog(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    async def _write(self, path: Path, content: bytes) -> None:
        write = Question[int | None](partial(path.write_bytes, content))
        try:
            is_written = await write.answer(otherwise=None, seconds=SAVE_S_MAX) is not None
        except OSError as error:
            self._say(details_texts.not_saved(error.strerror or str(error)))
        else:
            self._say(details_texts.SAVED if is_written else details_texts.not_saved(details_texts.NO_ANSWER))


async def _ask_network(node: Node) -> tuple[NetworkView, Settings]:
    return await node.network(), await node.settings()
