"""A vault that speaks no version of the others hears of the newest head all the same, and fetches what that names."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import iroh
import pytest

from node.vault import WIRE_VERSIONS, control
from node.vault.core import codec, late
from node.vault.core.identity import Introduction, PeerRecord, Signer, certify, encode_introduction, make_record
from node.vault.core.messages import Hello
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import Driver
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem
from node.vault.transport import binding, latecomers
from node.vault.transport.endpoint import ALPN, IrohNetwork
from node.vault.transport.streams import FrameStream
from tests.integration.endpoint_world import NETWORK, STORY_S, SystemClock, wait_until

OLD, NEW = WIRE_VERSIONS, (99,)
HEAD, FILE, CHUNK = b"the newest head", b"a root that it names", b"a chunk of a release"
QUOTA_BYTES = 1 << 20


def address(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


class Farm:
    """A vault in this process, real but for the versions that it says it speaks."""

    def __init__(self, folder: Path, versions: tuple[int, ...]) -> None:
        self.versions = versions
        self.store = ChunkStore(RealFileSystem(folder), QUOTA_BYTES)
        self.told: list[control.Report] = []
        self.driver: Driver
        self.network: IrohNetwork
        self.vault: Vault

    async def bind(self, number: int, head: bytes, contacts: tuple[PeerRecord, ...]) -> None:
        seed, clock = os.urandom(32), SystemClock()
        signer = Signer(seed)
        certificate = certify(Signer(os.urandom(32)), signer.public_key, serial=1, now_s=time.time())
        record = make_record(signer, certificate, (), time.time())
        config = VaultConfig(signer, record, QUOTA_BYTES, contacts, head, control.Pace(audit_s=1e6))
        self.vault = Vault(config, random.Random(number), os.urandom)
        self.driver = Driver(self.vault, self.store, clock, self.told.append)
        self.network = await IrohNetwork.bind(
            seed, f"127.0.{number}.1:0", self._greet, self.driver.handle, clock, listener=self.driver
        )

    def _greet(self, seen_at: str) -> Hello:
        return Hello(NETWORK, self.versions, self.vault.record, seen_at, self.vault.head_digest)

    async def ask(self, command: control.Command) -> control.Report:
        """The next report that answers it."""
        said = len(self.told)
        self.driver.command(command)
        await wait_until(lambda: any(getattr(report, "id", 0) == command.id for report in self.told[said:]))
        return next(report for report in self.told[said:] if getattr(report, "id", 0) == command.id)

    @property
    def heads(self) -> list[bytes]:
        return [report.content for report in self.told if isinstance(report, control.HeadSeen)]


def play(
    folder: Path,
    story: Callable[[Farm, Farm], Awaitable[None]],
    *,
    versions: tuple[int, ...] = NEW,
    is_known: bool = True,
) -> tuple[Farm, Farm]:
    """One vault of old, and one of ``versions``, known to it or not, that carries a head, a file and a chunk."""

    async def main() -> tuple[Farm, Farm]:
        (folder / "new").mkdir()
        (folder / "old").mkdir()
        new, old = Farm(folder / "new", versions), Farm(folder / "old", OLD)
        new.store.put(CHUNK, address(CHUNK))
        await new.bind(190, HEAD, ())
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(STORY_S):
            running = [tasks.create_task(new.network.run())]
            working = [tasks.create_task(new.driver.run(new.network, new.network.addresses))]
            await new.driver.wait_until_started()
            await new.ask(control.CarryObject(1, FILE))
            await old.bind(191, b"", (new.vault.record,) if is_known else ())
            running.append(tasks.create_task(old.network.run()))
            working.append(tasks.create_task(old.driver.run(old.network, old.network.addresses)))
            await old.driver.wait_until_started()
            await story(old, new)
            for farm in (old, new):
                await farm.driver.drain(control.Drain(9))
            for task in running:
                task.cancel()
            for farm in (old, new):
                await farm.network.close()
                farm.store.close()
        return old, new

    return asyncio.run(main())


def peer_count(state: control.Report) -> int:
    assert isinstance(state, control.State)
    return state.peer_count


async def dial_late(farm: Farm, to: Farm) -> iroh.Connection:
    key = iroh.EndpointId.from_bytes(to.vault.record.transport_key)
    target = iroh.EndpointAddr(key, None, list(to.network.addresses))
    return await farm.network._endpoint.connect(target, late.PROTOCOL)


async def said(connection: iroh.Connection, question: bytes) -> bytes:
    stream = FrameStream(await connection.open_bi())
    await stream.write(question)
    return await stream.read(late.ANSWER_BYTES_MAX)


class TestAVaultOfOld:
    def test_hears_of_the_newest_head_and_fetches_what_that_names_from_one_it_cannot_speak_with(self, tmp_path: Path):
        async def story(old: Farm, new: Farm) -> None:
            await wait_until(lambda: old.heads == [HEAD])
            for content in (FILE, CHUNK):
                found = await old.ask(control.GetChunk(5, address(content), is_carried=True))
                assert found == control.Content(5, content)
            states = [await farm.ask(control.GetState(6)) for farm in (old, new)]
            assert [peer_count(state) for state in states] == [0, 0], "neither is the other's neighbour"

        play(tmp_path, story)

    def test_gets_files_that_it_asks_for_at_once(self, tmp_path: Path):
        async def story(old: Farm, _new: Farm) -> None:
            await wait_until(lambda: old.heads == [HEAD])
            old.network._latecomers.close()  # whatever is asked next is the first one to dial
            wanted = (FILE, CHUNK, FILE, CHUNK)
            for number, content in enumerate(wanted):
                old.driver.command(control.GetChunk(20 + number, address(content), is_carried=True))
            answers = [control.Content(20 + number, content) for number, content in enumerate(wanted)]
            await wait_until(lambda: all(answer in old.told for answer in answers))

        play(tmp_path, story)

    def test_hears_of_it_from_one_that_does_not_even_speak_the_protocol_of_old(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        bind = binding.bind

        async def without_the_old(seed: bytes, address: str, *alpns: bytes) -> iroh.Endpoint:
            return await bind(seed, address, *(alpns[1:] if ".190." in address else alpns))

        monkeypatch.setattr(binding, "bind", without_the_old)

        async def story(old: Farm, _new: Farm) -> None:
            await wait_until(lambda: old.heads == [HEAD])

        play(tmp_path, story)

    def test_hears_of_it_from_one_that_dials_it(self, tmp_path: Path):
        async def story(old: Farm, new: Farm) -> None:
            record = old.vault.record
            known = encode_introduction(Introduction(record.transport_key, record.addresses))
            await new.ask(control.Introduce(7, (known,)))
            await wait_until(lambda: old.heads == [HEAD])

        play(tmp_path, story, is_known=False)

    def test_asks_nobody_of_its_own_version_so(self, tmp_path: Path):
        async def story(old: Farm, _new: Farm) -> None:
            await wait_until(lambda: old.heads == [HEAD])
            assert not old.network._latecomers._suspected_s

        play(tmp_path, story, versions=OLD)


class TestWhoAsks:
    def test_is_told_nothing_of_another_network(self, tmp_path: Path):
        async def story(old: Farm, new: Farm) -> None:
            connection = await dial_late(old, new)
            question = late.Question(late.WHICH, b"\1" * 32, late.NOTHING)
            assert await said(connection, late.encode_question(question)) == b"\x01"

        play(tmp_path, story)

    def test_a_question_of_a_later_version_is_told_not_now(self, tmp_path: Path):
        async def story(old: Farm, new: Farm) -> None:
            connection = await dial_late(old, new)
            assert await said(connection, b"\x63" + NETWORK + late.NOTHING) == b"\x02"
            assert await said(connection, b"no question") == b"\x02"
            assert await said(connection, b"\x01" + NETWORK + late.NOTHING + b"more") == b"\x00" + address(HEAD)

        play(tmp_path, story)

    def test_has_its_time_and_is_sent_away(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(latecomers, "SERVED_S", 0.2)

        async def story(old: Farm, new: Farm) -> None:
            connection = await dial_late(old, new)
            await wait_until(lambda: connection.close_reason() is not None)

        play(tmp_path, story)

    def test_is_one_of_the_few_that_a_subnet_may_send(self, tmp_path: Path):
        async def story(old: Farm, new: Farm) -> None:
            await wait_until(lambda: old.heads == [HEAD])
            connection = await dial_late(old, new)
            await said(connection, b"\x01" + NETWORK + late.NOTHING)
            assert new.network._places.taken["127.0.191.0/24"] >= 1

        play(tmp_path, story)


def test_the_usual_protocol_asks_for_a_hello_as_before(tmp_path: Path):
    async def story(old: Farm, new: Farm) -> None:
        key = iroh.EndpointId.from_bytes(new.vault.record.transport_key)
        target = iroh.EndpointAddr(key, None, list(new.network.addresses))
        connection = await old.network._endpoint.connect(target, ALPN)
        stream = FrameStream(await connection.open_bi())
        await stream.write(late.encode_question(late.Question(late.WHICH, NETWORK, late.NOTHING)))
        await wait_until(lambda: connection.close_reason() is not None)
        assert new.network.counters["connection refused peer.malformed"] == 1

    play(tmp_path, story)


def test_the_longest_answer_of_now_fits_into_one_that_is_fixed():
    assert codec.MESSAGE_BYTES_MAX + 1 >= late.ANSWER_BYTES_MAX >= (1 << 20) + 1
