"""One simulated world: farms, people who put and get, faults, and checkers that watch all the time.

    grow -> traffic and faults -> faults stop, everything is mended -> converges within CONVERGE_S -> every chunk is
    fetched by several vaults -> all drain

A long run is cut into segments of an hour: at the end of one, what lies on the disks, who is gone and what was
acknowledged is all that goes on; at the start of the next every vault is started anew from its disk.  That is a harder
life than one long run, not an easier one, and a run can be taken up again after every segment.  All of them are started
within seconds, as after a power failure everywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from node.vault import control
from node.vault.core.identity import PeerRecord
from node.vault.core.vault import Vault
from node.vault.storage.chunk_store import ChunkStore
from tests.simulation.checkers import Checkers
from tests.simulation.disk import SimDisk
from tests.simulation.faults import Atlas, Timed, draw
from tests.simulation.host import QUOTA_BYTES, Host, Surroundings
from tests.simulation.loop import SimLoop
from tests.simulation.network import Nat, SimNetwork
from tests.simulation.playing import Player
from tests.simulation.reading import Readers

T = TypeVar("T")

CONTACTS: Final = 6
QUICK: Final = control.Pace(
    audit_s=10.0, ping_s=10.0, refresh_s=20.0, beat_s=1.35, scrub_s=30.0, sweep_s=120.0, repair_delay_s=10.0,
)  # fmt: skip
REPAIR_S: Final = 150.0  # at the quick pace
CONVERGE_S: Final = 300.0
CHUNK_BYTES_MAX: Final = 6_000
UNLIKE_BYTES: Final = 16
GROW_S: Final = 0.2
# In which all farms of a segment are started again.  One after the other, a thousand would take minutes, in which those
# that are up take each other for the whole network and copy every chunk to whoever is nearest among them.
TAKE_UP_S: Final = 10.0
CHECK_S: Final = 5.0
HOLD_S: Final = 30.0  # for which nothing may be missing before a network has converged
GETS_AT_END: Final = 3  # by different vaults, of each chunk
CHUNKS_FETCHED_AT_END: Final = 200
DRIFT_MAX: Final = 5e-5
SMALL_EVERY: Final = 3  # every so many hosts one lends so little that it is full soon
SMALL_BYTES_MIN: Final = 8_000
SMALL_BYTES_MAX: Final = 60_000
TWIN_EVERY: Final = 8  # every so many hosts one shares the subnet of the one before
RENEW_S: Final = 8 * 3600.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a seed is played with.  ``repair_s``: what the network is given to replace lost copies."""

    seed: int
    vaults: int = 12
    hours: float = 0.2
    chunks: int = 40
    faults: int = 20
    kinds: tuple[str, ...] = ("kill", "cut", "cut-at", "wipe", "join")
    pace: control.Pace = QUICK
    repair_s: float = REPAIR_S
    converge_s: float = CONVERGE_S
    is_cheap: bool = False
    is_shuffling: bool = True
    has_nats: bool = False
    segment: int = 0
    must_converge: bool = True


class LeftFarm(msgspec.Struct, frozen=True, array_like=True):
    """What outlives a segment: who it is, and what lies on its disk."""

    serial: int
    address: str
    nat: int
    is_gone: bool
    chunks: dict[str, bytes]


class Left(msgspec.Struct, frozen=True, array_like=True):
    """What the next segment starts from."""

    farms: list[LeftFarm]
    acknowledged: list[bytes]


@dataclass(slots=True)
class Outcome:
    scenario: Scenario
    fingerprint: str
    failures: list[str]
    virtual_s: float
    converged_after_s: float
    counts: Counter[str]
    most: Counter[str]
    left: Left


