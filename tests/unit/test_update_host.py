"""What updates may ask of the node: whose fault it is that a twin does not start, and whether one could be held."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple, cast

import pytest

from node.sandbox.report import Level, SandboxReport
from node.supervisor import space
from node.supervisor.assigning import Assigning
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.home import Home
from node.supervisor.host import KEPT_MAX, UpdateHost
from node.supervisor.keys import RunKey
from node.supervisor.ports import Assignment, Slot
from node.supervisor.tending import Order
from node.supervisor.twin_news import BROUGHT_MAX, Hearing
from node.supervisor.twins import Care, Twin
from node.supervisor.updating import twin_bytes
from node.supervisor.vault_child import SILENCE_S_MAX
from node.update.errors import HostFailed, SlotDamaged, TwinFailed
from node.update.ports import TwinOrder
from node.vault import control
from node.vault.limiting import Limits, SetLimits
from tests.virtual_time import run


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


class InUse:
    """The vault in use; it takes every file but those that ``refuses`` names."""

    record = b""
    run: SimpleNamespace | None = None
    state: control.State | None = None

    def __init__(self, refuses: bytes = b"") -> None:
        self.refuses = refuses
        self.carried: list[bytes] = []
        self.limits: list[Limits] = []

    async def ask(self, make: Callable[[int], control.Command], _timeout_s: float = 0.0) -> control.Report:
        order = make(1)
        if isinstance(order, SetLimits):
            self.limits.append(order.limits)
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
    async def start(*_: Any, must_shut_off: bool) -> Twin:
        raise TwinFailed("it ended with code 1")

    monkeypatch.setattr(Twin, "start", start)


def host_of(home: Home, vault: InUse, slot: Callable[[str], Slot] | None = None, bit: int = 1) -> UpdateHost:
    """``bit``: what chance gives when it decides whether a twin stands by at first; 0 for yes."""

    def entropy(count: int) -> bytes:
        return bytes([bit]) if count == 1 else os.urandom(count)

    in_use: Any = vault
    assigning = Assigning(home, Bootstrap(home), lambda: True)
    return UpdateHost(
        home, in_use, slot or (lambda name: Slot(name, home.slots, None)), entropy, lambda: 1.0, assigning
    )


def start_twin(home: Home, slot: Slot | None = None) -> None:
    def find(tree_hash: str) -> Slot:
        if slot is None:
            raise SlotDamaged("slot abababab does not hold the files that it is named by")
        return slot

    host = host_of(home, InUse(), find)
    order = TwinOrder(tree_hash="ab" * 32, data=home.vaults / "data", seed=bytes(32), quota_bytes=1)
    asyncio.run(host.start_twin(order))


@pytest.mark.parametrize(("neighbours", "showing_the_head", "known"), [(7, 3, 7), (0, 3, 3), (0, 0, 0)])
def test_whoever_shows_the_head_without_being_a_neighbour_tells_how_large_the_network_is(
    home: Home, neighbours: int, showing_the_head: int, known: int
):
    """As where nobody speaks the vault's version any more; else no release would ever have its turn there."""
    vault = InUse()
    vault.state = control.State(1, 0, 0, 0, neighbours, 0, {}, head_subnets=showing_the_head)
    assert host_of(home, vault).peer_count() == known


def test_a_vault_that_refuses_one_file_of_the_head_is_given_all_others(home: Home):
    files = {hashlib.sha256(content).digest(): content for content in (b"one", b"two", b"three")}
    vault = InUse(refuses=b"two")
    host = host_of(home, vault)

    asyncio.run(host.carry_files(files))

    assert vault.carried == [b"one", b"three"]


@pytest.mark.parametrize("answers", [False, True])
def test_a_vault_that_takes_its_time_over_each_file_of_the_head_holds_nobody_up_for_long(home: Home, answers: bool):
    class Slow(InUse):
        async def ask(self, make: Callable[[int], control.Command], timeout_s: float = 0.0) -> control.Report:
            await asyncio.sleep(timeout_s - 0.1 if answers else timeout_s)
            if not answers:
                raise VaultUnavailable("it did not answer in time")
            return await super().ask(make, timeout_s)

    async def carry() -> float:
        begun_s = asyncio.get_running_loop().time()
        await host_of(home, Slow()).carry_files({number.to_bytes(32): b"file" for number in range(200)})
        return asyncio.get_running_loop().time() - begun_s

    assert run(carry()) <= SILENCE_S_MAX / 2


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
    host = host_of(home, in_use)
    assert host.can_shut_off()  # nothing is known yet

    in_use.run = SimpleNamespace(report=SandboxReport(level, files=files))

    assert host.can_shut_off() is files


@pytest.mark.usefixtures("starts")
@pytest.mark.parametrize("files", [True, False])
def test_a_twin_must_be_kept_from_files_where_the_vault_in_use_is(home: Home, files: bool):
    in_use = InUse()
    in_use.run = SimpleNamespace(report=SandboxReport("partial", files=files))
    assert asyncio.run(twin_of(host_of(home, in_use))).must_shut_off is files


