"""Each checker speaks, and it alone, when one thing is broken in an otherwise healthy world."""

import asyncio
import hashlib
import itertools
import logging
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from node.vault import control
from node.vault.core import lanes
from node.vault.core.events import CommandReceived, Started, Tell, Ticked
from node.vault.core.identity import distance, position_of, subnet_of
from node.vault.core.lanes import SUBNET_AT_ONCE
from node.vault.core.messages import Ping
from node.vault.core.vault import Vault, VaultConfig
from node.vault.ports import Entropy, Random
from node.vault.storage.chunk_store import ChunkStore
from tests.simulation import faults
from tests.simulation.faults import Timed
from tests.simulation.host import QUOTA_BYTES
from tests.simulation.sizes import sizes
from tests.simulation.world import HOLD_S, SMALL_BYTES_MIN, Scenario, World

HEALTHY = Scenario(1, vaults=6, hours=0.03, chunks=24, faults=0)
QUEUES = (  # and where each of them is, from a process on
    ("sessions", "endpoint._sessions"),
    ("requests being answered", "driver._replies"),
    ("asks", "vault._desk._asked"),
    ("reads", "vault._desk._reading"),
    ("delayed writes", "vault._desk._delayed"),
    ("takers", "vault._desk.takers"),
    ("records of reliance", "vault._desk.reliance._records"),
    ("pending requests", "vault._desk.limits._pending"),
    ("identities in the limits", "vault._desk.limits._identities"),
    ("hearings", "vault._auditor._hearings"),
    ("receipts", "vault._auditor._receipts"),
    ("offers", "vault._carrier._offers"),
    ("former heads", "vault._carrier._former_s"),
    ("subnets with heads alike", "vault._carrier._alike_s"),
    ("former neighbours", "vault._neighbourhood._former"),
    ("proofs", "vault._replicator._running"),
    ("works to be tried again", "vault._replicator._works.retrying"),
    ("absent", "vault._replicator._presence._absent"),
    ("lost chunks", "vault._restorer._waiting"),
    ("lost chunks being fetched", "vault._restorer._working"),
    ("proofs to shrink", "vault._shrinking._running"),
)


def played(scenario):
    return World(scenario).play().failures


def failures(scenario=HEALTHY, *, plan=(), make_store=ChunkStore, make_vault=Vault):
    return World(scenario, make_store=make_store, make_vault=make_vault).play(list(plan)).failures


@pytest.mark.long
def test_a_healthy_world_has_no_failure_although_some_hosts_are_full():
    world = World(HEALTHY)

    assert world.play().failures == []
    assert sum(refused(host, "put over quota") > 0 for host in world.hosts) >= 1


@pytest.mark.long
def test_more_chunks_than_the_farmer_lends_are_seen():
    found = failures(make_store=lambda disk, _quota: ChunkStore(disk, QUOTA_BYTES), make_vault=Greedy)

    assert_only("bytes of", found)


@pytest.mark.long
def test_a_store_that_loses_count_is_seen_also_after_a_chunk_has_rotted():
    rotten = [Timed(50.0, faults.Rot(number, 1)) for number in range(6)]

    assert failures(plan=rotten) == []
    assert_only("accounts for", failures(plan=rotten, make_store=LosesCount))


@pytest.mark.long
def test_a_queue_that_grows_beyond_its_limit_is_seen(monkeypatch):
    wiped = replace(HEALTHY, faults=6, kinds=("wipe",))
    assert played(wiped) == []

    monkeypatch.setattr(lanes, "SUBNET_AT_ONCE", SUBNET_AT_ONCE + 100)

    assert_only(f"turns in one lane, {SUBNET_AT_ONCE} are allowed", played(wiped))


def test_each_queue_may_be_as_long_as_its_limit_and_no_longer():
    world = World(replace(HEALTHY, vaults=2))
    with asyncio.Runner(loop_factory=lambda: world.loop) as runner:
        at_the_limit, beyond = runner.run(filled_one_by_one(world))

    assert at_the_limit == []
    assert beyond == [name for name, _ in QUEUES]


@pytest.mark.long
def test_copies_that_are_all_there_for_a_moment_only_are_seen():
    crumbling = Crumbling(replace(HEALTHY, converge_s=2 * HOLD_S))

    assert_only("copies are still missing", crumbling.play([]).failures)


def test_the_next_nearest_owes_what_a_full_vault_of_the_group_does_not_hold():
    assert owed(full=(), holders=(0, 2, 3, 4, 5)) == [1]
    assert owed(full=(1,), holders=(0, 2, 3, 4)) == [5]
    assert owed(full=(1, 5), holders=(0, 2, 3, 4)) == [6]
    assert owed(full=(1,), holders=(0, 2, 3, 4, 5)) == []
    assert owed(full=(1,), holders=(0, 1, 2, 3, 4)) == []


def test_a_full_vault_beyond_the_group_makes_no_second_one_of_a_subnet_owe_a_chunk():
    assert owed(full=(5,), holders=(0, 1, 2, 3, 4), twin_at=6) == []


