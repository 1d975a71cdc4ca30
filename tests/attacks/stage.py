"""A small network under attack: real vaults, whole supervisors, a network in memory, and time that jumps.

    peers      core, driver and store of a vault; who tests it decides what a peer carries, and may answer in its place
    farms      the same under a whole supervisor: heads are gossiped, queued, judged, fetched for, tried, taken into use

Pretended are the wires, the disk below the chunks, the processes, and what happens in a trial.  Everybody who is asked
says who it is and signs, so an attack begins where a real one would: with bytes that a stranger sends.
"""

from __future__ import annotations

import asyncio
import collections
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from node.api.schema import DeveloperNews, Update
from node.sandbox.report import SandboxReport
from node.sandbox.usage import Usage
from node.supervisor import keys
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.home import Home
from node.supervisor.keys import RunKey
from node.supervisor.launch import STANDBY_CODE
from node.supervisor.ports import ASK_S, Assignment, Slot
from node.supervisor.succession import HandedRun
from node.supervisor.supervisor import Supervisor
from node.supervisor.watched import RENEW_PAUSE_S
from node.trust.head import encode
from node.vault import control
from node.vault.core import codec
from node.vault.core.identity import (
    Certificate,
    Introduction,
    PeerRecord,
    Signer,
    certify,
    decode_record,
    encode_record,
    introduced,
    make_record,
)
from node.vault.core.messages import Request
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import Driver
from node.vault.errors import PeerError
from node.vault.share.tree import address_of
from node.vault.storage.chunk_store import ChunkStore
from tests import signed_world, twin_world
from tests.child_world import nothing_to_hold
from tests.signed_world import World
from tests.simulation.disk import SimDisk
from tests.simulation.loop import SimLoop
from tests.simulation.network import Endpoint, LineOptions, Nat, SimNetwork
from tests.twin_world import Nature

QUOTA_BYTES: Final = 64 << 20
ORDER_S_MAX: Final = 60.0
CONTACTS: Final = 5
MEET_S: Final = 20.0
DECIDED_S_MAX: Final = 900.0  # from the news of a good release to its being in use, on a network that is left alone
PACE: Final = control.Pace(audit_s=1e6, ping_s=20.0, refresh_s=60.0, scrub_s=1e6, sweep_s=1e6)

Lie = Callable[[Request, bytes], bytes | None]  # a request and the honest answer -> what is said; None: nothing, ever


@dataclass
class Clock:
    """The clock of one computer; ``wrong_s`` is how much its calendar is ahead of everybody's."""

    stage: Stage
    wrong_s: float = 0.0

    def monotonic_s(self) -> float:
        return self.stage.loop.now_s

    def utc_s(self) -> float:
        return self.stage.utc_s() + self.wrong_s


class Body:
    """One run of a vault: its core and driver, an address, and what it tells.  Owns its tasks, as a process does."""

    def __init__(
        self, stage: Stage, address: str, signer: Signer, certificate: Certificate, contacts: tuple[PeerRecord, ...],
        head: bytes, clock: Clock, disk: SimDisk, tell: Callable[[control.Report], None],
    ) -> None:  # fmt: skip
        self.is_alive = True
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.lie: Lie | None = None
        self._stage, self._address, self._clock, self._tell = stage, address, clock, tell
        self._orders: dict[int, asyncio.Future[control.Report]] = {}
        record = make_record(signer, certificate, (), clock.utc_s())
        config = VaultConfig(signer, record, QUOTA_BYTES, contacts, head, PACE)
        chance = random.Random(stage.chance.random())
        self.core = Vault(config, chance, chance.randbytes)
        self.driver = Driver(self.core, ChunkStore(disk, QUOTA_BYTES), clock, self._hear)
        self.main: asyncio.Task[None] | None = None

    @property
    def record(self) -> PeerRecord:
        return self.core.record

    def start(self) -> None:
        self.main = self._stage.loop.spawn(self, self._run())

    async def _run(self) -> None:
        endpoint = Endpoint(
            self._stage.network, self, self._address, Nat.OPEN, self._clock, lambda: self.core.record, self._answer,
            PACE.beat_s, self.driver.unanswered,
        )  # fmt: skip
        try:
            await self.driver.run(endpoint, endpoint.addresses)
        finally:
            await endpoint.close()

    async def _answer(self, peer: PeerRecord, subnet: str, content: bytes, *, is_here: bool) -> bytes:
        honest = await self.driver.handle(peer, subnet, content, is_here=is_here)
        said = honest if self.lie is None else self.lie(codec.decode_request(content), honest)
        if said is None:
            await asyncio.get_running_loop().create_future()
        assert said is not None
        return said

    def _hear(self, report: control.Report) -> None:
        report = control.decode_report(control.encode(report)[control.LENGTH_BYTES :])  # it must fit the channel
        waiting = self._orders.pop(getattr(report, "id", 0), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(report)
        elif waiting is None:
            self._tell(report)

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ORDER_S_MAX) -> control.Report:
        number = self._stage.count()
        answer: asyncio.Future[control.Report] = asyncio.get_running_loop().create_future()
        self._orders[number] = answer
        order = control.decode_order(control.encode(make(number))[control.LENGTH_BYTES :])
        assert not isinstance(order, control.Configure)
        self.driver.command(order)
        async with asyncio.timeout(timeout_s):
            return await answer

    def kill(self) -> None:
        self.is_alive = False
        for task in list(self.tasks):
            task.cancel()

    def power_failed(self) -> None:
        raise AssertionError("no disk of this stage fails")


