"""A disk that was pulled out and plugged in again is another file system, on which nothing is held any more."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.api import door
from node.api.client import Client, NotRunning
from node.api.schema import SettingsPatch
from node.api.server import ApiServer
from node.supervisor.errors import HomeInUse
from node.supervisor.holding import Holding
from node.supervisor.home import Home, Lock
from node.supervisor.looking import Looking
from tests.api_world import STATUS, FakeNode

pytestmark = pytest.mark.skipif(not door.HAS_UNIX_SOCKETS, reason="there a folder in use cannot be moved away")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home", kind="practice", root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20)


def plug_in_again(home: Home) -> None:
    """Put other files of the same names and content in the place of the home's."""
    pulled = home.path.with_name("pulled")
    home.path.rename(pulled)
    shutil.copytree(pulled, home.path, ignore=shutil.ignore_patterns("api.sock"))


class Node:
    """What runs on the home, as far as it holds something there."""

    def __init__(self, home: Home, lock: Lock) -> None:
        self.fake = FakeNode()
        self.api = ApiServer(self.fake, home.socket)
        self.holding = Holding(lock, self.api.follow, self.fake.stop)
        vault: Any = SimpleNamespace(state=None, run=None, record=b"")
        self.looking = Looking(home, vault, os.urandom, lambda: 1.0, lambda: None)
        self.looking.hold_on = self.holding.hold_on


def with_node(home: Home, lock: Lock, talk: Callable[[Node], Awaitable[None]]) -> None:
    async def main() -> None:
        node = Node(home, lock)
        await node.api.start()
        try:
            async with asyncio.timeout(30):
                await talk(node)
        finally:
            await node.api.stop()

    asyncio.run(main())


async def is_reached(home: Home) -> bool:
    async with Client(home.path) as client:
        try:
            return await client.status() == STATUS
        except NotRunning:
            return False


class TestADiskThatIsBack:
    def test_the_next_look_at_it_makes_the_node_reached_again_and_lets_no_second_one_in(self, home: Home):
        async def talk(node: Node) -> None:
            plug_in_again(home)
            assert not await is_reached(home)
            home.lock().release()  # a second one would have come in

            await node.looking.look_at_disk()

            assert await is_reached(home)
            assert stat.S_IMODE(home.socket.stat().st_mode) == 0o600
            with pytest.raises(HomeInUse, match=f"process {os.getpid()}"):
                home.lock()

        with home.lock() as lock:
            with_node(home, lock, talk)
        assert not home.socket.exists()
        home.lock().release()

    def test_who_was_connected_stays_so(self, home: Home):
        async def talk(node: Node) -> None:
            async with Client(home.path) as client:
                await client.status()
                plug_in_again(home)
                await node.looking.look_at_disk()
                assert await client.status() == STATUS

        with home.lock() as lock:
            with_node(home, lock, talk)

    def test_it_may_be_pulled_out_more_than_once(self, home: Home):
        async def talk(node: Node) -> None:
            for _ in range(3):
                plug_in_again(home)
                await node.looking.look_at_disk()
                assert await is_reached(home)
                shutil.rmtree(home.path.with_name("pulled"))

        with home.lock() as lock:
            with_node(home, lock, talk)

    def test_whoever_has_taken_the_home_meanwhile_keeps_it_and_all_that_it_made(self, home: Home):
        with home.lock() as lock:

            async def talk(node: Node) -> None:
                plug_in_again(home)
                with home.lock():
                    other = Node(home, lock)
                    await other.api.start()
                    await other.fake.patch_settings(SettingsPatch(api_port=1))
                    (home.path / door.FILE).write_text("the other one's")

                    await node.looking.look_at_disk()
                    await node.looking.look_at_disk()

                    assert node.fake.ends == 1
                    assert node.holding.lost is not None
                    assert "already runs" in str(node.holding.lost)
                    await node.api.stop()
                    assert await is_reached(home)
                    assert (home.path / door.FILE).exists()
                    await other.api.stop()

            with_node(home, lock, talk)

    def test_a_socket_that_somebody_has_removed_is_made_anew(self, home: Home):
        async def talk(node: Node) -> None:
            home.socket.unlink()
            await node.looking.look_at_disk()
            assert await is_reached(home)

        with home.lock() as lock:
            with_node(home, lock, talk)


def test_while_the_disk_is_away_nothing_is_made_where_it_was(home: Home):
    async def talk(node: Node) -> None:
        home.path.rename(home.path.with_name("pulled"))
        home.path.mkdir()  # as the place of a disk that is not there looks
        await node.looking.look_at_disk()
        assert list(home.path.iterdir()) == []
        assert node.fake.ends == 0

    with home.lock() as lock:
        with_node(home, lock, talk)


def test_a_disk_that_was_never_away_changes_nothing(home: Home):
    with home.lock() as lock:
        held = lock.descriptor

        async def talk(node: Node) -> None:
            made = home.socket.stat().st_ino, home.socket.stat().st_ctime_ns
            await node.looking.look_at_disk()
            assert (home.socket.stat().st_ino, home.socket.stat().st_ctime_ns) == made
            assert lock.descriptor == held

        with_node(home, lock, talk)


def test_a_disk_on_which_no_socket_can_be_made_ends_nothing(home: Home):
    async def talk(node: Node) -> None:
        home.socket.unlink()
        home.socket.mkdir()
        await node.looking.look_at_disk()
        assert (node.fake.ends, node.holding.lost) == (0, None)
        home.socket.rmdir()
        await node.looking.look_at_disk()
        assert await is_reached(home)

    with home.lock() as lock:
        with_node(home, lock, talk)
