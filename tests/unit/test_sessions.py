"""Which connections are kept, when peers have made many."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from node.vault.core.identity import PeerRecord
from node.vault.transport import limits, sessions
from node.vault.transport.heartbeat import BEAT_S, Heartbeat
from node.vault.transport.sessions import (
    ACCEPTED_KEPT,
    DIALLED_MAX,
    IDLE_S,
    OF_SUBNET_KEPT,
    REPLACED_S,
    Session,
    Sessions,
)
from node.vault.transport.streams import OWN_LINE_S_MAX
from node.vault.transport.throttle import SMALL_BYTES, Meter, Throttle
from tests.virtual_time import run

LATER_S = 10 * IDLE_S


def accepted(number: int, subnet: str = "", *, at_s: float = 0.0) -> Session:
    """A connection that a peer has made; ``closed`` of it tells whether it was closed."""
    received = itertools.count()
    connection: Any = SimpleNamespace(closed=False, send_datagram=lambda _: None)
    connection.stats = lambda: SimpleNamespace(udp_rx_datagrams=next(received))
    connection.close = lambda *_: setattr(connection, "closed", True)
    peer: Any = SimpleNamespace(transport_key=number.to_bytes(32, "big"))
    told: Any = SimpleNamespace(transport_key=bytes(32))
    return Session(
        connection=connection, peer=peer, subnet=subnet or f"10.{number}", told=told, serving=asyncio.Semaphore(1),
        is_dialled=False, since_s=at_s, answered_s=at_s, used_s=at_s,
    )  # fmt: skip


def crowd(count: int, subnet: str = "") -> tuple[Sessions, list[Session]]:
    all_of_them, made = Sessions(), [accepted(number, subnet, at_s=number / 1_000) for number in range(count)]
    for session in made:
        all_of_them.add(session)
    assert not any(session.connection.closed for session in made)
    return all_of_them, made


def closed(made: list[Session]) -> list[int]:
    return [number for number, session in enumerate(made) if not session.is_open]


def test_a_newcomer_takes_the_place_of_the_peer_that_was_of_use_longest_ago():
    found, made = crowd(ACCEPTED_KEPT)
    made[0].used_s = LATER_S - 1.0
    made[1].is_watched = True
    newcomer = accepted(9_999, at_s=LATER_S)
    found.add(newcomer)
    assert (closed(made), newcomer.is_open, len(found.accepted)) == ([2], True, ACCEPTED_KEPT)


def test_a_newcomer_takes_nobody_s_place_while_all_are_of_use_or_there_is_room():
    found, made = crowd(ACCEPTED_KEPT)
    found.add(accepted(9_999, at_s=IDLE_S - 1.0))
    assert closed(made) == []
    found, made = crowd(ACCEPTED_KEPT - 1)
    found.add(accepted(9_999, at_s=LATER_S))
    assert closed(made) == []


def test_a_newcomer_takes_the_place_of_none_whose_request_waits_for_our_own_line():
    async def ask(session: Session) -> None:
        async with asyncio.timeout(None) as limit:
            await session.ask(bytes(2 * SMALL_BYTES), 1, limit)

    async def story() -> None:
        found, made = crowd(ACCEPTED_KEPT)
        sending = Throttle()
        sending.set(1)
        sending.count(SMALL_BYTES)
        made[0].meter = Meter(sending, Throttle(), made[0].subnet)
        asking = asyncio.create_task(ask(made[0]))
        await asyncio.sleep(0)  # it stands in the line
        found.add(accepted(9_998, at_s=LATER_S))
        assert closed(made) == [1]

        asking.cancel()
        await asyncio.wait({asking})
        sending.close()
        found.add(accepted(9_999, at_s=LATER_S))
        assert closed(made) == [0, 1]

    run(story())


def test_of_those_that_we_dialled_one_with_a_request_under_way_is_kept():
    async def story() -> None:
        found, made = Sessions(), [accepted(number, at_s=number / 1_000) for number in range(DIALLED_MAX + 1)]
        for session in made:
            session.is_dialled = True
        with made[0].at_work():
            for session in made:
                found.add(session)
        assert closed(made) == [1]

    run(story())


def test_a_newcomer_of_a_crowded_subnet_takes_the_place_of_another_one_of_it():
    found, made = crowd(OF_SUBNET_KEPT, "192.0.2.0/24")
    elsewhere = accepted(5_000)
    found.add(elsewhere)
    found.add(accepted(9_999, "192.0.2.0/24", at_s=LATER_S))
    assert (closed(made), elsewhere.is_open) == ([0], True)


@pytest.mark.parametrize("request_s", [0.0, 3 * REPLACED_S, 2 * OWN_LINE_S_MAX])
def test_a_connection_that_another_one_has_replaced_stands_until_what_is_under_way_has_come_to_its_end(
    request_s: float,
):
    async def story() -> None:
        found, old, new = Sessions(), accepted(1), accepted(1, at_s=LATER_S)
        old.is_dialled = new.is_dialled = True
        found.add(old)
        with old.at_work():
            found.add(new)
            await asyncio.sleep(request_s)
            assert old.is_open is (request_s < OWN_LINE_S_MAX)
        await asyncio.sleep(1.5 * REPLACED_S)
        assert (old.is_open, new.is_open) == (False, True)

    run(story())


@pytest.mark.parametrize("name", ["ACCEPTED_KEPT", "OF_SUBNET_KEPT"])
def test_those_of_no_use_give_way_before_all_places_are_taken(name: str):
    most = {"ACCEPTED_KEPT": "ACCEPTED_MAX", "OF_SUBNET_KEPT": "ACCEPTED_PER_SUBNET_MAX"}[name]
    assert getattr(sessions, name) < getattr(limits, most)


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_connection_that_another_one_has_replaced_is_watched_no_more(*, has_ended: bool):
    async def never(_peer: PeerRecord) -> Session:
        await asyncio.Event().wait()
        raise AssertionError

    async def story() -> None:
        found, first, second = Sessions(), accepted(1), accepted(1)
        found.add(first)
        heartbeat = Heartbeat(found, never, asyncio.create_task, BEAT_S)
        heartbeat.watch([first.peer], lambda _: None)
        await asyncio.sleep(1.5 * BEAT_S)
        assert first.is_watched
        found.add(second)
        if has_ended:
            found.forget(second)
        await asyncio.sleep(BEAT_S)
        assert (first.is_watched, second.is_watched) == (False, not has_ended)
        heartbeat.stop()
        assert not second.is_watched

    run(story())
