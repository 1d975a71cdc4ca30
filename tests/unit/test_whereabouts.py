"""A vault whose computer has moved is started anew, so that others find it; it costs nothing while nothing moves."""

import asyncio
import itertools
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from node.supervisor.errors import SwitchFailed
from node.supervisor.switching import IN_USE
from node.supervisor.whereabouts import LOOK_S, REST_S, follow, is_anywhere, places_now, places_of
from tests.virtual_time import run

HOME, AWAY, NOWHERE = frozenset({"192.168.1.5/32"}), frozenset({"10.0.0.7/32"}), frozenset[str]()


class Vault:
    """Notes when it was started anew."""

    def __init__(self) -> None:
        self.is_listening = True
        self.moved_s: list[float] = []
        self.failing = 0
        self.told_s: list[float] = []

    def moved(self) -> None:
        self.told_s.append(asyncio.get_running_loop().time())

    async def wait_until_settled(self) -> None:
        pass

    async def switch(self, tree_hash: str) -> None:
        assert tree_hash == IN_USE
        if self.failing:
            self.failing -= 1
            raise SwitchFailed("no")
        self.moved_s.append(asyncio.get_running_loop().time())


def play(place_at: Callable[[float], frozenset[str]], until_s: float = 3600.0, **changes: Any) -> list[float]:
    """When the vault is started anew while the computer is where ``place_at`` says at each moment."""
    vault: Any = Vault()
    for name, value in changes.items():
        setattr(vault, name, value)

    async def live() -> None:
        loop = asyncio.get_running_loop()
        following = asyncio.create_task(follow(vault, vault.moved, lambda: place_at(loop.time())))
        await asyncio.sleep(until_s)
        assert not following.done()
        following.cancel()
        await asyncio.wait({following})

    run(live())
    moved_s: list[float] = vault.moved_s
    assert vault.told_s == moved_s  # the twins of a trial have moved as well
    return moved_s


def test_a_vault_that_stays_where_it_is_is_left_alone() -> None:
    assert play(lambda _: HOME) == []


def test_after_a_move_the_vault_is_started_anew_once_within_three_looks() -> None:
    moved_s = play(lambda now_s: HOME if now_s < 1000.0 else AWAY)
    assert len(moved_s) == 1
    assert 1000.0 < moved_s[0] <= 1000.0 + 3 * LOOK_S


def test_a_vault_that_started_without_any_network_is_started_anew_when_there_is_one() -> None:
    assert len(play(lambda now_s: NOWHERE if now_s < 1000.0 else HOME)) == 1


def test_a_cable_that_was_out_for_a_while_moves_nothing() -> None:
    assert play(lambda now_s: NOWHERE if 500.0 < now_s < 1500.0 else HOME) == []


def test_addresses_are_believed_when_they_stay_for_two_looks() -> None:
    assert play(lambda now_s: AWAY if 1000.0 < now_s < 1000.0 + LOOK_S else HOME) == []


def test_a_computer_that_moves_all_the_time_does_not_keep_its_vault_busy() -> None:
    moved_s = play(lambda now_s: HOME if now_s // (3 * LOOK_S) % 2 else AWAY, until_s=4 * 3600.0)
    assert len(moved_s) > 1
    assert min(later - earlier for earlier, later in itertools.pairwise(moved_s)) >= REST_S


def test_a_vault_that_is_not_reachable_anyway_is_not_disturbed() -> None:
    assert play(lambda now_s: HOME if now_s < 1000.0 else AWAY, is_listening=False) == []


def test_what_failed_is_tried_again_at_the_next_look() -> None:
    moved_s = play(lambda now_s: HOME if now_s < 1000.0 else AWAY, failing=2)
    assert len(moved_s) == 1
    assert moved_s[0] <= 1000.0 + 5 * LOOK_S


def test_a_system_that_does_not_say_ends_nothing() -> None:
    def look(now_s: float) -> frozenset[str]:
        if now_s > 500.0:
            raise OSError("not told")
        return HOME

    assert play(look) == []


def test_only_what_others_could_reach_is_a_place() -> None:
    assert places_of(["127.0.0.1", "::1", "fe80::1%eth0", "169.254.3.4", "192.168.1.5"]) == HOME


def test_the_daily_new_end_of_an_ipv6_address_is_no_move_and_a_new_prefix_is_one() -> None:
    first, second, elsewhere = "2001:db8::1", "2001:db8::abcd:ef01", "2001:db8:0:1::1"
    assert places_of([first]) == places_of([second])
    assert places_of([first]) != places_of([elsewhere])


def test_of_this_computer_only_addresses_of_the_internet_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        SimpleNamespace(family=socket.AF_INET, address="192.168.1.5"),
        SimpleNamespace(family=psutil.AF_LINK, address="02:fc:00:00:00:01"),
    ]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": entries})
    assert places_now() == HOME


@pytest.mark.parametrize(
    ("bind", "anywhere"), [("0.0.0.0:0", True), ("[::]:4001", True), ("127.0.1.1:0", False), ("192.168.1.5:1", False)]
)
def test_a_vault_that_is_bound_to_one_address_stays_there(bind: str, anywhere: bool) -> None:
    assert is_anywhere(bind) == anywhere
