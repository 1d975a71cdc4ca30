"""A node that failed is started again by itself, later and later, and nobody has to ask for it."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from PySide6.QtWidgets import QApplication

from gui import keeper
from gui.children import ChildFailed
from gui.keeper import AGAIN_S_MAX, AGAIN_S_MIN, LOOK_S, Keeper
from gui.texts import app as texts
from gui.window import Window
from tests.gui.helper import on_loop, running, said, stating, wait_until
from tests.virtual_time import run

HOME, COMMAND = Path("/home/ada/perennial"), ("node", "--home", "/home/ada/perennial")
LOCKED, WANTS = ChildFailed("The keyring is locked."), ChildFailed("A passphrase.", "key.passphrase")
DAY_S = 86_400.0


class Disk:
    """It answers at once; ``is_there`` is what it says."""

    is_there = True

    def __init__(self, _: object) -> None:
        """One per question."""

    async def answer(self, *, otherwise: bool) -> bool:
        return Disk.is_there


class Node:
    """What was started: each by what is next in ``course``, its failure or how long it runs and its exit code."""

    course: list[ChildFailed | tuple[float, int]]
    starts: list[float]

    def __init__(self) -> None:
        self._does = Node.course.pop(0) if Node.course else LOCKED
        self._end = asyncio.Event()
        self.has_ended = False

    @classmethod
    async def start(cls, _command: Sequence[str], _line: str) -> Self:
        Node.starts.append(asyncio.get_running_loop().time())
        return cls()

    async def first_word(self, _seconds: float | None) -> None:
        if isinstance(self._does, ChildFailed):
            self.has_ended = True
            raise self._does

    async def wait(self) -> int:
        assert not isinstance(self._does, ChildFailed)
        await asyncio.sleep(self._does[0])
        self.has_ended = True
        return self._does[1]

    async def stop(self, *, is_told: bool = False) -> None:
        self.has_ended = True


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "Child", Node)
    monkeypatch.setattr(keeper, "Question", Disk)
    Disk.is_there, Node.course, Node.starts = True, [], []


def starts(
    *course: ChildFailed | tuple[float, int], meanwhile: Callable[[Keeper], object] | None = None
) -> list[float]:
    """When it is started within a day, if it goes like this and fails for ever after; ``meanwhile``: in minute four."""
    Node.course = list(course)

    async def play() -> None:
        nothing: Callable[..., Any] = lambda *_, **__: None  # noqa: E731
        passphrase = SimpleNamespace(given=SimpleNamespace(connect=nothing), ask=nothing, forget=nothing)
        window = SimpleNamespace(passphrase=passphrase, show_passphrase=nothing, show_main=nothing)
        one = Keeper(
            cast("Window", window), spawn=nothing, tell=nothing, bring_up=nothing,
            wall_s=asyncio.get_running_loop().time,
        )  # fmt: skip
        life = asyncio.ensure_future(one.run_at(HOME, COMMAND))
        await asyncio.sleep(240)
        done = meanwhile(one) if meanwhile is not None else None
        if isinstance(done, Coroutine):
            await done
        await asyncio.sleep(DAY_S - 240)
        life.cancel()

    run(play())
    return Node.starts


def test_it_is_tried_after_five_minutes_and_then_later_and_later_up_to_an_hour():
    at_s = starts()

    gaps_s = [later - earlier for earlier, later in itertools.pairwise(at_s)]
    for gap_s, wanted_s in zip(gaps_s, (300, 600, 1200, 2400, 3600, 3600), strict=False):
        assert wanted_s <= gap_s <= wanted_s + 2 * LOOK_S
    assert AGAIN_S_MAX <= max(gaps_s) <= AGAIN_S_MAX + 2 * LOOK_S


def test_nobody_is_asked_again_while_they_are_asked_already():
    assert len(starts(LOCKED, WANTS)) == 2


def test_one_that_runs_is_left_alone_and_when_it_breaks_off_it_is_tried_after_five_minutes_again():
    at_s = starts(LOCKED, LOCKED, (7200, 1), (DAY_S, 0))

    assert len(at_s) == 4
    assert AGAIN_S_MIN <= at_s[3] - (at_s[2] + 7200) <= AGAIN_S_MIN + 2 * LOOK_S


@pytest.mark.parametrize("code", [0, -15, 143])
def test_one_that_was_told_to_end_has_ended(code: int):
    promised = list[bool]()

    assert len(starts((60, code), meanwhile=lambda one: promised.append(one.tries_again))) == 1
    assert promised == [False]


def test_that_it_is_tried_again_is_promised_of_one_that_has_failed_alone():
    promised = list[bool]()

    starts(LOCKED, meanwhile=lambda one: promised.append(one.tries_again))
    starts((DAY_S, 0), meanwhile=lambda one: promised.append(one.tries_again))
    starts(WANTS, meanwhile=lambda one: promised.append(one.tries_again))

    assert promised == [True, False, False]


def test_where_the_key_is_gone_nothing_is_promised():
    promised = list[bool]()

    starts(ChildFailed("It is gone.", "key.gone"), meanwhile=lambda one: promised.append(one.tries_again))

    assert promised == [False]


def test_the_persons_own_start_waits_for_nothing():
    at_s = starts(LOCKED, (DAY_S, 0), meanwhile=lambda one: asyncio.ensure_future(one.run_at(HOME, COMMAND)))

    assert at_s == [0, 240]


def test_where_another_node_answers_meanwhile_none_is_started():
    assert len(starts(meanwhile=lambda one: one.heard(200.0))) == 1


def test_nothing_is_tried_while_the_disk_is_not_there_but_at_once_when_it_is():
    def pull(_: Keeper) -> None:
        Disk.is_there = False
        asyncio.get_running_loop().call_at(9000, setattr, Disk, "is_there", True)

    first, second, *_ = starts(meanwhile=pull)

    assert first == 0
    assert 9000 <= second <= 9000 + 2 * LOOK_S


def test_the_window_says_why_it_failed_until_it_runs_again_by_itself(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.undo()
    monkeypatch.setattr("gui.feed.FIRST_S", 0.1)
    monkeypatch.setattr(keeper, "LOOK_S", 0.01)
    monkeypatch.setattr(keeper, "AGAIN_S_MIN", 0.01)
    home, is_open = tmp_path / "home", tmp_path / "open"
    home.mkdir()
    (home / "home.json").write_text("{}")
    node = "import asyncio,sys; from pathlib import Path; from tests.gui.fake_node import FakeNode\n"
    node += f"if not Path(sys.argv[2]).exists(): {stating('The keyring is locked.')[-1]}\n"
    node += "async def main():\n n=FakeNode(Path(sys.argv[1])); await n.start(); await asyncio.Event().wait()\n"
    node += "print('{}', flush=True); asyncio.run(main())"
    command = (sys.executable, "-c", node, str(home), str(is_open))
    words = f"The keyring is locked. {texts.TRIES_AGAIN}"

    async def play() -> None:
        async with running(desk, home, tmp_path / "tray.ini", node_command=lambda _: command) as app:
            await wait_until(lambda: app.window.home.lead.text() == words, 15)
            assert said(app)[2] == texts.NOT_RUNNING
            assert app.window.home.button.text() == texts.START
            is_open.touch()
            await wait_until(lambda: app._seen.link == "connected", 15)

    on_loop(desk, play())
