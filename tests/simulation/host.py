"""A computer with one farm on it: what outlives a process (identity, disk, address), and the process that runs.

The supervisor's part is played by ``Host``: it makes a fresh transport key and a certificate with a higher serial for
every start, hands in contacts, gives orders and waits for their answers, and renews the certificate before it ends.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.vault import control
from node.vault.core.identity import PeerRecord, certify, encode_certificate, make_record
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import Driver
from node.vault.storage.chunk_store import ChunkStore
from tests.simulation.disk import SimDisk
from tests.simulation.loop import SimLoop, current_owner
from tests.simulation.network import Endpoint, Nat, SimNetwork
from tests.simulation.signing import make_signer

START_S: Final = 1_700_000_000.0
QUOTA_BYTES: Final = 64 << 20
ORDER_S_MAX: Final = 300.0
DRAIN_EXTRA_S: Final = 30.0  # on top of the time for handing over

if TYPE_CHECKING:
    from node.vault.core.identity import Signer


@dataclass(slots=True)
class HostClock:
    """A clock that goes wrong: too fast or slow by ``drift``, and off the calendar by ``step_s``."""

    loop: SimLoop
    drift: float = 0.0
    step_s: float = 0.0

    def monotonic_s(self) -> float:
        return self.loop.now_s * (1.0 + self.drift)

    def utc_s(self) -> float:
        return START_S + self.loop.now_s * (1.0 + self.drift) + self.step_s


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all hosts of a world share.  ``failed`` is told what no vault may ever do."""

    farm_seed: str  # of what outlives a segment: the identities
    seed: str
    loop: SimLoop
    network: SimNetwork
    pace: control.Pace
    is_cheap: bool
    failed: Callable[[str], None]
    make_store: Callable[[Any, int], ChunkStore] = ChunkStore
    make_vault: Callable[..., Vault] = Vault