class Peer:
    """A vault without a supervisor: the test says what it carries, and whether it lies."""

    def __init__(self, stage: Stage, number: int, host: int, dated_s: float) -> None:
        self._stage = stage
        self.clock = Clock(stage, dated_s)
        self._owner, transport = Signer(stage.chance.randbytes(32)), Signer(stage.chance.randbytes(32))
        certificate = certify(self._owner, transport.public_key, serial=1, now_s=self.clock.utc_s())
        self.body = Body(
            stage, f"10.0.{number}.{host}:4000", transport, certificate, stage.contacts(), b"", self.clock,
            stage.disk(), lambda _report: None,
        )  # fmt: skip
        self.body.start()

    @property
    def vault_id(self) -> bytes:
        return self.body.record.vault_id

    async def carry(self, head: bytes, files: Iterable[bytes] = ()) -> None:
        """Carry what an honest supervisor would never let it carry, too."""
        for content in files:
            done = await self.body.ask(lambda number, content=content: control.CarryObject(number, content))  # type: ignore[misc]
            assert isinstance(done, control.Done), done
        await self.body.ask(lambda number: control.SetHead(number, head))

    async def renew(self) -> None:
        """A new certificate, as the supervisor gives one every day."""
        serial = self.body.record.certificate.serial + 1
        key = self.body.record.transport_key
        content = msgspec.msgpack.encode(certify(self._owner, key, serial=serial, now_s=self.clock.utc_s()))
        await self.body.ask(lambda number: control.RenewCertificate(number, content))


class Run:
    """One run of a farm's own vault; fulfils ``node.supervisor.ports.Run``."""

    def __init__(self, body: Body, key: RunKey, *, is_standby: bool) -> None:
        self.body, self.key, self.pid = body, key, 0
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._is_standby = is_standby
        if not is_standby:
            body.start()

    @property
    def report(self) -> SandboxReport:
        return SandboxReport("full")  # as the pretended trials are; else nothing would be tried out

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ASK_S) -> control.Report:
        command = make(0)
        if self.exited.done():
            raise VaultUnavailable("it has ended")
        if isinstance(command, control.Activate):
            self._is_standby = False
            self.body.start()
            await self.body.driver.wait_until_started()
            return control.Done(0)
        if self._is_standby:
            raise RequestRefused(STANDBY_CODE, "a standby vault does no work")
        try:
            answer = await self.body.ask(make, timeout_s)
        except TimeoutError as error:
            raise VaultUnavailable("no answer in time") from error
        if isinstance(answer, control.Failed):
            raise RequestRefused(answer.code, answer.message)
        return answer

    async def hand_on(self) -> HandedRun:
        raise VaultUnavailable("nobody hands a vault on here")

    async def drain(self, handover_s: float = 0.0) -> None:
        await self.body.driver.drain(control.Drain(0))
        assert self.body.main is not None
        await asyncio.wait({self.body.main})
        self.kill()

    def kill(self) -> None:
        self.body.kill()
        if not self.exited.done():
            self.exited.set_result(0)

    def usage(self) -> Usage:
        raise VaultUnavailable("it is no process")

    def last_words(self) -> str:
        return ""


