"""Joins window, tray, feed and children, and owns their lives.

      no home joined  ->  welcome  --grow-->  a practice network as a child  ->  its first farm's home
                                   --join-->  a node that makes the home     ->  that home
      a home joined   ->  (its node is started if none answers)              ->  that home

Quit ends what the app itself has started, and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from gui import children
from gui.asking import answers
from gui.beginning import Beginning, Steps
from gui.changes import Changes
from gui.children import Child, ChildFailed
from gui.clock import now
from gui.closer import CloserLook
from gui.disk import Question
from gui.feed import Feed, Node
from gui.full_screen import screen
from gui.handbook import icon_file
from gui.instance import is_home
from gui.keeper import Keeper
from gui.leaving import leave_by
from gui.notifier import Notifier, desktops_here
from gui.renewal import Renewal
from gui.stories.home import Action, Seen, Story, tell
from gui.texts import app as texts
from gui.texts import welcome as welcome_texts
from gui.theme import Theme, follow_theme
from gui.tray import DWELL_PRACTICE_S, DWELL_S, Steady, Tray, TrayWishes
from gui.widgets.mark import app_icon_pixmap
from gui.window import Window, Wishes
from node.api.client import Client
from node.api.schema import SettingsPatch, Status

TRAY_S_MAX: Final = 15.0  # at a login the panel may come up that long after the app
AGAIN_S: Final = 20.0  # ticks and times of day grow old also when nobody says anything new
_TOLD_NO_TRAY: Final = "told/no_tray"
_TOLD_QUIT: Final = "told/quit"


@dataclass(frozen=True, slots=True)
class Options:
    """What the app was started with.  The commands are there for tests."""

    home: Path
    memory: Path  # the file in which it remembers what it has said once
    theme: Theme = "system"
    is_hidden: bool = False  # at login: only the tray icon
    node_command: Callable[[Path], tuple[str, ...]] = children.node_command
    practice_command: Callable[[], tuple[str, ...]] = children.practice_command
    doctor_command: Callable[[Path], tuple[str, ...]] = children.doctor_command
    connect: Callable[[Path], Node] = field(default=Client)


class App:
    """The app.  Make it after the QApplication, and ``run`` it on the qasync loop."""

    def __init__(self, qapp: QApplication, options: Options) -> None:
        self._qapp = qapp
        self._options = options
        self._memory = QSettings(str(options.memory), QSettings.Format.IniFormat)
        follow_theme(qapp, options.theme)
        self._changes = Changes(connect=options.connect, spawn=self._spawn, tell=self._tell_changes, take=self._obeyed)
        self.window = Window(
            Wishes(
                act=self._act,
                grow=self._grow,
                close=self._close,
                seen=self._seen_window,
                pause=self._changes.pause,
                resume=self._changes.resume,
                change=self._changes.change,
            )
        )
        self.tray = Tray(
            TrayWishes(
                open=self.open,
                pause=self._changes.pause,
                resume=self._changes.resume,
                settings=lambda: self.open_page(self.window.resources),
                quit=self.ask_quit,
            )
        )
        self.window.made.connect(self._page_made)
        desktops = partial(desktops_here, lambda: self.tray.icon, self.open, icon_file())
        self._notifier = Notifier(self._memory, desktops, screen=screen, wall_s=time.time)
        self._keeper = Keeper(self.window, spawn=self._spawn, tell=self._tell, bring_up=self.open, wall_s=time.time)
        wrote = self._keeper.wrote
        self._closer = CloserLook(self.window, connect=options.connect, spawn=self._spawn, now=now, wrote=wrote)
        self._renewal = Renewal(self._memory, self.window, self._keeper, self.quit)
        self._steady = Steady()
        self.ending = asyncio.Event()  # from the wish to quit on; what was started here may take its time
        self._jobs: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._seeking: asyncio.Task[None] | None = None  # for a tray; done when there is one
        self._feed: Feed | None = None
        self._feed_job: asyncio.Task[None] | None = None
        self._home: Path | None = None  # the one that is shown
        self._practice: Child | None = None
        self._has_practice_ended = False
        self._seen = Seen()
        self._recheck: asyncio.TimerHandle | None = None
        self.box: QMessageBox | None = None  # the one question or word that is open

    async def run(self) -> int:
        """Run until someone quits; then end what was started here.  Returns the exit code."""
        leave_by(self._qapp, self.quit)
        self.tray.show()
        try:
            async with asyncio.TaskGroup() as self._group:
                self._seeking = self._spawn(self.tray.seek())
                self._spawn(self._begin())
                self._spawn(self._tell_again())
                self._spawn(self._notifier.run())
                await self.ending.wait()
                for job in self._jobs:
                    job.cancel()
        finally:
            if self._recheck is not None:
                self._recheck.cancel()
            self.window.hide()
            self.tray.hide()
            await self._changes.finish()
            if self._practice is not None:
                await self._practice.stop()
            await self._keeper.stop()
            leave_by(self._qapp, None)
        return self._renewal.code

    def open(self) -> None:
        self.window.bring_up()

    def open_page(self, page: QWidget) -> None:
        self.window.go(self.window.pages.indexOf(page))
        self.open()

    def quit(self) -> None:
        """End the app, and what it has started."""
        self.ending.set()

    def ask_quit(self) -> None:
        """Quit; the first time that this stops the computer from helping, say so before."""
        if not self._keeper.is_running or self._memory.value(_TOLD_QUIT):
            self.quit()
            return
        settings = self._changes.settings
        starts_itself = settings is not None and settings.starts_at_login
        box = self._open_box(texts.QUIT_TITLE, texts.QUIT_UNTIL_LOGIN if starts_itself else texts.QUIT_QUESTION)
        leave = box.addButton(texts.QUIT_YES, QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(texts.QUIT_NO, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        leave.clicked.connect(lambda: self._memory.setValue(_TOLD_QUIT, 1))
        leave.clicked.connect(self.quit)
        box.open()

    def story(self) -> Story:
        """What is told now."""
        offer: Action | None = None
        if self._practice is not None or self._has_practice_ended:
            offer = "grow"
        elif self._home is not None and not (self._seen.status and self._seen.status.is_practice):
            offer = "start"
        return tell(
            replace(self._seen, settings=self._changes.settings),
            now(),
            offer=offer,
            has_practice_ended=self._has_practice_ended,
            trouble=self._keeper.trouble(),
            tries_again=self._keeper.tries_again,
            silence=self._keeper.silence,
            refusal=self._changes.refusal,
            refused=self._changes.refused,
        )

    # The ways in.

    async def _begin(self) -> None:
        home = self._options.home
        # What starts at login was set up: where its home is not there, its disk is not, and nobody shall begin anew.
        if self._options.is_hidden or await Question(partial(is_home, home)).answer(otherwise=True):
            self._attach(home)
            self.window.show_main()
            if self._renewal.take_over(home, is_hidden=self._options.is_hidden):
                self.open()
            else:
                self._spawn(self._open_without_tray())
            if not await answers(self._options.connect(home)):
                await self._start_node()
        else:
            self._beginning.show()
            self.tray.show_state("starting", texts.NOT_JOINED, texts.QUIT)
            self.open()

    async def _open_without_tray(self) -> None:
        """Open the window that should stay closed, unless a tray comes up in time to hold the icon."""
        assert self._seeking is not None
        found, _ = await asyncio.wait((self._seeking,), timeout=TRAY_S_MAX)
        if not found and not self.window.isVisible():
            self.open()

    async def _start_node(self) -> None:
        assert self._home is not None
        await self._keeper.run_at(self._home, self._options.node_command(self._home))

    @cached_property
    def _beginning(self) -> Beginning:
        options, window = self._options, self.window

        def arrived() -> None:
            self._attach(options.home)
            self._changes.change(SettingsPatch(starts_at_login=True))

        def broken() -> None:
            self._attach(options.home)
            window.show_main()

        return Beginning(
            window,
            self._keeper,
            Steps(arrived, broken, window.show_main, lambda: self.tray.place, partial(is_home, options.home)),
            home=options.home,
            doctor_command=options.doctor_command,
            node_command=options.node_command,
            connect=options.connect,
            spawn=self._spawn,
        )

    def _attach(self, home: Path) -> None:
        """Follow this home from now on, and show what it says."""
        if self._feed_job is not None:
            self._feed_job.cancel()
        self._home, self._seen = home, Seen()
        self._changes.attach(home)
        self._feed = Feed(home, self._hear, wall_s=time.time, on_event=self._closer.take, connect=self._options.connect)
        self._feed.is_window_shown = self.window.isVisible()
        self._feed_job = self._spawn(self._feed.run())
        self._closer.attach(home)
        self._tell()

    def _grow(self) -> None:
        self._has_practice_ended = False
        self._beginning.show()
        self.window.welcome.show_growing()
        self.tray.show_state("starting", texts.GROWING_LINE, texts.QUIT)
        self._spawn(self._grow_practice())

    async def _grow_practice(self) -> None:
        if self._practice is not None:  # the farm shown is gone for good, the others live on
            old, self._practice = self._practice, None
            await old.stop()
        try:
            child, homes = await children.grow(self._options.practice_command())
        except ChildFailed as error:
            self.window.welcome.show_failure(f"{texts.GROWING_STOPPED} {error}")
            self.tray.show_state("starting", texts.NOT_JOINED, texts.QUIT)
            return
        self._practice = child
        self.window.welcome.show_ready()
        self._attach(homes[0])
        self.window.show_main()
        await child.wait()
        if self._practice is child:  # and not already a newer one
            self._practice, self._has_practice_ended = None, True
            self._tell()

    def _act(self, action: Action) -> None:
        if action == "grow":
            self._grow()
        elif action == "start":
            self._seen = Seen()
            self._spawn(self._start_node())
        else:
            self.open_page(getattr(self.window, action))

    # What is shown.

    def _hear(self, seen: Seen) -> None:
        self._seen = seen
        if seen.link == "connected":
            self._keeper.heard(seen.heard_s)
        self._changes.hear(seen.settings)
        self._closer.hear(seen)
        self._notifier.hear(seen)
        self._tell()
        self._renewal.hear(seen)

    def _obeyed(self, status: Status) -> None:
        """The node did what was asked for: what follows from it is shown at once."""
        self._steady.let_go()
        if self._feed is not None:
            self._feed.take(status)
        self._tell()

    def _tell_changes(self) -> None:
        if self._changes.refusal and not self.window.isVisible():
            self.open_page(self.window.home)  # a wish from the tray that came to nothing must be said somewhere
        self._tell()

    async def _tell_again(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            if self.window.isVisible() and self._home is not None:
                self._tell()

    def _tell(self) -> None:
        """Show the story of this moment in the window and in the tray."""
        if self._home is None:
            return  # the welcome tells what there is to tell
        if self._keeper.is_asking:
            self.tray.show_state("attention", welcome_texts.WANTED, self._quit_text())
            return
        story, now_s = self.story(), asyncio.get_running_loop().time()
        again_s = self._steady.take(story.sign, now_s, DWELL_PRACTICE_S if story.is_practice else DWELL_S)
        if self._recheck is not None:
            self._recheck.cancel()
            self._recheck = None
        if again_s:
            self._recheck = asyncio.get_running_loop().call_later(again_s + 0.01, self._tell)
        self.window.show_story(story, self._steady.shown)
        if self.window.is_welcome:
            self._beginning.tell(story, self._steady.shown, self._seen)
        self.tray.show_state(self._steady.shown, story.tray_line, self._quit_text())
        self.tray.show_pause(story.home.pause.control)
        self._offer_quit()

    def _quit_text(self) -> str:
        if self._practice is not None:
            return texts.QUIT_PRACTICE
        is_other = not self._keeper.is_running and self._seen.link == "connected"
        return texts.QUIT_WINDOW_ONLY if is_other else texts.QUIT

    def _seen_window(self, is_shown: bool) -> None:  # noqa: FBT001  (Qt's own way of saying it)
        if self._feed is not None:
            self._feed.is_window_shown = is_shown
            if is_shown:
                self._tell()

    def _page_made(self, name: str) -> None:
        if name == "help":
            self.window.help.leave.clicked.connect(self.ask_quit)
            self._offer_quit()

    def _offer_quit(self) -> None:
        """In the window, where nothing else on this desktop does."""
        if "help" in vars(self.window):
            self.window.help.offer_quit("" if self.tray.is_available else self._quit_text())

    def _close(self) -> None:
        """The window's close button: into the tray; without one, made small, which is said the first time."""
        window = self.window
        if self.tray.is_available:
            window.hide()
        elif self._memory.value(_TOLD_NO_TRAY):
            window.showMinimized()
        elif self.box is None:
            self._memory.setValue(_TOLD_NO_TRAY, 1)
            box = self._open_box(texts.NO_TRAY_TITLE, texts.NO_TRAY)
            stay = box.addButton(texts.NO_TRAY_YES, QMessageBox.ButtonRole.AcceptRole)
            leave = box.addButton(self._quit_text(), QMessageBox.ButtonRole.DestructiveRole)
            box.setEscapeButton(stay)
            box.finished.connect(lambda: self.ask_quit() if box.clickedButton() is leave else window.showMinimized())
            box.open()

    def _open_box(self, title: str, text: str) -> QMessageBox:
        if self.box is not None:
            self.box.close()
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, parent=self.window)
        box.setIconPixmap(app_icon_pixmap(48))  # our own picture rather than some theme's
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._forget_box)
        self.box = box
        return box

    def _forget_box(self) -> None:
        self.box = None

    # Its own life.

    def _spawn(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        assert self._group is not None
        task = self._group.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return task
