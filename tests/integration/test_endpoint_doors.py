"""The transport on real QUIC, where a peer cannot be dialled: it may come by itself, or a connection stands already."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from node.vault.core.identity import PeerRecord, Signer, make_record
from node.vault.errors import Unreachable
from tests.integration.endpoint_world import ANSWER_S, PING, PONG, Host, play, wait_until


def elsewhere(host: Host, port: int) -> PeerRecord:
    """The host's record, naming a port at which nobody answers."""
    return make_record(Signer(host.seed), host.record.certificate, (f"127.0.199.1:{port}",), host.clock.utc_s())


def silent_port() -> socket.socket:
    """A port that takes everything and answers nothing, as a router does."""
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.199.1", 0))
    return door


def test_a_peer_that_comes_by_itself_is_asked_over_that_connection():
    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        with silent_port() as door:
            record = elsewhere(second, door.getsockname()[1])
            asking = asyncio.create_task(first.network.request(record, PING, ANSWER_S))
            await wait_until(lambda: first.dialled_in_vain == [second.record.vault_id])
            await second.ping(first)
            assert (await asking).content == PONG

    play(2, story)


def test_whoever_waits_behind_one_that_gave_up_has_the_connection_too_when_the_peer_comes():
    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        with silent_port() as door:
            record = elsewhere(second, door.getsockname()[1])
            with contextlib.suppress(Unreachable):
                hasty = asyncio.create_task(first.network.request(record, PING, 0.3))
                await asyncio.sleep(0)
                patient = asyncio.create_task(first.network.request(record, PING, ANSWER_S))
                await hasty
            late = asyncio.create_task(first.network.request(record, PING, ANSWER_S))
            await wait_until(lambda: first.dialled_in_vain == [second.record.vault_id])
            await second.ping(first)
            assert ((await patient).content, (await late).content) == (PONG, PONG)
            assert first.dialled_in_vain == [second.record.vault_id]  # one dialled for both

    play(2, story)


def test_a_changed_record_is_shown_over_the_way_that_is_known_to_a_peer_that_cannot_be_dialled():
    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        with silent_port() as door:
            second.record = elsewhere(second, door.getsockname()[1])
            await second.ping(first)
            first.renew(first.network.addresses)
            await first.ping(second)
            assert [record.certificate.serial for record in second.asked_by] == [3]

    play(2, story)


def test_what_arranges_a_meeting_goes_only_to_those_with_whom_a_connection_stands():
    async def story(hosts: list[Host]) -> None:
        first, second, third, stranger = hosts
        await first.ping(second)
        await first.ping(third)
        second.asked_by.clear()
        third.asked_by.clear()
        await first.network.send((stranger.record, second.record, third.record), PING, 1)
        assert (len(second.asked_by), third.asked_by, stranger.asked_by) == (1, [], [])

    play(4, story)
