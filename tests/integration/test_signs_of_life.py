"""Signs of life between real endpoints: who is dead, stopped or gone is noticed, who is only idle is not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable

import iroh
import pytest

from node.vault.core.identity import PeerRecord
from node.vault.limiting import Limits
from node.vault.transport import heartbeat
from node.vault.transport.heartbeat import SIGN
from node.vault.transport.limits import SIGN_BYTES_MAX
from tests.integration.endpoint_world import ANSWER_S, PING, Host, elsewhere, play, wait_until

NOTICED_S = 5.0
FIRST = 190


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGSTOP)


class Silence:
    """Who has fallen silent, in order."""

    def __init__(self) -> None:
        self.peers: list[PeerRecord] = []
        self._queue: asyncio.Queue[PeerRecord] = asyncio.Queue()

    def __call__(self, peer: PeerRecord) -> None:
        self.peers.append(peer)
        self._queue.put_nowait(peer)

    async def next(self, within_s: float) -> PeerRecord:
        async with asyncio.timeout(within_s):
            return await self._queue.get()


@pytest.mark.parametrize("end", [kill, stop])
def test_a_neighbour_that_dies_without_a_word_is_noticed_within_five_seconds(
    end: Callable[[subprocess.Popen[bytes]], None],
):
    async def story(hosts: list[Host]) -> None:
        watcher, silence = hosts[0], Silence()
        for peer in peers:
            await watcher.network.request(peer, PING, ANSWER_S)
        watcher.network.watch(peers, silence)
        await wait_until(lambda: all(w.session is not None for w in watcher.network._heartbeat._watched.values()))
        end(process)
        assert {await silence.next(NOTICED_S), await silence.next(NOTICED_S)} == set(peers)
        assert not watcher.network._sessions.by_key

    with elsewhere(2, FIRST) as (process, peers):
        play(1, story)


def test_it_is_noticed_within_five_seconds_however_slow_the_pace_is():
    async def story(hosts: list[Host]) -> None:
        assert heartbeat.BEAT_S * 3 + heartbeat.MARGIN_S < NOTICED_S
        assert heartbeat.BEAT_S + heartbeat.DIAL_S < NOTICED_S
        assert hosts[0].network._heartbeat._beat_s == heartbeat.BEAT_S

    play(1, story, beat_s=60.0)


def test_an_idle_neighbour_that_lives_is_not_taken_for_dead():
    async def story(hosts: list[Host]) -> None:
        watcher, idle = hosts
        silence = Silence()
        watcher.network.watch([idle.record], silence)
        await wait_until(lambda: bool(watcher.network._sessions.by_key))
        session = watcher.network._sessions.by_key[idle.record.transport_key]
        received = session.connection.stats().udp_rx_datagrams
        await wait_until(lambda: session.connection.stats().udp_rx_datagrams > received + 20)
        assert silence.peers == []
        assert session.is_open

    play(2, story, beat_s=0.1)


@pytest.mark.long
def test_nobody_is_taken_for_alive_because_of_what_the_watcher_itself_sends():
    async def story(hosts: list[Host]) -> None:
        (watcher,) = hosts
        await watcher.network.request(peers[0], PING, ANSWER_S)
        session = watcher.network._sessions.by_key[peers[0].transport_key]
        kill(process)
        sent = session.connection.stats().udp_tx_datagrams
        received = session.connection.stats().udp_rx_datagrams
        asking = asyncio.create_task(watcher.network.request(peers[0], PING, ANSWER_S))
        silence = Silence()
        watcher.network.watch(peers, silence)
        assert await silence.next(NOTICED_S) == peers[0]
        assert session.connection.stats().udp_tx_datagrams > sent
        assert session.connection.stats().udp_rx_datagrams == received
        asking.cancel()
        await asyncio.wait([asking])

    with elsewhere(1, FIRST + 2) as (process, peers):
        play(1, story)


@pytest.mark.long
def test_a_neighbour_without_a_connection_is_dialled_and_silent_if_nobody_is_there():
    async def story(hosts: list[Host]) -> None:
        watcher, alive, dead = hosts
        await dead.network.close()
        silence = Silence()
        watcher.network.watch([alive.record, dead.record], silence)
        assert silence.peers == []
        assert await silence.next(NOTICED_S) == dead.record
        await wait_until(lambda: alive.record.transport_key in watcher.network._sessions.by_key)
        assert silence.peers == [dead.record]

    play(3, story)


def test_a_connection_that_ends_is_made_anew_and_its_neighbour_not_silent():
    async def story(hosts: list[Host]) -> None:
        watcher, other = hosts
        silence = Silence()
        watcher.network.watch([other.record], silence)
        await wait_until(lambda: bool(other.network._sessions.by_key))
        first = other.network._sessions.by_key[watcher.record.transport_key]
        other.network._sessions.forget(first)
        await wait_until(lambda: other.network._sessions.get(watcher.record.transport_key) not in (None, first))
        assert silence.peers == []

    play(2, story, beat_s=0.1)


def test_who_is_not_watched_any_more_is_never_told():
    async def story(hosts: list[Host]) -> None:
        watcher, first, second = hosts
        silence = Silence()
        watcher.network.watch([first.record, second.record], silence)
        await wait_until(lambda: len(watcher.network._sessions.by_key) == 2)
        watcher.network.watch([second.record], silence)
        await first.network.close()
        await second.network.close()
        assert await silence.next(NOTICED_S) == second.record
        assert silence.peers == [second.record]

    play(3, story, beat_s=0.1)


def test_a_sign_longer_than_any_ends_the_connection_and_takes_nothing_of_the_line():
    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        target.network.set_limits(Limits(download_bytes_per_s=200_000))
        connection = await peer.greeted(target)
        connection.send_datagram(bytes(SIGN_BYTES_MAX + 1))
        await wait_until(lambda: target.network.counters["peer with too many signs of life"] == 1)
        await connection.closed()
        await peer.ping(target)

    play(2, story)


def test_a_flood_of_datagrams_ends_the_connection():
    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        connection = await peer.greeted(target)
        with contextlib.suppress(iroh.IrohError):  # it may end in the middle of one
            while connection.close_reason() is None:
                await connection.send_datagram_wait(SIGN)
        assert target.network.counters["peer with too many signs of life"] == 1
        await peer.ping(target)

    play(2, story)
