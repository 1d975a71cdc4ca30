"""What the driver makes of a store that fails it, and of peers with whom no session can be made."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

import pytest

from node.vault import control
from node.vault.core import codec
from node.vault.core.events import Ask, Withdraw
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import FetchRanks, Ranks
from node.vault.core.ranking import decode_table
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import Driver, scan
from node.vault.errors import BadSignature, Misdated, PeerError, StorageError, WrongNetwork
from tests import virtual_time
from tests.unit.test_driver_counting import LoopClock, Silence
from tests.unit.test_driver_counting import Store as Chunks
from tests.unit.test_vault_attacks import Peer


class Store:
    """Stands for a ChunkStore whose disk has bad manners."""

    def __init__(self, held: int = 0, error: StorageError | None = None) -> None:
        self._held, self._error = held, error

    def scan(self, _after: bytes = b"", count_max: float = math.inf) -> tuple[list[bytes], list[bytes]]:
        if self._error is not None:
            raise self._error
        return [bytes(32)] * int(min(self._held, count_max)), []


@pytest.mark.parametrize(
    ("store", "code"),
    [(Store(error=StorageError("too many open files")), "storage"), (Store(control.SCANNED_MAX + 1), "resource")],
)
def test_a_scan_that_cannot_be_answered_fails_and_ends_nothing(store: Any, code):
    answer = scan(store, control.Scan(7))
    assert isinstance(answer, control.Failed)
    assert (answer.id, answer.code) == (7, code)


def test_the_longest_answer_to_a_scan_fits_into_a_frame():
    answer = scan(Store(control.SCANNED_MAX), control.Scan(7))  # type: ignore[arg-type]
    assert isinstance(answer, control.Scanned)
    assert len(control.encode(answer)) <= control.FRAME_BYTES_MAX


def test_a_store_of_more_chunks_than_that_is_named_part_by_part():
    answer = scan(Store(control.SCANNED_MAX + 1), control.Scan(7, b""))  # type: ignore[arg-type]
    assert isinstance(answer, control.Scanned)
    assert len(answer.held) == control.SCANNED_MAX


class Door(Silence):
    """A network on which a session fails at the greeting."""

    def __init__(self, error: PeerError) -> None:
        super().__init__()
        self.error = error

    async def request(self, *_: Any) -> Any:
        raise self.error


async def table_after(error: PeerError) -> list[tuple[int, int]]:
    """Failures and faults of a contact with whom no session can be made, as they are told."""
    clock, own = LoopClock(), Peer(1, now_s=LoopClock().utc_s())
    contact = Peer(2, "10.0.2.1:4000", now_s=clock.utc_s())
    record = PeerRecord(own.certificate, (), 0.0)
    config = VaultConfig(own.signer, record, 10_000, (contact.record,), b"", control.Pace(scrub_s=1e6))
    vault = Vault(config, random.Random(1), random.Random(2).randbytes)
    driver = Driver(vault, Chunks(failures=0), clock, lambda _report: None)  # type: ignore[arg-type]
    running = asyncio.create_task(driver.run(Door(error), ("10.0.1.1:1",)))  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    answer = codec.decode_answer(await driver.handle(Peer(3).record, "10.0.3.0/24", codec.encode(FetchRanks())))
    await driver.drain(control.Drain(1))
    await running
    assert isinstance(answer, Ranks)
    entries = decode_table(answer.table, clock.utc_s()).entries
    return [(entry.failures, entry.faults) for entry in entries if entry.vault_id == contact.vault_id]


class Slow(Silence):
    """A network on which an answer takes for ever; ``given_up`` counts questions that nobody waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.given_up = 0

    async def request(self, *_: Any) -> Any:
        try:
            await asyncio.sleep(1e6)
        finally:
            self.given_up += 1


def test_a_question_whose_answer_nobody_needs_any_more_is_given_up():
    async def play() -> int:
        clock, own = LoopClock(), Peer(1, now_s=LoopClock().utc_s())
        record = PeerRecord(own.certificate, (), 0.0)
        config = VaultConfig(own.signer, record, 10_000, (), b"", control.Pace(scrub_s=1e6))
        vault = Vault(config, random.Random(1), random.Random(2).randbytes)
        network = Slow()
        driver = Driver(vault, Chunks(failures=0), clock, lambda _report: None)  # type: ignore[arg-type]
        running = asyncio.create_task(driver.run(network, ("10.0.1.1:1",)))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        driver._perform(Ask(77, Peer(2).record, FetchRanks(), 10.0))
        await asyncio.sleep(0.1)
        driver._perform(Withdraw(77))
        await asyncio.sleep(0.1)
        given_up = network.given_up
        await driver.drain(control.Drain(1))
        await running
        return given_up

    assert virtual_time.run(play()) == 1


@pytest.mark.parametrize("error", [Misdated("one of two clocks is wrong"), WrongNetwork("no common version")])
def test_a_peer_whose_clock_or_version_is_another_is_out_of_reach_and_not_to_blame(error):
    assert virtual_time.run(table_after(error)) == [(1, 0)]


def test_a_peer_that_shows_what_nobody_signed_is_to_blame():
    assert virtual_time.run(table_after(BadSignature("forged"))) == [(0, 1)]
