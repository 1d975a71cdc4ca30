"""Pauses between the looks of whoever waits for many bytes."""

from __future__ import annotations

import asyncio

import pytest

from node.vault.transport.unhurried import unhurried
from tests import virtual_time


class Reading:
    """As iroh reads: woken whenever something comes, until all has come."""

    def __init__(self, count: int) -> None:
        self.come, self.looks, self.is_ended = 0, 0, False
        self.count = count
        self.wake: asyncio.Future[None] | None = None

    async def read(self) -> str:
        try:
            while self.come < self.count:
                self.looks += 1
                self.wake = asyncio.get_running_loop().create_future()
                await self.wake
            return "whole"
        finally:
            self.is_ended = True

    def packet(self) -> None:
        self.come += 1
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)


async def feed(reading: Reading) -> None:
    for _ in range(reading.count):
        await asyncio.sleep(0.0001)
        reading.packet()


class TestUnhurried:
    def test_it_looks_much_less_often_than_packets_come_and_ends_soon_after_the_last(self):
        async def story() -> None:
            reading = Reading(1000)
            loop = asyncio.get_running_loop()
            started_s = loop.time()
            feeding = asyncio.create_task(feed(reading))
            assert await unhurried(reading.read()) == "whole"
            await feeding
            assert reading.looks < 60
            assert loop.time() - started_s < 0.1 * 1.25

        virtual_time.run(story())

    def test_cancelling_it_ends_the_reading_whether_it_waits_or_pauses(self):
        async def story(packets: int) -> None:
            reading = Reading(1000)
            task = asyncio.create_task(unhurried(reading.read()))
            await asyncio.sleep(0)
            for _ in range(packets):
                reading.packet()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert reading.is_ended

        virtual_time.run(story(0))
        virtual_time.run(story(1))

    def test_what_the_reading_raises_comes_out(self):
        async def broken() -> str:
            await asyncio.sleep(0.001)
            raise ConnectionError

        async def story() -> None:
            with pytest.raises(ConnectionError):
                await unhurried(broken())

        virtual_time.run(story())
