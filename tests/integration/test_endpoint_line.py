"""The limits of the line hold for real bytes between real endpoints, both ways."""

from __future__ import annotations

import asyncio
import time

import pytest

from node.vault.limiting import NO_LIMITS, Limits
from node.vault.transport.throttle import BURST_S, PIECE_BYTES_MIN
from tests.integration.endpoint_world import PONG, Host, play

RATE = 400_000
BYTES = 250_000
LEAST_S = (BYTES - RATE * BURST_S - 2 * PIECE_BYTES_MIN) / RATE  # what the limit must make of it
MOST_S = 4 * BYTES / RATE


async def seconds(sender: Host, taker: Host) -> float:
    """How long one large request and its answer take."""
    began_s = time.perf_counter()
    assert (await sender.network.request(taker.record, b"x" * BYTES, 10.0)).content == PONG
    return time.perf_counter() - began_s


@pytest.mark.parametrize("limited", ["sender", "taker"])
def test_so_many_bytes_pass_in_a_second_and_not_more(limited: str):
    async def story(hosts: list[Host]) -> None:
        sender, taker = hosts
        await sender.ping(taker)
        if limited == "sender":
            sender.network.set_limits(Limits(upload_bytes_per_s=RATE))
        else:
            taker.network.set_limits(Limits(download_bytes_per_s=RATE))

        slow_s = await seconds(sender, taker)

        assert LEAST_S < slow_s < MOST_S
        for host in hosts:
            host.network.set_limits(NO_LIMITS)
        assert await seconds(sender, taker) < slow_s

    play(2, story)


def test_a_ping_does_not_wait_behind_what_is_large():
    async def story(hosts: list[Host]) -> None:
        sender, taker = hosts
        await sender.ping(taker)
        sender.network.set_limits(Limits(upload_bytes_per_s=RATE))
        large = asyncio.create_task(seconds(sender, taker))
        await asyncio.sleep(0)
        await sender.ping(taker)
        assert not large.done()
        await large

    play(2, story)


def test_who_runs_on_the_same_computer_is_no_part_of_the_line():
    async def story(hosts: list[Host]) -> None:
        sender, taker = hosts
        assert sender.network._is_here(sender.record.addresses[0].rpartition(":")[0] + ":1")
        assert not sender.network._is_here(taker.record.addresses[0])

    play(2, story)
