"""The driver tells the core what lies on the disk, even if the disk does not at first; it waits for a hand-over."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from node.vault import control
from node.vault.core.identity import Introduction, PeerRecord, Signer, certify
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import COUNT_PAUSE_S, Driver
from node.vault.errors import StorageError, Unreachable
from node.vault.looks import Looks
from tests import virtual_time

SILENCE_S = 2.0
SIZES = {bytes([number]) * 32: number + 1 for number in range(5)}


class Store:
    """Stands for a ChunkStore whose disk does not answer for a while."""

    used_bytes = 1_000

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tries = 0

    def inventory(self) -> Iterator[dict[bytes, int]]:
        self.tries += 1
        yield dict(list(SIZES.items())[:2])
        if self.tries <= self.failures:
            raise StorageError("the disk sleeps")
        yield dict(list(SIZES.items())[2:])


class Silence:
    """A network on which nobody is."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()

    def looks(self, looks: Looks) -> Looks:
        return looks

    def watch(self, *_: Any) -> None:
        pass

    async def request(self, *_: Any) -> Any:
        await asyncio.sleep(SILENCE_S)
        raise Unreachable("nobody is here")


class LoopClock:
    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    def utc_s(self) -> float:
        return 1_700_000_000.0 + self.monotonic_s()


def a_driver(store: Store, tell: Callable[[control.Report], None]) -> Driver:
    transport = Signer(bytes(range(32)))
    certificate = certify(Signer(bytes(32)), transport.public_key, serial=1, now_s=LoopClock().utc_s())
    config = VaultConfig(transport, PeerRecord(certificate, (), 0.0), 10_000, (), b"", control.Pace(scrub_s=1e6))
    vault = Vault(config, random.Random(1), random.Random(2).randbytes)
    return Driver(vault, store, LoopClock(), tell)  # type: ignore[arg-type]  # it is a store where it matters


async def leave(handover_s: float) -> tuple[float, list[control.HandedOver]]:
    """How long a vault that holds chunks, and is alone, takes to leave, and what it tells meanwhile."""
    reports: list[control.Report] = []
    driver = a_driver(Store(failures=0), reports.append)
    running = asyncio.create_task(driver.run(Silence(), ("10.0.0.1:1",)))  # type: ignore[arg-type]
    await asyncio.sleep(1.0)
    begun_s = LoopClock().monotonic_s()
    await driver.drain(control.Drain(2, handover_s))
    spent_s = LoopClock().monotonic_s() - begun_s
    await running
    return spent_s, [report for report in reports if isinstance(report, control.HandedOver)]


async def count(store: Store) -> list[control.State]:
    """The figures shortly after the start, and again after two pauses."""
    states: list[control.State] = []

    def tell(report: control.Report) -> None:
        if isinstance(report, control.State):
            states.append(report)

    driver = a_driver(store, tell)
    running = asyncio.create_task(driver.run(Silence(), ("10.0.0.1:1",)))  # type: ignore[arg-type]
    for wait_s in (1.0, 2 * COUNT_PAUSE_S):
        await asyncio.sleep(wait_s)
        driver.command(control.GetState(1))
    await driver.drain(control.Drain(2))
    await running
    return states


def test_a_store_is_counted_soon_after_the_start():
    states = virtual_time.run(count(Store(failures=0)))
    assert [(state.is_counted, state.chunk_count, state.used_bytes) for state in states] == [(True, 5, 15)] * 2


def test_a_disk_that_does_not_say_what_lies_on_it_is_asked_again():
    before, after = virtual_time.run(count(Store(failures=1)))
    assert (before.is_counted, before.chunk_count, before.used_bytes) == (False, 2, 1_000)
    assert (after.is_counted, after.chunk_count, after.used_bytes) == (True, 5, 15)


def test_a_vault_that_leaves_ends_only_when_its_hand_over_is_over():
    spent_s, reports = virtual_time.run(leave(handover_s=30.0))
    assert 30.0 <= spent_s < 33.0
    assert (reports[-1].left, reports[-1].is_over) == (5, True)


def test_a_vault_that_hands_nothing_over_ends_at_once():
    spent_s, reports = virtual_time.run(leave(handover_s=0.0))
    assert spent_s < 4.0
    assert reports == []


async def drain_while_asking() -> tuple[float, int]:
    """How long a vault that waits for an answer takes to end, and how many of its tasks are left then."""
    driver = a_driver(Store(failures=0), lambda _report: None)
    running = asyncio.create_task(driver.run(Silence(), ("10.0.0.1:1",)))  # type: ignore[arg-type]
    await asyncio.sleep(1.0)
    driver.found(Introduction(bytes(32), ("10.0.0.2:1",)))
    await asyncio.sleep(0)
    begun_s = LoopClock().monotonic_s()
    await driver.drain(control.Drain(2))
    spent_s = LoopClock().monotonic_s() - begun_s
    await running
    return spent_s, len(driver._running)


def test_a_vault_that_ends_lets_what_runs_come_to_its_end():
    spent_s, left = virtual_time.run(drain_while_asking())
    assert spent_s == pytest.approx(SILENCE_S, abs=0.1)
    assert left == 0
