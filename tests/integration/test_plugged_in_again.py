"""A vault is held to the folders of one file system; on a disk that was plugged in again it must be started anew."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.supervisor import keys
from node.supervisor.errors import RequestRefused
from node.supervisor.holding import Holding
from node.supervisor.supervisor import Supervisor
from node.supervisor.switching import IN_USE
from node.vault import control
from tests.integration.test_supervisor import addresses, make, play, wait_until
from tests.unit.test_holding import plug_in_again

ADDRESS = hashlib.sha256(b"a chunk").digest()


async def stored_here(one: Supervisor) -> bool:
    """Whether the vault in use can read what its store holds."""
    assert one.vault.run is not None
    try:
        report = await one.vault.ask(lambda number: control.Scan(number, b""))
    except RequestRefused:
        return False
    assert isinstance(report, control.Scanned)
    return ADDRESS in report.held


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="containment is tried out on Linux only")
def test_a_vault_whose_disk_was_plugged_in_again_has_its_chunks_and_nobody_is_blamed(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        with contextlib.suppress(RequestRefused):  # two vaults may be too few for all the receipts
            await first.put_chunk(b"a chunk")
        await wait_until(lambda: first.status().space.chunk_count > 0)
        assert await stored_here(first)
        assert first.vault.run is not None
        before, record = first.vault.run, first.vault.record

        async def nothing() -> None:
            """Nobody is to be served again."""

        with first.home.lock() as lock:
            start_anew = partial(first.vault.switch, IN_USE)
            holding = Holding(first.home, lock, nothing, first.stop, first.home_moved, start_anew)
            await holding.hold_on()
            plug_in_again(first.home)
            if before.report.files:
                assert not await stored_here(first)
            await holding.hold_on()
            keeping_up = asyncio.create_task(holding.keep_up())
            await wait_until(lambda: first.vault.run is not before and first.vault.is_listening)
            keeping_up.cancel()

        assert await stored_here(first)
        assert (first.vault.failures, first.vault.failure) == (0, "")
        assert first.host.moves == 1
        assert addresses(first.vault.record) == addresses(record)

    play(tmp_path, story)


def test_a_trial_is_told_that_the_computer_is_at_fault(tmp_path: Path):
    told: list[str] = []

    async def story() -> None:
        home = make(tmp_path / "home", 1)
        one = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
        one._updates = SimpleNamespace(host_fault=told.append)  # type: ignore[assignment]
        one.home_moved()
        assert one.host.moves == 1  # so its twins are started anew

    asyncio.run(story())
    assert told == ["the disk was pulled out"]
