"""When another version of the app is in use, it starts itself anew: unseen, and the node does not notice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from gui import children, renewal
from gui.app import App, Options
from gui.renewal import RESTART_CODE
from gui.stories.home import Seen
from gui.texts import app as texts
from installers.launcher import keeping
from installers.launcher import starting as launchers_own
from node.api.schema import ProgramInUse, Settings
from node.update.files import programs, starting
from tests.gui.fake_node import FakeNode
from tests.gui.helper import on_loop, wait_until
from tests.gui.samples import live, status

FIRST, NEWER = "a" * 64, "b" * 64
NODE = """
import fcntl, os, sys, time
from pathlib import Path
lock = (Path(sys.argv[1]) / "lock").open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.write(str(os.getpid()))
lock.flush()
print("{}", flush=True)
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that an installed app shows."""
    monkeypatch.setenv(children.LAUNCHER, "/opt/perennial/perennial")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/home.json").write_text("{}")
    return tmp_path / "home"


def runs_on(app: str, *, is_practice: bool = False, peers: int = 13) -> Seen:
    found = status(is_practice=is_practice)
    return live(msgspec.structs.replace(found, program=ProgramInUse("0.2.0", app), peer_count=peers))


@asynccontextmanager
async def living(
    desk: QApplication, home: Path, *, is_hidden: bool = True
) -> AsyncIterator[tuple[App, asyncio.Future[int]]]:
    options = Options(
        home=home,
        memory=home.parent / "tray.ini",
        theme="light",
        is_hidden=is_hidden,
        node_command=lambda at: (sys.executable, "-c", NODE, str(at)),
    )
    app = App(desk, options)
    life = asyncio.ensure_future(app.run())
    try:
        yield app, life
    finally:
        app.quit()
        await life
        app.window.deleteLater()


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_ends_for_the_newer_one_when_nobody_sees_it_and_that_one_takes_the_node_over(
    desk: QApplication, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: True))

    async def play() -> None:
        async with living(desk, home) as (app, life):
            await wait_until(lambda: (home / "lock").exists() and (home / "lock").read_text() != "")
            pid = int((home / "lock").read_text())
            node = FakeNode(home)
            await node.start()
            node.say(runs_on(FIRST))
            await wait_until(
                lambda: app.tray.quit.text() == texts.QUIT and app.story().home.headline == "Everything is fine."
            )
            app.open()
            node.say(runs_on(NEWER))
            node.say(runs_on(NEWER, peers=14))
            await wait_until(lambda: "14" in str(app.story()))
            assert not life.done()  # somebody looks at it

            app.window.hide()
            node.say(runs_on(NEWER, peers=15))

            assert await asyncio.wait_for(life, 10) == RESTART_CODE
            assert not has_ended(pid)

        async with living(desk, home, is_hidden=False) as (app, life):
            await wait_until(lambda: app.story().home.headline == "Everything is fine.")
            assert not app.window.isVisible()
            assert app.tray.quit.text() == texts.QUIT  # it ends the node, as the one before would have
            node.say(runs_on(NEWER, peers=16))
            await wait_until(lambda: "16" in str(app.story()))
            assert not life.done()
        assert life.result() == 0
        assert has_ended(pid)
        await node.stop()

    on_loop(desk, play())


class LaterSettings(Settings, frozen=True):
    """As the next version of the app answers."""

    shade: int = 3


def test_a_setting_that_only_a_later_node_has_is_passed_over(desk: QApplication, home: Path):
    async def play() -> None:
        node = FakeNode(home)
        await node.start()
        node.say(replace(runs_on(FIRST), settings=LaterSettings(quota_bytes=1 << 30)))
        async with living(desk, home) as (app, _):
            await wait_until(lambda: app._seen.settings is not None)
            assert app._seen.settings == Settings(quota_bytes=1 << 30)
        await node.stop()

    on_loop(desk, play())


@pytest.mark.parametrize("is_shown", [False, True])
def test_it_ends_also_for_a_newer_one_that_it_does_not_understand_and_its_window_comes_back_as_it_was(
    desk: QApplication, home: Path, monkeypatch: pytest.MonkeyPatch, *, is_shown: bool
):
    monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: True))
    later = status("dreaming", is_practice=False)  # type: ignore[arg-type]

    async def play() -> None:
        node = FakeNode(home)
        await node.start()
        node.say(runs_on(FIRST))
        async with living(desk, home) as (app, life):
            await wait_until(lambda: app._seen.link == "connected")
            if is_shown:
                app.open()
            node.say(live(msgspec.structs.replace(later, program=ProgramInUse("0.3.0", NEWER))))
            assert await asyncio.wait_for(life, 10) == RESTART_CODE

        node.say(runs_on(NEWER))  # which the one that is started now understands
        async with living(desk, home, is_hidden=False) as (app, life):
            await wait_until(lambda: app._seen.link == "connected")
            assert app.window.isVisible() == is_shown
            assert not life.done()
        await node.stop()

    on_loop(desk, play())


def test_a_window_made_small_is_not_seen_and_comes_back_small_where_there_is_no_tray(
    desk: QApplication, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: False))
    monkeypatch.setattr("gui.app.TRAY_S_MAX", 0.01)

    async def play() -> None:
        node = FakeNode(home)
        await node.start()
        node.say(runs_on(FIRST))
        async with living(desk, home) as (app, life):
            await wait_until(lambda: app._seen.link == "connected" and app.window.isVisible())
            app._memory.setValue("told/no_tray", 1)
            app.window.close()
            assert app.window.isMinimized()
            node.say(runs_on(NEWER))
            assert await asyncio.wait_for(life, 10) == RESTART_CODE

        async with living(desk, home) as (app, _):
            await wait_until(lambda: app._seen.link == "connected")
            assert app.window.isMinimized()
            app.open()
            assert app.window.is_seen
        await node.stop()

    on_loop(desk, play())


def test_without_a_tray_it_is_opened_if_nothing_was_left_of_the_one_before(
    desk: QApplication, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gui.tray.Tray.is_available", property(lambda _: False))
    monkeypatch.setattr("gui.app.TRAY_S_MAX", 0.01)

    async def play() -> None:
        node = FakeNode(home)
        await node.start()
        node.say(runs_on(FIRST))
        async with living(desk, home) as (app, life):
            await wait_until(lambda: app._seen.link == "connected" and app.window.isVisible())
            app.window.hide()
            node.say(runs_on(NEWER))
            assert await asyncio.wait_for(life, 10) == RESTART_CODE

        async with living(desk, home) as (app, _):
            await wait_until(lambda: app.window.is_seen)
        await node.stop()

    on_loop(desk, play())


def test_one_that_never_understood_its_node_is_not_started_anew_again_and_again(stage: Stage):
    for _ in range(3):
        stage.renewal.hear(Seen("lost", refused="It is not understood.", app=NEWER))
    assert stage.done == []


class Stage:
    """A renewal, and what it does with its surroundings."""

    def __init__(self, folder: Path) -> None:
        self.done: list[str] = []
        self.is_shown = self.is_seen = self.is_asking = self.is_running = False
        memory = QSettings(str(folder / "tray.ini"), QSettings.Format.IniFormat)
        self.renewal = renewal.Renewal(memory, self, self, lambda: self.done.append("ended"))  # type: ignore[arg-type]

    def isVisible(self) -> bool:  # noqa: N802 - Qt's name
        return self.is_shown

    def let_go(self) -> None:
        self.done.append("let go")

    def adopt(self, home: Path) -> None:
        self.done.append(f"adopted {home.name}")


@pytest.fixture
def stage(desk: QApplication, home: Path) -> Stage:
    return Stage(home.parent)


def test_it_waits_while_something_is_shown_or_asked(stage: Stage):
    stage.renewal.hear(runs_on(FIRST))
    stage.is_shown = True  # and made small
    for name in ("is_seen", "is_asking"):
        setattr(stage, name, True)
        stage.renewal.hear(runs_on(NEWER))
        setattr(stage, name, False)
    assert stage.done == []
    stage.renewal.hear(runs_on(NEWER))
    stage.renewal.hear(runs_on(NEWER))
    assert stage.done == ["let go", "ended"]
    assert stage.renewal.code == RESTART_CODE


@pytest.mark.parametrize(
    "others",
    [
        [runs_on(FIRST), runs_on(FIRST, peers=2)],
        [runs_on(NEWER)],  # as an app that was started in the place of one that fails
        [runs_on(FIRST, is_practice=True), runs_on(NEWER)],
        [runs_on(FIRST), Seen(link="lost")],
        [runs_on(FIRST), live(status(is_practice=False))],  # of a checkout
    ],
)
def test_it_goes_on_while_nothing_else_is_in_use_than_at_first(stage: Stage, others: list[Seen]):
    for seen in others:
        stage.renewal.hear(seen)
    assert stage.done == []


def test_an_app_that_no_launcher_has_started_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(children.LAUNCHER)
    stage.renewal.hear(runs_on(FIRST))
    stage.renewal.hear(runs_on(NEWER))
    assert stage.done == []


@pytest.mark.parametrize("is_running", [True, False])
def test_the_next_one_takes_over_only_what_the_one_before_had_started_and_once(
    stage: Stage, home: Path, *, is_running: bool
):
    assert stage.renewal.take_over(home, is_hidden=False)
    stage.is_running = is_running
    stage.renewal.hear(runs_on(FIRST))
    stage.renewal.hear(runs_on(NEWER))
    for is_taken in (True, False):
        after = Stage(home.parent)
        assert after.renewal.take_over(home, is_hidden=False) is not is_taken
        assert after.done == (["adopted home"] if is_taken and is_running else [])


def test_at_a_login_it_is_not_opened_at_once(stage: Stage, home: Path):
    assert not stage.renewal.take_over(home, is_hidden=True)


class TestTheNodeOfBefore:
    def test_that_has_ended_already_is_not_waited_for(self, desk: QApplication, home: Path):
        (home / "lock").write_text("none")
        on_loop(desk, children.end_node(home), 2)

    def test_that_has_ended_is_not_taken_for_the_stranger_who_has_its_number_now(self, desk: QApplication, home: Path):
        async def play() -> int:
            reader = (sys.executable, "-c", "import sys; sys.stdin.read()")
            stranger = await asyncio.create_subprocess_exec(*reader, stdin=asyncio.subprocess.PIPE)
            assert stranger.stdin is not None
            (home / "lock").write_text(str(stranger.pid))
            await children.end_node(home)
            stranger.stdin.close()  # it ends well, unless a signal came first
            return await stranger.wait()

        assert on_loop(desk, play()) == 0

    def test_is_asked_to_end_and_waited_for(self, desk: QApplication, home: Path):
        async def play() -> None:
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", NODE, str(home), stdout=-3)
            await wait_until(lambda: (home / "lock").exists() and (home / "lock").read_text() != "")
            await children.end_node(home)
            assert process.returncode is not None

        with contextlib.suppress(ProcessLookupError):
            on_loop(desk, play())


def test_what_is_installed_starts_everything_by_its_launcher(home: Path, monkeypatch: pytest.MonkeyPatch):
    commands = (children.node_command(home), children.doctor_command(home), children.practice_command())
    assert {command[0] for command in commands} == {"/opt/perennial/perennial"}
    assert children.node_command(home) == ("/opt/perennial/perennial", "run", "--json", "--home", str(home))
    monkeypatch.delenv(children.LAUNCHER)
    assert children.node_command(home)[0] == sys.executable


def test_launcher_node_and_app_mean_the_same():
    assert {children.LAUNCHER, starting.LAUNCHER, launchers_own.LAUNCHER} == {"PERENNIAL_LAUNCHER"}
    assert {renewal.RESTART_CODE, programs.RESTART_CODE, keeping.RESTART_CODE} == {RESTART_CODE}
    assert starting.BUSY_CODE == keeping.BUSY_CODE
    assert starting.CRASHED_CODE == launchers_own.CRASHED_CODE
