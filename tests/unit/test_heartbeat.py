"""When signs of life are sent, and when their absence is silence: against connections that count what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from node.vault.core.identity import PeerRecord
from node.vault.transport.heartbeat import BEAT_S, MARGIN_S, SIGN, Heartbeat
from node.vault.transport.sessions import Session, Sessions
from tests.virtual_time import run

LONG_S = 20 * BEAT_S
SILENT_S_MAX = 3 * BEAT_S + MARGIN_S


class Watched:
    """A heartbeat over one connection, on the clock of the running loop."""

    def __init__(self) -> None:
        self.received = 0
        self.signs: list[bytes] = []
        self.silent_at_s: list[float] = []
        self.answers: Callable[[], None] = lambda: None
        connection: Any = SimpleNamespace(send_datagram=self._sent, close=lambda *_: None)
        connection.stats = lambda: SimpleNamespace(udp_rx_datagrams=self.received)
        peer: Any = SimpleNamespace(transport_key=bytes(32))
        told: Any = SimpleNamespace(transport_key=bytes(32))
        self.session = Session(
            connection=connection, peer=peer, subnet="10.0", told=told, serving=asyncio.Semaphore(1),
            is_dialled=True, since_s=0.0, answered_s=0.0, used_s=0.0,
        )  # fmt: skip
        found = Sessions()
        found.add(self.session)
        self.heartbeat = Heartbeat(found, _never, asyncio.create_task, BEAT_S)
        self.heartbeat.watch([peer], lambda _: self.silent_at_s.append(asyncio.get_running_loop().time()))

    def hear(self) -> None:
        self.received += 1

    def hear_soon(self, after_s: float) -> None:
        asyncio.get_running_loop().call_later(after_s, self.hear)

    def _sent(self, content: bytes) -> None:
        self.signs.append(content)
        self.answers()


async def _never(_peer: PeerRecord) -> Session:
    await asyncio.Event().wait()
    raise AssertionError


async def hear_until(watched: Watched, end_s: float, every_s: float) -> None:
    while asyncio.get_running_loop().time() < end_s:
        await asyncio.sleep(every_s)
        watched.hear()


def test_nothing_is_sent_to_a_peer_of_which_something_comes_in_every_beat():
    async def story() -> None:
        watched = Watched()
        await hear_until(watched, LONG_S, BEAT_S / 2)
        assert (watched.signs, watched.silent_at_s) == ([], [])
        watched.heartbeat.stop()

    run(story())


def test_a_peer_that_answers_gets_one_sign_in_two_beats():
    async def story() -> None:
        watched = Watched()
        watched.answers = lambda: watched.hear_soon(0.1)
        await asyncio.sleep(LONG_S + BEAT_S / 2)
        assert watched.silent_at_s == []
        assert watched.signs == [SIGN] * 10
        watched.heartbeat.stop()

    run(story())


@pytest.mark.parametrize("last", [0.01, 0.5, 0.99])
def test_a_peer_is_silent_at_most_three_beats_and_the_margin_after_what_came_last(last: float):
    async def story() -> None:
        watched = Watched()
        await hear_until(watched, 4 * BEAT_S, BEAT_S / 2)
        await asyncio.sleep(last * BEAT_S)
        watched.hear()
        died_s = asyncio.get_running_loop().time()
        await asyncio.sleep(LONG_S)
        (silent_s,) = watched.silent_at_s
        assert 2 * BEAT_S < silent_s - died_s <= SILENT_S_MAX
        assert (watched.signs, watched.session.is_open) == ([SIGN, SIGN], False)

    run(story())


@pytest.mark.parametrize("late_s", [BEAT_S - 0.01, BEAT_S + MARGIN_S - 0.01])
def test_an_answer_may_take_a_beat_and_the_margin(late_s: float):
    async def story() -> None:
        watched = Watched()
        watched.answers = lambda: watched.hear_soon(late_s)
        await asyncio.sleep(LONG_S)
        assert (watched.silent_at_s, watched.session.is_open) == ([], True)
        watched.heartbeat.stop()

    run(story())


def test_a_process_that_was_stopped_for_a_while_takes_nobody_for_silent_before_it_has_looked_again():
    async def story() -> None:
        watched = Watched()
        await asyncio.sleep(2.5 * BEAT_S)  # nothing came: one sign was sent
        assert len(watched.signs) == 1
        watched.answers = lambda: watched.hear_soon(MARGIN_S / 2)  # what waits in the socket is read after the beat
        await asyncio.sleep(BEAT_S + MARGIN_S)
        assert watched.silent_at_s == []
        watched.heartbeat.stop()

    run(story())
