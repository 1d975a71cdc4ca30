"""The whole app against a node that talks: its story on screen, its going and coming back, its end."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from gui import feed, texts
from gui.app import App
from node.api.schema import Phase
from tests.gui.fake_node import FakeNode
from tests.gui.helper import on_loop, running, until
from tests.gui.samples import EARLY, LATE, NEXT, PROMOTED, live, samples, status, update

BY_NAME = {sample.name: sample.seen for sample in samples()}
FAKE = (sys.executable, "-m", "tests.gui.fake_node")


def said(app: App) -> tuple[str, str, str]:
    return app.tray.sign, app.tray.line.text(), app.window.home.headline.text()


async def changed(one: QLabel) -> None:
    before = one.text()
    await until(lambda: one.text() != before)


def test_the_events_of_a_release_are_told_from_announced_to_promoted(desk: QApplication, tmp_path: Path):
    titles: list[str] = []

    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: app.window.home.headline.text() == "Everything is fine.")
            phases: tuple[Phase, ...] = (
                "announced",
                "fetching",
                "staged",
                "on_trial",
                "rehearsing",
                "promoting",
                "probation",
            )
            for phase in phases:
                node.say(
                    live(status("trial" if phase == "on_trial" else "fine"), (update("0.1.1", NEXT, phase),), EARLY)
                )
                await changed(app.window.updates.title)
                titles.append(app.window.updates.title.text())
            confirmed = update("0.1.1", NEXT, "confirmed", PROMOTED)
            node.say(live(status(version="0.1.1", tree_hash=NEXT), (confirmed,), LATE))
            await until(lambda: app.window.updates.title.text() == "You are using 0.1.1")
            assert "took over" in app.window.updates.lead.text()
        await node.stop()

    on_loop(desk, play())

    assert titles == [
        "Version 0.1.1 was announced",
        "Version 0.1.1 is being fetched",
        "Version 0.1.1 waits for its trial",
        "Version 0.1.1 is being tried out",
        "The way back from 0.1.1 is rehearsed",
        "Version 0.1.1 is taking over",
        "Version 0.1.1 took over",
    ]


def test_a_supervisor_that_goes_is_said_to_be_gone_within_two_seconds_and_found_again(
    desk: QApplication, tmp_path: Path
):
    async def play() -> tuple[float, float]:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        clock = asyncio.get_running_loop().time
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: said(app)[0] == "fine")
            await node.stop()
            gone_s = clock()
            await until(lambda: said(app)[2] == "It does not run.")
            gone_s = clock() - gone_s
            assert said(app)[:2] == ("problem", "Practice: it does not run")
            await node.start()
            back_s = clock()
            await until(lambda: said(app)[2] == "Everything is fine.")
            back_s = clock() - back_s
            assert app.tray.sign == "fine"
        await node.stop()
        return gone_s, back_s

    gone_s, back_s = on_loop(desk, play())

    assert gone_s < 2.0
    assert back_s < 2.0


def test_a_restart_that_is_over_at_once_is_not_worth_a_word(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: said(app)[0] == "fine")
            asked = node.asked
            await node.stop()
            await node.start()
            await until(lambda: node.asked > asked)
            assert said(app) == ("fine", "Practice: everything is fine", "Everything is fine.")
        await node.stop()

    on_loop(desk, play())


def test_a_node_that_hangs_is_not_taken_for_a_quiet_one(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed, "LOOK_SHOWN_S", 0.1)
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 0.3)

    async def play() -> None:
        child = await asyncio.create_subprocess_exec(
            *FAKE, str(tmp_path / "home"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.readline()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: said(app)[2] == "Starting up." and app.story().is_practice)
            child.send_signal(19)  # stops it without ending it
            await until(lambda: said(app)[2] == "It does not run.")
            child.send_signal(18)
            await until(lambda: said(app)[2] == "Starting up.")
        child.kill()
        await child.communicate()

    on_loop(desk, play())


def test_missed_events_make_it_read_everything_anew(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: said(app)[0] == "fine")
            node.say(BY_NAME["attention"])
            node.events.forget()
            await until(lambda: said(app)[0] == "attention")
        await node.stop()

    on_loop(desk, play())


def test_practice_is_to_be_seen_in_window_title_sidebar_and_tray(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: said(app)[0] == "fine")
            assert app.window.sidebar.badge.isVisible()
            assert "practice" in app.window.windowTitle()
            assert app.tray.line.text().startswith("Practice")
            assert app.tray.quit.text() == texts.QUIT_WINDOW_ONLY  # the node is not the app's own
            node.say(BY_NAME["fine-real"])
            await until(lambda: not app.window.sidebar.badge.isVisible())
            assert app.window.windowTitle() == "Perennial"
        await node.stop()

    on_loop(desk, play())


def test_many_events_at_once_are_shown_as_the_last_of_them(desk: QApplication, tmp_path: Path):
    async def play() -> None:
        node = FakeNode(tmp_path / "home")
        node.say(BY_NAME["fine"])
        await node.start()
        async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
            await until(lambda: said(app)[0] == "fine")
            for chunks in range(1, 400):
                node.say(live(status(chunks=chunks)))
                if chunks % 40 == 0:
                    await asyncio.sleep(0)
            await until(lambda: "399 pieces" in app.window.home.lead.text())
        await node.stop()

    on_loop(desk, play())


def test_five_thousand_calls_from_another_thread_do_not_abort_the_process(desk: QApplication):
    async def play() -> int:
        loop, count = asyncio.get_running_loop(), 0

        def one() -> None:
            nonlocal count
            count += 1

        def work() -> None:
            for _ in range(5000):
                loop.call_soon_threadsafe(one)

        await loop.run_in_executor(None, work)
        await until(lambda: count == 5000)
        return count

    assert on_loop(desk, play()) == 5000


class TestTheWindowsCloseButton:
    def test_without_a_tray_it_is_made_small_and_that_is_said_once(self, desk: QApplication, tmp_path: Path):
        async def play() -> None:
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                assert not app.tray.is_available  # offscreen there is none
                app.window.close()
                assert app.box is not None
                assert app.box.text() == texts.NO_TRAY
                app.box.buttons()[0].click()
                await until(app.window.isMinimized)
                app.open()
                await until(lambda: not app.window.isMinimized())
                app.window.close()
                assert app.box is None
                await until(app.window.isMinimized)

        on_loop(desk, play())

    def test_with_a_tray_it_goes_into_the_tray_and_comes_back_from_there(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: True))

        async def play() -> None:
            async with running(desk, tmp_path / "home", tmp_path / "tray.ini") as app:
                app.window.close()
                assert not app.window.isVisible()
                assert app.box is None
                app.tray.open.trigger()
                assert app.window.isVisible()

        on_loop(desk, play())


class TestTheStartOfANode:
    def test_a_home_without_a_running_node_gets_one(self, desk: QApplication, tmp_path: Path):
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")

        async def play() -> None:
            # A fake node ends when its stdin does, so it is held open here as the real one would hold itself.
            hold = "import asyncio,sys; from pathlib import Path; from tests.gui.fake_node import FakeNode\n"
            hold += "async def main():\n n=FakeNode(Path(sys.argv[1])); await n.start(); await asyncio.Event().wait()\n"
            hold += "asyncio.run(main())"
            async with running(
                desk, home, tmp_path / "tray.ini", node_command=lambda at: (sys.executable, "-c", hold, str(at))
            ) as app:
                await until(lambda: app.story().is_practice, 15)
                assert app.tray.quit.text() == texts.QUIT

        on_loop(desk, play())
        assert not is_served(home)

    def test_a_node_that_does_not_start_is_told_in_its_own_words(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(feed, "FIRST_S", 0.5)
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")

        async def play() -> None:
            async with running(desk, home, tmp_path / "tray.ini") as app:
                await until(lambda: said(app)[2] == "It does not run.")
                await until(lambda: app.window.home.lead.text() == "It was asked for and is not there.")
                assert app.window.home.button.isVisible()
                assert app.window.home.button.text() == texts.START

        on_loop(desk, play())

    def test_quitting_what_helps_others_is_asked_once(self, desk: QApplication, tmp_path: Path):
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")
        sleeper = (sys.executable, "-c", "import time; time.sleep(60)")

        async def play() -> str:
            async with running(desk, home, tmp_path / "tray.ini", node_command=lambda _: sleeper) as app:
                await until(lambda: app._node is not None)
                app.tray.quit.trigger()
                assert app.box is not None
                asked = app.box.text()
                app.box.reject()
                await until(lambda: app.box is None)
                assert not app._quit.is_set()
                app.tray.quit.trigger()
                app.box.buttons()[0].click()
                assert app._quit.is_set()
            return asked

        assert on_loop(desk, play()) == texts.QUIT_QUESTION


class TestAPracticeNetwork:
    def test_without_a_home_the_welcome_offers_to_grow_one_and_its_story_is_shown(
        self, desk: QApplication, qtbot: QtBot, tmp_path: Path
    ):
        async def play() -> int:
            command = (*FAKE, str(tmp_path / "farm"), "--practice")
            async with running(desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: command) as app:
                assert app.window.is_welcome
                qtbot.mouseClick(app.window.welcome.button, Qt.MouseButton.LeftButton)
                assert app.window.welcome.said.text() == texts.GROWING
                assert not app.window.welcome.button.isEnabled()
                await until(lambda: said(app)[0] == "fine", 20)
                assert not app.window.is_welcome
                assert app.tray.quit.text() == texts.QUIT_PRACTICE
                assert app._practice is not None
                return app._practice.pid

        pid = on_loop(desk, play())

        assert not is_alive(pid)

    def test_its_end_is_told_and_a_new_one_offered(self, desk: QApplication, tmp_path: Path):
        async def play() -> None:
            command = (*FAKE, str(tmp_path / "farm"), "--practice")
            async with running(desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: command) as app:
                app.window.welcome.button.click()
                await until(lambda: said(app)[0] == "fine", 20)
                assert app._practice is not None
                os.kill(app._practice.pid, 9)
                await until(lambda: said(app)[2] == texts.PRACTICE_ENDED)
                assert app.window.home.button.text() == texts.GROW_ANEW
                app.window.home.button.click()
                await until(lambda: said(app)[2] == "Everything is fine.", 20)

        on_loop(desk, play())

    @pytest.mark.parametrize(
        ("program", "words"),
        [
            ("raise SystemExit('The port 4711 is in use.')", "The port 4711 is in use."),
            ("print('no json')", "It said something that is not understood."),
            ("print('{\"farms\": []}')", "It has no farm to look at."),
            ("print('x' * 3_000_000)", "It said something that is not understood."),
            ("import os; os._exit(3)", "It ended with code 3."),
        ],
    )
    def test_one_that_does_not_start_is_explained_and_can_be_tried_again(
        self, desk: QApplication, tmp_path: Path, program: str, words: str
    ):
        async def play() -> None:
            async with running(
                desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: (sys.executable, "-c", program)
            ) as app:
                app.window.welcome.button.click()
                await until(lambda: app.window.welcome.said.text() == f"{texts.GROWING_STOPPED} {words}", 10)
                assert app.window.welcome.button.isEnabled()

        on_loop(desk, play())

    def test_quitting_while_it_grows_leaves_nothing_behind(self, desk: QApplication, tmp_path: Path):
        program = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"

        async def play() -> None:
            async with running(
                desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: (sys.executable, "-c", program)
            ) as app:
                app.window.welcome.button.click()
                await until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()), 10)

        on_loop(desk, play())

        assert not is_alive(int((tmp_path / "pid").read_text()))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_served(home: Path) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(home / "api.sock")) == 0
