"""What is heard on the local network: hints from strangers, limited in every way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from zeroconf import BadTypeInNameException

from node.vault.core.identity import ADDRESSES_MAX, Introduction
from node.vault.transport.discovery import TOLD_MAX, TYPE, WAITING_MAX, Announced, _Finder, introduction_of, local_hosts
from tests.virtual_time import run

NETWORK, OWN, KEY = bytes(range(32)), b"o" * 32, b"k" * 32
TEXT: dict[bytes, bytes | None] = {b"network": NETWORK[:8].hex().encode(), b"key": KEY.hex().encode()}
HOSTS = ["192.168.1.7"]


def test_an_announcement_introduces_a_vault():
    assert introduction_of((TEXT, HOSTS, 4001), NETWORK) == Introduction(KEY, ("192.168.1.7:4001",))


@pytest.mark.parametrize(
    "announced",
    [
        ({}, HOSTS, 1),
        (TEXT | {b"network": b"00" * 8}, HOSTS, 1),
        (TEXT | {b"network": None}, HOSTS, 1),
        (TEXT | {b"key": None}, HOSTS, 1),
        (TEXT | {b"key": b"\xff" * 64}, HOSTS, 1),
        (TEXT | {b"key": b"00" * 31}, HOSTS, 1),
        (TEXT, [], 1),
        (TEXT, ["224.0.0.1"], 1),
        (TEXT, HOSTS, 0),
        (TEXT, HOSTS, None),
    ],
)
def test_whatever_else_is_announced_introduces_nobody(announced: Announced):
    assert introduction_of(announced, NETWORK) is None


def test_no_more_addresses_are_taken_than_a_record_has():
    found = introduction_of((TEXT, [f"10.0.0.{last}" for last in range(1, 50)], 1), NETWORK)
    assert found is not None
    assert len(found.addresses) == ADDRESSES_MAX


def test_only_addresses_of_the_local_network_and_its_port_are_announced():
    own = ("9.9.9.9:7000", "192.168.1.7:4001", "10.1.1.1:4001", "[2001:db8::1]:4001")
    assert local_hosts(own) == (["192.168.1.7", "10.1.1.1"], 4001)
    assert local_hosts(("[::1]:4001",)) == ([], 0)


def heard(*names: str, keys: int = 1) -> tuple[list[str], list[Introduction]]:
    """What is asked for, and who is told of, when these names are heard and behind them stand so many keys."""
    asked: list[str] = []
    told: list[Introduction] = []

    async def main():
        finder = _Finder(NETWORK, OWN, told.append)
        for name in (finder.own_name, *names):
            finder.heard(name=name, state_change=None)

        async def ask(name: str) -> Announced:
            asked.append(name)
            key = (len(asked) % keys).to_bytes(32, "big").hex().encode()
            return TEXT | {b"key": key}, HOSTS, 4001

        looking = asyncio.create_task(finder.look_up(ask))
        await asyncio.sleep(3600)
        looking.cancel()

    run(main())
    return asked, told


def test_the_own_name_and_endless_ones_are_not_asked_for():
    assert heard("a" * 300, f"friend.{TYPE}")[0] == [f"friend.{TYPE}"]


def test_a_flood_of_names_is_not_listened_to():
    asked, told = heard(*(f"{number}.{TYPE}" for number in range(1000)))
    assert len(asked) == WAITING_MAX
    assert len(told) == 1  # one vault under many names is one vault


def test_nothing_that_stands_behind_a_name_ends_the_search():
    told: list[Introduction] = []

    async def main():
        finder = _Finder(NETWORK, OWN, told.append)
        for name in ("evil", "odd", "friend"):
            finder.heard(name=f"{name}.{TYPE}")

        async def ask(name: str) -> Announced:
            if name.startswith("evil"):
                raise BadTypeInNameException
            odd: dict[bytes, Any] = {b"key": 7} if name.startswith("odd") else {}
            return {**TEXT, **odd}, HOSTS, 4001

        looking = asyncio.create_task(finder.look_up(ask))
        await asyncio.sleep(3600)
        assert not looking.done()
        looking.cancel()

    run(main())
    assert [introduction.transport_key for introduction in told] == [KEY]


def test_a_name_of_another_kind_of_service_is_not_asked_for():
    assert heard("evil._other._tcp.local.", TYPE, f"x{TYPE}", f"friend.{TYPE}")[0] == [f"friend.{TYPE}"]


def test_what_was_told_is_remembered_within_bounds():
    finder = _Finder(NETWORK, OWN, lambda _: None)
    for number in range(TOLD_MAX + 10):
        finder._tell(Introduction(number.to_bytes(32, "big"), ("10.0.0.1:1",)))
    assert len(finder._told) == TOLD_MAX