class Process:
    """One run of a vault: its tasks, and what it told."""

    def __init__(self, host: Host, contacts: tuple[PeerRecord, ...]) -> None:
        around, number = host.around, host.serial
        self.is_alive = True
        self.is_leaving = False
        self.is_buried = False  # a checker has seen it dead before
        self.started_s = host.around.loop.now_s
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.record: PeerRecord | None = None  # once it listens
        self.handed_over: control.HandedOver | None = None
        self._host = host
        self._chance = random.Random(f"{around.seed}/{host.name}/{number}")
        self._orders: dict[int, asyncio.Future[control.Report]] = {}
        self._next_order = 0
        self.signer: Signer = make_signer(self._chance.randbytes(32), is_cheap=around.is_cheap)
        self.contacts = contacts
        self.store: ChunkStore | None = None
        self.vault: Vault | None = None
        self.driver: Driver | None = None
        self.endpoint: Endpoint | None = None
        self.main = around.loop.spawn(self, self._run())
        self.main.add_done_callback(self._ended)

    @property
    def is_listening(self) -> bool:
        return self.is_alive and self.record is not None

    async def _run(self) -> None:
        """As the vault's own main: open the store, bind, work until drained."""
        host, around = self._host, self._host.around
        store = await asyncio.to_thread(around.make_store, host.disk, host.quota_bytes)
        now_s = host.clock.utc_s()
        certificate = certify(host.owner, self.signer.public_key, serial=host.serial, now_s=now_s)
        record = make_record(self.signer, certificate, (), now_s)
        config = VaultConfig(self.signer, record, host.quota_bytes, self.contacts, b"", around.pace)
        vault = around.make_vault(config, random.Random(self._chance.random()), self._chance.randbytes)
        driver = Driver(vault, store, host.clock, self._tell)
        self.endpoint = Endpoint(
            around.network, self, host.address, host.nat, host.clock, lambda: vault.record, driver.handle,
            around.pace.beat_s, driver.unanswered,
        )  # fmt: skip
        self.store, self.vault, self.driver = store, vault, driver
        await driver.run(self.endpoint, self.endpoint.addresses)
        await self.endpoint.close()

    def _tell(self, report: control.Report) -> None:
        if not self.is_alive:
            return
        control.decode_report(control.encode(report)[control.LENGTH_BYTES :])  # it must fit the channel
        if isinstance(report, control.Listening):
            self.record = self._record()
        elif isinstance(report, control.HandedOver):
            self.handed_over = report
        elif not isinstance(report, control.HeadSeen):
            waiting = self._orders.pop(getattr(report, "id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(report)

    def _record(self) -> PeerRecord:
        assert self.vault is not None
        return self.vault.record

    async def order(self, make: Callable[[int], control.Command], timeout_s: float = ORDER_S_MAX) -> control.Report:
        """Give an order, wait for its answer.

        Raises:
            ConnectionError: The process died meanwhile.
        """
        if self.driver is None or not self.is_listening:
            raise ConnectionError
        self._next_order += 1
        number = self._next_order
        answer: asyncio.Future[control.Report] = asyncio.get_running_loop().create_future()
        self._orders[number] = answer
        command = make(number)
        context = contextvars.copy_context()
        context.run(current_owner.set, self)
        try:
            context.run(self.driver.command, command)
        except Exception as error:  # in a process of its own this would be its end
            self._host.ended_with(error)
            raise ConnectionError from error
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            self._host.around.failed(f"{self._host.name} does not answer {type(command).__name__}")
            raise ConnectionError from None

    async def drain(self, handover_s: float) -> None:
        """Stop in order."""
        if self.driver is None or self.is_leaving or not self.is_listening:
            self.kill()
            return
        self.is_leaving = True
        leaving = self._host.around.loop.spawn(self, self.driver.drain(control.Drain(0, handover_s)))
        try:
            async with asyncio.timeout(handover_s + DRAIN_EXTRA_S):
                await asyncio.wait([leaving, self.main])
                await asyncio.wait([self.main])
        except TimeoutError:
            self._host.around.failed(f"{self._host.name} does not end after Drain")
        self.kill()

    def kill(self) -> None:
        """kill -9: no task runs on, nobody is told."""
        if not self.is_alive:
            return
        self.is_alive = False
        if self.endpoint is not None and self.endpoint.is_open:
            self.endpoint.vanish()
        for answer in self._orders.values():
            if not answer.done():
                answer.set_exception(ConnectionError())
                answer.exception()
        self._orders.clear()
        for task in list(self.tasks):
            task.cancel()

    def power_failed(self) -> None:
        self._host.cut_power()

    def _ended(self, main: asyncio.Task[None]) -> None:
        if main.cancelled():
            if self.is_alive:
                self._host.around.failed(f"{self._host.name} was cancelled by itself")
            return
        error = main.exception()
        if self.is_alive and error is not None:
            self._host.ended_with(error)
        elif self.is_alive and not self.is_leaving:
            self._host.around.failed(f"{self._host.name} ended without an order")


class Host:
    """One farm.  ``gone``: it never comes back."""

    def __init__(self, name: str, number: int, around: Surroundings, disk: SimDisk, quota_bytes: int) -> None:
        self.name = name
        self.around = around
        self.disk = disk
        self.lent_bytes = quota_bytes
        self.quota_bytes = quota_bytes  # less while the farmer lends less
        self.nat = Nat.OPEN
        self.clock = HostClock(around.loop)
        self.address = f"10.{number >> 8}.{number & 255}.1:4000"
        chance = random.Random(f"{around.farm_seed}/{name}/owner")
        self.owner = make_signer(chance.randbytes(32), is_cheap=around.is_cheap)
        self.serial = 0
        self.process: Process | None = None
        self.ended: list[Process] = []  # earlier ones, until a checker has seen that nothing of them is left
        self.is_gone = False
        self.start_count = 0
        self.disk_replaced: Callable[[Host, SimDisk, SimDisk], None] = lambda _host, _before, _after: None

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.is_listening

    def start(self, contacts: tuple[PeerRecord, ...]) -> None:
        assert not self.is_gone
        assert self.process is None or not self.process.is_alive
        self.around.loop.trace(f"start {self.name}")
        self.serial += 1
        self.start_count += 1
        if self.process is not None:
            self.ended.append(self.process)
        self.process = Process(self, contacts)

    def kill(self) -> None:
        if self.process is not None and self.process.is_alive:
            self.around.loop.trace(f"kill {self.name}")
            self.process.kill()

    def cut_power(self) -> None:
        """The process dies, and the disk keeps no more than it must."""
        self.around.loop.trace(f"power cut {self.name}")
        if self.process is not None:
            self.process.kill()
        before, self.disk = self.disk, self.disk.after_power_cut()
        self.disk_replaced(self, before, self.disk)

    async def renew(self) -> None:
        """A new certificate for the same key."""
        process = self.process
        if process is None or not self.is_up:
            return
        self.serial += 1
        certificate = certify(self.owner, process.signer.public_key, serial=self.serial, now_s=self.clock.utc_s())
        content = encode_certificate(certificate)
        await process.order(lambda number: control.RenewCertificate(number, content))
        process.record = process.vault.record if process.vault is not None else process.record

    def ended_with(self, error: BaseException) -> None:
        """The process ended by an exception.  A disk that is not there may do that; nothing else."""
        self.around.loop.trace(f"ended {self.name}")
        assert self.process is not None
        self.process.kill()
        is_of_the_disk = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EIO  # the last of them
        if not (self.disk.is_unplugged or self.disk.errors_left or is_of_the_disk):
            self.around.failed(f"{self.name} ended: {error!r}")
