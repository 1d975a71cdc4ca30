"""What the app starts, it tells about and ends: the node of a home, a practice network."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import children, feed, keeper
from gui.children import Child, ChildFailed
from gui.texts import app as texts
from node.api.schema import ErrorAnswer, Said, Settings
from tests.gui.fake_node import FakeNode
from tests.gui.helper import FAKE, fake_process, on_loop, running, said, stating, wait_until
from tests.gui.samples import live, status


class TestTheStartOfANode:
    def test_no_module_in_the_folder_where_the_app_was_started_takes_the_place_of_ours(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        for name in ("random", "ctypes", "node"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('of a stranger')")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("PYTHONPATH", raising=False)

        async def play() -> None:
            child = await children.Child.start(children.tied(children.node_command(tmp_path / "none")))
            with pytest.raises(children.ChildFailed, match="There is no Perennial home at"):
                await child.first_word(60)
            await child.stop()

        asyncio.run(play())

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
                await wait_until(lambda: app.story().is_practice, 15)
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
                await wait_until(lambda: said(app)[2] == "It does not run.")
                words = f"It was asked for and is not there. {texts.TRIES_AGAIN}"
                await wait_until(lambda: app.window.home.lead.text() == words)
                assert app.window.home.button.isVisible()
                assert app.window.home.button.text() == texts.START

        on_loop(desk, play())

    def test_what_one_that_breaks_off_leaves_on_stderr_stands_in_details_and_is_no_sentence_for_a_person(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(feed, "FIRST_S", 0.5)
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")

        def breaks(_: object) -> tuple[str, ...]:
            return (sys.executable, "-c", "import no_such_module_of_ours")

        async def play() -> None:
            async with running(desk, home, tmp_path / "tray.ini", node_command=breaks) as app:
                await wait_until(lambda: app.window.home.lead.text() == f"It ended with code 1. {texts.TRIES_AGAIN}")
                app.window.show_details()
                lines = app.window.details.log
                await wait_until(lambda: "No module named 'no_such_module_of_ours'" in lines.toPlainText())

        on_loop(desk, play())

    def test_its_last_words_are_not_those_of_another_node_that_ran_and_ended_after_it(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(feed, "FIRST_S", 0.5)
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")

        async def play() -> str:
            async with running(desk, home, tmp_path / "tray.ini") as app:
                await wait_until(lambda: app.window.home.lead.text().startswith("It was asked for and is not there."))
                other = await fake_process(home, "fine-real")
                await wait_until(lambda: said(app)[0] == "fine")
                other.kill()
                await other.communicate()
                await wait_until(lambda: said(app)[2] == "It does not run.")
                return app.story().home.lead

        assert not on_loop(desk, play()).startswith("It was asked for and is not there.")

    def test_why_it_did_not_start_is_known_by_its_code(self, desk: QApplication):
        stated = ErrorAnswer("home.in_use", "XX.", (Said("home.in_use", {"path": "/home/ada"}),))
        code = f"print({msgspec.json.encode(stated).decode()!r})"

        async def play() -> str:
            child = await Child.start((sys.executable, "-c", code))
            with pytest.raises(ChildFailed) as caught:
                await child.first_word(15.0)
            await child.stop()
            return str(caught.value)

        assert on_loop(desk, play()) == "Perennial already runs on /home/ada."

    def test_one_that_waits_is_said_to_start_and_after_a_while_for_what(
        self, desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(keeper, "LONG_S", 0.6)
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")

        async def play() -> None:
            def waits(_: object) -> tuple[str, ...]:
                return (sys.executable, "-c", "import time; time.sleep(60)")

            async with running(desk, home, tmp_path / "tray.ini", node_command=waits) as app:
                await wait_until(lambda: app.window.home.lead.text() == texts.STARTING_LONG)
                assert said(app) == ("starting", "Starting up", "Starting up.")
                assert not app.window.home.button.isVisible()

        on_loop(desk, play())

    def test_one_that_hangs_is_started_again_once_however_often_that_is_asked_for(
        self, desk: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(feed, "FIRST_S", 0.3)
        monkeypatch.setattr(children, "STOP_S_MAX", 1.0)
        home, starts = tmp_path / "home", tmp_path / "starts"
        home.mkdir()
        (home / "home.json").write_text("{}")
        hang = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        hang += "print('{}', file=open(sys.argv[1], 'a')); print('{}', flush=True); time.sleep(60)"

        async def play() -> int:
            def command(_: object) -> tuple[str, ...]:
                return (sys.executable, "-c", hang, str(starts))

            async with running(desk, home, tmp_path / "tray.ini", node_command=command) as app:
                await wait_until(lambda: said(app)[2] == "It does not run.", 15)
                hung = app._keeper.child
                qtbot.mouseClick(app.window.home.button, Qt.MouseButton.LeftButton)
                await wait_until(lambda: said(app)[2] == "Starting up.", 0.9)  # and not when the one before has ended
                app._act("start")
                await wait_until(lambda: app._keeper.child is not hung and app._keeper.silence == "none", 15)
                await asyncio.sleep(0.5)
            return len(starts.read_text().split())

        assert on_loop(desk, play()) == 2

    @pytest.mark.parametrize("starts_at_login", [False, True])
    def test_quitting_what_helps_others_is_asked_once_and_says_for_how_long(
        self, desk: QApplication, tmp_path: Path, starts_at_login: bool
    ):
        home = tmp_path / "home"
        home.mkdir()
        (home / "home.json").write_text("{}")
        sleeper = (sys.executable, "-c", "import time; time.sleep(60)")

        async def play() -> str:
            async with running(desk, home, tmp_path / "tray.ini", node_command=lambda _: sleeper) as app:
                await wait_until(lambda: app._keeper.child is not None)
                app._changes.hear(Settings(20 << 30, starts_at_login=starts_at_login))
                app.tray.quit.trigger()
                assert app.box is not None
                asked = app.box.text()
                app.box.reject()
                await wait_until(lambda: app.box is None)
                assert not app.ending.is_set()
                app.tray.quit.trigger()
                app.box.buttons()[0].click()
                assert app.ending.is_set()
            return asked

        assert ("or log in the next time" in on_loop(desk, play())) == starts_at_login


class TestAPracticeNetwork:
    def test_without_a_home_the_welcome_offers_to_grow_one_and_its_story_is_shown(
        self, desk: QApplication, qtbot: QtBot, tmp_path: Path
    ):
        async def play() -> int:
            command = (*FAKE, str(tmp_path / "farm"), "--practice")
            async with running(desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: command) as app:
                assert app.window.is_welcome
                qtbot.mouseClick(app.window.welcome.grow, Qt.MouseButton.LeftButton)
                assert app.window.welcome.said.text() == texts.GROWING
                assert not app.window.welcome.grow.isEnabled()
                await wait_until(lambda: said(app)[0] == "fine", 20)
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
                app.window.welcome.grow.click()
                await wait_until(lambda: said(app)[0] == "fine", 20)
                assert app._practice is not None
                os.kill(app._practice.pid, 9)
                await wait_until(lambda: said(app)[2] == texts.PRACTICE_ENDED)
                assert app.window.home.button.text() == texts.GROW_ANEW
                app.window.home.button.click()
                await wait_until(lambda: said(app)[2] == "Everything is fine.", 20)

        on_loop(desk, play())

    def test_when_only_the_farm_shown_is_gone_a_new_network_replaces_the_old_one(
        self, desk: QApplication, tmp_path: Path
    ):
        word = json.dumps({"farms": [{"home": str(tmp_path / "farm")}]})
        stays = f"import time; print({word!r}, flush=True); time.sleep(60)"

        async def play() -> None:
            node = FakeNode(tmp_path / "farm")
            await node.start()
            node.say(live(status()))
            command = (sys.executable, "-c", stays)
            async with running(desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: command) as app:
                app.window.welcome.grow.click()
                await wait_until(lambda: app.tray.quit.text() == texts.QUIT_PRACTICE and said(app)[0] == "fine", 20)
                assert app._practice is not None
                old = app._practice.pid
                await node.stop()
                await wait_until(lambda: said(app)[2] == texts.NOT_RUNNING)
                assert app.window.home.button.text() == texts.GROW_ANEW
                app.window.home.button.click()
                await wait_until(lambda: app._practice is not None and app._practice.pid != old, 20)
                assert not is_alive(old)
                assert not app._has_practice_ended

        on_loop(desk, play())

    @pytest.mark.parametrize(
        ("program", "words"),
        [
            (stating("The port 4711 is in use.")[-1], "The port 4711 is in use."),
            ("raise SystemExit('Traceback')", "It ended with code 1."),
            ('print(\'{"code": "practice", "message": "The disk is full."}\')', "The disk is full."),
            ("print('no json')", "It said something that is not understood."),
            ("print('{\"farms\": []}')", "It has no farm to look at."),
            ("print('x' * 3_000_000)", "It said something that is not understood."),
            ("import os; os._exit(3)", "It ended with code 3."),
            ("import os; os.kill(os.getpid(), 9)", "It was killed."),
            ("import os; os.kill(os.getpid(), 15)", "It was stopped from outside."),
        ],
    )
    def test_one_that_does_not_start_is_explained_and_can_be_tried_again(
        self, desk: QApplication, tmp_path: Path, program: str, words: str
    ):
        async def play() -> None:
            async with running(
                desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: (sys.executable, "-c", program)
            ) as app:
                app.window.welcome.grow.click()
                await wait_until(lambda: app.window.welcome.said.text() == f"{texts.GROWING_STOPPED} {words}", 10)
                assert app.window.welcome.grow.isEnabled()

        on_loop(desk, play())

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ties a child to its parent's life")
    def test_it_ends_even_when_the_app_is_killed(self, tmp_path: Path):
        program = (
            "import asyncio, os, sys; from gui.children import grow\n"
            "async def main():\n"
            f" child, _ = await grow(({sys.executable!r}, '-m', 'tests.gui.fake_node', sys.argv[1], '--practice'))\n"
            " print(child.pid, flush=True); os._exit(9)\n"
            "asyncio.run(main())"
        )
        app = subprocess.run([sys.executable, "-c", program, str(tmp_path / "farm")], capture_output=True, check=False)
        assert app.returncode == 9, app.stderr

        async def play() -> None:
            await wait_until(lambda: not is_alive(int(app.stdout)))

        asyncio.run(play())

    def test_quitting_while_it_grows_leaves_nothing_behind(self, desk: QApplication, tmp_path: Path):
        program = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"

        async def play() -> None:
            async with running(
                desk, tmp_path / "none", tmp_path / "tray.ini", practice_command=lambda: (sys.executable, "-c", program)
            ) as app:
                app.window.welcome.grow.click()
                await wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()), 10)

        on_loop(desk, play())

        assert not is_alive(int((tmp_path / "pid").read_text()))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_served(home: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(home / "api.sock")) == 0
