"""Work that has an owner: it is ended and waited for, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from node.update.driver import Updates
from node.update.waiting import Owned
from tests import virtual_time
from tests.update_world import SENDER, Farm, wait_until


class SlowToEnd:
    """Work that needs some time to end once it is cancelled, as one does that puts things away."""

    def __init__(self) -> None:
        self.ends, self.is_over = 0, False

    async def do(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ends += 1
            await asyncio.sleep(5.0)
            self.is_over = True


def test_a_second_stop_waits_too_where_the_first_was_cancelled_and_hurries_nothing():
    async def scene() -> None:
        work, owned = SlowToEnd(), Owned()
        owned.begin(work.do(), name="work")
        await asyncio.sleep(1.0)
        first = asyncio.create_task(owned.stop())
        await asyncio.sleep(1.0)
        first.cancel()
        await asyncio.wait({first})
        assert (first.cancelled(), work.is_over, owned.is_running) == (True, False, True)

        await owned.stop()

        assert (work.ends, work.is_over, owned.is_running) == (1, True, False)

    virtual_time.run(scene())


def test_nothing_to_stop_is_no_harm_and_after_a_stop_there_is_room_for_the_next():
    async def scene() -> None:
        owned, works = Owned(), [SlowToEnd(), SlowToEnd()]
        await owned.stop()
        for work in works:
            owned.begin(work.do(), name="work")
            await asyncio.sleep(1.0)
            await owned.stop()
        assert all(work.is_over for work in works)

    virtual_time.run(scene())


@pytest.mark.usefixtures("cheap_twins")
def test_updates_that_are_ended_while_they_end_something_leave_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    farm, work = Farm(folder=tmp_path), SlowToEnd()

    async def get_chunk(_address: bytes) -> bytes:
        await work.do()
        return b""

    monkeypatch.setattr(farm, "get_chunk", get_chunk)

    async def scene() -> None:
        updates: Updates = farm.open()
        running = asyncio.create_task(updates.run())
        await updates.offered(farm.publish("2"), SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "fetching")
        farm.hold = "paused"
        async with asyncio.timeout(60.0):
            while not work.ends:
                await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.wait({running})
        assert work.is_over

    virtual_time.run(scene())
