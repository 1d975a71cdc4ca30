"""The window: the welcome, the question for a passphrase, or the sidebar with its pages.

880 x 600, scaled with the user's own font.  A page is made when it is first wanted, its module read only then: an
app that stays in the tray holds none but Home.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from gui.handbook import handbook_folder
from gui.pages.home import Home
from gui.pages.passphrase import PassphrasePage
from gui.stories.home import Action, Sign, Story
from gui.texts import app as texts
from gui.texts import help as help_texts
from gui.texts import network as network_texts
from gui.tokens import scale
from gui.widgets.basics import column
from gui.widgets.mark import app_icon
from gui.widgets.nav import Sidebar
from node.api.schema import PauseLasts, SettingsPatch

if TYPE_CHECKING:
    from gui.pages.details import DetailsPage
    from gui.pages.help import HelpPage
    from gui.pages.network import NetworkPage
    from gui.pages.resources import ResourcesPage
    from gui.pages.updates import UpdatesPage
    from gui.pages.welcome import Welcome

# The pages in the order of their numbers; the last one has no entry in the sidebar.
PAGES: Final = ("home", "updates", "resources", "network", "help", "details")
# What desktops put around a window, at most.  How much it is here, nobody knows before the window is shown.
EDGES_WIDTH: Final = 8
TITLE_HEIGHT: Final = 40  # grows with the font
P = TypeVar("P", bound=QWidget)


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
    made = Signal(str)  # the name of a page, when it was first wanted

    def __init__(self, wishes: Wishes) -> None:
        super().__init__()
        self._wishes = wishes
        self.setObjectName("window")
        self.setWindowTitle(texts.APP)
        self.setWindowIcon(app_icon())
        self.passphrase = PassphrasePage()
        self.pages = QStackedWidget()
        for _ in PAGES:
            self.pages.addWidget(QWidget())  # holds the place of a page
        self._made: set[str] = set()
        self._story: Story | None = None
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
    def home(self) -> Home:
        return self._placed("home", Home(self._wishes.act, self._wishes.pause, self._wishes.resume))

    @cached_property
    def updates(self) -> UpdatesPage:
        from gui.pages.updates import UpdatesPage  # noqa: PLC0415

        return self._placed("updates", UpdatesPage())

    @cached_property
    def resources(self) -> ResourcesPage:
        from gui.pages.resources import ResourcesPage  # noqa: PLC0415

        return self._placed("resources", ResourcesPage(self._wishes.change))

    @cached_property
    def network(self) -> NetworkPage:
        from gui.pages.network import NetworkPage  # noqa: PLC0415

        return self._placed("network", NetworkPage())

    @cached_property
    def help(self) -> HelpPage:
        from gui.pages.help import HelpPage  # noqa: PLC0415

        return self._placed("help", HelpPage(handbook_folder(), self.show_details))

    @cached_property
    def details(self) -> DetailsPage:
        from gui.pages.details import DetailsPage  # noqa: PLC0415

        return self._placed("details", DetailsPage(self.show_help))

    @cached_property
    def welcome(self) -> Welcome:
        """Made when it is wanted: most starts have a home, and never show it."""
        from gui.pages.welcome import Welcome  # noqa: PLC0415

        welcome = Welcome(self._wishes.grow, self._wishes.change)
        self._all.addWidget(welcome)
        return welcome

    def go(self, page: int) -> None:
        """Turn to a page of the sidebar, in its order."""
        held = self.focusWidget()
        if held is not None and self.pages.isAncestorOf(held):
            held.clearFocus()  # else Qt hands the keyboard on to whatever comes next
        self.pages.setCurrentWidget(getattr(self, PAGES[page]))
        chosen = self.sidebar.group.button(page)
        chosen.setChecked(True)
        if self.focusWidget() in self.sidebar.group.buttons():
            chosen.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_help(self) -> None:
        self.go(PAGES.index("help"))

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
        return self._all.currentWidget() not in (self._main, self.passphrase)

    def show_story(self, story: Story, sign: Sign) -> None:
        """Show the story; ``sign`` is the one the tray shows, so that both always agree."""
        self._story = story
        for page in self._made:
            self._show_on(page, story)
        self.sidebar.show_state(
            sign, story.foot_line, story.version_line, story.farm_line, is_practice=story.is_practice
        )
        self.setWindowTitle(texts.WINDOW_OF_PRACTICE if story.is_practice else texts.APP)

    def _show_on(self, page: str, story: Story) -> None:
        match page:
            case "home":
                self.home.show_story(story.home, story.sign)
            case "updates":
                self.updates.show_story(story.releases, story.held)
            case "resources":
                self.resources.show_story(story.resources)

    def _placed(self, name: str, page: P) -> P:
        """The page in its place, where it shows what is shown on all of them."""
        vars(self)[name] = page  # as the property will, once this is over: it is asked for already here
        place = self.pages.widget(PAGES.index(name))
        assert place is not None
        self.pages.insertWidget(PAGES.index(name), page)
        self.pages.removeWidget(place)
        place.deleteLater()
        self._made.add(name)
        if self._story is not None:
            self._show_on(name, self._story)
        self.made.emit(name)
        return page

    @property
    def is_seen(self) -> bool:
        """Whether it is on the screen, as far as the desktop says; some say only whether it has to be painted."""
        handle = self.windowHandle()
        return self.isVisible() and not self.isMinimized() and (handle is None or handle.isExposed())

    def bring_up(self) -> None:
        """Show the window in front, also when it was hidden, minimised or behind others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)  # and as large as it was
        self.show()
        self.raise_()
        self.activateWindow()

    def _fit(self) -> None:
        """As large as the look wants it, but with its frame never larger than the screen."""
        screen = self.screen().availableGeometry()
        width, height = screen.width() - EDGES_WIDTH, screen.height() - round(TITLE_HEIGHT * scale())
        # The least width is cut to the screen alone: large type wants those few pixels more than the edges do.
        self.setMinimumSize(min(round(720 * scale()), screen.width()), min(round(560 * scale()), height))
        self.resize(min(round(880 * scale()), width), min(round(600 * scale()), height))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  (Qt's name)
        event.ignore()
        self._wishes.close()

    def showEvent(self, _event: object) -> None:  # noqa: N802  (Qt's name)
        self._wishes.seen(True)

    def hideEvent(self, _event: object) -> None:  # noqa: N802  (Qt's name)
        self._wishes.seen(False)
