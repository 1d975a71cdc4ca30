"""A small world for trials: twins, a prober and neighbours, all pretended, in virtual time."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from node.prober.control import Kind, Measured, Outcome, ProbeAnswer, Ready
from node.update.errors import TwinFailed
from node.update.observations import Neighbour, Neighbourhood
from node.update.ports import TwinOrder
from node.update.rehearsal import COPY_SUFFIX
from node.vault import control
from node.vault.core.identity import Signer, certify
from node.vault.core.ranking import LATENCIES_MIN, Ledger

UTC_S = 1_795_348_800.0  # 2026-11-22 12:00, when the heads of signed_world are signed
CANDIDATE, CONTROL = "c" * 64, "d" * 64
READS: tuple[Kind, ...] = ("get", "audit")


def utc_s() -> float:
    return UTC_S + asyncio.get_running_loop().time()


@dataclass
class Nature:
    """How the vaults of one version behave."""

    starts: bool = True
    latency_s: float = 0.01
    loses_every: int = 0  # of the chunks that it acknowledges; 0 for none
    wrong_every: int = 0  # of the reads
    exits_after_s: float | None = None
    hides_at_scan: int = 0  # chunks that are gone when the store is read
    corrupt: int = 0
    rss_bytes: int = 50 << 20
    cpu_share: float = 0.1
    hoards_bytes: int = 0  # beside its chunks


@dataclass(frozen=True)
class UsedUp:
    cpu_ns: int
    rss_bytes: int


class PretendedVault:
    """A vault whose process is a timer and whose store is shared by all that ever ran on the same data."""

    def __init__(self, world: World, order: TwinOrder) -> None:
        loop = asyncio.get_running_loop()
        self.world, self.order, self.nature = world, order, world.natures[order.tree_hash]
        self.vault_id = Signer(order.seed).public_key
        self.exited: asyncio.Future[int] = loop.create_future()
        self.started_s = loop.time()
        self.record = b"" if order.is_standby else self.vault_id
        self.reads = 0
        self.handover_s: float | None = None  # until it is stopped
        if self.nature.hoards_bytes:
            with (order.data / "hoard").open("wb") as file:
                file.truncate(self.nature.hoards_bytes)
        if self.nature.exits_after_s is not None:
            self.timer = loop.call_later(self.nature.exits_after_s, self.end, 3)

    @property
    def store(self) -> dict[bytes, bool]:
        """A copy for the rehearsal has what the data have that it was made of."""
        return self.world.stores.setdefault(str(self.order.data).removesuffix(COPY_SUFFIX), {})

    def answer(self, kind: str, address: bytes) -> ProbeAnswer:
        nature, latency_s = self.nature, self.nature.latency_s * self.world.random.uniform(0.9, 1.1)
        outcome: Outcome = "ok"
        if self.exited.done():
            outcome, latency_s = "failed", 5.0
        elif kind == "put":
            number = len(self.store) + 1
            self.store[address] = not (nature.loses_every and number % nature.loses_every == 0)
        else:
            self.reads += 1
            if not self.store.get(address, False):
                outcome = "not_held"
            elif nature.wrong_every and self.reads % nature.wrong_every == 0:
                outcome = "wrong_bytes"
        return ProbeAnswer(outcome, latency_s, 1000)

    def usage(self) -> UsedUp:
        if self.exited.done():
            raise TwinFailed("it has ended")
        up_s = asyncio.get_running_loop().time() - self.started_s
        noise = self.world.random.uniform(0.98, 1.02)
        return UsedUp(int(up_s * self.nature.cpu_share * 1e9), int(self.nature.rss_bytes * noise))

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
        assert isinstance(make(1), control.Scan)
        await asyncio.sleep(0.5)
        held = [address for address, is_there in self.store.items() if is_there][self.nature.hides_at_scan :]
        return control.Scanned(1, tuple(held), tuple(held[: self.nature.corrupt]))

    async def activate(self) -> None:
        self.record = self.vault_id

    async def stop(self, handover_s: float = 0.0) -> None:
        self.handover_s = handover_s
        await asyncio.sleep(1.0)
        self.end(0)

    def kill(self) -> None:
        self.end(-9)

    def end(self, code: int) -> None:
        if not self.exited.done():
            self.exited.set_result(code)


class PretendedProber:
    """Asks like the real one: puts first, then reads of what both acknowledged."""

    def __init__(
        self, world: World, twins: list[PretendedVault], pairs_per_s: float, report: Callable[[Ready | Measured], None]
    ) -> None:
        self.world, self.twins, self.pairs_per_s, self.report = world, twins, pairs_per_s, report
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stored: list[bytes] = []
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        await asyncio.sleep(1.0)
        self.report(Ready())
        while True:
            await asyncio.sleep(1.0 / self.pairs_per_s)
            self.world.pairs += 1
            if self.world.pairs in self.world.prober_dies_at:
                self.exited.set_result(1)
                return
            self.report(self.pair())

    def pair(self) -> Measured:
        chance = self.world.random
        kind: Kind = "put" if len(self.stored) < 8 or chance.random() < 0.25 else chance.choice(READS)
        address = hashlib.sha256(b"%d" % self.world.pairs).digest() if kind == "put" else chance.choice(self.stored)
        answers = (self.twins[0].answer(kind, address), self.twins[1].answer(kind, address))
        if kind == "put" and all(answer.outcome == "ok" for answer in answers):
            self.stored.append(address)
        return Measured(kind, address, 0, answers)

    async def stop(self, handover_s: float = 0.0) -> None:
        self.task.cancel()
        if not self.exited.done():
            self.exited.set_result(0)


class Reporter:
    """A neighbour that rates every vault it has met."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.signer = Signer(hashlib.sha256(b"reporter %d" % number).digest())
        self.run_key = Signer(hashlib.sha256(b"run %d" % number).digest())
        self.ledger = Ledger()

    def table(self, vault_ids: list[bytes]) -> Neighbour:
        now_s = utc_s()
        for vault_id in [*vault_ids, self.signer.public_key]:
            for _ in range(LATENCIES_MIN):
                self.ledger.answered(vault_id, now_s)
                self.ledger.passed_audit(vault_id, now_s, 0.01)
        certificate = certify(self.signer, self.run_key.public_key, serial=1, now_s=now_s)
        table = self.ledger.table(self.run_key, certificate, now_s=now_s, utc_s=now_s)
        return Neighbour(f"127.0.{self.number}.0/24", 1e9, table)


