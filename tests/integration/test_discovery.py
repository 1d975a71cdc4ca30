"""Two contained vaults that were told of nobody find each other on the local network."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import struct
from pathlib import Path

import pytest

from node.practice import host
from node.practice.host import PlainVault
from node.practice.profile import PACE
from node.supervisor.ports import Assignment, Slot
from node.trust.chain import Chain
from node.vault.transport.discovery import discover
from tests.signed_world import World

GROUP = ("224.0.0.251", 53_530)  # the group of mDNS at another port: whether loopback carries multicast at all
FOUND_S = 30.0
QUOTA_BYTES = 1 << 26


def is_multicast_possible() -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        try:
            receiver.bind(("", GROUP[1]))
            membership = struct.pack("4s4s", socket.inet_aton(GROUP[0]), socket.inet_aton("127.0.0.1"))
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            receiver.settimeout(2)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            sender.sendto(b"?", GROUP)
            return receiver.recv(10) == b"?"
        except OSError:
            return False


needs_multicast = pytest.mark.skipif(not is_multicast_possible(), reason="loopback carries no multicast here")


@contextlib.asynccontextmanager
async def running(folder: Path, slot: Slot, number: int, chain: Chain):
    vault = PlainVault(f"vault {number}", folder / str(number), f"127.0.{number}.1:0", chain)
    try:
        await vault.start(slot, (), PACE, QUOTA_BYTES)
        yield vault
    finally:
        await vault.stop()


def log_of(folder: Path, number: int) -> str:
    return (folder / str(number) / "logs/vault.log").read_text()


@pytest.mark.long
@needs_multicast
def test_two_vaults_of_one_network_meet_without_any_contact(tmp_path: Path, slot: Slot, monkeypatch):
    monkeypatch.setattr(host, "Assignment", functools.partial(Assignment, is_discovering=True))
    chain = Chain.start(World().genesis)

    async def story():
        async with running(tmp_path, slot, 1, chain) as first, running(tmp_path, slot, 2, chain) as second:
            async with asyncio.timeout(FOUND_S):
                for vault in (first, second):
                    while (await vault.state()).peer_count == 0:
                        await asyncio.sleep(0.1)

    asyncio.run(story())
    assert "127.0" not in log_of(tmp_path, 1).replace("listening", "")


@needs_multicast
def test_a_vault_that_does_not_discover_never_loads_what_it_takes(tmp_path: Path, slot: Slot):
    async def story():
        async with running(tmp_path, slot, 1, Chain.start(World().genesis)) as vault:
            maps = Path(f"/proc/{vault.pid}/maps")
            if maps.is_file():
                assert "zeroconf" not in maps.read_text()

    asyncio.run(story())


@needs_multicast
def test_another_network_is_not_found():
    async def story():
        found: asyncio.Queue[bytes] = asyncio.Queue()
        keys = {name: os.urandom(32) for name in ("mine", "friend", "stranger")}
        ours, theirs = os.urandom(32), os.urandom(32)

        def searching(network: bytes, key: bytes, number: int):
            told = (lambda met: found.put_nowait(met.transport_key)) if key == keys["mine"] else lambda _: None
            return asyncio.create_task(discover(network, key, (f"127.0.{number}.1:4001",), told))

        stranger = searching(theirs, keys["stranger"], 3)
        mine = searching(ours, keys["mine"], 1)
        friend = searching(ours, keys["friend"], 2)
        try:
            async with asyncio.timeout(FOUND_S):
                assert await found.get() == keys["friend"]
            assert found.empty()
        finally:
            for task in (stranger, mine, friend):
                task.cancel()
            await asyncio.gather(stranger, mine, friend, return_exceptions=True)

    asyncio.run(story())


def test_a_vault_without_an_address_for_it_goes_on(caplog):
    caplog.set_level("INFO")
    asyncio.run(discover(bytes(32), bytes(32), ("[::1]:4001",), lambda _: None))
    assert "is not searched" in caplog.text


def test_a_machine_that_refuses_multicast_is_told_once(caplog, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", refuse)
    asyncio.run(discover(bytes(32), bytes(32), ("127.0.0.1:4001",), lambda _: None))
    assert [record.getMessage() for record in caplog.records] == ["the local network is not searched: PermissionError"]
