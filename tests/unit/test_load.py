"""A vault tells its supervisor who asks it most, and cannot be made to forget that."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from node.vault import CONTROL_VERSIONS, control
from node.vault.core.codec import encode
from node.vault.core.messages import CHUNK_BYTES_MAX, Ping
from node.vault.driver import Driver
from node.vault.load import ASKERS_KEPT_MAX, WORK, Askers, Load, work_of
from node.vault.looks import Looks
from node.vault.ports import BESIDE
from tests.unit.test_prober import Clock
from tests.unit.test_vault_attacks import Peer
from tests.vault_world import World, frames_told

LOUD, QUIET = b"l" * 32, b"q" * 32


class TestWhoAskedMost:
    def test_it_is_told_once_with_the_number_of_its_requests_and_of_all(self):
        askers = Askers()
        for vault_id in (LOUD, QUIET, LOUD, LOUD):
            askers.asked(vault_id)

        assert askers.take() == Load(4, 3, LOUD)
        assert askers.take() == Load(0, 0, b"")

    def test_a_crowd_of_new_identities_does_not_hide_it(self):
        askers = Askers()
        for number in range(ASKERS_KEPT_MAX):
            askers.asked(bytes([number]) * 32)
        for number in range(20_000):
            askers.asked(number.to_bytes(32, "big"))
            if number % 4 == 0:
                askers.asked(LOUD)

        load = askers.take()

        assert (load.by, load.all) == (LOUD, 25_000 + ASKERS_KEPT_MAX)
        assert 5_000 - load.all / ASKERS_KEPT_MAX <= load.most <= 5_000

    def test_no_more_are_told_apart_than_is_said(self):
        askers = Askers()
        for number in range(10 * ASKERS_KEPT_MAX):
            askers.asked(number.to_bytes(32, "big"))
            assert len(askers._counts) <= ASKERS_KEPT_MAX


class FakeNetwork:
    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()

    def looks(self, looks: Looks) -> Looks:
        return looks


def test_what_a_vault_is_asked_counts_whatever_it_answers():
    told: list[Any] = []
    actor = World().add(1)
    driver = Driver(actor.vault, None, Clock(), told.append)  # type: ignore[arg-type]  # nothing is stored here
    driver._network = network = FakeNetwork()  # type: ignore[assignment]
    loud, quiet = Peer(1), Peer(2)

    async def main() -> None:
        async with asyncio.TaskGroup() as driver._tasks:
            for peer, content in ((loud, encode(Ping(b""))), (loud, b"nonsense"), (quiet, encode(Ping(b"")))):
                await driver.handle(peer.record, "10.5.5.0/24", content)
            driver.command(control.GetState(1))
            driver.command(control.GetState(2))
            network.counters[BESIDE] += 5
            await driver.handle(quiet.record, "10.5.5.0/24", bytes(CHUNK_BYTES_MAX))
            driver.command(control.GetState(3))

    asyncio.run(main())

    quietly = Load(1, 1, quiet.record.vault_id)
    assert [state.load for state in told] == [Load(3, 2, loud.record.vault_id), Load(0, 0, b""), quietly]
    assert [state.counters[WORK] for state in told] == [3, 3, 3 + 5 + 9]


def test_who_does_not_wait_for_the_answer_has_a_vault_do_as_much_all_the_same():
    told: list[Any] = []
    driver = Driver(World().add(1).vault, None, Clock(), told.append)  # type: ignore[arg-type]  # nothing is stored
    driver._network = FakeNetwork()  # type: ignore[assignment]
    peer, begun = Peer(1), asyncio.Event()

    async def main() -> None:
        async with asyncio.TaskGroup() as driver._tasks:
            driver._take = lambda _: begun.set()  # type: ignore[assignment, method-assign]  # answered later
            asking = asyncio.create_task(driver.handle(peer.record, "10.5.5.0/24", encode(Ping(b""))))
            await begun.wait()
            asking.cancel()
            await asyncio.wait({asking})
            del driver._take
            driver.command(control.GetState(1))

    asyncio.run(main())

    assert told[0].counters[WORK] == work_of(CHUNK_BYTES_MAX)


@pytest.mark.parametrize("version", CONTROL_VERSIONS)
def test_a_supervisor_of_an_older_version_is_not_sent_what_it_could_not_read(version: int):
    sent = frames_told(version, control.State(1, 0, 0, 0, 0, 0, {}, load=Load(3, 2, LOUD)))
    assert (b"load" in sent[0]) is (version >= 3)
