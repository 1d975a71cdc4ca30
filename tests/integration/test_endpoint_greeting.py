"""Who is let in: whoever says Hello for the same network, in a common version, with a record of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
import pytest

from node.vault import WIRE_VERSIONS
from node.vault.core import codec
from node.vault.core.identity import Signer, certify, make_record
from node.vault.core.messages import Hello, Ping, Request
from node.vault.errors import WrongNetwork
from node.vault.transport import limits
from node.vault.transport.streams import FrameStream
from tests.integration.endpoint_world import ANSWER_S, PING, Host, play, wait_until
from tests.integration.test_endpoint_limits import Slow

OTHER_NETWORK = b"\1" * 32


def greeting(host: Host) -> Hello:
    return Hello(host.network_id, WIRE_VERSIONS, host.record)


def of_another_network(host: Host) -> Hello:
    return msgspec.structs.replace(greeting(host), network=OTHER_NETWORK)


def in_an_unknown_version(host: Host) -> Hello:
    return msgspec.structs.replace(greeting(host), wire_versions=(max(WIRE_VERSIONS) + 1,))


def in_versions_whose_audits_did_not_name_who_was_asked(host: Host) -> Hello:
    return msgspec.structs.replace(greeting(host), wire_versions=(2, 1))


def with_the_record_of_another_vault(host: Host) -> Hello:
    owner, transport = Signer(b"o" * 32), Signer(b"t" * 32)
    certificate = certify(owner, transport.public_key, serial=1, now_s=time.time())
    record = make_record(transport, certificate, host.record.addresses, time.time())
    return msgspec.structs.replace(greeting(host), record=record)


def under_a_vault_id_that_never_vouched_for_the_key(host: Host) -> Hello:
    somebody = Signer(b"s" * 32).public_key
    certificate = msgspec.structs.replace(host.record.certificate, vault_id=somebody)
    record = make_record(Signer(host.seed), certificate, host.record.addresses, time.time())
    return msgspec.structs.replace(greeting(host), record=record)


def with_a_certificate_of_yesterday(host: Host) -> Hello:
    long_ago_s = time.time() - 2 * 24 * 3600.0
    certificate = certify(host.owner, Signer(host.seed).public_key, serial=1, now_s=long_ago_s)
    record = make_record(Signer(host.seed), certificate, host.record.addresses, time.time())
    return msgspec.structs.replace(greeting(host), record=record)


def without_a_hello(_host: Host) -> Ping:
    return Ping(b"")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (of_another_network, "peer.network"),
        (in_an_unknown_version, "peer.network"),
        (in_versions_whose_audits_did_not_name_who_was_asked, "peer.network"),
        (with_the_record_of_another_vault, "peer.signature"),
        (under_a_vault_id_that_never_vouched_for_the_key, "peer.signature"),
        (with_a_certificate_of_yesterday, "peer.signature"),
        (without_a_hello, "peer.malformed"),
    ],
)
def test_a_stranger_is_told_nothing_and_served_nothing(make: Callable[[Host], Request], code: str):
    async def story(hosts: list[Host]) -> None:
        stranger, target = hosts
        connection = await stranger.connect(target)
        stream = FrameStream(await connection.open_bi())
        await stream.write(codec.encode(make(stranger)))
        await wait_until(lambda: connection.close_reason() is not None)
        assert target.network.counters[f"connection refused {code}"] == 1
        assert not target.network._sessions.by_key
        assert target.asked_by == []

    play(2, story)


@pytest.mark.parametrize(
    "make", [of_another_network, in_an_unknown_version, in_versions_whose_audits_did_not_name_who_was_asked]
)
def test_whoever_dials_looks_at_the_hello_of_the_other_too(make: Callable[[Host], Hello]):
    async def story(hosts: list[Host]) -> None:
        asker, stranger = hosts
        admit = stranger.network._admit
        stranger.network._admit = lambda connection, _own, hello, *rest, **kinds: (  # type: ignore[method-assign]
            admit(connection, greeting(asker), hello, *rest, **kinds)  # it lets everybody in
        )
        stranger.network._greeting = lambda _seen_at: make(stranger)
        with pytest.raises(WrongNetwork):
            await asker.network.request(stranger.record, PING, ANSWER_S)
        assert stranger.asked_by == []
        assert not asker.network._sessions.by_key

    play(2, story)


def test_a_subnet_is_answered_a_few_at_a_time_however_much_it_asks(monkeypatch):
    monkeypatch.setattr(limits, "SERVING_PER_SUBNET_MAX", 2)

    async def story(hosts: list[Host]) -> None:
        greedy, honest, target = hosts
        slow = Slow(target)
        asking = [asyncio.create_task(greedy.ping(target)) for _ in range(5)]
        await wait_until(lambda: target.network._requests._begun.total() == 5)
        other = asyncio.create_task(honest.ping(target))
        await wait_until(lambda: slow.at_work == 3)
        assert [peer.vault_id for peer in slow.asked_by].count(greedy.record.vault_id) == 2
        slow.go_on.set()
        await asyncio.gather(other, *asking)

    play(3, story)