@pytest.mark.long
def test_a_copy_that_stands_in_for_a_full_vault_and_is_not_made_anew_is_seen(monkeypatch):
    monkeypatch.setattr("tests.simulation.world.SMALL_EVERY", 2)
    monkeypatch.setattr("tests.simulation.world.SMALL_BYTES_MAX", SMALL_BYTES_MIN + 1)
    five_with_room = replace(HEALTHY, vaults=9)
    wiped = [Timed(100.0 + number, faults.Wipe(number, 5.0)) for number in (0, 2, 4)]

    assert failures(five_with_room, plan=wiped) == []
    assert_only("copies are still missing", failures(five_with_room, plan=wiped, make_vault=StopsAtFull))


@pytest.mark.long
def test_a_task_that_outlives_its_vault_is_seen_although_the_next_one_has_started():
    killed = [Timed(50.0, faults.Kill(2, 0.5))]

    assert failures(plan=killed) == []
    assert_only("outlive", failures(plan=killed, make_vault=Haunted))


@pytest.mark.long
def test_an_acknowledged_chunk_that_nobody_has_is_seen():
    found = failures(replace(HEALTHY, must_converge=False), make_vault=Removing)

    assert any("is lost" in failure for failure in found)


@pytest.mark.long
def test_wrong_bytes_are_seen():
    found = failures(replace(HEALTHY, must_converge=False), make_store=Lying)

    assert any("a get brought wrong bytes" in failure for failure in found)


def test_a_put_that_is_acknowledged_under_a_wrong_address_is_seen():
    found = failures(replace(HEALTHY, vaults=3, chunks=2, must_converge=False), make_vault=Misnaming)

    assert any("under a wrong address" in failure for failure in found)


@pytest.mark.long
def test_an_order_without_an_answer_is_seen():
    assert any(
        "does not answer GetChunk" in failure for failure in failures(replace(HEALTHY, chunks=1), make_vault=Deaf)
    )


@pytest.mark.long
def test_a_limit_that_is_lowered_and_not_kept_is_seen():
    lowered = [Timed(50.0, faults.Shrink(0, 0.5, 1.0))]

    few = replace(HEALTHY, vaults=3, chunks=6)
    assert_only("does not shrink", failures(few, plan=lowered, make_vault=Stubborn))


@pytest.mark.long
def test_whatever_a_vault_logs_as_an_error_is_seen():
    assert_only("logged: all is lost", failures(make_vault=Complaining))


@pytest.mark.long
def test_what_cannot_be_got_although_somebody_in_reach_has_it_is_seen():
    found = failures(replace(HEALTHY, hours=0.1, must_converge=False), make_vault=Hiding)

    assert any("cannot get" in failure and "within" in failure for failure in found)


@pytest.mark.long
def test_messages_without_end_are_seen():
    assert_only("are too many", failures(replace(HEALTHY, vaults=4, hours=0.01, chunks=4), make_vault=Chatty))


@pytest.mark.long
def test_a_conviction_of_a_vault_of_which_no_fault_has_destroyed_anything_is_seen():
    scenario = replace(HEALTHY, must_converge=False)
    assert failures(replace(scenario, faults=4, kinds=("kill",))) == []

    assert any("has convicted farm-0" in failure for failure in failures(scenario, make_vault=Unfaithful))


def assert_only(what, found):
    assert found
    assert [failure for failure in found if what not in failure] == []


def refused(host, why):
    counters: Any = host.process.vault._desk.counters
    return counters[why]


async def filled_one_by_one(world):
    """What the checkers say of queues that are as long as they may be, and of those that are longer by one."""
    await world.grow(2)
    process = world.hosts[0].process
    allowed = {name: most for name, _, most in sizes(process)}
    told = tuple([name for name, path in QUEUES if said(world, name, path, allowed[name] + more)] for more in (0, 1))
    for host in world.hosts:
        host.kill()
    await asyncio.sleep(0)
    return told


def said(world, name, path, length):
    """Whether exactly one failure is told, and it names the queue, while it has this length."""
    *owners, attribute = path.split(".")
    owner = world.hosts[0].process
    for each in owners:
        owner = getattr(owner, each)
    world.checkers.failures.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, attribute, length if isinstance(getattr(owner, attribute), int) else range(length))
        world.checkers.all_the_time()
    return [f" {length} {name}, " in failure for failure in world.checkers.failures] == [True]


def owed(*, full, holders, twin_at=None):
    """Who owes a chunk; each vault is told by how many are nearer to it.

    With ``twin_at`` the vault there shares its subnet with one of the nearest four.
    """
    here = World(replace(HEALTHY, vaults=8))
    with asyncio.Runner(loop_factory=lambda: here.loop) as runner:
        return runner.run(owed_in(here, full, holders, twin_at))


async def owed_in(here, full, holders, twin_at):
    await here.grow(7 if twin_at is None else 8)
    contents = (b"%d" % number for number in itertools.count())
    content = next(one for one in contents if twin_at is None or is_twin_at(by_distance(here, one), twin_at))
    near, address = by_distance(here, content), hashlib.sha256(content).digest()
    for rank in full:
        near[rank].quota_bytes = 0
    for rank in holders:
        near[rank].disk.plant({address.hex(): content})
    here.checkers.acknowledged[address] = content
    owing = [host for _, host in here.checkers.missing()]
    for host in here.hosts:
        host.kill()
    await asyncio.sleep(0)
    return [rank for rank, host in enumerate(near) if host in owing]


