"""Real vault processes in their sandbox, on real QUIC."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import iroh
import pytest

from node.practice.host import PlainVault
from node.practice.profile import PACE
from node.sandbox.spec import SandboxSpec, environment
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.ports import Slot
from node.trust.chain import Chain
from node.vault import WIRE_VERSIONS, control
from node.vault.core import codec, messages
from node.vault.core.identity import Signer, certify, decode_record, make_record
from node.vault.transport import iroh_bytes
from node.vault.transport.endpoint import ALPN
from node.vault.transport.streams import FrameStream
from tests.signed_world import World as SignedWorld

QUOTA_BYTES = 1 << 26
CHUNK = os.urandom(20_000)
ADDRESS = hashlib.sha256(CHUNK).digest()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="vaults-"))
    yield made
    shutil.rmtree(made)


class Network:
    """Some plain vaults; everything is stopped at the end."""

    def __init__(self, folder: Path, slot: Slot) -> None:
        self.folder, self.slot = folder, slot
        self.chain = Chain.start(SignedWorld().genesis)
        self.vaults: list[PlainVault] = []

    async def add(self, number: int, bind: str | None = None) -> PlainVault:
        vault = PlainVault(f"vault {number}", self.folder / f"{number}", bind or f"127.0.{number}.1:0", self.chain)
        contacts = tuple(other.record for other in self.vaults[:3])
        self.vaults.append(vault)
        await vault.start(self.slot, contacts, PACE, QUOTA_BYTES)
        return vault

    async def knows(self, vault: PlainVault, count: int) -> None:
        async with asyncio.timeout(30):
            while (await vault.state()).peer_count < count:
                await asyncio.sleep(0.1)


def play(folder: Path, slot: Slot, story: Callable[[Network], Awaitable[None]]) -> None:
    async def run() -> None:
        network = Network(folder, slot)
        try:
            await story(network)
        finally:
            for vault in network.vaults:
                vault.kill()
            await asyncio.gather(*(vault.stop() for vault in network.vaults))

    asyncio.run(run())


class Stranger:
    """A peer that speaks QUIC by hand, and says whatever a test wants."""

    def __init__(self, network: bytes) -> None:
        self.seed = os.urandom(32)
        self.signer = Signer(self.seed)
        certificate = certify(Signer(os.urandom(32)), self.signer.public_key, serial=1, now_s=time.time())
        self.record = make_record(self.signer, certificate, (), time.time())
        self.hello = messages.Hello(network, WIRE_VERSIONS, self.record)
        self.endpoint: Any = None

    async def connect(self, vault: PlainVault) -> Any:
        iroh_bytes.repair()
        self.endpoint = await iroh.Endpoint.bind(
            iroh.EndpointOptions(
                preset=iroh.preset_minimal(), relay_mode=iroh.RelayMode.disabled(), bind_addr="127.0.77.1:0",
                alpns=[ALPN], secret_key=self.seed,
            )
        )  # fmt: skip
        peer = decode_record(vault.record, time.time())
        address = iroh.EndpointAddr(iroh.EndpointId.from_bytes(peer.transport_key), None, list(peer.addresses))
        return await self.endpoint.connect(address, ALPN)

    @staticmethod
    async def say(connection: Any, content: bytes) -> bytes:
        async with asyncio.timeout(10):
            stream = FrameStream(await connection.open_bi())
            await stream.write(content)
            return await stream.read(2 << 20)


class TestTwoVaults:
    def test_a_chunk_stored_through_one_comes_back_through_the_other(self, folder, slot):
        async def story(network: Network) -> None:
            first, second = await network.add(1), await network.add(2)
            await network.knows(first, 1)
            assert await first.put(CHUNK) == 2
            assert await second.get(ADDRESS) == CHUNK

        play(folder, slot, story)

    def test_a_killed_vault_still_has_every_acknowledged_chunk(self, folder, slot):
        async def story(network: Network) -> None:
            vault = await network.add(1)
            await vault.put(CHUNK)
            vault.kill()
            await vault.exited
            again = await network.add(1)
            assert await again.get(ADDRESS) == CHUNK

        play(folder, slot, story)

    def test_a_vault_goes_on_when_the_system_tells_all_programs_to_end(self, folder, slot):
        async def story(network: Network) -> None:
            vault = await network.add(1)
            for number in (signal.SIGTERM, signal.SIGHUP):
                os.kill(vault.pid, number)
            await vault.put(CHUNK)
            assert not vault.exited.done()

        play(folder, slot, story)

    def test_an_address_that_nobody_has_is_refused_and_named_so(self, folder, slot):
        async def story(network: Network) -> None:
            vault = await network.add(1)
            with pytest.raises(RequestRefused) as refused:
                await vault.get(ADDRESS)
            assert refused.value.code == "peer.not_found"

        play(folder, slot, story)

    def test_a_port_in_use_ends_the_vault_with_one_sentence(self, folder, slot):
        async def story(network: Network) -> None:
            first = await network.add(1)
            taken = decode_record(first.record, time.time()).addresses[0]
            with pytest.raises(VaultUnavailable, match="cannot use"):
                await network.add(2, bind=taken)

        play(folder, slot, story)


class TestBadBytesFromAPeer:
    def test_garbage_is_refused_counted_and_blamed(self, folder, slot):
        async def story(network: Network) -> None:
            vault = await network.add(1)
            stranger = Stranger(network.chain.network)
            connection = await stranger.connect(vault)
            await stranger.say(connection, codec.encode(stranger.hello))
            answer = codec.decode_answer(await stranger.say(connection, b"\xc1 garbage"))
            assert answer == messages.Refused("peer.malformed")
            assert (await vault.state()).counters["blamed peer.malformed"] == 1

        play(folder, slot, story)

    def test_a_request_cut_short_is_counted_one_too_long_is_blamed_and_the_vault_goes_on(self, folder, slot):
        async def story(network: Network) -> None:
            vault = await network.add(1)
            stranger = Stranger(network.chain.network)
            connection = await stranger.connect(vault)
            await stranger.say(connection, codec.encode(stranger.hello))
            cut = await connection.open_bi()
            await cut.send().write_all((20_000).to_bytes(4, "big") + codec.encode(messages.Put(ADDRESS, CHUNK))[:500])
            await cut.send().reset(7)
            with contextlib.suppress(iroh.IrohError):  # the vault need not have let it come to the end
                await stranger.say(connection, bytes(codec.MESSAGE_BYTES_MAX + 1))
            async with asyncio.timeout(10):
                while not {"request broken off", "blamed peer.malformed"} <= (await vault.state()).counters.keys():
                    await asyncio.sleep(0.05)
            await vault.put(CHUNK)
            assert await vault.get(ADDRESS) == CHUNK

        play(folder, slot, story)

    @pytest.mark.parametrize("fault", ["garbage", "another network", "another's record", "no hello at all"])
    def test_whoever_does_not_introduce_itself_properly_gets_no_session(self, folder, slot, fault):
        async def story(network: Network) -> None:
            vault = await network.add(1)
            stranger = Stranger(network.chain.network)
            first = {
                "garbage": b"\xc1",
                "another network": codec.encode(Stranger(bytes(32)).hello),
                "another's record": codec.encode(Stranger(network.chain.network).hello),
                "no hello at all": codec.encode(messages.Ping(b"")),
            }[fault]
            connection = await stranger.connect(vault)
            with pytest.raises(iroh.IrohError):
                await stranger.say(connection, first)
            counters = (await vault.state()).counters
            assert sum(count for name, count in counters.items() if name.startswith("connection refused")) == 1

        play(folder, slot, story)


class TestTheControlChannel:
    @pytest.mark.parametrize("frame", [b"\x00\x00\x00\x03abc", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01"])
    def test_a_broken_contract_ends_the_vault_with_a_stated_reason(self, folder, slot, frame):
        (folder / "incoming").mkdir()
        (folder / "chunks").mkdir()
        spec = SandboxSpec(slot=slot.path, data=folder, module="node.vault", pycache=slot.pycache)
        ended = subprocess.run(
            spec.start_command(),
            input=frame,
            capture_output=True,
            cwd=folder,
            env=environment(),
            timeout=60,
            check=False,
        )
        hello = control.decode_report(control.Frames().feed(ended.stdout)[0])
        assert isinstance(hello, control.Hello)
        assert hello.tree_hash == slot.tree_hash
        assert ended.returncode == 1
        assert b"the vault ends:" in ended.stderr
        assert b"Traceback" not in ended.stderr
