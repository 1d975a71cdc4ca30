"""The limits of the line hold for real bytes between real endpoints, both ways."""

from __future__ import annotations

import asyncio
import time

import pytest

from node.vault.core import codec
from node.vault.core.messages import Chunk, Refused, SignedAnswer
from node.vault.limiting import NO_LIMITS, Limits
from node.vault.transport import endpoint
from node.vault.transport.throttle import BURST_S, PIECE_BYTES_MIN
from tests.integration.endpoint_world import PING, PONG, Host, play

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


CROWD = 10
CROWD_BYTES = 100_000
PATIENCE_S = 1.5  # all of them together take longer, one alone does not
ANSWER = codec.encode(Chunk(b"x" * CROWD_BYTES, SignedAnswer("held", bytes(32), bytes(32), bytes(16), 0.0)))


async def crowd(asker: Host, answerer: Host, content: bytes) -> list[bytes]:
    """What is answered to many that ask at once."""
    asked = (asker.network.request(answerer.record, content, PATIENCE_S) for _ in range(CROWD))
    return [answered.content for answered in await asyncio.gather(*asked)]


def test_all_that_is_sent_at_once_arrives_though_the_line_needs_longer_for_it_than_others_wait():
    async def story(hosts: list[Host]) -> None:
        sender, taker = hosts
        await sender.ping(taker)
        sender.network.set_limits(Limits(upload_bytes_per_s=RATE))
        began_s = time.perf_counter()
        assert await crowd(sender, taker, b"x" * CROWD_BYTES) == [PONG] * CROWD
        assert time.perf_counter() - began_s > PATIENCE_S

    play(2, story)


def test_all_that_is_asked_for_at_once_arrives_though_the_line_needs_longer_for_it_than_anybody_waits():
    async def story(hosts: list[Host]) -> None:
        asker, holder = hosts
        holder.answer = ANSWER
        await asker.network.request(holder.record, PING, PATIENCE_S)
        asker.network.set_limits(Limits(download_bytes_per_s=RATE))
        began_s = time.perf_counter()
        assert await crowd(asker, holder, PING) == [ANSWER] * CROWD
        assert time.perf_counter() - began_s > PATIENCE_S

    play(2, story)


def test_a_chunk_that_the_line_could_bring_only_too_late_is_refused_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endpoint, "ANSWER_S_MAX", 0.6)

    async def story(hosts: list[Host]) -> None:
        asker, holder = hosts
        await asker.ping(holder)
        holder.answer = ANSWER
        holder.network.set_limits(Limits(upload_bytes_per_s=RATE))
        answers = await crowd(asker, holder, PING)
        assert set(answers) == {ANSWER, codec.encode(Refused("busy"))}
        assert 2 <= answers.count(ANSWER) <= 4

    play(2, story)


def test_what_is_small_is_answered_while_chunks_of_our_own_use_up_the_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endpoint, "ANSWER_S_MAX", 0.6)

    async def story(hosts: list[Host]) -> None:
        sender, taker = hosts
        await sender.ping(taker)
        sender.network.set_limits(Limits(upload_bytes_per_s=RATE))
        large = asyncio.create_task(crowd(sender, taker, b"x" * CROWD_BYTES))
        await asyncio.sleep(0)  # all of them stand in the line
        await taker.ping(sender)
        assert not large.done()
        await large

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
        assert sender.network._meter_of(sender.record.addresses[0].rpartition(":")[0] + ":1") is None
        assert sender.network._meter_of(taker.record.addresses[0]) is not None
        beside = Host()
        await beside.bind(int(taker.record.addresses[0].split(".")[2]))
        running = asyncio.create_task(beside.network.run())
        await asyncio.sleep(0)  # requests need run()
        try:
            await sender.ping(taker)
            await beside.ping(taker)
        finally:
            running.cancel()
            await beside.network.close()
        assert taker.were_here == [False, True]

    play(2, story)
