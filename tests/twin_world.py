"""A small world for trials: twins, a prober and neighbours, all pretended, in virtual time."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from node.prober.control import Answered, Heard, Outcome, Question
from node.update.errors import ProberFailed, TwinFailed, TwinLate
from node.update.ports import TwinOrder
from node.update.trials.folders import TrialFolders, copy_of
from node.update.trials.observations import Neighbour, Neighbourhood
from node.vault import control
from node.vault.core import codec
from node.vault.core.identity import Signer, certify, encode_record, make_record
from node.vault.core.messages import (
    TAKERS_MAX,
    Answer,
    Audited,
    Chunk,
    Evidence,
    HeadContent,
    HeldReceipt,
    NotHeld,
    Pong,
    Refused,
    Stored,
    Takers,
)
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, sign_answer, sign_receipt, takers_digest
from node.vault.core.ranking import LATENCIES_MIN, Ledger
from node.vault.driver import scan
from node.vault.load import WORK, Load

UTC_S = 1_795_348_800.0  # 2026-11-22 12:00, when the heads of signed_world are signed
CANDIDATE, CONTROL = "c" * 64, "d" * 64
OVERHEAD_S = 0.001  # of a question, besides the answers
HAND_OVER_S = 2.0  # after a chunk was put


def trial_folders(folder: Path) -> TrialFolders:
    """Those of a trial in ``folder``: they lie in its ``trial``."""
    folder.mkdir(parents=True, exist_ok=True)
    return TrialFolders(folder / "trial" / "own", folder / "folders.json")


def utc_s() -> float:
    return UTC_S + asyncio.get_running_loop().time()


@dataclass
class Nature:
    """How the vaults of one version behave."""

    starts: bool = True
    late_starts: int = 0  # so many of its first starts take too long
    latency_s: float = 0.01
    loses_every: int = 0  # of the chunks that it acknowledges; 0 for none
    wrong_every: int = 0  # of the reads
    hands_audits_on: bool = False  # to its twin, whose digest it signs as its own
    hands_over_every: int = 0  # of the chunks: it gives them up, and names those who have signed for them
    hands_over_until_s: float = math.inf
    exits_after_s: float | None = None
    is_starved: bool = False  # it ends because the computer's memory has run out
    starves_at_scan: bool = False  # the same, while its store is read
    hides_at_scan: int = 0  # chunks that are gone when the store is read
    hides_in_standby: int = 0  # chunks that are there again once it has taken its store over
    forgets_when_active: int = 0  # chunks that it deletes when it takes its store over from an earlier run
    gives_up_when_active: int = 0  # of those: it hands them over
    corrupt: int = 0
    rss_bytes: int = 50 << 20
    cpu_share: float = 0.1
    hoards_bytes: int = 0  # beside its chunks
    strangers_chunks: int = 0  # that others have given it
    exit_code: int = 0  # when it is told to end; it is killed if it does not
    is_for_clients_only: bool = False  # it refuses whoever is a vault
    asks_twin_per_s: float = 0.0
    strangers_ask_per_s: float = 0.0  # besides the crowd that asks both
    work_per_s: float = 0.0  # of all that it is asked or is made to do besides; 0: an older version, which tells none
    refuses_puts: bool = False
    chunks_max: float = math.inf  # so many it takes; then it has no more room
    tells_load: bool = True
    accuses_twin: bool = False  # of asking it without end
    serves_news: bool = True
    names_news: bool = True


@dataclass(frozen=True)
class UsedUp:
    cpu_ns: int
    rss_bytes: int


class PretendedVault:
    """A vault whose process is a timer and whose store is shared by all that ever ran on the same data."""

    def __init__(self, world: World, order: TwinOrder) -> None:
        loop = asyncio.get_running_loop()
        self.world, self.order, self.nature = world, order, world.natures[order.tree_hash]
        self.key = Signer(world.random.randbytes(32))
        self.vault_id = Signer(order.seed).public_key
        self.outcome: Outcome = "ok"  # of its last answer, as far as it can be seen without the chunk
        self.asked_by: list[int] = []  # identities of the prober, each once in a row
        self.exited: asyncio.Future[int] = loop.create_future()
        self.started_s = self.told_s = loop.time()
        self.record = b"" if order.is_standby else self.own_record()
        self.store = world.store_in(order.data)
        self.reads = 0
        self.takers: dict[bytes, Takers] = {}  # until it ends, as with a real one
        self.handover_s: float | None = None  # until it is stopped
        if self.nature.hoards_bytes:
            with (order.data / "hoard").open("wb") as file:
                file.truncate(self.nature.hoards_bytes)
        if self.nature.exits_after_s is not None:
            self.timer = loop.call_later(self.nature.exits_after_s, self.end, 3)

    def own_record(self) -> bytes:
        certificate = certify(Signer(self.order.seed), self.key.public_key, serial=1, now_s=utc_s())
        return encode_record(make_record(self.key, certificate, ("127.0.1.1:4000",), utc_s()))

    def answer(self, question: Question) -> bytes:
        """Its answer on the wire; b"" when there is none."""
        self.outcome = "failed" if self.exited.done() else "ok"
        if self.exited.done():
            return b""
        if question.kind in ("ping", "head"):
            return codec.encode(self._news(question))
        return codec.encode(self._put(question) if question.kind == "put" else self._read(question))

    def _news(self, question: Question) -> Answer:
        digest = hashlib.sha256(self.world.head).digest() if self.nature.names_news else b""
        if question.kind == "ping":
            self.outcome = "ok" if digest == question.address else "not_held"
            return Pong(digest)
        is_held = self.nature.serves_news and question.address == hashlib.sha256(self.world.head).digest()
        self.outcome = "ok" if is_held else "refused"
        return HeadContent(self.world.head) if is_held else Refused("not_held")

    def _put(self, question: Question) -> Answer:
        if self.nature.refuses_puts or len(self.store) >= self.nature.chunks_max:
            self.outcome = "refused"
            return Refused("resource.quota")
        number = len(self.store) + 1
        self.store[question.address] = not (self.nature.loses_every and number % self.nature.loses_every == 0)
        self.world.contents[question.address] = question.content
        if self.nature.hands_over_every and number % self.nature.hands_over_every == 0:
            asyncio.get_running_loop().call_later(HAND_OVER_S, self.hand_over, question.address)
        return Stored(sign_receipt(self.key, question.address, len(question.content), utc_s()))

    def hand_over(self, address: bytes) -> None:
        if not self.exited.done() and asyncio.get_running_loop().time() < self.nature.hands_over_until_s:
            self.store[address] = False
            self.takers[address] = self.world.signed_by_others(address)

    def _read(self, question: Question) -> Answer:
        self.reads += 1
        address, nonce = question.address, question.nonce
        if not self.store.get(address, False):
            self.outcome = "not_held"
            takers = self.takers.get(address, ())
            return NotHeld(sign_answer(self.key, NOT_HELD, address, takers_digest(takers), nonce, utc_s()), takers)
        content = self.world.contents[address]
        if self.nature.wrong_every and self.reads % self.nature.wrong_every == 0:
            content = b"other"
        if question.kind == "get":
            digest = hashlib.sha256(content).digest()
            self.outcome = "ok" if digest == address else "wrong_bytes"
            return Chunk(content, sign_answer(self.key, HELD, address, digest, nonce, utc_s()))
        prover = self._twin().key if self.nature.hands_audits_on else self.key
        digest = audit_digest(nonce, prover.public_key, content)
        return Audited(sign_answer(self.key, AUDITED, address, digest, nonce, utc_s()))

    def _twin(self) -> PretendedVault:
        return next(vault for vault in self.world.vaults if vault.vault_id != self.vault_id)

    @property
    def was_starved(self) -> bool:
        return (self.nature.is_starved or self.nature.starves_at_scan) and self.exited.done()

    def usage(self) -> UsedUp:
        if self.exited.done():
            raise TwinFailed("it has ended")
        up_s = asyncio.get_running_loop().time() - self.started_s
        noise = self.world.random.uniform(0.98, 1.02)
        return UsedUp(int(up_s * self.nature.cpu_share * 1e9), int(self.nature.rss_bytes * noise))

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
        if isinstance(make(1), control.GetState):
            work = int(self.nature.work_per_s * (asyncio.get_running_loop().time() - self.started_s))
            return control.State(
                1, 0, 0, len(self.store), 5, 5, {WORK: work} if work else {},
                load=self.load() if self.nature.tells_load else None,
            )  # fmt: skip
        command = make(1)
        assert isinstance(command, control.Scan)
        await asyncio.sleep(0.5)
        if self.nature.starves_at_scan:
            self.end(-9)
            raise TwinFailed("it has ended")
        report = scan(self, command)  # type: ignore[arg-type]  # nothing else of a store is needed
        if isinstance(report, control.Failed):
            raise TwinFailed(report.message)
        return report

    def scan(self, after: bytes = b"", count_max: int = 1 << 30) -> tuple[list[bytes], list[bytes]]:
        """As ``ChunkStore.scan``; corrupt ones are named twice."""
        hidden = self.nature.hides_at_scan + (0 if self.record else self.nature.hides_in_standby)
        held = [address for address, is_there in self.store.items() if is_there][hidden:]
        strangers = [hashlib.sha256(b"stranger %d" % number).digest() for number in range(self.nature.strangers_chunks)]
        corrupt = sorted(held[: self.nature.corrupt])
        found = [address for address in sorted([*held, *strangers]) if address > after]
        return found[: count_max - len(corrupt)], [address for address in corrupt if address > after]

    def load(self) -> Load:
        """What was asked of it since it was last asked this: by its twin, and by a crowd of whom each asks less."""
        now_s = asyncio.get_running_loop().time()
        seconds, self.told_s = now_s - self.told_s, now_s
        twin = self._twin()
        asks_per_s = 300.0 if self.nature.accuses_twin else twin.nature.asks_twin_per_s
        crowd_per_s = self.world.crowd_asks_per_s + self.nature.strangers_ask_per_s
        asked, crowd = int(asks_per_s * seconds), int(crowd_per_s * seconds)
        return Load(asked + crowd, asked, twin.vault_id)

    async def activate(self) -> None:
        self.record = self.own_record()
        for address in list(self.store)[: self.nature.forgets_when_active]:
            self.store[address] = False
        for address in list(self.store)[: self.nature.gives_up_when_active]:
            self.hand_over(address)

    async def stop(self, handover_s: float = 0.0) -> None:
        self.handover_s = handover_s
        await asyncio.sleep(1.0)
        self.end(self.nature.exit_code)

    def kill(self) -> None:
        self.end(-9)

    def end(self, code: int) -> None:
        if not self.exited.done():
            self.exited.set_result(code)


class PretendedProber:
    """Asks both twins, and tells what it hears, unless the world has it say something else."""

    def __init__(self, world: World, twins: list[PretendedVault]) -> None:
        self.world, self.twins = world, twins
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.identity = world.random.getrandbits(64)

    async def ask(self, question: Question) -> Heard:
        self.world.pairs += 1
        if self.world.pairs in self.world.prober_dies_at:
            self.exited.set_result(1)
        answers = [self.heard_from(twin, question) for twin in self.twins]
        await asyncio.sleep(sum(answer.latency_s for answer in answers) + OVERHEAD_S)
        if self.exited.done():
            raise ProberFailed("it has ended")
        return self.world.told(question, Heard(question.id, (answers[0], answers[1])))

    def heard_from(self, twin: PretendedVault, question: Question) -> Answered:
        if twin.asked_by[-1:] != [self.identity]:
            twin.asked_by.append(self.identity)
        content, outcome = twin.answer(question), twin.outcome
        latency_s = twin.nature.latency_s * self.world.random.uniform(0.9, 1.1) if content else 5.0
        return Answered(outcome, latency_s, utc_s(), content)

    async def renew(self) -> None:
        await asyncio.sleep(0.01)
        self.identity = self.world.random.getrandbits(64)

    async def stop(self, handover_s: float = 0.0) -> None:
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
    told: Callable[[Question, Heard], Heard] = lambda _question, heard: heard  # what the prober makes of it
    is_own_vault_away: bool = False
    newest: Callable[[], bytes] = lambda: b"the newest head"
    contents: dict[bytes, bytes] = field(default_factory=dict)
    farm: Signer = field(default_factory=lambda: Signer(hashlib.sha256(b"farm").digest()))
    last_serial: int = 0  # of a certificate of the farm's
    is_shut_off: bool = True
    known: int | None = 5  # vaults, to the one in use
    are_others_there: bool = False  # for whom the vault in use knew last
    stores: dict[str, dict[bytes, bool]] = field(default_factory=dict)
    vaults: list[PretendedVault] = field(default_factory=list)
    probers: list[PretendedProber] = field(default_factory=list)
    orders: list[TwinOrder] = field(default_factory=list)
    looked_around: list[tuple[bytes, ...]] = field(default_factory=list)
    pairs: int = 0
    crowd_asks_per_s: float = 20.0  # of each twin
    moves: int = 0  # of the computer to other addresses
    relayed: int = 0  # questions to one twin by way of the own vault

    @property
    def head(self) -> bytes:
        return self.newest()

    def store_in(self, data: Path) -> dict[bytes, bool]:
        """What lies in a folder; a copy for the rehearsal has what the data have that it was made of."""
        original = next((known for known in self.stores if copy_of(Path(known)) == data), str(data))
        return self.stores.setdefault(original, {})

    async def start_twin(self, order: TwinOrder) -> PretendedVault:
        self.orders.append(order)
        await asyncio.sleep(0.3)
        tries = [one for one in self.orders if one.tree_hash == order.tree_hash]
        if len(tries) <= self.natures[order.tree_hash].late_starts:
            raise TwinLate("it was not reachable within 30 seconds")
        if not self.natures[order.tree_hash].starts:
            raise TwinFailed("ImportError: no module named cleverness")
        vault = PretendedVault(self, order)
        self.vaults.append(vault)
        return vault

    async def start_prober(self, twins: tuple[bytes, bytes]) -> PretendedProber:
        await asyncio.sleep(0.6)
        prober = PretendedProber(self, [self.running(record) for record in twins])
        self.probers.append(prober)
        return prober

    def running(self, record: bytes) -> PretendedVault:
        return next(vault for vault in self.vaults if vault.record == record)

    async def ask_as_vault(self, twin: bytes, question: Question) -> bytes:
        await asyncio.sleep(0.01)
        if self.is_own_vault_away:
            raise TwinFailed("the own vault is not there")
        vault = self.running(twin)
        self.relayed += 1
        return codec.encode(Refused("busy")) if vault.nature.is_for_clients_only else vault.answer(question)

    async def neighbourhood(self, around: Collection[bytes] = ()) -> Neighbourhood:
        self.looked_around.append(tuple(around))
        vault_ids = list(dict.fromkeys(vault.vault_id for vault in self.vaults))
        tables = tuple(reporter.table(vault_ids) for reporter in self.reporters)
        return Neighbourhood(8, len(self.reporters), tables)

    def can_shut_off(self) -> bool:
        return self.is_shut_off

    def neighbours(self) -> int | None:
        return self.known

    async def reaches_others(self) -> bool:
        await asyncio.sleep(0.5 if self.are_others_there else 100.0)
        return self.are_others_there

    def vault_id(self) -> bytes:
        return self.farm.public_key

    def serial(self) -> int:
        return self.last_serial

    def signed_by_others(self, address: bytes, count: int = TAKERS_MAX) -> Takers:
        """Receipts of so many others for the chunk; no reader can tell whether these exist."""
        takers: list[HeldReceipt] = []
        for _ in range(count):
            owner, key = Signer(self.random.randbytes(32)), Signer(self.random.randbytes(32))
            certificate = certify(owner, key.public_key, serial=1, now_s=utc_s())
            takers.append(HeldReceipt(certificate, sign_receipt(key, address, 1, utc_s())))
        return tuple(takers)

    def convict(self, serial: int, reporters: int = 1) -> None:
        """Let neighbours hold an answer that a run with that certificate signed, over other bytes than asked for."""
        key = Signer(hashlib.sha256(b"farm's run %d" % serial).digest())
        certificate = certify(self.farm, key.public_key, serial=serial, now_s=utc_s())
        answer = sign_answer(key, HELD, bytes(32), b"\1" * 32, bytes(32), utc_s())
        for reporter in self.reporters[:reporters]:
            evidence = codec.encode(Evidence(certificate, answer))
            reporter.ledger.blame(self.vault_id(), utc_s(), evidence, is_data_fault=True)

    @property
    def processes(self) -> list[PretendedVault | PretendedProber]:
        return [*self.vaults, *self.probers]

    @property
    def left_running(self) -> int:
        return sum(not process.exited.done() for process in self.processes)
