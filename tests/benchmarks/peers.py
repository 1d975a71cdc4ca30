"""What a vault is measured against and among, in processes of their own that live until their input ends.

    python -m tests.benchmarks.peers bare FOLDER                    one QUIC endpoint that moves bytes, and nothing else
    python -m tests.benchmarks.peers neighbours COUNT NETWORK VAULT  light vaults that know the vault VAULT (a record)

Either writes one line when it is ready.  A neighbour watches the vault if it is one of the first WATCHERS, asks it for
a sign of its head as often as a vault does, and answers as a vault that holds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import iroh

from node.vault.control import Pace
from node.vault.core import codec, messages
from node.vault.core.identity import PeerRecord, Signer, decode_record
from node.vault.core.proofs import NOT_HELD, sign_answer
from node.vault.errors import PeerError
from node.vault.transport import iroh_bytes
from node.vault.transport.unhurried import unhurried
from tests.benchmarks.by_hand import by_hand, hashed
from tests.integration.endpoint_world import PING, Host

ALPN = b"bare"
BLOCK_BYTES = 1 << 20
SMALL_BYTES = 64
FIRST_SUBNET = 100
WATCHERS = 8
ASK_S = 10.0


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[list[str]]:
    """Run one of the above; gives the words of its first line.  It is killed at the end."""
    command = [sys.executable, "-m", "tests.benchmarks.peers", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield running.stdout.readline().split()
        finally:
            running.kill()


async def bare_endpoint(address: str) -> Any:
    iroh_bytes.repair()
    options = iroh.EndpointOptions(
        preset=iroh.preset_minimal(), relay_mode=iroh.RelayMode.disabled(), bind_addr=address, alpns=[ALPN],
        secret_key=os.urandom(32),
    )  # fmt: skip
    return await iroh.Endpoint.bind(options)


async def connect_bare(endpoint: Any, words: list[str]) -> Any:
    key, address = words
    target = iroh.EndpointAddr(iroh.EndpointId.from_bytes(bytes.fromhex(key)), None, [address])
    return await endpoint.connect(target, ALPN)


def asked_for(count: int, *, to_keep: bool = False) -> bytes:
    """The request for ``count`` blocks, or that so many, which follow, be kept; for none: a sign of life."""
    return count.to_bytes(4, "big") + bytes([to_keep]) + bytes(SMALL_BYTES - 5)


async def serve_bare(folder: Path) -> None:
    """On each stream: a request of SMALL_BYTES; then all that is asked for, or a word for each block that is kept."""
    endpoint = await bare_endpoint("127.0.8.1:0")
    print(endpoint.id().to_bytes().hex(), endpoint.addr().direct_addresses()[0], flush=True)
    block, keep = os.urandom(BLOCK_BYTES), hashed(by_hand(folder))

    async def keep_blocks(stream: Any, count: int) -> None:
        for _ in range(count):
            content = await unhurried(stream.recv().read_exact(BLOCK_BYTES))
            await asyncio.to_thread(keep, content)
            await stream.send().write_all(bytes(SMALL_BYTES))

    async def serve(stream: Any) -> None:
        sending, receiving = stream.send(), stream.recv()
        with contextlib.suppress(iroh.IrohError):
            while True:
                asked = await receiving.read_exact(SMALL_BYTES)
                count = int.from_bytes(asked[:4], "big")
                if asked[4]:
                    await keep_blocks(stream, count)
                    continue
                for _ in range(count):
                    await sending.write_all(block)
                if not count:
                    await sending.write_all(asked)

    connection = await (await (await endpoint.accept_next()).accept()).connect()
    async with asyncio.TaskGroup() as tasks:
        with contextlib.suppress(iroh.IrohError):  # the measurement is over
            while True:
                tasks.create_task(serve(await connection.accept_bi()))


class Neighbour(Host):
    async def _answer(self, peer: PeerRecord, _subnet: str, content: bytes, *, is_here: bool) -> bytes:
        message = codec.decode_request(content)
        answer: messages.Answer
        match message:
            case messages.Ping(head):
                answer = messages.Pong(head)
            case messages.FindVaults():
                answer = messages.Vaults(())
            case messages.Get(address, nonce) | messages.Audit(address, nonce):
                answer = messages.NotHeld(sign_answer(Signer(self.seed), NOT_HELD, address, b"", nonce, time.time()))
            case _:
                answer = messages.Refused("not_mine")
        return codec.encode(answer)


async def be_neighbours(count: int, network: bytes, vault: PeerRecord) -> None:
    hosts = [Neighbour(network) for _ in range(count)]
    for number, host in enumerate(hosts):
        await host.bind(FIRST_SUBNET + number)

    async def ask(number: int, host: Neighbour) -> None:
        while True:
            with contextlib.suppress(PeerError):
                await host.network.request(vault, PING, ASK_S)
            await asyncio.sleep(Pace().ping_s * (1 + number / count))

    near = int.from_bytes(hashlib.sha256(vault.vault_id).digest(), "big")
    hosts.sort(key=lambda host: near ^ host.record.position)
    async with asyncio.TaskGroup() as tasks:
        for host in hosts:
            tasks.create_task(host.network.run())
        await asyncio.sleep(0)  # requests need run()
        for number, host in enumerate(hosts):
            await host.network.request(vault, PING, ASK_S)
            tasks.create_task(ask(number, host))
            if number < WATCHERS:
                host.network.watch([vault], lambda _peer: None)
        print("ready", flush=True)


def main() -> None:
    if sys.argv[1] == "bare":
        asyncio.run(serve_bare(Path(sys.argv[2])))
    else:
        count, network, vault = int(sys.argv[2]), bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4])
        asyncio.run(be_neighbours(count, network, decode_record(vault, time.time())))


if __name__ == "__main__":
    main()