class Farm:
    """A home under a whole supervisor; also the launcher of its vaults.  ``clock`` is that of its computer."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage, self.address, self.clock = stage, f"10.1.{number}.1:4000", Clock(stage)
        self.trials = twin_world.World(natures=collections.defaultdict(Nature))
        self.home = Home.make(
            stage.folder / f"farm-{number}", kind="practice", root=stage.signed.genesis, bind=self.address,
            quota_bytes=QUOTA_BYTES, contacts=tuple(map(encode_record, stage.contacts())), pace=PACE,
        )  # fmt: skip
        self._disk = stage.disk()
        self.supervisor: Supervisor
        self._running: asyncio.Task[None]

    async def switch_on(self) -> None:
        chance = random.Random(self.stage.chance.random())
        kept = await keys.load(self.home, chance.randbytes)
        self.supervisor = Supervisor(
            self.home, kept, random=chance, entropy=chance.randbytes, launcher=self, utc_s=self.clock.utc_s
        )
        self.trials.newest = lambda: self.head
        for name in ("start_twin", "start_prober", "ask_as_vault", "neighbourhood", "can_shut_off"):
            setattr(self.supervisor.host, name, getattr(self.trials, name))
        self._running = asyncio.create_task(self.supervisor.run(nothing_to_hold))
        await self.stage.until(lambda: self.supervisor.vault.is_listening)

    async def switch_off(self) -> None:
        self.supervisor.stop(0.0)
        await self._running

    async def start(
        self, slot: Slot, key: RunKey, assignment: Assignment, on_report: Callable[[control.Report], None]
    ) -> Run:
        contacts = [contact(record, self.clock.utc_s()) for record in assignment.contacts]
        body = Body(
            self.stage, self.address, Signer(key.seed), msgspec.msgpack.decode(key.certificate, type=Certificate),
            tuple(contacts), assignment.head, self.clock, self._disk, on_report,
        )  # fmt: skip
        return Run(body, key, is_standby=assignment.is_standby)

    async def take_over(self, handed: HandedRun, on_report: Callable[[control.Report], None]) -> Run:
        raise VaultUnavailable("nobody hands a vault on here")

    # What the tests look at.

    @property
    def body(self) -> Body:
        run = self.supervisor.vault.run
        assert isinstance(run, Run)
        return run.body

    @property
    def head(self) -> bytes:
        """What it carries."""
        return self.supervisor.host.head

    @property
    def developers(self) -> DeveloperNews:
        told = self.supervisor.updates().developers
        assert told is not None
        return told

    @property
    def state(self) -> str:
        """What is known of the developers: current, expired or halted."""
        return self.developers.state

    @property
    def sentence(self) -> str:
        """What the farmer reads."""
        return self.supervisor.status().sentence

    @property
    def refused(self) -> list[str]:
        """Why heads were thrown away, the newest first."""
        return [head.reason for head in self.supervisor.updates().refused_heads]

    @property
    def releases(self) -> dict[str, Update]:
        return {item.release: item for item in self.supervisor.updates().items}

    @property
    def in_use(self) -> str:
        return self.supervisor.vault.tree_hash

    def blames(self, peer: Peer) -> bool:
        """Whether this farm's vault holds anything against a peer."""
        ledger = self.body.core._desk.ledger
        standing = ledger.standing(peer.vault_id)
        is_shunned = ledger.is_shunned(peer.vault_id, self.stage.loop.now_s)
        return is_shunned or (standing is not None and standing.faults > 0)


def contact(record: bytes, now_s: float) -> PeerRecord:
    """Whom a vault may dial by a record; one that is not valid now is a hint only, as to a real vault."""
    try:
        return decode_record(record, now_s)
    except PeerError:
        hint = msgspec.msgpack.decode(record, type=PeerRecord)
        return introduced(Introduction(hint.transport_key, hint.addresses))


