"""``python -m gui``: the tray app."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs
import qasync
from PySide6.QtCore import QCoreApplication, QLoggingCategory
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from gui import speaking
from gui.disk import answer_now
from gui.garbage import clear_here
from gui.instance import MARKER, Instance, may_become_home, meeting_folder
from gui.leaving import Application

if TYPE_CHECKING:
    from gui.app import App

# A desktop without portals is whole: Qt asks for them at every start, and goes on without.
_NOT_WORTH_A_WORD: Final = "qt.qpa.services.warning=false\nqt.qpa.theme.gnome.warning=false"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tray app until someone quits.  Blocking.

    With ``--quit`` it ends another one instead.  Returns 0; or 1 with one sentence on stderr when it cannot run: no
    screen, no home, no folder of this user, an app that hangs.  Where its launcher shall start it anew the process ends
    with RESTART_CODE.  Arguments that make no sense end with code 2.
    """
    arguments = _parser().parse_args(argv)
    home = Path(arguments.home).expanduser().absolute()
    if arguments.quit:
        return _quit(home)
    if (sentence := _hindrance(home)) is not None:
        _say(sentence)
        return 1
    QLoggingCategory.setFilterRules(_NOT_WORTH_A_WORD)
    QGuiApplication.setDesktopFileName("perennial")
    qapp = QApplication.instance() or Application(["perennial"])
    assert isinstance(qapp, QApplication)
    clear_here(qapp)
    qapp.setApplicationName("Perennial")  # no display name: Qt would add it to every window's title
    qapp.setStyle("Fusion")
    qapp.setQuitOnLastWindowClosed(False)
    speaking.choose(arguments.language)
    if arguments.check_pages:
        from gui.check_pages import check_pages  # noqa: PLC0415  # as below

        return check_pages(qapp, home, time.time())
    return _run_once(qapp, home, arguments)


def _run_once(qapp: QApplication, home: Path, arguments: argparse.Namespace) -> int:
    if (meeting := _meeting()) is None:
        return 1
    instance = Instance(home, meeting)
    apps: list[App] = []

    def raise_window() -> None:
        for app in apps:
            app.open()

    wishes: list[str] = []

    def quit_app() -> None:
        wishes.append("quit")  # it may not be there yet
        for app in apps:
            app.quit()

    instance.is_ending = lambda: any(app.ending.is_set() for app in apps)
    is_first = instance.claim(raise_window, quit_app)
    if not is_first:
        met = instance.meet_first()
        if met == "shown":
            return 0
        is_first = met == "ended" and instance.claim(raise_window, quit_app)
    if not is_first:
        _say("Perennial's window is open already, but does not answer.")
        return 1
    # Only now that the language is known: most texts are made when their modules are imported.
    from gui.app import App, Options  # noqa: PLC0415
    from gui.language import let_qt_speak  # noqa: PLC0415
    from gui.renewal import RESTART_CODE  # noqa: PLC0415

    async def run() -> int:
        apps.append(App(qapp, options))
        if wishes:
            apps[0].quit()
        code = await apps[0].run()
        if code == RESTART_CODE:
            instance.release()
            os._exit(code)  # a loop that is closed ends the node that it has started
        return code

    let_qt_speak(qapp)
    memory = platformdirs.user_config_path("perennial", appauthor=False) / "tray.ini"
    options = Options(home=home, memory=memory, theme=arguments.look, is_hidden=arguments.hidden)
    try:
        # In a ``with``: a loop that is left to the garbage collector outlives the QApplication and fails.
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
            return runner.run(run())
    finally:
        instance.release()


def _say(sentence: str) -> None:
    if sys.stderr is not None:  # on Windows an app without a console has none
        sys.stderr.write(f"{sentence}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="perennial-tray", description="Shows how Perennial does on this computer.")
    default = platformdirs.user_data_dir("perennial", appauthor=False)
    parser.add_argument("--home", default=default, help="the home to look at (default: %(default)s)")
    parser.add_argument("--look", choices=("system", "light", "dark"), default="system", help="light or dark")
    parser.add_argument("--language", choices=speaking.LANGUAGES, help="(default: what this system speaks)")
    parser.add_argument("--check-pages", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--hidden", action="store_true", help="begin with the tray icon only, as at login")
    parser.add_argument("--quit", action="store_true", help="let the app that is open for this home quit")
    return parser


def _quit(home: Path) -> int:
    _core = QCoreApplication(["perennial"])  # without one nothing can be asked
    if (meeting := _meeting()) is None:
        return 1
    if Instance(home, meeting).end_first():
        return 0
    _say("Perennial's window is open, and does not quit.")
    return 1


def _meeting() -> Path | None:
    """The folder in which the apps of a session meet; None where there is none, which is said."""
    try:
        return meeting_folder()
    except OSError as error:
        _say(f"{error.filename} cannot be used: {error.strerror}.")
        return None


def _hindrance(home: Path) -> str | None:
    """Why the app cannot run here, in one sentence."""
    try:
        sentence = answer_now(lambda: _hindrance_at(home), otherwise=None)  # of a disk that hangs the app itself tells
    except OSError as error:
        sentence = f"{home} cannot be used: {error.strerror}."
    if sentence is not None:
        return sentence
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not has_screen:
        return "There is no screen here; use `perennial run`, `perennial practice` or `perennial status` instead."
    return None


def _hindrance_at(home: Path) -> str | None:
    """Why nothing can be shown of this folder.  Blocking."""
    if home.exists() and not home.is_dir():
        return f"{home} is not a folder."
    if not (home / MARKER).is_file() and not may_become_home(home):
        return f"{home} is not a Perennial home: it holds other files and no {MARKER}."
    return None


if __name__ == "__main__":
    sys.exit(main())
