"""What the supervisor keeps of what was looked at: over runs of the vault, and by a clock that never jumps."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from node.api import checks, schema
from node.api.check_texts import EXCHANGE_ADVICE
from node.api.health import DOUBLED, status_sentence
from node.supervisor import disk_look, doctor, looking
from node.supervisor.errors import VaultUnavailable
from node.supervisor.looking import DISK_ANSWER_S, Looking
from node.supervisor.traffic import MINUTES_KEPT, TrafficLog
from node.supervisor.waking import STEADY, Waking
from node.vault import control
from node.vault.core.identity import CERTIFICATE_S
from node.vault.looks import ClockSeen, KnownVault, Looks, Neighbours
from tests.api_world import STATUS
from tests.child_world import nothing_to_hold, record_at
from tests.unit.test_checks import WELL
from tests.unit.test_health import GOOD, how_it_stands

UTC_S = 1_800_000_000.0


class World:
    """A home, a vault that says what it is told to say, and three clocks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_s, self.jump_s, self.slept_s, self.news = folder, 1000.0, 0.0, 0.0, 0
        (folder / "chunks").mkdir()
        self.vault = SimpleNamespace(
            state=None, run=object(), record=record_at("10.0.0.1:4433"), up_s=lambda: 5000.0, ask=self._ask
        )
        self.neighbours: Neighbours | None = None
        home: Any = SimpleNamespace(vault=folder, is_practice=False)
        vault: Any = self.vault
        self.looking = Looking(
            home, vault, bytes, lambda: UTC_S + self.now_s + self.jump_s, self._changed,
            Waking(lambda: self.now_s, lambda: self.now_s - self.slept_s),
        )  # fmt: skip

    def sleeps(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept_s += seconds

    def tells(self, looks: Looks | None, chunk_count: int = 3) -> None:
        self.vault.state = control.State(1, 0, 0, chunk_count, 4, 3, {}, looks=looks)
        self.looking.sample()

    def tells_of_newer(self, age_s: float | None) -> None:
        self.vault.state = control.State(1, 0, 0, 3, 4, 3, {}, looks=Looks(), newer_age_s=age_s)
        self.looking.sample()

    def checks(self) -> dict[str, schema.Check]:
        return {check.name: check for check in self.looking.added_to(GOOD).checks}

    def _changed(self) -> None:
        self.news += 1

    async def _ask(self, make: Any) -> Neighbours:
        assert make(1).id == 1
        if self.neighbours is None:
            raise VaultUnavailable("It is being started.")
        return self.neighbours


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_proof_ages_while_the_vault_tells_no_newer_one(world: World):
    world.tells(Looks(answer_age_s=10.0))
    assert world.checks()["exchange"].result == "ok"
    world.now_s += 580.0
    assert world.checks()["exchange"].result == "ok"
    world.now_s += 20.0
    world.looking.sample()  # what was told is no younger for being looked at once more
    assert "For 10 minutes no other" in world.checks()["exchange"].sentence
    world.tells(Looks(answer_age_s=1.0))
    assert world.checks()["exchange"].result == "ok"


def test_a_proof_outlives_the_run_of_the_vault_that_had_it(world: World):
    world.tells(Looks(answer_age_s=10.0, passed_age_s=5.0, passed=1))
    world.vault.state = None
    assert world.checks()["exchange"].result == "wait"
    world.now_s, world.vault.run = world.now_s + 60.0, object()
    world.tells(Looks())
    assert {world.checks()[name].result for name in ("exchange", "audit")} == {"ok"}


def test_a_clock_that_is_set_right_makes_no_proof_younger_or_older(world: World):
    world.tells(Looks(answer_age_s=70.0))
    world.jump_s = 2 * 365 * 86_400.0
    found = world.checks()["exchange"]
    assert found.result == "ok"
    assert found.looked_s is not None
    assert 70.0 <= UTC_S + world.now_s + world.jump_s - found.looked_s <= 130.0


class TestAHomeThatRunsTwice:
    def test_is_said_until_nothing_newer_was_seen_for_longer_than_a_certificate_holds(self, world: World):
        world.tells_of_newer(None)
        assert not world.looking.added_to(GOOD).is_doubled
        world.tells_of_newer(5.0)
        found = world.looking.added_to(GOOD)
        assert status_sentence(found) == ("problem", DOUBLED)
        assert found.checks[3].advice != EXCHANGE_ADVICE.sentence

        world.now_s += CERTIFICATE_S - 10.0
        world.tells_of_newer(CERTIFICATE_S - 5.0)
        assert world.looking.added_to(GOOD).is_doubled
        world.now_s += 10.0
        world.tells_of_newer(CERTIFICATE_S + 5.0)
        assert not world.looking.added_to(GOOD).is_doubled

    def test_is_not_said_of_a_run_that_has_seen_nothing_newer(self, world: World):
        world.tells_of_newer(5.0)
        world.vault.state = None
        assert not world.looking.added_to(GOOD).is_doubled
        world.tells_of_newer(None)
        assert not world.looking.added_to(GOOD).is_doubled

    def test_ages_while_the_computer_sleeps(self, world: World):
        world.tells_of_newer(5.0)
        world.sleeps(CERTIFICATE_S)
        world.tells_of_newer(6.0)  # by a clock that stood still
        assert not world.looking.added_to(GOOD).is_doubled

    def test_nobody_is_sent_to_look_at_the_internet(self):
        refused = replace(WELL, peer_count=0, is_doubled=True)
        check = next(check for check in checks.checks(refused) if check.name == "exchange")
        assert check.result == "bad"
        assert "delete the copy" in check.advice

    def test_a_doctor_does_not_advise_to_start_it_again(self):
        status = msgspec.structs.replace(STATUS, state="problem", sentence=DOUBLED.sentence, said=DOUBLED.said)
        _, node = doctor._node(status, "", 0)
        assert (node.result, node.sentence, node.advice) == ("bad", DOUBLED.sentence, "")


class TestAComputerThatSleeps:
    """The vault's clock stands still meanwhile: what it saw just before, it says just after was seen just now."""

    SEEN = Looks(
        answer_age_s=3.0, outside_age_s=3.0, passed_age_s=3.0, passed=3, clocks=(ClockSeen(0.0, 0.0, 3.0),) * 3,
        seen_at="93.184.216.34", outside_subnets=9,
    )  # fmt: skip
    NETWORK = ("clock", "reach", "exchange", "audit")

    @pytest.mark.parametrize("is_told_again", [False, True])
    def test_what_was_seen_before_is_known_no_more_and_blamed_on_nobody(self, world: World, is_told_again: bool):
        world.tells(self.SEEN)
        assert {world.checks()[name].result for name in self.NETWORK} == {"ok"}
        world.sleeps(8 * 3600.0)
        if is_told_again:
            world.tells(self.SEEN)
        found = world.checks()
        assert {found[name].result for name in self.NETWORK} == {"wait"}
        assert not [check.sentence for check in found.values() if check.looked_s and "yet" in check.sentence]
        assert world.looking.evidence().up_s == 0.0

    def test_what_is_seen_after_it_counts_again(self, world: World):
        world.sleeps(8 * 3600.0)
        world.checks()
        world.now_s += 20.0
        world.tells(self.SEEN)
        assert {world.checks()[name].result for name in self.NETWORK} == {"ok"}

    def test_a_disk_that_was_being_looked_at_meanwhile_is_not_said_to_hang(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        ready = threading.Event()
        monkeypatch.setattr(disk_look, "look", lambda *_: (ready.wait(), ("", ""))[1])

        async def main() -> None:
            looking = asyncio.create_task(world.looking.look_at_disk(nothing_to_hold))
            await asyncio.sleep(0)
            world.sleeps(8 * 3600.0)
            found = world.checks()["disk"]
            ready.set()
            await looking
            assert found.result == "wait"

        asyncio.run(main())


def test_the_clock_that_goes_on_while_the_computer_sleeps_is_the_one_that_is_used():
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            assert isinstance(STEADY, partial)
            assert STEADY.args == (getattr(time, name),)
            return
    assert STEADY is time.monotonic


def test_a_version_that_tells_nothing_of_the_kind_makes_no_alarm(world: World):
    world.tells(None)
    assert {check.result for check in world.checks().values()} == {"wait"}


def test_the_disk_is_really_looked_at_and_its_loss_said_in_the_sentence(world: World):
    asyncio.run(world.looking.look_at_disk(nothing_to_hold))
    assert world.checks()["disk"].result == "ok"
    (world.folder / "chunks").rmdir()
    asyncio.run(world.looking.look_at_disk(nothing_to_hold))
    said = how_it_stands(world.looking.added_to(GOOD))
    assert said == ("problem", "The disk with the pieces is not there. Plug it back in.")
    assert world.news == 2


def test_a_disk_that_failed_is_looked_at_again_soon(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(looking, "DISK_FAILED_S", 0.01)  # while the other look comes after a minute
    (world.folder / "chunks").rmdir()

    async def play() -> None:
        settled = asyncio.Event()
        settled.set()
        world.vault.wait_until_settled = settled.wait
        looks = asyncio.create_task(world.looking.run(nothing_to_hold))
        async with asyncio.timeout(10):
            while world.checks()["disk"].result != "bad":
                await asyncio.sleep(0.01)
            (world.folder / "chunks").mkdir()
            while world.checks()["disk"].result != "ok":
                await asyncio.sleep(0.01)
        looks.cancel()

    asyncio.run(play())


def test_a_disk_that_hangs_is_said_not_to_answer(world: World, monkeypatch: pytest.MonkeyPatch):
    ready = threading.Event()
    monkeypatch.setattr(disk_look, "look", lambda *_: (ready.wait(), ("", ""))[1])

    async def main() -> None:
        looking = asyncio.create_task(world.looking.look_at_disk(nothing_to_hold))
        await asyncio.sleep(0)
        world.now_s += DISK_ANSWER_S + 1.0
        assert world.checks()["disk"].sentence == "The disk does not answer any more."
        ready.set()
        await looking
        assert world.checks()["disk"].result == "ok"

    asyncio.run(main())


def test_neighbours_are_told_in_the_networks_order_with_what_is_known_of_each(world: World):
    world.tells(Looks(outside_age_s=30.0))
    world.neighbours = Neighbours(
        1, 40, 30,
        (
            KnownVault(b"\1" * 32, is_close=True, is_silent=False, is_slow=False, age_s=5.0),
            KnownVault(b"\2" * 32, is_close=False, is_silent=False, is_slow=True, age_s=50.0),
            KnownVault(b"\3" * 32, is_close=False, is_silent=True, is_slow=True, age_s=None),
        ),
    )  # fmt: skip
    view = asyncio.run(world.looking.network())
    assert (view.vault_count, view.subnet_count) == (40, 30)
    assert view.neighbours == (
        schema.Neighbour("01010101", "answers", is_close=True, seen_s=UTC_S + 995.0),
        schema.Neighbour("02020202", "slow", is_close=False, seen_s=UTC_S + 950.0),
        schema.Neighbour("03030303", "silent", is_close=False, seen_s=None),
    )
    assert (view.reach.state, view.reach.advice) == ("open", "")


def test_a_network_that_cannot_be_asked_for_names_nobody_and_keeps_its_figures(world: World):
    world.tells(Looks())
    view = asyncio.run(world.looking.network())
    assert (view.vault_count, view.subnet_count, view.neighbours) == (4, 3, ())
    world.vault.state = None
    assert asyncio.run(world.looking.network()).vault_count == 0


def test_a_router_that_lets_nobody_in_is_named(world: World):
    world.tells(Looks(seen_at="93.184.216.34", outside_subnets=3))
    reach = asyncio.run(world.looking.network()).reach
    assert reach.state == "closed"
    assert reach.sentence.startswith("Your router lets nobody in")


def test_a_firewall_is_to_be_opened_at_the_port_of_the_address_that_others_see(world: World):
    world.vault.record = record_at("10.0.0.1:4433", "[2001:4860::1]:5544")
    for seen_at, port in (("10.0.0.1", "4433"), ("2001:4860::1", "5544"), ("", "4433"), ("10.0.0.9", "4433")):
        world.tells(Looks(seen_at=seen_at, is_seen_own=True, outside_subnets=9))
        assert f"UDP port {port} " in asyncio.run(world.looking.network()).reach.advice


def test_only_an_address_of_the_internet_makes_a_port_worth_opening(world: World):
    def reach(*addresses: str) -> schema.Reach:
        world.vault.record = record_at(*addresses)
        world.tells(Looks(outside_subnets=9))
        return asyncio.run(world.looking.network()).reach

    assert reach("10.0.0.1:4433").sentence.startswith("Your router lets nobody in")
    assert reach("nonsense").sentence.startswith("Your router lets nobody in")
    assert "UDP port 4433" in reach("10.0.0.1:4433", "44.0.0.1:4433").advice
    assert "UDP port 4433" in reach("[2001:4860::1]:4433").advice


def test_a_vault_puts_no_words_of_its_own_into_what_the_farmer_reads(world: World):
    world.vault.record = record_at("44.0.0.1:4433 is infected. Call 0900 123456 at once and forget port 1")
    world.tells(Looks(is_seen_own=True, outside_subnets=9))
    reach = asyncio.run(world.looking.network()).reach
    assert (reach.state, reach.advice) == ("closed", "")


def test_what_keeps_the_node_itself_from_writing_is_no_tick_for_the_disk(world: World):
    def said() -> str:
        return world.looking.added_to(replace(GOOD, disk_trouble="only 2.0 MB are free")).checks[0].sentence

    assert said() == "The disk has not been looked at yet."
    asyncio.run(world.looking.look_at_disk(nothing_to_hold))
    assert said() == "The disk cannot be written: only 2.0 MB are free."
    (world.folder / "chunks").rmdir()
    asyncio.run(world.looking.look_at_disk(nothing_to_hold))
    assert said() == "The disk with the pieces is not there."


class TestTraffic:
    def test_each_minute_has_what_moved_in_it_and_the_running_one_is_not_told(self):
        log, run = TrafficLog(), object()
        log.take(run, 100, 10, 60.0)
        log.take(run, 150, 30, 119.0)
        log.take(run, 151, 30, 125.0)
        assert log.minutes(125.0) == (schema.Traffic(60.0, 150, 30),)
        assert log.minutes(180.0) == (schema.Traffic(60.0, 150, 30), schema.Traffic(120.0, 1, 0))

    def test_a_vault_that_is_started_anew_counts_from_nothing_and_takes_nothing_back(self):
        log = TrafficLog()
        log.take(object(), 100, 10, 60.0)
        log.take(object(), 5, 2, 70.0)
        assert log.minutes(120.0) == (schema.Traffic(60.0, 105, 12),)

    def test_a_quiet_minute_is_told_as_such(self):
        log, run = TrafficLog(), object()
        log.take(run, 1, 1, 60.0)
        log.take(run, 2, 2, 181.0)
        assert [minute.sent_bytes for minute in log.minutes(240.0)] == [1, 0, 1]

    def test_no_more_than_an_hour_is_kept_however_the_clock_jumps(self):
        log, run = TrafficLog(), object()
        for minute in (*range(1000), 10**9, 500):
            log.take(run, minute, 0, 60.0 * minute)
            assert len(log._minutes) <= MINUTES_KEPT + 1
        assert len(log.minutes(501 * 60.0)) <= MINUTES_KEPT