class Stage:
    """Everything that happens, in one loop.  ``signed`` holds the keys of pods and founders."""

    def __init__(self, folder: Path, signed: World | None = None) -> None:
        self.folder = folder
        self.loop = SimLoop("attacks")
        self.network = SimNetwork(self.loop, "attacks")
        self.network.options = LineOptions(latency_s_mean=0.01, loss=0.0)
        self.chance = random.Random("attacks")
        self.signed = signed or World()
        self.files: dict[bytes, bytes] = {}  # of all releases that were ever built, by address
        self.peers: list[Peer] = []
        self.farms: list[Farm] = []
        self.passed_s = 0.0  # that nobody was awake for
        self._count = 0

    def utc_s(self) -> float:
        return twin_world.UTC_S + self.loop.now_s + self.passed_s

    def now(self) -> datetime:
        return datetime.fromtimestamp(int(self.utc_s()), UTC)

    def count(self) -> int:
        self._count += 1
        return self._count

    def disk(self) -> SimDisk:
        return SimDisk(random.Random(self.chance.random()), {}, lambda _change: None)

    def contacts(self) -> tuple[PeerRecord, ...]:
        """Whom a newcomer is told of: the first peers, and the farms."""
        bodies = [peer.body for peer in self.peers[:CONTACTS]] + [farm.body for farm in self.farms]
        return tuple(body.record for body in bodies)

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        """Let the story happen; then stop everything."""

        async def main() -> None:
            try:
                await story()
            finally:
                for farm in self.farms:
                    await farm.switch_off()
                for peer in self.peers:
                    peer.body.kill()

        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(main())

    async def add(self, count: int, *, subnet: int = 0, dated_s: float = 0.0, lie: Lie | None = None) -> list[Peer]:
        """More peers, each in a subnet of its own unless all are in one; ``dated_s``: how far ahead they date."""
        added = []
        for host in range(1, count + 1):
            peer = Peer(self, subnet or len(self.peers) + 1, host if subnet else 1, dated_s)
            await peer.body.driver.wait_until_started()
            peer.body.lie = lie
            self.peers.append(peer)
            added.append(peer)
        await asyncio.sleep(MEET_S)
        return added

    async def farm(self) -> Farm:
        """One more farm, running."""
        farm = Farm(self, len(self.farms) + 1)
        await farm.switch_on()
        self.farms.append(farm)
        await asyncio.sleep(MEET_S)
        return farm

    async def until(self, is_so: Callable[[], bool], limit_s: float = DECIDED_S_MAX) -> float:
        """Wait; how long it took.  TimeoutError ends the test."""
        begun_s = self.loop.now_s
        async with asyncio.timeout(limit_s):
            while not is_so():
                await asyncio.sleep(0.5)
        return self.loop.now_s - begun_s

    async def let_pass(self, seconds: float) -> None:
        """So much of the calendar passes, and nobody is awake for it; then everybody gets today's certificate."""
        self.passed_s += seconds
        for peer in self.peers:
            await peer.renew()
        await asyncio.sleep(RENEW_PAUSE_S + MEET_S)

    # Heads.

    def release(self, version: str, signed: World | None = None, **options: Any) -> bytes:
        """The next head with a release that enough have signed, unless ``by`` says otherwise; its files are at hand."""
        built = signed_world.built(version, role=options.get("role", "vault"))
        self.files |= {address_of(content): content for content in (*built.objects.values(), built.manifest)}
        return encode((signed or self.signed).release(version, now=self.now(), **options))

    async def publish(self, peers: Iterable[Peer], head: bytes) -> None:
        """Let these carry the head and every file that it may name."""
        for peer in peers:
            await peer.carry(head, (*self.files.values(), *self.signed.roots.values()))


async def takes_up(stage: Stage, farm: Farm, honest: list[Peer], version: str) -> None:
    """What is released now is in use on the farm before long."""
    await stage.publish(honest, stage.release(version))
    await stage.until(lambda: farm.in_use == tree_of(version))


def tree_of(version: str, role: str = "vault") -> str:
    return signed_world.built(version, role=role).release.tree