class Started:
    """A twin that has started, as far as its host knows of it; and what it was started with."""

    def __init__(self, order: TwinOrder, assignment: Assignment, care: Care, *, must_shut_off: bool) -> None:
        self.order, self.assignment, self.care, self.must_shut_off = order, assignment, care, must_shut_off
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.told: list[control.Command] = []

    def tell(self, orders: Sequence[Order]) -> None:
        self.told += [make(1) for make in orders]

    def brings(self, head: bytes) -> list[control.Command]:
        """It hands up a head; what it is told because of it."""
        return [make(1) for make in self.care.brought(head)]

    def first(self) -> list[control.Command]:
        return [make(1) for make in self.care.first()]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(
        order: TwinOrder, _slot: Slot, _key: RunKey, given: Assignment, _log: Path, care: Care, *, must_shut_off: bool
    ) -> Started:
        return Started(order, given, care, must_shut_off=must_shut_off)

    monkeypatch.setattr(Twin, "start", start)


async def twin_of(host: UpdateHost, seed: bytes = bytes(32), *, is_standby: bool = False) -> Started:
    order = TwinOrder(tree_hash="ab" * 32, data=Path("data"), seed=seed, quota_bytes=1 << 20, is_standby=is_standby)
    twin: Any = await host.start_twin(order)
    return cast("Started", twin)


@pytest.mark.usefixtures("starts")
class TestAlike:
    def test_a_twin_is_given_what_the_vault_in_use_is_and_the_record_of_that_one(self, tmp_path: Path):
        home = Home.make(
            tmp_path / "home",
            kind="real",
            root=b"{}",
            bind="127.0.1.1:0",
            quota_bytes=1 << 30,
            contacts=(b"one", b"two"),
        )
        vault = InUse()
        vault.record = b"its record"
        host = host_of(home, vault)
        host.head = b"a head"

        given = asyncio.run(twin_of(host)).assignment

        own = Assigning(home, Bootstrap(home), lambda: True).make(
            bind=given.bind, quota_bytes=1 << 20, head=b"", is_standby=False
        )
        assert own.is_discovering
        assert given == replace(own, contacts=(b"its record", *own.contacts))

    def test_it_keeps_to_the_same_limits_but_takes_chunks_during_a_pause(self, home: Home):
        limits = Limits(250_000, 500_000, is_taking=False)
        twins = Limits(250_000, 500_000)

        async def scene() -> None:
            vault = InUse()
            host = host_of(home, vault)
            host._assigning.limits = lambda: limits
            twin = await twin_of(host)
            assert twin.assignment.limits == twins
            assert not any(isinstance(order, SetLimits) for order in twin.first())
            host._assigning.limits = lambda: Limits(7)
            assert twin.first()[0] == SetLimits(1, Limits(7))
            await host.keep_to(limits)
            assert twin.told == [SetLimits(1, twins)]
            assert vault.limits == [limits]

        asyncio.run(scene())

    def test_in_a_practice_network_nobody_looks_around(self, home: Home):
        assert not asyncio.run(twin_of(host_of(home, InUse()))).assignment.is_discovering

    def test_it_is_given_a_port_and_keeps_it_when_it_is_started_again(self, home: Home):
        async def scene() -> list[str]:
            host = host_of(home, InUse())
            return [
                (await twin_of(host, seed)).assignment.bind for seed in (b"1" * 32, b"2" * 32, b"1" * 32, b"2" * 32)
            ]

        first, second, *again = asyncio.run(scene())
        assert again == [first, second]
        assert all(bind.startswith("127.0.1.1:") and not bind.endswith(":0") for bind in (first, second))

    def test_a_port_that_somebody_has_taken_meanwhile_is_not_insisted_on(self, home: Home):
        async def scene() -> tuple[str, str]:
            host = host_of(home, InUse())
            before = (await twin_of(host)).assignment.bind
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind(("127.0.1.1", int(before.rpartition(":")[2])))
                return before, (await twin_of(host)).assignment.bind

        before, after = asyncio.run(scene())
        assert after != before
        assert not after.endswith(":0")

    def test_what_is_known_of_twins_of_long_ago_is_forgotten(self, home: Home):
        async def scene() -> None:
            host = host_of(home, InUse())
            for number in range(3 * KEPT_MAX):
                await twin_of(host, bytes([number]) * 32)
            assert len(host._binds) == len(host._hearings) == KEPT_MAX

        asyncio.run(scene())

    @pytest.mark.parametrize(("bit", "is_ordered", "stands_by"), [(0, False, True), (1, False, False), (1, True, True)])
    def test_chance_has_it_stand_by_at_first_as_a_version_does_that_is_taken_into_use(
        self, home: Home, bit: int, is_ordered: bool, stands_by: bool
    ):
        twin = asyncio.run(twin_of(host_of(home, InUse(), bit=bit), is_standby=is_ordered))
        assert twin.assignment.is_standby is stands_by
        assert twin.order.is_standby is is_ordered

    def test_it_is_told_what_the_vault_in_use_is_told(self, home: Home):
        address = hashlib.sha256(b"a file").digest()

        async def scene() -> None:
            host = host_of(home, InUse())
            await host.carry_files({address: b"a file"})
            twin = await twin_of(host)
            files = [control.DropObjects(1, (address,)), control.CarryObject(1, b"a file")]
            assert twin.first() == [*files, control.SetQuota(1, 1 << 20)]
            await host.carry_files({})
            assert twin.told == [control.DropObjects(1, ())]

            twin.exited.set_result(0)
            await asyncio.sleep(0)
            await host.carry_files({address: b"a file"})
            assert len(twin.told) == 1

        asyncio.run(scene())


