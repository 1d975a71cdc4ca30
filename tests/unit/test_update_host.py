"""What updates may ask of the node: whose fault it is that a twin does not start, and whether one could be held."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from node.sandbox.report import Level, SandboxReport
from node.supervisor import space
from node.supervisor.errors import RequestRefused
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.ports import Slot
from node.supervisor.twins import Twin
from node.update.errors import HostFailed, SlotDamaged, TwinFailed
from node.update.ports import TwinOrder
from node.vault import control


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


class InUse:
    """The vault in use; it takes every file but those that ``refuses`` names."""

    record = b""
    run: SimpleNamespace | None = None

    def __init__(self, refuses: bytes = b"") -> None:
        self.refuses = refuses
        self.carried: list[bytes] = []

    async def ask(self, make: Callable[[int], control.Command], _timeout_s: float = 0.0) -> control.Report:
        order = make(1)
        if isinstance(order, control.CarryObject):
            if order.content == self.refuses:
                raise RequestRefused("vault.quota", "no room")
            self.carried.append(order.content)
        return control.Done(1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home", kind="practice", root=b"{}", bind="127.0.1.1:0", quota_bytes=1 << 30)


@pytest.fixture(autouse=True)
def _failing_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(*_: Any) -> Twin:
        raise TwinFailed("it ended with code 1")

    monkeypatch.setattr(Twin, "start", start)


def start_twin(home: Home, slot: Slot | None = None) -> None:
    def find(tree_hash: str) -> Slot:
        if slot is None:
            raise SlotDamaged("slot abababab does not hold the files that it is named by")
        return slot

    host = UpdateHost(home, InUse(), find, os.urandom, lambda: 1.0)  # type: ignore[arg-type]
    order = TwinOrder(tree_hash="ab" * 32, data=home.trial / "data", seed=bytes(32), quota_bytes=1)
    asyncio.run(host.start_twin(order))


def test_a_vault_that_refuses_one_file_of_the_head_is_given_all_others(home: Home):
    files = {hashlib.sha256(content).digest(): content for content in (b"one", b"two", b"three")}
    vault = InUse(refuses=b"two")
    host = UpdateHost(home, vault, Slot, os.urandom, lambda: 1.0)  # type: ignore[arg-type]

    asyncio.run(host.carry_files(files))

    assert vault.carried == [b"one", b"three"]


def test_a_twin_that_does_not_start_on_a_sound_machine_failed_itself(home: Home):
    with pytest.raises(TwinFailed, match="code 1"):
        start_twin(home, Slot("ab" * 32, home.slots, None))


def test_a_damaged_slot_is_this_machines_fault(home: Home):
    with pytest.raises(HostFailed, match="does not hold"):
        start_twin(home)


def test_on_a_full_disk_nobody_can_start(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(1 << 40, 1 << 40, 1000))
    with pytest.raises(HostFailed, match=r"only 1\.0 kB are free"):
        start_twin(home, Slot("ab" * 32, home.slots, None))


def test_on_a_disk_that_cannot_be_written_nobody_can_start(home: Home, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(space, "_probe", refuse)
    with pytest.raises(HostFailed, match="Read-only"):
        start_twin(home, Slot("ab" * 32, home.slots, None))


@pytest.mark.parametrize(("level", "files"), [("full", True), ("partial", True), ("partial", False), ("none", False)])
def test_vaults_can_be_shut_off_where_the_one_in_use_is_kept_from_files(home: Home, level: Level, files: bool):
    in_use = InUse()
    host = UpdateHost(home, in_use, lambda _: Slot("", home.slots, None), os.urandom, lambda: 1.0)  # type: ignore[arg-type]
    assert host.can_shut_off()  # nothing is known yet

    in_use.run = SimpleNamespace(report=SandboxReport(level, files=files))

    assert host.can_shut_off() is files