class World:
    """Builds and plays one scenario.  Stores and vaults may be replaced by broken ones, to see them found out."""

    def __init__(
        self, scenario: Scenario, *, make_store: Callable[[Any, int], ChunkStore] = ChunkStore,
        make_vault: Callable[..., Vault] = Vault, left: Left | None = None,
    ) -> None:  # fmt: skip
        self.left = left
        self.scenario = scenario
        self.seed = f"{scenario.seed}.{scenario.segment}" if scenario.segment else str(scenario.seed)
        self.loop = SimLoop(self.seed, is_shuffling=scenario.is_shuffling)
        self.network = SimNetwork(self.loop, self.seed)
        self.chance = random.Random(f"{self.seed}/world")
        self.hosts: list[Host] = []
        self.checkers = Checkers(self.hosts)
        self.atlas = Atlas(scenario.repair_s, lambda: sum(host.is_up for host in self.hosts), self._down)
        self.contents: dict[bytes, bytes] = {}
        self.readers = Readers(self)
        self.tasks: asyncio.TaskGroup | None = None
        self.is_over = False
        self.converged_after_s = -1.0
        self._around = Surroundings(
            str(scenario.seed), self.seed, self.loop, self.network, scenario.pace, scenario.is_cheap,
            self.checkers.fail, make_store, make_vault,
        )  # fmt: skip

    def play(self, plan: list[Timed] | None = None) -> Outcome:
        """The whole story; blocks."""
        self.loop.set_exception_handler(self._unhandled)
        watching = _ErrorsSeen(self.checkers.fail)
        logger = logging.getLogger()
        level = logger.level
        logger.addHandler(watching)
        logger.setLevel(logging.ERROR)
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                runner.run(self._play(plan))
        finally:
            logger.removeHandler(watching)
            logger.setLevel(level)
        self.checkers.counts["messages"] = self.network.message_count
        self.checkers.counts["spared"] = self.atlas.spared
        return Outcome(
            self.scenario, self.loop.fingerprint, self.checkers.failures, self.loop.now_s, self.converged_after_s,
            self.checkers.counts, self.checkers.most, self._what_is_left(),
        )  # fmt: skip

    def _what_is_left(self) -> Left:
        farms = [
            LeftFarm(
                host.serial, host.address, host.nat.value, host.is_gone,
                {name: file.content for name, file in host.disk.folders["chunks"].items()},
            )
            for host in self.hosts
        ]  # fmt: skip
        return Left(farms, list(self.checkers.acknowledged.values()))

    def _take_up(self, left: Left) -> None:
        """Every farm of the segment before, with its disk."""
        for content in left.acknowledged:
            kept = self.contents.setdefault(content, content)
            self.checkers.acknowledged[hashlib.sha256(kept).digest()] = kept
        for farm in left.farms:
            host = self.add()
            host.serial, host.address, host.nat, host.is_gone = farm.serial, farm.address, Nat(farm.nat), farm.is_gone
            host.disk.plant({name: self.contents.setdefault(c, c) for name, c in farm.chunks.items()})

    async def _play(self, plan: list[Timed] | None) -> None:
        scenario = self.scenario
        async with asyncio.TaskGroup() as tasks:
            self.tasks = tasks
            checking = tasks.create_task(self._check())
            renewing = tasks.create_task(self._renew())
            if self.left is not None:
                self._take_up(self.left)
            await self.grow(scenario.vaults)
            await self.until_it_stands()
            start_s = self.loop.now_s
            end_s = start_s + scenario.hours * 3600
            if plan is None:
                plan = draw(self.seed, scenario.kinds, scenario.faults, start_s, end_s)
            player = Player(self, tasks)
            traffic = tasks.create_task(self._traffic(end_s))
            await player.play(plan, end_s)
            await traffic
            await player.mend()
            await self._converge()
            await self._fetch_all()
            self.is_over = True
            await self._end()
            checking.cancel()
            renewing.cancel()

    async def grow(self, count: int) -> None:
        """Start so many farms, each with some of those before as contacts."""
        farms = max(count, len(self.hosts))
        pause_s = GROW_S if self.left is None else TAKE_UP_S / farms
        for number in range(farms):
            self.start(self.hosts[number] if number < len(self.hosts) else self.add())
            await asyncio.sleep(pause_s)

    def add(self) -> Host:
        number = len(self.hosts)
        name = f"farm-{number}"
        disk = SimDisk(random.Random(f"{self.seed}/{name}/disk"), self.contents, self.loop.trace)
        host = Host(name, number, self._around, disk, lent_bytes(self.scenario.seed, number))
        chance = random.Random(f"{self.seed}/{name}/kind")
        host.clock.drift = DRIFT_MAX * (2 * chance.random() - 1)
        if self.scenario.has_nats:
            host.address = f"44.{host.address.partition('.')[2]}"  # a router's: one of the internet
        if number % TWIN_EVERY == TWIN_EVERY - 1:
            host.address = f"{self.hosts[-1].address.rpartition('.')[0]}.2:4000"
        if self.scenario.has_nats and number >= CONTACTS:
            host.nat = (Nat.OPEN, Nat.CONE, Nat.RESTRICTED, Nat.SYMMETRIC)[chance.randrange(4)]
        host.disk_replaced = self.checkers.power_cut
        self.hosts.append(host)
        return host

    def start(self, host: Host) -> None:
        if not host.is_gone and (host.process is None or not host.process.is_alive):
            host.disk.may_lose = lambda name: self.may_spoil(host, name)
            host.disk.removed = lambda name: self.checkers.removed(host, name)
            host.start(self.contacts(host))

    def contacts(self, host: Host) -> tuple[PeerRecord, ...]:
        """What an invitation or the local network would name: some farms that run and can be dialled.

        And whom it was told of at its last start, as a supervisor keeps them.
        """
        up = [other for other in self.hosts if other.is_up and other is not host and other.nat is Nat.OPEN]
        chosen = self.chance.sample(up, min(CONTACTS, len(up)))
        found = tuple(o.process.record for o in chosen if o.process is not None and o.process.record is not None)
        kept = host.process.contacts if host.process is not None else ()
        kept = tuple(old for old in kept if all(old.vault_id != new.vault_id for new in found))
        return (*found, *kept)[: control.KEPT_CONTACTS_MAX]

    def may_spoil(self, host: Host, name: str) -> bool:
        """Whether a fault may destroy this chunk on this host; if so, it is taken for destroyed."""
        address = bytes.fromhex(name)
        known = [address] if address in self.checkers.acknowledged or address in self.atlas.losses else []
        if not self.atlas.may_lose(known, self.loop.now_s, is_up=host.is_up):
            return False
        self.checkers.spoiled.add((host.name, name))
        self.checkers.losers.add(host.name)
        return True

    def may_wipe(self, host: Host) -> bool:
        """Whether all that lies on this host's disk may be lost at once; if so, it is taken for lost."""
        return self.atlas.may_lose(list(self.checkers.whole(host)), self.loop.now_s, is_up=host.is_up)

    def _down(self, address: bytes) -> int:
        name = address.hex()
        return sum(name in host.disk.chunks() for host in self.hosts if not host.is_up and not host.is_gone)

    async def until_it_stands(self) -> None:
        """The first vaults have to meet; how fast they do is not asked here."""
        await asyncio.sleep(max(30.0, 1.5 * self.scenario.pace.refresh_s))

    async def _traffic(self, end_s: float) -> None:
        """People put chunks, evenly over the time, and get some that were put before."""
        assert self.tasks is not None
        count = self.scenario.chunks
        pause_s = (end_s - self.loop.now_s) / (count + 1)
        for _ in range(count):
            await asyncio.sleep(2 * pause_s * self.chance.random())
            content = self.chance.randbytes(1 + self.chance.randrange(CHUNK_BYTES_MAX))
            self.tasks.create_task(self.put(_repeating(content) if self.scenario.is_cheap else content))
            known = list(self.checkers.acknowledged)
            if known:
                self.tasks.create_task(self.readers.get(known[self.chance.randrange(len(known))]))

    async def put(self, content: bytes) -> bool:
        """By any farm that runs.  Whether it was acknowledged."""
        up = [host for host in self.hosts if host.is_up]
        if not up:
            return False
        process, begun_s = up[self.chance.randrange(len(up))].process, self.loop.now_s
        assert process is not None
        content = self.contents.setdefault(content, content)
        try:
            report = await process.order(lambda number: control.PutChunk(number, content))
        except ConnectionError:
            return False
        if not isinstance(report, control.Stored):
            self.checkers.counts["puts refused"] += 1
            return False
        self.checkers.counts["puts"] += 1
        holders = self.checkers.stored(content, report, begun_s)
        self.atlas.acknowledged(hashlib.sha256(content).digest(), holders, self.loop.now_s)
        return True

    async def _converge(self) -> None:
        """No fault any more: within the stated time every copy must be where it belongs, and stay there for HOLD_S."""
        begun_s = whole_s = self.loop.now_s
        if not self.scenario.must_converge:
            return
        lacking: list[bytes] = []  # chunks: as long as one of them is not whole, all others need not be looked at
        while self.loop.now_s - whole_s < HOLD_S:
            if not self.checkers.missing(lacking):
                lacking = [address for address, _ in self.checkers.missing()]
            if lacking:
                whole_s = self.loop.now_s + CHECK_S
            if whole_s - begun_s > self.scenario.converge_s:
                missing = [f"{address.hex()[:8]} at {host.name}" for address, host in self.checkers.missing()]
                self.checkers.fail(f"{len(missing)} copies are still missing, as {', '.join(missing[:3])}")
                return
            await asyncio.sleep(CHECK_S)
        self.converged_after_s = whole_s - begun_s

    async def _fetch_all(self) -> None:
        known = list(self.checkers.acknowledged)
        self.chance.shuffle(known)
        for address in known[:CHUNKS_FETCHED_AT_END]:
            up = [host for host in self.hosts if host.is_up]
            for host in self.chance.sample(up, min(GETS_AT_END, len(up))):
                if not await self.readers.get_by(host, address):
                    self.checkers.fail(f"{host.name} cannot get the acknowledged chunk {address.hex()[:8]}")
        if not await self.put(b"the last one") and self.hosts:
            self.checkers.fail("a network without faults refuses a chunk")

    async def _end(self) -> None:
        """All drain at once; nothing of them may be left."""
        self.checkers.in_the_end(self.network.message_count)
        async with asyncio.TaskGroup() as draining:
            for host in self.hosts:
                if host.process is not None and host.process.is_alive:
                    draining.create_task(host.process.drain(0.0))
        await asyncio.sleep(1.0)
        self.checkers.all_the_time()
        await asyncio.sleep(CHECK_S)
        self.checkers.all_the_time()

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            self.checkers.all_the_time()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            for host in list(self.hosts):
                await host.renew()

    def _unhandled(self, _loop: Any, context: dict[str, Any]) -> None:
        self.checkers.fail(f"unhandled: {context.get('message')} {context.get('exception')!r}")


