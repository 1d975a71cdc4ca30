"""Where the system cannot tell a process to end, as on Windows, the node is asked by its API, and waited for."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gui import children
from gui.keeper import Keeper
from gui.window import Window
from tests.gui.fake_node import FakeNode
from tests.gui.helper import TEST_S_MAX

# What a node's process is like: it prints its first word, and ends well once it is asked.
CHILD = """
import sys, time
from pathlib import Path
print("{}", flush=True)
while not (Path(sys.argv[2]) / "asked").exists():
    time.sleep(0.01)
"""


class EndingNode(FakeNode):
    """Ends in order when it is asked: it answers once more, then no longer."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._home_folder = home

    def stop(self) -> asyncio.Task[None]:  # type: ignore[override]  # as the API asks for it
        (self._home_folder / "asked").touch()
        self.ending = asyncio.get_running_loop().create_task(super().stop())
        return self.ending


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(children, "HAS_SIGNALS", False)
    return tmp_path


def keeper() -> Keeper:
    given = SimpleNamespace(connect=lambda _: None)
    window = cast("Window", SimpleNamespace(passphrase=SimpleNamespace(given=given)))
    nothing: Callable[..., Any] = lambda *_: None  # noqa: E731
    return Keeper(window, spawn=nothing, tell=nothing, bring_up=nothing, wall_s=lambda: 0.0)


def test_the_node_that_the_app_has_started_ends_in_order(home: Path):
    async def play() -> int:
        node, one = EndingNode(home), keeper()
        await node.start()
        await one.begin((sys.executable, "-c", CHILD, "--home", str(home)))
        assert one.child is not None
        await one.stop()
        return await one.child.wait()

    assert asyncio.run(asyncio.wait_for(play(), TEST_S_MAX)) == 0


def test_a_node_that_does_not_answer_is_ended_all_the_same(home: Path):
    async def play() -> int:
        one = keeper()
        await one.begin((sys.executable, "-c", CHILD, "--home", str(home)))
        assert one.child is not None
        await one.stop()
        return await one.child.wait()

    assert asyncio.run(asyncio.wait_for(play(), TEST_S_MAX)) != 0


def test_a_node_of_another_app_is_waited_for_until_it_answers_no_more(home: Path):
    async def play() -> bool:
        node = EndingNode(home)
        await node.start()
        await children.end_node(home)
        return await children.tell_node(home)

    assert not asyncio.run(asyncio.wait_for(play(), TEST_S_MAX))
    assert (home / "asked").exists()
