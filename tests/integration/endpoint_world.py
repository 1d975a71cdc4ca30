"""Endpoints with identities for tests of the transport, in this process or in one of their own.

``python -m tests.integration.endpoint_world COUNT FIRST`` runs COUNT of them, bound to 127.0.FIRST.1 and on; it writes
their records as one line of JSON (in hexadecimal digits), and lives until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import iroh

from node.vault import WIRE_VERSIONS
from node.vault.core import codec
from node.vault.core.identity import PeerRecord, Signer, certify, decode_record, encode_record, make_record
from node.vault.core.messages import Hello, Ping, Pong
from node.vault.transport.endpoint import ALPN, IrohNetwork
from node.vault.transport.streams import FrameStream

NETWORK = bytes(32)
PING = codec.encode(Ping(b""))
PONG = codec.encode(Pong(b""))
ANSWER_S = 5.0
STORY_S = 30.0
WAIT_S = 10.0


class SystemClock:
    def __init__(self, off_s: float = 0.0) -> None:
        self.off_s = off_s

    def monotonic_s(self) -> float:
        return time.monotonic()

    def utc_s(self) -> float:
        return time.time() + self.off_s


class Heard:
    """Writes down what a host's network notices."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def greeted(self, peer: PeerRecord, head: bytes) -> None:
        self._host.heads_heard.append((peer.vault_id, head))

    def unanswered(self, peer: PeerRecord) -> None:
        self._host.dialled_in_vain.append(peer.vault_id)

    def newer(self, peer: PeerRecord, subnet: str, head: bytes) -> None:
        self._host.newer_met.append((peer, subnet, head))

    def seen_at(self, addresses: tuple[str, ...]) -> None:
        self._host.renew(addresses)


class Host:
    """One endpoint with an identity; it gives ``answer`` to every request.  Its calendar is ``off_s`` ahead."""

    def __init__(self, network: bytes = NETWORK, off_s: float = 0.0) -> None:
        self.network_id = network
        self.clock = SystemClock(off_s)
        self.owner, self.seed, self.serial = Signer(os.urandom(32)), os.urandom(32), 0
        self.asked_by: list[PeerRecord] = []
        self.were_here: list[bool] = []  # those who asked
        self.head = b""
        self.answer = PONG
        self.heads_heard: list[tuple[bytes, bytes]] = []  # vault id, digest
        self.dialled_in_vain: list[bytes] = []  # vault ids
        self.newer_met: list[tuple[PeerRecord, str, bytes]] = []  # with no version in common: subnet, digest
        self.network: IrohNetwork
        self.record: PeerRecord

    async def bind(self, number: int, beat_s: float = 2.0) -> None:
        self.renew(())
        self.network = await IrohNetwork.bind(
            self.seed, f"127.0.{number}.1:0", self._greet, self._answer, self.clock, beat_s=beat_s,
            listener=Heard(self),
        )  # fmt: skip
        self.renew(self.network.addresses)

    def renew(self, addresses: tuple[str, ...]) -> None:
        self.serial += 1
        signer = Signer(self.seed)
        now_s = self.clock.utc_s()
        certificate = certify(self.owner, signer.public_key, serial=self.serial, now_s=now_s)
        self.record = make_record(signer, certificate, addresses, now_s)

    async def ping(self, other: Host) -> None:
        assert (await self.network.request(other.record, PING, ANSWER_S)).content == PONG

    async def connect(self, other: Host) -> iroh.Connection:
        """A bare connection, as someone makes it who keeps to no rules."""
        target = iroh.EndpointAddr(
            iroh.EndpointId.from_bytes(other.record.transport_key), None, list(other.record.addresses)
        )
        return await self.network._endpoint.connect(target, ALPN)

    async def greeted(self, other: Host) -> iroh.Connection:
        connection = await self.connect(other)
        stream = FrameStream(await connection.open_bi())
        await stream.write(codec.encode(self._greet("")))
        await stream.read(1 << 16)
        return connection

    def _greet(self, seen_at: str) -> Hello:
        return Hello(self.network_id, WIRE_VERSIONS, self.record, seen_at, self.head)

    async def _answer(self, peer: PeerRecord, _subnet: str, content: bytes, *, is_here: bool) -> bytes:
        self.were_here.append(is_here)
        self.asked_by.append(peer)
        return self.answer


def play(
    count: int, story: Callable[[list[Host]], Awaitable[None]], beat_s: float = 2.0, *, first_off_s: float = 0.0
) -> None:
    """Run ``story`` with ``count`` hosts, each in a subnet of its own; the calendar of the first may be wrong."""

    async def run() -> None:
        hosts = [Host(off_s=first_off_s if number == 0 else 0.0) for number in range(count)]
        for number, host in enumerate(hosts):
            await host.bind(180 + number, beat_s)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(host.network.run()) for host in hosts]
            await asyncio.sleep(0)  # requests need run()
            async with asyncio.timeout(STORY_S):
                await story(hosts)
            for task in running:
                task.cancel()
            for host in hosts:
                await host.network.close()

    asyncio.run(run())


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.02)


@contextmanager
def elsewhere(count: int, first: int) -> Iterator[tuple[subprocess.Popen[bytes], list[PeerRecord]]]:
    """Hosts in a process of their own; it is killed at the end."""
    command = [sys.executable, "-m", "tests.integration.endpoint_world", str(count), str(first)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            records = json.loads(process.stdout.readline())
            yield process, [decode_record(bytes.fromhex(record), time.time()) for record in records]
        finally:
            process.kill()


async def _host(count: int, first: int) -> None:
    hosts = [Host() for _ in range(count)]
    for number, host in enumerate(hosts):
        await host.bind(first + number)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(host.network.run()) for host in hosts]
        print(json.dumps([encode_record(host.record).hex() for host in hosts]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in running:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(_host(int(sys.argv[1]), int(sys.argv[2])))
