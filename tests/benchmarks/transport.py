"""What the way from vault to vault costs, against a bare QUIC stream; what a vault costs that idles; who dies unseen.

The vault that answers is a real one in its sandbox.  The one that asks is the same driver, core and transport in this
process, holding nothing, so that the time of a single request can be taken where the core takes it: from the effect to
the decoded answer.  The bare stream runs between two processes as well; both take turns, round by round.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from node.practice.host import PlainVault
from node.vault import WIRE_VERSIONS, control
from node.vault.clock import SystemClock
from node.vault.core.desk import Asked, Desk
from node.vault.core.identity import PeerRecord, Signer, certify, decode_record, make_record
from node.vault.core.messages import Answer, Audit, Audited, FindVaults, Hello, Request
from node.vault.core.messages import Vaults as Found
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import Driver
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem
from node.vault.transport.endpoint import IrohNetwork
from tests.benchmarks.peers import BLOCK_BYTES, SMALL_BYTES, bare_endpoint, connect_bare, process
from tests.benchmarks.rows import Row, at_least, at_most, printed
from tests.benchmarks.vaults import Vaults, temporary_folder
from tests.integration.endpoint_world import ANSWER_S, PING, Host, elsewhere

QUOTA_BYTES = 1 << 33
CHUNKS, AT_A_TIME = 64, 16
SMALL_CHUNK_BYTES = 4096
ROUNDS = 7
REQUESTS = 100
ALLOWANCE_S = 1.0  # between two rounds: a vault grants one peer so many requests a second, and a burst
IDLE_SETTLE_S, IDLE_S = 70.0, 60.0  # a vault that is new looks for neighbours, at first often
NEIGHBOURS = (8, 30, 100)
NOTICED_TIMES, NOTICED_S = 5, 5.0
PACE = control.Pace(audit_s=3600.0, repair_delay_s=3600.0, repair_bytes_per_s=1 << 10)


def measure() -> list[Row]:
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    rows = []
    with temporary_folder() as folder:
        for part in (_speed, _idle):
            place = folder / part.__name__
            place.mkdir()
            rows += await part(place)
    return [*rows, await _noticed()]


class AskingVault:
    """A vault without room for chunks, in this process."""

    def __init__(self, network: bytes, contact: PeerRecord) -> None:
        self._signer, self._network_id = Signer(seed := os.urandom(32)), network
        certificate = certify(Signer(os.urandom(32)), self._signer.public_key, serial=1, now_s=time.time())
        record = make_record(self._signer, certificate, (), time.time())
        config = VaultConfig(self._signer, record, 0, (contact,), b"", PACE)
        self._seed, self._contact = seed, contact
        self._vault = Vault(config, random.Random(1), os.urandom)
        self._waiting: dict[int, asyncio.Future[control.Report]] = {}
        self._next = 0
        self._driver: Driver

    @asynccontextmanager
    async def at_work(self, folder: Path) -> Any:
        clock = SystemClock()
        store = ChunkStore(RealFileSystem(folder), 0)
        self._driver = Driver(self._vault, store, clock, self._told)
        network = await IrohNetwork.bind(
            self._seed, "127.0.9.1:0",
            lambda seen_at: Hello(self._network_id, WIRE_VERSIONS, self._vault.record, seen_at),
            self._driver.handle, clock,
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(network.run())
            working = tasks.create_task(self._driver.run(network, network.addresses))
            await self._driver.wait_until_started()
            yield self
            await self._driver.drain(control.Drain(0))
            await working
            serving.cancel()
            await network.close()

    async def get(self, address: bytes) -> None:
        self._next = number = self._next + 1
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._driver.command(control.GetChunk(number, address))
        report = await self._waiting[number]
        del self._waiting[number]
        assert isinstance(report, control.Content), report

    async def ask(self, message: Request, kind: type[Any]) -> float:
        """Seconds from the effect to the decoded answer."""
        timed = _Timed()
        self._vault._desk.now = self._driver.now()
        self._vault._desk.ask(timed, self._contact, message)
        started_s = time.perf_counter()
        for effect in self._vault._desk.take_effects():
            self._driver._perform(effect)
        answer, ended_s = await timed.answer
        assert isinstance(answer, kind), answer
        return ended_s - started_s

    def _told(self, report: control.Report) -> None:
        waiting = self._waiting.get(getattr(report, "id", 0))
        if waiting is not None:
            waiting.set_result(report)


class _Timed:
    def __init__(self) -> None:
        self.answer: asyncio.Future[tuple[Answer, float]] = asyncio.get_running_loop().create_future()

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        self.answer.set_result((message, time.perf_counter()))

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        self.answer.set_exception(ConnectionError(code))


async def _speed(folder: Path) -> list[Row]:
    async with Vaults(folder, PACE, QUOTA_BYTES) as vaults:
        serving = await vaults.add(1)
        large = [await _stored(serving, BLOCK_BYTES) for _ in range(CHUNKS)]
        small = await _stored(serving, SMALL_CHUNK_BYTES)
        network, contact = vaults.chain.network, decode_record(serving.record, time.time())
        own = folder / "asking"
        own.mkdir()
        with process("bare", str(folder / "bare")) as words:
            async with AskingVault(network, contact).at_work(own) as asking:
                endpoint = await bare_endpoint("127.0.7.1:0")
                connection = await connect_bare(endpoint, words)
                rows = await _compare(asking, connection, large, small)
                connection.close(0, b"")
                await endpoint.close()
    return rows


async def _stored(vault: PlainVault, length: int) -> bytes:
    content = os.urandom(length)
    await vault.put(content)
    return hashlib.sha256(content).digest()


async def _compare(asking: AskingVault, connection: Any, large: list[bytes], small: bytes) -> list[Row]:
    stream = await connection.open_bi()
    sending, receiving = stream.send(), stream.recv()

    async def bare_blocks() -> None:
        await sending.write_all(CHUNKS.to_bytes(4, "big") + bytes(SMALL_BYTES - 4))
        for _ in range(CHUNKS):
            await receiving.read_exact(BLOCK_BYTES)

    async def gets() -> None:
        left = list(large)

        async def one_by_one() -> None:
            while left:
                await asking.get(left.pop())

        await asyncio.gather(*(one_by_one() for _ in range(AT_A_TIME)))

    async def bare_request() -> float:
        started_s = time.perf_counter()
        await sending.write_all(bytes(SMALL_BYTES))
        await receiving.read_exact(SMALL_BYTES)
        return time.perf_counter() - started_s

    def audit(address: bytes) -> Callable[[], Awaitable[float]]:
        return lambda: asking.ask(Audit(address, os.urandom(16)), Audited)

    times: dict[str, list[float]] = {name: [] for name in ("bare bytes", "get")}
    for turn in range(ROUNDS + 1):
        for name, work in (("bare bytes", bare_blocks), ("get", gets)):
            started_s = time.perf_counter()
            await work()
            if turn:  # the first round warms up
                times[name].append(CHUNKS / (time.perf_counter() - started_s))
    speed = {name: statistics.median(values) for name, values in times.items()}
    ratio = statistics.median(get / bare for get, bare in zip(times["get"], times["bare bytes"], strict=True))
    rows = [
        at_least("get of 1 MiB chunks, 16 at a time, against a bare stream", ratio, 0.6, "",
                 {"get_mib_per_s": round(speed["get"], 1), "bare_mib_per_s": round(speed["bare bytes"], 1)})
    ]  # fmt: skip
    requests: dict[str, Callable[[], Awaitable[float]]] = {
        "find": lambda: asking.ask(FindVaults(os.urandom(32)), Found),
        "audit": audit(small),
        "audit of 1 MiB": audit(large[0]),
    }
    latencies = await _latencies({"bare": bare_request, **requests})
    for name in requests:
        ratios = [mine / bare for mine, bare in zip(latencies[name], latencies["bare"], strict=True)]
        figure = statistics.median(ratios)
        detail: dict[str, float | str] = {
            "p50_ms": round(1e3 * statistics.median(latencies[name]), 3),
            "bare_p50_ms": round(1e3 * statistics.median(latencies["bare"]), 3),
        }
        if name == "audit of 1 MiB":  # most of it is reading and hashing the chunk
            rows.append(printed(f"{name}, p50 against a bare round trip", figure, "x", detail))
        else:
            rows.append(at_most(f"small request ({name}), p50 against a bare round trip", figure, 2.5, "x", detail))
    return rows


async def _latencies(kinds: dict[str, Callable[[], Awaitable[float]]]) -> dict[str, list[float]]:
    """The p50 of each kind, round by round; the kinds take turns in a round."""
    medians: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(ROUNDS + 1):
        taken: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(REQUESTS):
            for name, ask in kinds.items():
                taken[name].append(await ask())
        for name in kinds:
            if turn:
                medians[name].append(statistics.median(taken[name]))
        await asyncio.sleep(ALLOWANCE_S)
    return medians


async def _idle(folder: Path) -> list[Row]:
    rows = []
    for count in NEIGHBOURS:
        place = folder / str(count)
        place.mkdir()
        async with Vaults(place, control.Pace(), QUOTA_BYTES) as vaults:
            vault = await vaults.add(1)
            with process("neighbours", str(count), vaults.chain.network.hex(), vault.record.hex()):
                await asyncio.sleep(IDLE_SETTLE_S)
                before_s, started_s = _cpu_s(vault.pid), time.monotonic()
                await asyncio.sleep(IDLE_S)
                percent = 100 * (_cpu_s(vault.pid) - before_s) / (time.monotonic() - started_s)
                resident_mb = psutil.Process(vault.pid).memory_info().rss / 1e6
                peers = (await vault.state()).peer_count
        detail: dict[str, float | str] = {"known_neighbours": peers, "seconds": IDLE_S}
        names = (f"idle vault with {count} neighbours, processor", f"idle vault with {count} neighbours, memory")
        if count == min(NEIGHBOURS):
            rows += [at_most(names[0], percent, 0.3, "% of a core", detail)]
            rows += [at_most(names[1], resident_mb, 60, "MB", detail)]
        else:
            rows += [printed(names[0], percent, "% of a core", detail)]
            rows += [printed(names[1], resident_mb, "MB", detail)]
    return rows


def _cpu_s(pid: int) -> float:
    """Processor time of another process, to the nanosecond (Linux: the clock of a process has the id ~pid << 3 | 2)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


async def _noticed() -> Row:
    """The longest time after a kill; each kill comes at another moment between two signs of life."""
    times = []
    for number in range(NOTICED_TIMES):
        with elsewhere(1, 230) as (neighbour, records):
            host = Host()
            await host.bind(231)
            told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(host.network.run())
                await asyncio.sleep(0)  # requests need run()
                await host.network.request(records[0], PING, ANSWER_S)
                host.network.watch(records, lambda _peer, told=told: told.set_result(time.monotonic()))  # type: ignore[misc]
                await asyncio.sleep(6.0 + 2.0 * number / NOTICED_TIMES)
                killed_s = time.monotonic()
                neighbour.kill()
                async with asyncio.timeout(2 * NOTICED_S):
                    times.append(await told - killed_s)
                running.cancel()
                await host.network.close()
    detail: dict[str, float | str] = {"shortest_s": round(min(times), 2), "kills": NOTICED_TIMES}
    return at_most("dead close neighbour noticed", max(times), NOTICED_S, "s", detail)
