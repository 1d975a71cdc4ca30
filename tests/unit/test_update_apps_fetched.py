"""Releases of the app that are really fetched: with the runtime that they need, whenever the computer is restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.pod.build import Built
from node.trust.release import Release
from node.update.app_store import AppStore
from node.update.apps import Apps
from node.update.files.slots import Slots
from tests.layer_world import LINUX, Network, Workshop, signed
from tests.unit.test_update_apps import World, phase
from tests.virtual_time import run

TURN_S = 1.0


class Stage:
    """A home, an app with the runtime that it needs, and a network that may keep back what it holds."""

    def __init__(self, folder: Path) -> None:
        shop = Workshop(folder)
        self.runtime = shop.runtime("0.1.1")
        self.app = shop.app("0.1.2", runtimes={LINUX: self.runtime.release.tree})
        self.network = Network(self.app, self.runtime)
        self.kept_back: set[bytes] = set()
        self.world = World(folder / "home")
        self.world.slots = Slots(folder / "home/slots")
        self.world.get_chunk = self.get_chunk

    async def get_chunk(self, address: bytes) -> bytes:
        while address in self.kept_back:
            await asyncio.sleep(TURN_S)
        return await self.network.get_chunk(address)

    def keep_back(self, *releases: Built) -> None:
        self.kept_back = {address for built in releases for address in Network(built).chunks}

    @property
    def releases(self) -> tuple[Release, ...]:
        return signed(self.app), signed(self.runtime)

    def run_with(self, story: Callable[[Apps], Awaitable[None]]) -> None:
        """From one start of the program to its end."""

        async def main() -> None:
            apps = self.world.apps()
            running = asyncio.create_task(apps.run())
            await asyncio.sleep(TURN_S)
            await story(apps)
            await asyncio.sleep(300.0)
            running.cancel()
            await asyncio.wait({running})

        run(main())

    async def learn(self, apps: Apps) -> None:
        await apps.learn(self.releases)

    async def learn_nothing(self, apps: Apps) -> None:
        """The head that is kept has lapsed, and nobody has offered another one yet."""

    def bytes_fetched(self) -> int:
        (one,) = AppStore(self.world.folder / "state").load()
        return one.record.bytes_fetched


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_one_whose_runtime_was_being_fetched_when_the_computer_stopped_goes_on_with_the_next_start(stage: Stage):
    stage.keep_back(stage.runtime)
    stage.run_with(stage.learn)
    assert phase(stage.world) == "fetching"
    stage.kept_back.clear()

    stage.run_with(stage.learn)

    assert phase(stage.world) == "staged"
    assert stage.world.slots.has("runtime", stage.runtime.release.tree)


def test_one_of_which_no_head_in_force_is_known_after_a_restart_waits_for_one(stage: Stage):
    stage.keep_back(stage.runtime)
    stage.run_with(stage.learn)
    stage.kept_back.clear()

    stage.run_with(stage.learn_nothing)
    assert (phase(stage.world), stage.network.asked) == ("fetching", [])
    stage.run_with(stage.learn)

    assert phase(stage.world) == "staged"


def test_one_whose_runtime_is_recalled_before_it_came_is_refused(stage: Stage):
    stage.keep_back(stage.runtime)
    stage.run_with(stage.learn)

    async def recall(apps: Apps) -> None:
        await apps.learn((signed(stage.app),))

    stage.run_with(recall)

    assert (phase(stage.world), "recalled" in stage.world.told("app/0.1.2").reason) == ("refused", True)
