"""How much of a vault one peer, one subnet or one address gets, on real QUIC."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import iroh
import pytest

from node.vault.core.identity import PeerRecord
from node.vault.errors import Unreachable
from node.vault.looks import Looks
from node.vault.ports import BESIDE
from node.vault.transport import endpoint, limits, sessions, streams
from node.vault.transport.limits import Attempts, Requests
from node.vault.transport.streams import FrameStream
from tests.integration.endpoint_world import ANSWER_S, PING, PONG, Host, play, wait_until


class Slow:
    """Answers when it is let."""

    def __init__(self, host: Host) -> None:
        self.at_work = 0
        self.asked_by: list[PeerRecord] = []
        self.go_on = asyncio.Event()
        host.network._handler = self.answer

    async def answer(self, peer: PeerRecord, _subnet: str, _content: bytes, **_: bool) -> bytes:
        self.at_work += 1
        self.asked_by.append(peer)
        await self.go_on.wait()
        return PONG


def test_requests_of_one_subnet_beyond_its_share_are_broken_off_and_others_served(monkeypatch):
    monkeypatch.setattr(limits, "REQUESTS_MAX", 6)

    async def story(hosts: list[Host]) -> None:
        greedy, honest, target = hosts
        slow = Slow(target)
        kept = [asyncio.create_task(greedy.ping(target)) for _ in range(3)]
        await wait_until(lambda: slow.at_work == 3)
        with pytest.raises(Unreachable):
            await greedy.network.request(target.record, PING, ANSWER_S)
        assert target.network.counters["request over limit"] == 1
        other = asyncio.create_task(honest.ping(target))
        await wait_until(lambda: slow.at_work == 4)
        slow.go_on.set()
        await asyncio.gather(other, *kept)

    play(3, story)


def test_many_requests_that_have_begun_and_do_not_come_leave_room_for_other_subnets_and_end_soon(monkeypatch):
    monkeypatch.setattr(limits, "REQUESTS_MAX", 16)
    monkeypatch.setattr(endpoint, "PIECE_S", 1.0)

    async def story(hosts: list[Host]) -> None:
        honest, target, *mute = hosts
        kept = []
        for host in mute:
            connection = await host.greeted(target)
            for first in (b"\0", (1 << 20).to_bytes(4, "big") + bytes(100)) * 5:
                stream = await connection.open_bi()
                await stream.send().write_all(first)
                kept.append(stream)
        await wait_until(lambda: len(target.network._requests._begun) == len(mute))
        for _ in range(5):
            await honest.ping(target)
        await wait_until(lambda: not target.network._requests._begun)
        assert target.network.counters["request broken off"] > 0

    play(4, story)


def test_a_large_request_over_a_slow_line_is_waited_for_while_it_comes(monkeypatch):
    monkeypatch.setattr(endpoint, "PIECE_S", 0.5)
    monkeypatch.setattr(streams, "PIECE_BYTES", 1_000)

    async def story(hosts: list[Host]) -> None:
        slow, target = hosts
        connection = await slow.greeted(target)
        stream = await connection.open_bi()
        await stream.send().write_all((4_000).to_bytes(4, "big"))
        for _ in range(5):
            await asyncio.sleep(0.2)  # the line: a second in all
            await stream.send().write_all(bytes(800))
        assert await stream.recv().read_exact(4 + len(PONG))

    play(2, story)


def test_a_stream_carries_one_request_after_the_other():
    async def story(hosts: list[Host]) -> None:
        asker, target = hosts
        for _ in range(20):
            await asker.ping(target)
        session = target.network._sessions.by_key[asker.record.transport_key]
        assert session.streams_open == 1

    play(2, story)


def test_a_cancelled_request_leaves_no_answer_for_the_next_one():
    async def story(hosts: list[Host]) -> None:
        asker, target = hosts
        await asker.ping(target)
        slow = Slow(target)
        first = asyncio.create_task(asker.network.request(target.record, b"first", ANSWER_S))
        await wait_until(lambda: slow.at_work == 1)
        first.cancel()
        await asyncio.wait([first])

        async def echo(_peer: PeerRecord, _subnet: str, content: bytes, **_: bool) -> bytes:
            return content

        target.network._handler = echo
        slow.go_on.set()
        assert (await asker.network.request(target.record, b"second", ANSWER_S)).content == b"second"
        session = target.network._sessions.by_key[asker.record.transport_key]
        await wait_until(lambda: session.streams_open == 1)

    play(2, story)


def test_two_requests_in_one_frame_end_the_stream_and_not_the_vault():
    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        connection = await peer.greeted(target)
        stream = await connection.open_bi()
        frame = len(PING).to_bytes(4, "big") + PING
        await stream.send().write_all(frame + frame)
        await stream.recv().read_exact(4 + len(PONG))  # to an empty message
        assert await stream.recv().read(1) == b""
        await peer.ping(target)

    play(2, story)


def test_two_vaults_that_dial_each_other_at_once_agree_on_one_connection(monkeypatch):
    monkeypatch.setattr(sessions, "REPLACED_S", 0.3)

    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        slow = [Slow(first), Slow(second)]
        asking = [asyncio.create_task(first.ping(second)), asyncio.create_task(second.ping(first))]
        await wait_until(lambda: all(each.at_work == 1 for each in slow))
        for each in slow:
            each.go_on.set()
        await asyncio.gather(*asking)
        smaller, larger = sorted(hosts, key=lambda host: host.record.transport_key)
        used = smaller.network._sessions.by_key[larger.record.transport_key]
        met = larger.network._sessions.by_key[smaller.record.transport_key]
        assert (used.is_dialled, met.is_dialled) == (True, False)
        await wait_until(lambda: not larger.network._sessions.dialled)
        await wait_until(lambda: len(smaller.network._sessions.dialled) == 1 and not smaller.network._places.taken)
        assert used.is_open
        await asyncio.gather(first.ping(second), second.ping(first))

    play(2, story)


def test_who_connects_too_often_proves_its_address_and_then_waits_while_others_are_let_in(monkeypatch):
    monkeypatch.setattr(limits, "ATTEMPTS_AT_ONCE_MAX", 3)
    monkeypatch.setattr(limits, "ATTEMPTS_PER_S", 0.0)

    async def story(hosts: list[Host]) -> None:
        pushing, honest, target = hosts
        for _ in range(6):
            (await pushing.connect(target)).close(0, b"")
        assert target.network.counters["address to be proven"] == 3
        with pytest.raises((iroh.IrohError, TimeoutError)):
            async with asyncio.timeout(1.0):
                await pushing.connect(target)
        await honest.ping(target)
        assert target.network.counters["connections too often"] >= 1

    play(3, story)


def counted(host: Host) -> int:
    """The work that comes beside requests."""
    host.network.looks(Looks())
    return host.network.counters[BESIDE]


def has_done(host: Host, work: float) -> bool:
    return counted(host) >= int(work)


async def connect_again_and_again(peer: Host, target: Host) -> None:
    for _ in range(10):
        (await peer.greeted(target)).close(0, b"")


async def connect_and_greet_nobody(peer: Host, target: Host) -> None:
    for _ in range(10):
        (await peer.connect(target)).close(0, b"")


async def open_streams_and_ask_nothing(peer: Host, target: Host) -> None:
    connection = await peer.greeted(target)
    for number in range(40):
        stream = await connection.open_bi()
        await stream.send().write_all(b"\0")
        await stream.send().reset(1)
        await wait_until(partial(has_done, target, number / 2))


async def give_signs_of_life(peer: Host, target: Host) -> None:
    connection = await peer.greeted(target)
    for number in range(80):
        connection.send_datagram(b".")
        await wait_until(partial(has_done, target, number / 4))


async def send_what_means_nothing(_peer: Host, target: Host) -> None:
    host, _, port = target.record.addresses[0].rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        for number in range(700):
            sending.sendto(os.urandom(40), (host, int(port)))
            if number % 100 == 99:
                await wait_until(partial(has_done, target, number / 32 - 3))


@pytest.mark.parametrize(
    "do",
    [
        connect_again_and_again, connect_and_greet_nobody, open_streams_and_ask_nothing, give_signs_of_life,
        send_what_means_nothing,
    ],
)  # fmt: skip
def test_what_a_stranger_has_a_vault_do_beside_requests_is_counted(
    do: Callable[[Host, Host], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "SIGNS_PER_S_MAX", 100)

    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        before = counted(target)
        await do(peer, target)
        await wait_until(lambda: counted(target) >= before + 20)
        assert counted(target) <= before + 30

    play(2, story)


def test_who_asks_as_every_vault_does_adds_next_to_nothing_to_that():
    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        for _ in range(100):
            await peer.ping(target)
        assert counted(target) <= 5

    play(2, story)


def test_a_peer_that_shakes_hands_and_says_nothing_gives_its_place_back(monkeypatch):
    monkeypatch.setattr(endpoint, "HELLO_TIMEOUT_S", 0.3)
    monkeypatch.setattr(limits, "ACCEPTED_PER_SUBNET_MAX", 1)

    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        connection = await peer.connect(target)
        stream = FrameStream(await connection.open_bi())
        await stream.write(b"half")  # whole as a frame, nothing as a Hello
        await wait_until(lambda: connection.close_reason() is not None)
        mute = await peer.connect(target)
        await wait_until(lambda: mute.close_reason() is not None)
        await wait_until(lambda: not target.network._places.taken)
        await peer.ping(target)

    play(2, story)


@contextlib.asynccontextmanager
async def beside(host: Host) -> AsyncIterator[Host]:
    """Another one in the subnet of ``host``."""
    other = Host()
    await other.bind(int(host.record.addresses[0].split(".")[2]))
    running = asyncio.create_task(other.network.run())
    await asyncio.sleep(0)  # requests need run()
    try:
        yield other
    finally:
        running.cancel()
        await other.network.close()


@pytest.mark.parametrize("idle_s", [0.0, 60.0])
def test_where_a_subnet_has_no_place_left_a_newcomer_takes_that_of_one_which_is_of_no_use(monkeypatch, idle_s: float):
    monkeypatch.setattr(limits, "ACCEPTED_PER_SUBNET_MAX", 1)
    monkeypatch.setattr(sessions, "IDLE_S", idle_s)

    async def story(hosts: list[Host]) -> None:
        first, target = hosts
        await first.ping(target)
        (kept,) = target.network._sessions.accepted
        async with beside(first) as newcomer:
            if idle_s:
                with pytest.raises(Unreachable):
                    await newcomer.ping(target)
            else:
                await newcomer.ping(target)
        assert kept.is_open is bool(idle_s)

    play(2, story)


class TestTheBooks:
    def test_each_subnet_leaves_as_much_room_as_it_takes(self):
        requests, taken = Requests(), {}
        with contextlib.ExitStack() as held:
            for subnet in ("first", "second", "third", "fourth"):
                while requests.has_room(subnet):
                    held.enter_context(requests.take(subnet))
                taken[subnet] = requests._begun[subnet]
        assert taken == {"first": 64, "second": 32, "third": 16, "fourth": 8}

    def test_attempts_are_forgiven_with_time_and_others_are_not_kept_for_ever(self, monkeypatch):
        monkeypatch.setattr(limits, "ATTEMPTS_SUBNETS_MAX", 2)
        attempts = Attempts()
        assert [attempts.is_allowed("a", 0.0) for _ in range(limits.ATTEMPTS_AT_ONCE_MAX + 1)].count(False) == 1
        assert not attempts.is_allowed("a", 0.0)
        assert attempts.is_allowed("a", 1.0)
        for name in "bcd":
            attempts.is_allowed(name, 1.0)
        assert len(attempts._level) == 2

    def test_a_request_counts_until_it_is_done(self):
        requests = Requests()
        with requests.take("here"):
            assert requests._begun == {"here": 1}
        assert not requests._begun


def test_a_connection_whose_peer_waits_for_an_answer_gives_way_to_no_newcomer(monkeypatch):
    monkeypatch.setattr(sessions, "ACCEPTED_KEPT", 1)
    monkeypatch.setattr(sessions, "IDLE_S", 0.0)

    async def story(hosts: list[Host]) -> None:
        waiting, newcomer, target = hosts
        slow = Slow(target)
        asked = asyncio.create_task(waiting.ping(target))
        await wait_until(lambda: slow.at_work == 1)
        other = asyncio.create_task(newcomer.ping(target))
        await wait_until(lambda: slow.at_work == 2)
        slow.go_on.set()
        await asyncio.gather(asked, other)

    play(3, story)
