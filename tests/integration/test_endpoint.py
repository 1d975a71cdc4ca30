"""The transport on real QUIC, without a vault behind it: who is let in, how many, and for how long."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time

import iroh
import pytest

from node.vault.core import codec
from node.vault.core.identity import LOCAL_DIALLED_MAX, PeerRecord, Signer, certify, make_record
from node.vault.errors import BadSignature, MalformedMessage, Unreachable
from node.vault.transport import limits, sessions
from node.vault.transport.endpoint import CLOSE_S
from node.vault.transport.streams import FrameStream
from tests.integration.endpoint_world import ANSWER_S, PING, Host, play, wait_until


def test_a_renewed_certificate_is_shown_to_peers_over_a_new_connection():
    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        await first.ping(second)
        first.renew(first.network.addresses)
        await first.ping(second)
        await second.ping(first)
        assert [record.certificate.serial for record in second.asked_by] == [2, 3]

    play(2, story)


def test_a_handshake_tells_both_which_head_the_other_carries():
    async def story(hosts: list[Host]) -> None:
        first, second = hosts
        first.head, second.head = bytes([1]) * 32, bytes([2]) * 32
        await first.ping(second)
        assert first.heads_heard == [(second.record.vault_id, second.head)]
        assert second.heads_heard == [(first.record.vault_id, first.head)]

    play(2, story)


def test_one_subnet_cannot_take_all_connections(monkeypatch):
    monkeypatch.setattr(limits, "ACCEPTED_PER_SUBNET_MAX", 2)

    async def story(hosts: list[Host]) -> None:
        greedy, honest, target = hosts
        kept = [await greedy.greeted(target) for _ in range(2)]
        with pytest.raises(iroh.IrohError):
            await greedy.greeted(target)
        await honest.ping(target)
        assert target.network.counters["connection over limit"] == 1
        assert all(connection.close_reason() is None for connection in kept)

    play(3, story)


def test_a_place_becomes_free_when_its_connection_ends(monkeypatch):
    monkeypatch.setattr(limits, "ACCEPTED_PER_SUBNET_MAX", 1)

    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        for _ in range(3):
            (await peer.greeted(target)).close(0, b"")
            await wait_until(lambda: not target.network._places.taken)

    play(2, story)


def test_in_a_rush_a_peer_proves_its_address_first(monkeypatch):
    monkeypatch.setattr(limits, "UNPROVEN_MAX", 0)

    async def story(hosts: list[Host]) -> None:
        await hosts[0].ping(hosts[1])
        assert hosts[1].network.counters["address to be proven"] == 1

    play(2, story)


def test_of_too_many_connections_made_the_least_useful_is_closed(monkeypatch):
    monkeypatch.setattr(sessions, "DIALLED_MAX", 2)

    async def story(hosts: list[Host]) -> None:
        asker, *others = hosts
        for other in others:
            await asker.ping(other)
        await wait_until(lambda: len(asker.network._sessions.dialled) == 2)
        assert others[0].record.transport_key not in asker.network._sessions.by_key

    play(4, story)


@pytest.mark.parametrize("fault", ["too many streams", "a stream of one direction"])
def test_streams_that_nobody_can_need_end_the_connection(fault):
    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        connection = await peer.greeted(target)
        if fault == "too many streams":
            held = [await connection.open_bi() for _ in range(sessions.STREAMS_OPEN_MAX + 1)]
            for stream in held:
                await stream.send().write_all(b"no")
        else:
            held_too = await connection.open_uni()
            await held_too.write_all(b"no end")
        await wait_until(lambda: connection.close_reason() is not None)
        await peer.ping(target)

    play(2, story)


def test_nothing_is_kept_of_those_who_hang_up_as_soon_as_they_are_known():
    async def story(hosts: list[Host]) -> None:
        peer, target = hosts
        for _ in range(5):
            connection = await peer.connect(target)
            stream = await connection.open_bi()
            await stream.recv().stop(1)
            await FrameStream(stream).write(codec.encode(peer._greet("")))
            await wait_until(lambda connection=connection: connection.close_reason() is not None)  # type: ignore[misc]
        await wait_until(lambda: not target.network._places.taken)
        assert not target.network._sessions.by_key

    play(2, story)


def test_nothing_is_kept_of_a_vault_that_turns_out_to_be_another():
    async def story(hosts: list[Host]) -> None:
        asker, mask = hosts
        shown, mask.owner = mask.record, Signer(os.urandom(32))
        mask.renew(mask.network.addresses)
        with pytest.raises(BadSignature):
            await asker.network.request(shown, PING, ANSWER_S)
        assert not asker.network._sessions.by_key

    play(2, story)


def test_a_key_that_two_vaults_share_answers_for_neither_of_the_others():
    async def story(hosts: list[Host]) -> None:
        first, door = hosts
        key = Signer(door.seed)
        certificate = certify(Signer(os.urandom(32)), key.public_key, serial=1, now_s=time.time())
        twin = make_record(key, certificate, door.record.addresses, time.time())
        await first.ping(door)

        with pytest.raises(BadSignature):
            await first.network.request(twin, PING, ANSWER_S)
        await first.ping(door)

    play(2, story)


def test_an_endless_answer_is_the_peers_fault_and_not_the_lines():
    async def story(hosts: list[Host]) -> None:
        asker, liar = hosts

        async def endless(_peer: PeerRecord, _subnet: str, _content: bytes, **_: bool) -> bytes:
            return bytes(codec.MESSAGE_BYTES_MAX + 1)

        liar.network._handler = endless
        answered = await asker.network.request(liar.record, PING, ANSWER_S)
        with pytest.raises(MalformedMessage):
            codec.decode_answer(answered.content)

    play(2, story)


def test_a_vault_that_accepts_and_never_says_hello_is_left_alone(monkeypatch):
    async def story(hosts: list[Host]) -> None:
        asker, mute = hosts

        async def never(incoming: iroh.Incoming) -> None:
            connection = await (await incoming.accept()).connect()
            closed.append(await connection.closed())

        closed: list[object] = []
        monkeypatch.setattr(mute.network, "_receive", never)
        with pytest.raises(Unreachable):
            await asker.network.request(mute.record, PING, 0.5)
        await wait_until(lambda: bool(closed))

    play(2, story)


def test_whoever_is_dialled_and_never_answers_does_not_hold_a_goodbye_up():
    """As long as that lasts no other process can have the port: nobody would serve."""

    async def story(hosts: list[Host]) -> None:
        leaver, friend = hosts
        await leaver.ping(friend)
        connection = await friend.connect(leaver)
        with socket.socket(type=socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.190.1", 0))
            nobody = Host()
            nobody.renew((f"127.0.190.1:{mute.getsockname()[1]}",))
            with pytest.raises(Unreachable):
                await leaver.network.request(nobody.record, PING, 0.1)
            async with asyncio.timeout(5 * CLOSE_S):
                await leaver.network.close()
                await connection.closed()

    play(2, story)


def test_few_of_the_addresses_that_a_record_names_are_dialled():
    async def story(hosts: list[Host]) -> None:
        (asker,) = hosts
        with contextlib.ExitStack() as held:
            victims = [held.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(8)]
            for number, victim in enumerate(victims):
                victim.setblocking(False)
                victim.bind((f"127.0.{190 + number}.1", 0))
            nobody = Host()
            nobody.renew(tuple(f"127.0.{190 + number}.1:{v.getsockname()[1]}" for number, v in enumerate(victims)))
            with pytest.raises(Unreachable):
                await asker.network.request(nobody.record, PING, 1.0)
            heard = [victim for victim in victims if has_heard(victim)]
        assert 0 < len(heard) <= LOCAL_DIALLED_MAX

    play(1, story)


def has_heard(victim: socket.socket) -> bool:
    try:
        return bool(victim.recv(2_048))
    except BlockingIOError:
        return False
