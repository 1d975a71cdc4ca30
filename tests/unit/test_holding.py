"""A disk that was pulled out and plugged in again is another file system, on which nothing is held any more."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import stat
from collections.abc import Awaitable, Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.api import door
from node.api.client import Client, NotRunning
from node.api.schema import SettingsPatch
from node.api.server import ApiServer
from node.cli.run import log_anew
from node.supervisor.errors import HomeInUse, SwitchFailed
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
        self.moves = 0
        self.starts = 0
        self.failing = 0
        self.holding = Holding(home, lock, self.api.follow, self.fake.stop, self.moved, self.start_anew)
        vault: Any = SimpleNamespace(state=None, run=None, record=b"")
        self.looking = Looking(home, vault, os.urandom, lambda: 1.0, lambda: None)

    def moved(self) -> None:
        self.moves += 1

    async def start_anew(self) -> None:
        if self.failing:
            self.failing -= 1
            raise SwitchFailed("not yet")
        self.starts += 1

    async def look(self) -> None:
        """Look at the disk, and let what comes of it be done."""
        await self.looking.look_at_disk(self.holding.hold_on)
        keeping_up = asyncio.create_task(self.holding.keep_up())
        for _ in range(10):
            await asyncio.sleep(0)
        keeping_up.cancel()


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

            await node.looking.look_at_disk(node.holding.hold_on)

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
                await node.looking.look_at_disk(node.holding.hold_on)
                assert await client.status() == STATUS

        with home.lock() as lock:
            with_node(home, lock, talk)

    def test_it_may_be_pulled_out_more_than_once(self, home: Home):
        async def talk(node: Node) -> None:
            for _ in range(3):
                plug_in_again(home)
                await node.looking.look_at_disk(node.holding.hold_on)
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

                    await node.looking.look_at_disk(node.holding.hold_on)
                    await node.looking.look_at_disk(node.holding.hold_on)

                    assert (node.fake.ends, node.moves) == (1, 0)
                    assert node.holding.lost is not None
                    assert "already runs" in str(node.holding.lost)
                    await node.api.stop()
                    assert await is_reached(home)
                    assert (home.path / door.FILE).exists()
                    await other.api.stop()

            with_node(home, lock, talk)

    def test_all_that_has_no_rights_on_it_is_started_anew_once(self, home: Home):
        async def talk(node: Node) -> None:
            await node.look()
            plug_in_again(home)
            await node.look()
            await node.look()
            assert (node.moves, node.starts) == (1, 1)

        with home.lock() as lock:
            with_node(home, lock, talk)

    def test_a_vault_that_did_not_start_anew_is_started_at_the_next_look(self, home: Home):
        async def talk(node: Node) -> None:
            node.failing = 2
            await node.look()
            plug_in_again(home)
            await node.look()
            await node.look()
            assert node.starts == 0
            await node.look()
            await node.look()
            assert (node.moves, node.starts) == (1, 1)

        with home.lock() as lock:
            with_node(home, lock, talk)

    def test_the_disk_of_the_store_alone_may_be_another_one_if_a_link_leads_to_it(self, home: Home):
        store, pulled = home.path.with_name("store"), home.path.with_name("pulled")
        home.vault.rename(store)
        home.vault.symlink_to(store)

        async def talk(node: Node) -> None:
            await node.look()
            store.rename(pulled)
            shutil.copytree(pulled, store)
            await node.look()
            assert (node.moves, node.starts) == (1, 1)

        with home.lock() as lock:
            with_node(home, lock, talk)

    def test_the_log_is_written_on_there(self, home: Home):
        log, path = logging.getLogger("a node"), home.logs / "supervisor.log"
        handler = RotatingFileHandler(path)
        logging.getLogger().addHandler(handler)
        try:
            log.warning("before")
            plug_in_again(home)
            path.unlink()
            log_anew()
            log.warning("after")
        finally:
            logging.getLogger().removeHandler(handler)
            handler.close()

        assert path.read_text() == "after\n"
        assert (home.path.with_name("pulled") / "logs" / path.name).read_text() == "before\n"

    def test_a_socket_that_somebody_has_removed_is_made_anew(self, home: Home):
        async def talk(node: Node) -> None:
            home.socket.unlink()
            await node.looking.look_at_disk(node.holding.hold_on)
            assert await is_reached(home)

        with home.lock() as lock:
            with_node(home, lock, talk)


def test_while_the_disk_is_away_nothing_is_made_where_it_was(home: Home):
    async def talk(node: Node) -> None:
        home.path.rename(home.path.with_name("pulled"))
        home.path.mkdir()  # as the place of a disk that is not there looks
        await node.look()
        assert list(home.path.iterdir()) == []
        assert (node.fake.ends, node.moves, node.starts) == (0, 0, 0)

    with home.lock() as lock:
        with_node(home, lock, talk)


def test_a_disk_that_was_never_away_changes_nothing(home: Home):
    with home.lock() as lock:
        held = lock.descriptor

        async def talk(node: Node) -> None:
            made = home.socket.stat().st_ino, home.socket.stat().st_ctime_ns
            await node.look()
            await node.look()
            assert (home.socket.stat().st_ino, home.socket.stat().st_ctime_ns) == made
            assert lock.descriptor == held
            assert (node.moves, node.starts) == (0, 0)

        with_node(home, lock, talk)


def test_a_disk_on_which_no_socket_can_be_made_ends_nothing(home: Home):
    async def talk(node: Node) -> None:
        home.socket.unlink()
        home.socket.mkdir()
        await node.looking.look_at_disk(node.holding.hold_on)
        assert (node.fake.ends, node.holding.lost) == (0, None)
        home.socket.rmdir()
        await node.looking.look_at_disk(node.holding.hold_on)
        assert await is_reached(home)

    with home.lock() as lock:
        with_node(home, lock, talk)