@dataclass
class World:
    """Everything around a trial; fulfils ``TrialPorts``."""

    natures: dict[str, Nature] = field(default_factory=lambda: {CANDIDATE: Nature(), CONTROL: Nature()})
    reporters: list[Reporter] = field(default_factory=lambda: [Reporter(number) for number in range(6)])
    random: random.Random = field(default_factory=lambda: random.Random(1))
    prober_dies_at: tuple[int, ...] = ()
    stores: dict[str, dict[bytes, bool]] = field(default_factory=dict)
    vaults: list[PretendedVault] = field(default_factory=list)
    probers: list[PretendedProber] = field(default_factory=list)
    orders: list[TwinOrder] = field(default_factory=list)
    pairs: int = 0

    async def start_twin(self, order: TwinOrder) -> PretendedVault:
        self.orders.append(order)
        await asyncio.sleep(0.3)
        if not self.natures[order.tree_hash].starts:
            raise TwinFailed("ImportError: no module named cleverness")
        vault = PretendedVault(self, order)
        self.vaults.append(vault)
        return vault

    async def start_prober(
        self, twins: tuple[bytes, bytes], pairs_per_s: float, on_report: Callable[[Ready | Measured], None]
    ) -> PretendedProber:
        await asyncio.sleep(0.3)
        running = {vault.record: vault for vault in self.vaults if vault.record}
        prober = PretendedProber(self, [running[record] for record in twins], pairs_per_s, on_report)
        self.probers.append(prober)
        return prober

    async def neighbourhood(self) -> Neighbourhood:
        vault_ids = list(dict.fromkeys(vault.vault_id for vault in self.vaults))
        tables = tuple(reporter.table(vault_ids) for reporter in self.reporters)
        return Neighbourhood(8, len(self.reporters), tables)

    @property
    def processes(self) -> list[PretendedVault | PretendedProber]:
        return [*self.vaults, *self.probers]

    @property
    def left_running(self) -> int:
        return sum(not process.exited.done() for process in self.processes)