def lent_bytes(seed: int, number: int) -> int:
    """What farm ``number`` lends; the same in every segment.  The first that lends little is full in every run."""
    if number % SMALL_EVERY != 1:
        return QUOTA_BYTES
    chance = random.Random(f"{seed}/farm-{number}/lent")
    return SMALL_BYTES_MIN + (number != 1) * chance.randrange(SMALL_BYTES_MAX - SMALL_BYTES_MIN)


class _ErrorsSeen(logging.Handler):
    """Whatever a vault logs as an error is a failure."""

    def __init__(self, fail: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._fail = fail

    def emit(self, record: logging.LogRecord) -> None:
        self._fail(f"logged: {record.getMessage()}")


def in_world(world: World, story: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """What ``story`` returns, played in this world; blocks."""

    async def play_story() -> T:
        told = await story(world)
        for host in world.hosts:
            host.kill()
        await asyncio.sleep(1.0)
        return told

    with asyncio.Runner(loop_factory=lambda: world.loop) as runner:
        return runner.run(play_story())


def _repeating(content: bytes) -> bytes:
    """As long, and like no other, but of few bytes over and over: what is kept of a long run shall be small."""
    return (content[:UNLIKE_BYTES] * (len(content) // UNLIKE_BYTES + 1))[: len(content)]
