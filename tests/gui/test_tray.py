"""The tray's sign is steady, its menu does what it says, and there is one app per home."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from gui.__main__ import main
from gui.instance import Instance, meeting_folder
from gui.stories.home import Sign
from gui.stories.pause import PauseControl
from gui.texts import app as texts
from gui.tray import Steady, Tray, TrayWishes
from tests.gui.fake_node import FakeNode
from tests.gui.helper import on_loop, running, said, wait_until
from tests.gui.samples import samples


def test_a_calm_sign_stands_for_its_time():
    steady = Steady("fine", since_s=100.0)

    early = (steady.take("trial", 110.0, 30.0), steady.shown)
    later = (steady.take("trial", 130.0, 30.0), steady.shown)

    assert early == (20.0, "fine")
    assert later == (0.0, "trial")


@pytest.mark.parametrize("before", ["attention", "starting", "paused"])
def test_what_is_no_problem_stands_for_its_time_too_when_it_is_over(before: Sign):
    steady = Steady(before, since_s=100.0, is_awaited=False)

    assert (steady.take("fine", 110.0, 30.0), steady.shown) == (20.0, before)
    assert (steady.take("fine", 130.0, 30.0), steady.shown) == (0.0, "fine")


def test_a_start_in_the_middle_is_shown_no_shorter_than_anything_else():
    steady, shown = Steady("fine", since_s=0.0, is_awaited=False), list[tuple[float, Sign]]()
    wanted: list[tuple[float, Sign]] = [
        (0.0, "fine"), (60.0, "starting"), (63.0, "fine"), (70.0, "starting"), (75.0, "fine"),
        (200.0, "problem"), (201.0, "starting"), (203.0, "fine"),
    ]  # fmt: skip

    for second in range(300):
        sign = [sign for at_s, sign in wanted if at_s <= second][-1]
        before = steady.shown
        steady.take(sign, float(second), 30.0)
        if steady.shown != before:
            shown.append((float(second), steady.shown))

    assert shown == [(60.0, "starting"), (90.0, "fine"), (200.0, "problem"), (201.0, "starting"), (203.0, "fine")]


@pytest.mark.parametrize(
    ("before", "after"),
    [("fine", "problem"), ("problem", "fine"), ("trial", "attention"), ("attention", "problem"), ("starting", "fine")],
)
def test_trouble_its_end_and_the_end_of_starting_are_shown_at_once(before: Sign, after: Sign):
    steady = Steady(before, since_s=100.0)

    assert steady.take(after, 100.5, 30.0) == 0.0
    assert steady.shown == after


def test_a_state_that_came_and_went_was_never_shown():
    steady = Steady("fine", since_s=100.0)

    steady.take("trial", 101.0, 30.0)

    assert steady.take("fine", 102.0, 30.0) == 0.0
    assert steady.shown == "fine"


def test_what_a_person_asked_for_is_shown_at_once():
    steady = Steady("fine", since_s=100.0)

    steady.let_go()

    assert steady.take("paused", 101.0, 30.0) == 0.0
    assert steady.shown == "paused"
    assert steady.take("fine", 102.0, 30.0) == 29.0  # and what comes by itself is steady as before


class Panel:
    """What this desktop says of its tray."""

    def __init__(self, patch: pytest.MonkeyPatch, *, is_up: bool) -> None:
        self.is_up = is_up
        patch.setattr("gui.tray.QSystemTrayIcon.isSystemTrayAvailable", lambda: self.is_up)
        patch.setattr("gui.tray.LOOK_S", 0.0)


def tray_that_notes(done: list[str]) -> Tray:
    return Tray(
        TrayWishes(
            open=lambda: done.append("open"),
            pause=done.append,
            resume=lambda: done.append("resume"),
            settings=lambda: done.append("settings"),
            quit=lambda: done.append("quit"),
        )
    )


def entries(menu: QMenu) -> list[str]:
    return [one.text() for one in menu.actions() if one.isVisible() and not one.isSeparator()]


def test_every_entry_of_the_menu_does_something(desk: QApplication):
    done: list[str] = []
    tray = tray_that_notes(done)
    tray.show_pause("pause")

    for action in (*tray.menu.actions(), *tray.pause.actions()):
        action.trigger()

    assert not tray.line.isEnabled()
    assert done == ["open", "resume", "settings", "quit", "1h", "tomorrow", "until-resumed"]


@pytest.mark.parametrize(
    ("control", "offered", "is_offered"),
    [("pause", "Pause", True), ("resume", "Go on now", True), ("none", "Pause", False)],
)
def test_the_menu_offers_a_pause_or_its_end_and_neither_while_nothing_answers(
    desk: QApplication, control: PauseControl, offered: str, is_offered: bool
):
    tray = tray_that_notes([])

    tray.show_pause(control)

    assert entries(tray.menu) == ["Starting up", texts.OPEN, offered, texts.SETTINGS, texts.QUIT]
    assert entries(tray.pause) == ["For 1 hour", "Until tomorrow", "Until I resume", texts.PAUSE_HOLDS]
    assert tray.pause.menuAction().isEnabled() == (control == "pause")
    assert (tray.pause.menuAction().isEnabled() or tray.resume.isVisible()) == is_offered


def test_the_tray_says_in_words_what_it_shows(desk: QApplication):
    tray = tray_that_notes([])

    tray.show_state("trial", "Everything is fine, trying 1.4.0", texts.QUIT)

    assert tray.sign == "trial"
    assert tray.line.text() == "Everything is fine, trying 1.4.0"
    assert "Everything is fine, trying 1.4.0" in tray.icon.toolTip()


def test_an_icon_made_before_the_panel_came_up_is_made_anew_and_nothing_is_hidden_behind_it_before(
    desk: QApplication, monkeypatch: pytest.MonkeyPatch
):
    panel, done = Panel(monkeypatch, is_up=False), list[str]()
    tray = tray_that_notes(done)
    tray.show()
    tray.show_state("trial", "Everything is fine", texts.QUIT)
    before = tray.icon

    async def play() -> None:
        seeking = asyncio.create_task(tray.seek())
        await asyncio.sleep(0)
        panel.is_up = True
        assert not tray.is_available
        assert tray.icon is before
        await asyncio.wait_for(seeking, 10)

    asyncio.run(play())
    tray.icon.messageClicked.emit()
    tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)

    assert tray.is_available
    assert (tray.icon.isVisible(), before.isVisible()) == (True, False)
    assert tray.icon.contextMenu() is tray.menu
    assert tray.icon.toolTip() == "Perennial\nEverything is fine"
    assert done == ["open", "open"]


def test_an_icon_that_a_tray_had_is_left_to_qt_when_the_panel_goes_and_comes_back(
    desk: QApplication, monkeypatch: pytest.MonkeyPatch
):
    panel = Panel(monkeypatch, is_up=True)
    tray = tray_that_notes([])
    before = tray.icon

    panel.is_up = False
    was_available = tray.is_available
    panel.is_up = True
    asyncio.run(asyncio.wait_for(tray.seek(), 10))

    assert (was_available, tray.is_available) == (False, True)
    assert tray.icon is before


def test_at_a_login_the_window_waits_for_the_panel_and_the_icon_is_in_it_then(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    panel = Panel(monkeypatch, is_up=False)

    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(next(one.seen for one in samples() if one.name == "fine"))
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini", is_hidden=True) as app:
            await wait_until(lambda: said(app)[0] == "fine")
            assert not app.window.isVisible()
            panel.is_up = True
            await wait_until(lambda: app.tray.is_available)
            assert not app.window.isVisible()
            app.tray.open.trigger()
            app.window.close()
            assert not app.window.isVisible()
            assert app.box is None
        await node.stop()

    on_loop(desk, play())


def test_the_second_start_on_a_home_raises_the_window_of_the_first(desk: QApplication, tmp_path: Path):
    raised: list[bool] = []
    first = Instance(tmp_path / "home", tmp_path)
    assert first.claim(lambda: raised.append(True))
    program = (
        "import sys; from pathlib import Path; from gui.instance import Instance\n"
        "one = Instance(Path(sys.argv[1]) / 'home', Path(sys.argv[1]))\n"
        "sys.exit(0 if not one.claim(lambda: None) and one.meet_first() == 'shown' else 3)"
    )

    second = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    while second.poll() is None:
        desk.processEvents()
    first.release()

    assert second.returncode == 0
    assert raised == [True]


def test_a_start_while_the_first_is_ending_takes_its_place_and_shows_no_window_that_goes_again(
    desk: QApplication, tmp_path: Path
):
    raised: list[bool] = []
    first = Instance(tmp_path / "home", tmp_path)
    assert first.claim(lambda: raised.append(True))

    def is_ending() -> bool:
        QTimer.singleShot(300, first.release)  # its node has ended
        return True

    first.is_ending = is_ending
    program = (
        "import sys; from pathlib import Path; from gui.instance import Instance\n"
        "one = Instance(Path(sys.argv[1]) / 'home', Path(sys.argv[1]))\n"
        "is_second = not one.claim(lambda: None) and one.meet_first() == 'ended'\n"
        "sys.exit(0 if is_second and one.claim(lambda: None) else 3)"
    )

    second = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    while second.poll() is None:
        desk.processEvents()

    assert second.returncode == 0
    assert not raised


@pytest.mark.parametrize("does_quit", [1, 2, 0])
def test_an_app_can_be_asked_to_quit_and_its_end_is_waited_for(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does_quit: int
):
    first = Instance(tmp_path / "home", tmp_path)
    asked: list[bool] = []

    def end() -> None:
        asked.append(True)
        if len(asked) == does_quit:  # one that starts may not hear the first time
            first.release()

    assert first.claim(lambda: None, end)
    program = (
        "import sys; from pathlib import Path; from gui import instance\n"
        "instance.END_MS_MAX, instance.AGAIN_MS = 500, 100\n"
        "sys.exit(0 if instance.Instance(Path(sys.argv[1]) / 'home', Path(sys.argv[1])).end_first() else 3)"
    )

    second = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    while second.poll() is None:
        desk.processEvents()
    first.release()

    assert second.returncode == (0 if does_quit else 3)
    assert len(asked) == does_quit or not does_quit


def test_an_app_that_is_asked_to_quit_while_it_starts_quits(tmp_path: Path):
    program = (
        "import sys; from gui import __main__ as door\n"
        "door.Instance.claim = lambda self, on_raise, on_quit: on_quit() or True\n"
        "sys.exit(door.main(['--hidden', '--home', sys.argv[1]]))"
    )
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-c", program, str(tmp_path / "home")]

    assert subprocess.run(command, env=environ, timeout=60, check=False).returncode == 0


def test_where_no_app_is_open_none_has_to_quit(desk: QApplication, tmp_path: Path):
    assert Instance(tmp_path / "home", tmp_path).end_first()


def test_another_home_has_an_app_of_its_own_and_a_released_one_can_be_claimed(desk: QApplication, tmp_path: Path):
    one, other, again = (Instance(tmp_path / name, tmp_path) for name in ("a", "b", "a"))

    assert one.claim(lambda: None)
    assert other.claim(lambda: None)
    assert not again.claim(lambda: None)
    one.release()
    assert again.claim(lambda: None)
    again.release()
    other.release()


def test_an_app_that_died_does_not_keep_its_home(desk: QApplication, tmp_path: Path):
    program = (
        "import os, sys; from pathlib import Path; from gui.instance import Instance\n"
        "one = Instance(Path(sys.argv[1]) / 'home', Path(sys.argv[1])); assert one.claim(lambda: None); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 9

    after = Instance(tmp_path / "home", tmp_path)

    assert after.claim(lambda: None)
    after.release()


def test_they_meet_in_a_folder_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    of_session = meeting_folder()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    without = meeting_folder()

    if sys.platform.startswith("linux"):
        assert (of_session, without) == (tmp_path / "run" / "perennial", tmp_path / "cache" / "perennial")
        assert of_session.stat().st_mode & 0o777 == 0o700


class TestBadInput:
    def test_a_home_that_is_a_file_is_one_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        (tmp_path / "file").write_text("")

        assert main(["--home", str(tmp_path / "file")]) == 1
        assert capsys.readouterr().err == f"{tmp_path / 'file'} is not a folder.\n"

    def test_a_folder_with_other_files_is_not_taken_for_a_home(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        (tmp_path / "letter.txt").write_text("")

        assert main(["--home", str(tmp_path)]) == 1
        assert "is not a Perennial home" in capsys.readouterr().err

    def test_without_a_screen_it_says_what_to_use_instead(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ):
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)

        assert main(["--home", str(tmp_path / "none")]) == 1
        assert "There is no screen here" in capsys.readouterr().err

    @pytest.mark.skipif(sys.platform == "win32", reason="there is such a folder always")
    @pytest.mark.parametrize("given", [[], ["--quit"]])
    def test_where_the_apps_of_a_session_cannot_meet_is_one_sentence(self, tmp_path: Path, given: list[str]):
        (tmp_path / "run").mkdir(mode=0o700)
        (tmp_path / "run/perennial").write_text("")
        surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
        command = [sys.executable, "-m", "gui", "--home", str(tmp_path / "home"), *given]

        ended = subprocess.run(command, env=surroundings, capture_output=True, timeout=60, check=False)

        assert ended.returncode == 1
        assert ended.stderr.decode() == f"{tmp_path / 'run' / 'perennial'} cannot be used: File exists.\n"

    def test_unknown_arguments_are_wrong_usage(self, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit) as ended:
            main(["--nonsense"])

        assert ended.value.code == 2
