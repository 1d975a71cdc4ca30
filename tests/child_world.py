"""The vault in use and all around it: runs that behave as their version is said to, and who starts and hears them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from node.sandbox.piped import HandedChild, HandedProcess
from node.sandbox.report import SandboxReport, uncontained
from node.supervisor.errors import RequestRefused, StateError, VaultLate, VaultUnavailable
from node.supervisor.keys import Keys, RunKey
from node.supervisor.ports import Assignment, Slot
from node.supervisor.state import Serial
from node.supervisor.succession import HandedRun, HandedVault
from node.supervisor.vault_child import POLL_S, VaultChild
from node.vault import control
from node.vault.core.identity import Signer, certify, encode_record, make_record
from node.vault.noting import Met
from tests.virtual_time import run

OLD, NEW = "0" * 64, "1" * 64
UTC_S = 1_800_000_000.0
Story = Callable[["VaultChild", "World"], Awaitable[None]]


async def nothing_to_hold() -> None:
    """What a supervisor is given to hold on to where nobody else uses its home."""


def record_at(*addresses: str, utc_s: float = UTC_S):
    farm, transport = Signer(bytes(32)), Signer(bytes(range(32)))
    certificate = certify(farm, transport.public_key, serial=1, now_s=utc_s)
    return encode_record(make_record(transport, certificate, addresses, utc_s))


class FakeRun:
    """A vault that behaves as its version is said to."""

    def __init__(
        self,
        world: World,
        number: int,
        tree_hash: str,
        key: RunKey,
        assignment: Assignment,
        on_report: Callable[[control.Report], None],
    ) -> None:
        self.world, self.pid, self.tree_hash, self.key = world, number, tree_hash, key
        self.assignment, self.on_report = assignment, on_report
        self.report = uncontained()
        self.exited = asyncio.get_running_loop().create_future()
        self.is_bound = False

    @property
    def faults(self):
        return self.world.faults.get(self.tree_hash, ())

    def bind(self):
        if "deaf" not in self.faults:
            assert not any(run.is_bound for run in self.world.alive()), "two vaults on one store"
            self.is_bound = True
            self.on_report(control.Listening(record_at("127.0.1.1:4001")))

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = 5.0):
        if self.exited.done():
            raise VaultUnavailable("has ended")
        command = make(7)
        self.world.asked.append((self.pid, type(command).__name__))
        self.world.orders.append((self.pid, command))
        if self.world.late.pop(type(command), None):
            await asyncio.sleep(timeout_s)
            raise VaultUnavailable("no answer in time")
        if "hanging" in self.faults and self.is_bound:
            await asyncio.sleep(timeout_s)
            raise VaultUnavailable("no answer")
        if type(command) in self.world.refused:
            raise RequestRefused("control.unknown", "it is too old for that")
        match command:
            case control.GetState() if "cannot open" in self.faults:
                raise RequestRefused("storage", "the store cannot be opened")
            case control.GetState() if "opens for long" in self.faults and not self.is_bound:
                await asyncio.sleep(timeout_s)
                if "for ever" in self.faults:
                    raise VaultLate("no answer in time")
            case control.GetState() if not self.is_bound:
                raise RequestRefused("control.standby", "a standby vault does no work")
            case control.GetState():
                return control.State(7, 10, 100, 1, 3, 2, {})
            case control.Activate() if "ends" in self.faults:
                self.end(1)
            case control.Activate() if "cannot bind" in self.faults:
                raise RequestRefused("resource", "the port is in use")
            case control.Activate():
                asyncio.get_running_loop().call_later(0.1, self.bind)  # Done comes before Listening
            case control.RenewCertificate():
                self.world.renewed.append(command.certificate)
                self.on_report(control.Listening(record_at("127.0.1.1:4001", utc_s=self.world.utc_s)))
        return control.Done(7)

    async def hand_on(self):
        if "deaf to the end" in self.faults:
            raise VaultUnavailable("does not take what is sent to it")
        self.world.log.append(f"hand on {self.pid}")
        return self.world.handed(self)

    async def drain(self, handover_s: float = 0.0):
        self.world.log.append(f"drain {self.pid}" + (f" in {handover_s:g} s" if handover_s else ""))
        if handover_s:
            self.on_report(control.HandedOver(12, 28, is_over=False))
            await self.world.gone.wait()
            self.on_report(control.HandedOver(40, 0, is_over=True))
        self.end(0)

    def kill(self):
        self.end(-9)

    def end(self, code: int):
        self.is_bound = False
        if not self.exited.done():
            self.world.log.append(f"end {self.pid}")
            self.exited.set_result(code)

    def last_words(self):
        return "no such thing"


class World:
    """Launcher and surroundings in one."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}
        self.runs: list[FakeRun] = []
        self.log: list[str] = []
        self.rests: list[tuple[str, str]] = []  # what the store rests for, and after what
        self.asked: list[tuple[int, str]] = []
        self.orders: list[tuple[int, control.Command]] = []  # the same, whole
        self.refused: set[type[control.Command]] = set()
        self.late: dict[type[control.Command], bool] = {}  # what is answered too late, once
        self.renewed: list[bytes] = []
        self.failures: list[str] = []
        self.late_starts: list[str] = []  # of the failures, those that were starts too late
        self.records: list[bytes] = []
        self.is_disk_full = False
        self.slot_fault: Exception | None = None
        self.heads: list[control.HeadSeen] = []
        self.acquaintances: list[Met] = []
        self.told: list[Assignment | None] = []  # what it had been given, each time it was told what has changed since
        self.is_all_told = True
        self.gone = asyncio.Event()  # all chunks are handed over
        self.leave_s = 0.0
        self.utc_s = UTC_S
        self.serial: Serial | None = None

    def keys(self) -> Keys:
        return Keys(bytes(32), self, lambda count: bytes(range(count)))  # type: ignore[arg-type]  # load and save

    def load(self):
        return self.serial

    def save(self, serial: Serial):
        self.serial = serial

    def alive(self):
        return [run for run in self.runs if not run.exited.done()]

    async def start(self, slot: Slot, key: RunKey, assignment: Assignment, on_report: Callable[[control.Report], None]):
        if "no start" in self.faults.get(slot.tree_hash, ()):
            raise VaultUnavailable("said no hello")
        run = FakeRun(self, len(self.runs) + 1, slot.tree_hash, key, assignment, on_report)
        self.runs.append(run)
        self.log.append(f"start {run.pid}{' standby' if assignment.is_standby else ''}")
        if not assignment.is_standby:
            run.bind()
        elif "boasts" in self.faults.get(slot.tree_hash, ()):
            on_report(control.Listening(record_at("127.0.1.1:1")))
        return run

    def handed(self, run: FakeRun) -> HandedRun:
        process = HandedProcess(run.pid, 3, 4, 5)
        return HandedRun(HandedChild(process, SandboxReport("none"), b"", 1, (), {}), 4, run.key)

    async def take_over(self, handed: HandedRun, on_report: Callable[[control.Report], None]):
        run = self.runs[handed.child.process.pid - 1]
        if run.exited.done():
            raise VaultUnavailable("it has ended")
        self.log.append(f"take over {run.pid}")
        run.on_report = on_report
        return run

    def whole_slot(self, tree_hash: str):
        return tree_hash

    def slot(self, tree_hash: str):
        if self.slot_fault is not None:
            raise self.slot_fault
        return Slot(tree_hash, Path(), None)

    def assignment(self, *, bind: str, is_standby: bool):
        return Assignment(bytes(32), bind, 100, (), b"", control.Pace(), is_standby)

    async def store_rests(self, tree_hash: str):
        assert not any(run.is_bound for run in self.alive()), "a vault is at the store"
        self.rests.append((tree_hash, self.log[-1] if self.log else "nothing"))

    def save_record(self, record: bytes):
        if self.is_disk_full:
            raise StateError("it is full")
        self.records.append(record)

    def met(self, seen: Met):
        self.acquaintances.append(seen)

    def head_seen(self, seen: control.HeadSeen):
        self.heads.append(seen)

    async def listening(self, given: Assignment | None):
        self.told.append(given)
        return self.is_all_told

    async def leaving(self):
        if self.leave_s:
            self.log.append("leaving")

    def vault_failed(self, reason: str, *, is_late: bool):
        self.failures.append(reason)
        self.late_starts += [reason] * is_late

    def changed(self):
        pass


def made(world: World, record: bytes = b"", inherited: HandedVault | None = None) -> VaultChild:
    return VaultChild(
        tree_hash=OLD, record=record, bind="127.0.1.1:0", keys=world.keys(), launcher=world, surroundings=world,
        utc_s=lambda: world.utc_s, inherited=inherited,
    )  # fmt: skip


def play(story: Story, world: World | None = None, record: bytes = b""):
    """Run a vault in a world, let ``story(vault, world)`` happen to it, stop it; return the world."""
    world = world or World()

    async def live():
        vault = made(world, record)
        keeping = asyncio.create_task(vault.keep_running())
        await asyncio.sleep(POLL_S)
        await story(vault, world)
        vault.stop(world.leave_s)
        await keeping

    run(live())
    assert world.alive() == []
    return world


async def nothing(vault: VaultChild, world: World):
    pass