@pytest.mark.usefixtures("starts")
class TestTheDevelopersNews:
    """A twin carries those that it has handed up itself, if they are the newest that this node has verified."""

    SET: ClassVar = [control.SetHead(1, b"newest")]

    def play(self, home: Home, scene: Callable[[UpdateHost], Coroutine[Any, Any, None]]) -> None:
        host = host_of(home, InUse())
        host.head = b"newest"
        asyncio.run(scene(host))

    def test_at_first_it_is_given_none_and_told_of_none(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            await host.carry_head(b"newer than that")
            assert twin.assignment.head == b""
            assert [twin.told, twin.first()[:-1]] == [[], [control.DropObjects(1, ())]]

        self.play(home, scene)

    def test_the_newest_that_it_hands_up_it_is_told_to_carry_once(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            assert twin.brings(b"newest") == self.SET
            assert twin.brings(b"newest") == []

        self.play(home, scene)

    def test_of_any_other_head_it_is_told_nothing(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            assert [twin.brings(head) for head in (b"", b"older", b"newest ")] == [[], [], []]

        self.play(home, scene)

    def test_one_that_it_handed_up_before_this_node_had_verified_it_is_told_then(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            assert twin.brings(b"later") == []
            await host.carry_head(b"later")
            assert twin.told == [control.SetHead(1, b"later")]

        self.play(home, scene)

    def test_one_that_says_the_same_as_the_newest_is_as_good_and_the_newest_is_what_it_is_told(self, home: Home):
        same = hashlib.sha256(b"newest, in other words").digest()

        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            assert twin.brings(b"newest, in other words") == []
            await host.know_head(same, b"who brought it")
            assert twin.told == self.SET
            assert (await twin_of(host, b"2" * 32)).brings(b"newest, in other words") == self.SET

        self.play(home, scene)

    def test_what_said_the_same_as_an_older_one_is_no_news(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            await host.know_head(hashlib.sha256(b"newest, in other words").digest(), b"who brought it")
            await host.carry_head(b"newer than that")
            assert twin.brings(b"newest, in other words") == []

        self.play(home, scene)

    def test_it_need_not_have_listened_to_be_told(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            twin.brings(b"newest")
            assert twin.first()[:1] == self.SET

        self.play(home, scene)

    def test_what_its_twin_hands_up_it_is_not_told(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            deaf, twin = await twin_of(host, b"1" * 32), await twin_of(host, b"2" * 32)
            twin.brings(b"newest")
            twin.brings(b"later")
            await host.carry_head(b"later")
            assert (len(twin.told), deaf.told, deaf.first()[:-1]) == (1, [], [control.DropObjects(1, ())])

        self.play(home, scene)

    def test_when_it_is_started_again_it_has_what_it_heard_before_and_no_more(self, home: Home):
        async def scene(host: UpdateHost) -> None:
            twin = await twin_of(host)
            twin.brings(b"newest")
            host.head = b"newer than that"
            again = await twin_of(host, is_standby=True)
            assert again.assignment.head == b"newest"
            assert again.first()[:-1] == [control.DropObjects(1, ())]

        self.play(home, scene)

    def test_a_flood_of_heads_costs_no_more_room_than_that_of_a_few(self):
        hearing = Hearing()
        for number in range(3 * BROUGHT_MAX):
            hearing.brings(b"%d" % number)
        assert len(hearing._brought) == BROUGHT_MAX
        assert hearing.takes(b"%d" % (3 * BROUGHT_MAX - 1), ())
        assert not hearing.takes(b"0", ())


def test_a_twins_room_is_counted_in_the_steps_of_the_own_vaults():
    lefts, limits = (0, 123_456_789, 4_123_456_789, 1 << 40), (16 << 20, 123_456_789, 1 << 40)
    assert {twin_bytes(left, limit) % space.GRAIN_BYTES for left in lefts for limit in limits} == {0}


@pytest.mark.parametrize(("limit_mib", "twin_mib"), [(16, 16), (256, 32), (512, 64), (20_480, 64)])
def test_a_twin_has_room_for_data_although_the_own_vault_is_full_but_no_large_part_of_a_small_limit(
    limit_mib: int, twin_mib: int
):
    assert twin_bytes(0, limit_mib << 20) == twin_mib << 20