def by_distance(here, content):
    address = hashlib.sha256(content).digest()
    return sorted(here.hosts, key=lambda host: distance(position_of(host.owner.public_key), address))


def is_twin_at(near, rank):
    return subnet_of(near[rank].address) in {subnet_of(host.address) for host in near[:4]}


class Greedy(Vault):
    """Takes whatever it is given."""

    def __init__(self, config: VaultConfig, random: Random, entropy: Entropy) -> None:
        super().__init__(replace(config, quota_bytes=QUOTA_BYTES), random, entropy)


class StopsAtFull(Vault):
    """Lets nobody stand in for full vaults when it repairs."""

    def __init__(self, config: VaultConfig, random: Random, entropy: Entropy) -> None:
        super().__init__(config, random, entropy)
        replicator: Any = self._replicator
        replicator._beyond = lambda _work, _desk, _proof: []


class LosesCount(ChunkStore):
    """Once it holds some chunks, says that it uses half of what it does."""

    @property
    def used_bytes(self) -> int:
        return super().used_bytes // (1 if self.chunk_count < 15 else 2)


class Crumbling(World):
    """Its first disk goes on rotting when all faults shall be over."""

    async def _converge(self):
        rotting = asyncio.get_running_loop().create_task(self._rot())
        await super()._converge()
        rotting.cancel()

    async def _rot(self):
        host = self.hosts[0]
        for turn in itertools.count():
            await asyncio.sleep(15.0)
            names = sorted(host.disk.chunks())
            name = names[turn % len(names)]  # a chunk of which too many copies were lost lately is spared
            if self.may_spoil(host, name):
                host.disk.rot(name)


class Removing(Vault):
    """Removes all it has, in the end."""

    def step(self, event):
        desk: Any = self._desk
        effects = super().step(event)
        if event.now.monotonic_s > 100.0:
            for address in list(desk.held):
                desk.remove_chunk(None, address)
        return effects + desk.take_effects()


class Chatty(Vault):
    """Pings everybody whenever it wakes up, and wakes up often."""

    @property
    def due_s(self):
        return 0.0

    def step(self, event):
        effects = super().step(event)
        desk: Any = self._desk
        if isinstance(event, Ticked):
            for peer in desk.table:
                desk.ask(self._carrier, peer.record, Ping(self._carrier.digest))
        return effects + desk.take_effects()


class Unfaithful(Vault):
    """The first of them removes what it has at one moment, and hands none over."""

    def step(self, event):
        desk: Any = self._desk
        effects, now_s = super().step(event), event.now.monotonic_s
        if self.record.addresses[:1] == ("10.0.0.1:4000",) and 100.0 < now_s < 101.0:
            desk.remove_chunk(None, next(iter(desk.held), b""))
        return effects + desk.take_effects()


class Lying(ChunkStore):
    def get(self, address):
        content = super().get(address)
        return content and b"something else"


class Misnaming(Vault):
    """Acknowledges what people put under the address of something else."""

    def step(self, event):
        return [
            Tell(msgspec.structs.replace(effect.report, address=bytes(32)))
            if isinstance(effect, Tell) and isinstance(effect.report, control.Stored)
            else effect
            for effect in super().step(event)
        ]


class Deaf(Vault):
    """Does not hear people who ask for chunks."""

    def step(self, event):
        is_get = isinstance(event, CommandReceived) and isinstance(event.command, control.GetChunk)
        return [] if is_get else super().step(event)


class Stubborn(Vault):
    """Lends as much as before, whatever the farmer says."""

    def step(self, event):
        before_bytes = self._desk.quota_bytes
        effects = super().step(event)
        if isinstance(event, CommandReceived) and isinstance(event.command, control.SetQuota):
            self._desk.quota_bytes = max(before_bytes, event.command.quota_bytes)
        return effects


class Complaining(Vault):
    def step(self, event):
        if isinstance(event, CommandReceived):
            logging.getLogger("node.vault").error("all is lost")
        return super().step(event)


class Hiding(Vault):
    """Tells people that it cannot get what they ask for."""

    def step(self, event):
        effects = super().step(event)
        reports = [e.report for e in effects if isinstance(e, Tell) and isinstance(e.report, control.Content)]
        others = [e for e in effects if not (isinstance(e, Tell) and e.report in reports)]
        return others + [Tell(control.Failed(report.id, "peer.not_found", "hidden")) for report in reports]


class Haunted(Vault):
    """The first run of one of them leaves a task behind that does not end when it is told to."""

    def step(self, event):
        if isinstance(event, Started) and event.addresses == ("10.0.2.1:4000",) and self.record.certificate.serial == 1:
            self.behind = asyncio.get_running_loop().create_task(go_on())
        return super().step(event)


async def go_on():
    try:
        await asyncio.sleep(1e6)
    except asyncio.CancelledError:
        await asyncio.sleep(60.0)
