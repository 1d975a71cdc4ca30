"""The window: the welcome, the question for a passphrase, or the sidebar with its pages.

880 x 600, scaled with the user's own font.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from gui import help_texts, network_texts, texts
from gui.handbook import handbook_folder
from gui.pages.details import DetailsPage
from gui.pages.help import HelpPage
from gui.pages.home import Home
from gui.pages.network import NetworkPage
from gui.pages.passphrase import PassphrasePage
from gui.pages.resources import ResourcesPage
from gui.pages.updates import UpdatesPage
from gui.pages.welcome import Welcome
from gui.story import Action, Sign, Story
from gui.tokens import scale
from gui.widgets.basics import column
from gui.widgets.mark import app_icon
from gui.widgets.nav import Sidebar
from node.api.schema import PauseLasts, SettingsPatch


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person at the window may ask for."""

    act: Callable[[Action], None]
    grow: Callable[[], None]
    close: Callable[[], None]  # the window's close button; the app decides what that means
    seen: Callable[[bool], None]  # the window was shown or hidden
    pause: Callable[[PauseLasts], None]
    resume: Callable[[], None]
    change: Callable[[SettingsPatch], None]


class Window(QWidget):
    def __init__(self, wishes: Wishes) -> None:
        super().__init__()
        self._wishes = wishes
        self.setObjectName("window")
        self.setWindowTitle(texts.APP)
        self.setWindowIcon(app_icon())
        self.passphrase = PassphrasePage()
        self.home = Home(wishes.act, wishes.pause, wishes.resume)
        self.updates = UpdatesPage()
        self.resources = ResourcesPage(wishes.change)
        self.network = NetworkPage()
        self.help = HelpPage(handbook_folder(), self.show_details)
        self.details = DetailsPage(self.show_help)
        self.pages = QStackedWidget()
        for page in (self.home, self.updates, self.resources, self.network, self.help, self.details):
            self.pages.addWidget(page)
        self.sidebar = Sidebar(
            (
                ("home", texts.HOME),
                ("updates", texts.UPDATES),
                ("resources", texts.RESOURCES),
                ("network", network_texts.NETWORK),
                ("help", help_texts.HELP),
            ),
            self.go,
        )
        self._main = QWidget()
        beside = QHBoxLayout(self._main)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(self.sidebar)
        beside.addWidget(self.pages, 1)
        self._all = QStackedWidget()
        for all_of_it in (self._main, self.passphrase):
            self._all.addWidget(all_of_it)
        self.setLayout(column(self._all, gap=0))
        for i in range(len(self.sidebar.group.buttons())):
            QShortcut(QKeySequence(f"Ctrl+{i + 1}"), self, lambda i=i: self.go(i))
        self._fit()
        self.go(0)

    @cached_property
    def welcome(self) -> Welcome:
        """Made when it is wanted: most starts have a home, and never show it."""
        welcome = Welcome(self._wishes.grow, self._wishes.change)
        self._all.addWidget(welcome)
        return welcome

    def go(self, page: int) -> None:
        """Turn to a page of the sidebar, in its order."""
        self.pages.setCurrentIndex(page)
        chosen = self.sidebar.group.button(page)
        chosen.setChecked(True)
        if self.focusWidget() in self.sidebar.group.buttons():
            chosen.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_help(self) -> None:
        self.go(self.pages.indexOf(self.help))

    def show_details(self) -> None:
        """Turn to Details, which has no entry of its own: it belongs to Help."""
        self.show_help()
        self.pages.setCurrentWidget(self.details)
        self.details.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_welcome(self) -> None:
        self._all.setCurrentWidget(self.welcome)
        self.welcome.main.setFocus(Qt.FocusReason.OtherFocusReason)  # and not the page's own frame

    def show_passphrase(self) -> None:
        self._all.setCurrentWidget(self.passphrase)

    def show_main(self) -> None:
        self._all.setCurrentWidget(self._main)

    @property
    def is_welcome(self) -> bool:
        return isinstance(self._all.currentWidget(), Welcome)

    def show_story(self, story: Story, sign: Sign) -> None:
        """Show the story; ``sign`` is the one the tray shows, so that both always agree."""
        self.home.show_story(story.home, story.sign)
        self.updates.show_story(story.releases, story.held)
        self.resources.show_story(story.resources)
        self.sidebar.show_state(
            sign, story.foot_line, story.version_line, story.farm_line, is_practice=story.is_practice
        )
        self.setWindowTitle(texts.WINDOW_OF_PRACTICE if story.is_practice else texts.APP)

    def bring_up(self) -> None:
        """Show the window in front, also when it was hidden, minimised or behind others."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def _fit(self) -> None:
        """As large as the look wants it, but never larger than the screen."""
        room = self.screen().availableGeometry()
        self.setMinimumSize(min(round(720 * scale()), room.width()), min(round(560 * scale()), room.height()))
        self.resize(min(round(880 * scale()), room.width()), min(round(600 * scale()), room.height()))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  (Qt's name)
        event.ignore()
        self._wishes.close()

    def showEvent(self, _event: object) -> None:  # noqa: N802  (Qt's name)
        self._wishes.seen(True)

    def hideEvent(self, _event: object) -> None:  # noqa: N802  (Qt's name)
        self._wishes.seen(False)
