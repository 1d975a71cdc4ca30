"""Small worlds with every kind of fault go well, broken vaults are found out, and a seed says all about a run."""

import asyncio
import os
import random
import subprocess
import sys
import zlib
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import msgspec
import pytest

from node.vault.core.events import AnswerReceived, Ask, AskFailed, ChunkRead, ChunkRemoved, ChunkWritten, Ticked
from node.vault.core.identity import Signer, certify, make_record
from node.vault.core.limits import KNOWN_S
from node.vault.core.presence import SETTLE_S_MAX
from node.vault.core.reliance import UNPROVEN_S
from node.vault.core.vault import Vault
from node.vault.errors import BadSignature, ChunkCorrupt, Unreachable
from node.vault.share.tree import address_of
from node.vault.storage.chunk_store import ChunkStore
from tests.sim_filesystem import PowerCut
from tests.simulation import faults
from tests.simulation import world as world_module
from tests.simulation.__main__ import main, parser, repeat_line
from tests.simulation.disk import SimDisk
from tests.simulation.faults import MAKERS, Atlas, Timed
from tests.simulation.host import QUOTA_BYTES, HostClock
from tests.simulation.loop import SimLoop, current_owner
from tests.simulation.network import MAPPING_S, Endpoint, LineOptions, Nat
from tests.simulation.playing import Player
from tests.simulation.signing import CheapSigner, cheap_signatures
from tests.simulation.world import TAKE_UP_S, Scenario, World, _repeating, in_world

SMALL = Scenario(1, vaults=9, hours=0.05, chunks=12, faults=8)
# Kinds after which the network is whole again without a copy being made anew.
HARMLESS = (
    "kill", "divide", "one-way", "lines", "silence", "step", "unplug", "full", "nearly-full", "errors", "cut", "cut-at",
    "cut-start",
)  # fmt: skip
FOR_REPAIR = tuple(kind for kind in MAKERS if kind not in (*HARMLESS, "reboot"))


def play(scenario, make_store=ChunkStore, make_vault=Vault):
    return World(scenario, make_store=make_store, make_vault=make_vault).play()


class TestTheVaultAsItIs:
    @pytest.mark.parametrize("kind", HARMLESS)
    def test_it_keeps_its_promises_whatever_goes_wrong_for_a_while(self, kind):
        outcome = play(replace(SMALL, seed=3, kinds=(kind,)))

        assert outcome.failures == []
        assert outcome.counts["puts"] > 8

    @pytest.mark.long
    @pytest.mark.parametrize("kind", FOR_REPAIR)
    def test_it_replaces_every_copy_that_is_lost_or_belongs_elsewhere(self, kind):
        outcome = play(replace(SMALL, seed=4, kinds=(kind,)))

        assert outcome.failures == []
        assert outcome.converged_after_s >= 0.0

    @pytest.mark.long
    @pytest.mark.parametrize("seed", [22, 23])
    def test_it_keeps_its_promises_when_everything_goes_wrong_at_once(self, seed):
        assert play(replace(SMALL, seed=seed, faults=2 * len(MAKERS), kinds=tuple(MAKERS))).failures == []

    @pytest.mark.long
    def test_it_outlives_what_takes_longer_than_a_vault_is_patient(self):
        away = [Timed(60.0, faults.Unplug(0, 1.25 * UNPROVEN_S)), Timed(KNOWN_S + 100.0, faults.Wipe(3, 10.0))]
        world = World(Scenario(4, vaults=12, hours=0.24, chunks=24))

        assert world.play(away).failures == []
        desks = [desk_of(host) for host in world.hosts]
        assert sum(desk.counters["peer left out"] for desk in desks) > 0
        assert [desk for desk in desks if world.hosts[0].owner.public_key in desk.reliance.left_out] == []

    @pytest.mark.long
    def test_what_happens_twice_counts_once(self):
        mixed = replace(SMALL, seed=7, faults=12, kinds=("wipe", "kill", "shrink", "lines"))

        assert play(mixed, make_vault=HearsTwice).failures == []

    @pytest.mark.long
    def test_it_ticks_when_something_is_due_and_not_a_moment_before_by_a_clock_that_drifts(self):
        play(replace(SMALL, vaults=5, hours=0.03, faults=0), make_vault=CountsIdleTicks)

        assert CountsIdleTicks.ticks > 200
        assert CountsIdleTicks.idle_ticks < CountsIdleTicks.ticks / 50

    @pytest.mark.long
    def test_it_lives_behind_nats(self):
        behind = replace(SMALL, seed=5, kinds=("kill", "reboot"), has_nats=True, must_converge=False)

        assert play(behind).failures == []

    def test_a_seed_plays_alike_under_every_hash_seed_and_another_seed_plays_otherwise(self):
        alike = {fingerprint(1, hash_seed, "Vault") for hash_seed in ("1", "77")}

        assert len(alike) == 1
        assert fingerprint(2, "1", "Vault") not in alike


class TestWhatSeedsHaveFound:
    """Each of these failed once; ``seeds/`` says what was wrong."""

    @pytest.mark.long
    def test_a_network_that_was_cut_in_two_becomes_one_again(self):
        assert play(Scenario(1, vaults=8, hours=0.1, chunks=40, faults=10, kinds=("divide",))).failures == []

    @pytest.mark.long
    @pytest.mark.parametrize(("seed", "vaults"), [(1, 5), (8, 6)])
    def test_vaults_that_shrink_together_do_not_each_count_on_the_others_nor_blame_each_other(self, seed, vaults):
        together = [Timed(300.0, faults.Shrink(number, 0.34, 30.0)) for number in range(vaults)]
        world = World(Scenario(seed, vaults=vaults, hours=0.1, chunks=20, faults=0))

        assert world.play(together).failures == []
        assert sum(desk_of(host).counters["blamed peer.lost_chunk"] for host in world.hosts) == 0

    @pytest.mark.long
    def test_a_chunk_that_has_rotted_takes_room_until_it_is_gone(self):
        assert play(Scenario(110, vaults=5, hours=0.1, chunks=40, faults=36, kinds=tuple(MAKERS))).failures == []


class Idle(Vault):
    """Brings nobody a copy, whatever happens."""

    def __init__(self, config, chance, entropy) -> None:
        idle = msgspec.structs.replace(config.pace, audit_s=1e9, scrub_s=1e9)
        super().__init__(replace(config, pace=idle), chance, entropy)
        self._replicator.stop()


class TestABrokenVaultIsFoundOut:
    @pytest.mark.long
    def test_a_store_that_flushes_nothing(self):
        outcome = play(replace(SMALL, kinds=("cut",)), make_store=lambda disk, quota: ChunkStore(NoFlush(disk), quota))

        assert any("would not survive a power cut" in failure for failure in outcome.failures)
        assert any("lost a chunk that it signed for in a power cut" in failure for failure in outcome.failures)

    @pytest.mark.long
    def test_a_store_that_acknowledges_before_it_writes(self):
        outcome = play(SMALL, make_store=Hasty)

        assert any("would not survive a power cut" in failure for failure in outcome.failures)

    @pytest.mark.long
    def test_a_vault_that_never_repairs(self):
        wiped = replace(SMALL, kinds=("wipe",), faults=12, converge_s=30.0, repair_s=20.0)
        outcome = play(wiped, make_vault=Idle)

        assert any("missing" in failure or "lost" in failure for failure in outcome.failures)

    @pytest.mark.long
    def test_a_vault_that_raises(self):
        assert any("ended" in failure for failure in play(replace(SMALL, faults=0), make_vault=Raising).failures)

    @pytest.mark.long
    def test_a_vault_whose_order_follows_the_hashes_of_strings(self):
        assert fingerprint(1, "1", "Unordered") != fingerprint(1, "77", "Unordered")


class TestTheLoop:
    def test_hours_pass_at_once(self):
        async def three_hours():
            async with asyncio.timeout(3 * 3600.0):
                await asyncio.sleep(3 * 3600.0 - 1.0)
            return asyncio.get_running_loop().time()

        assert run(three_hours()) == 3 * 3600.0 - 1.0

    def test_waiting_for_ever_is_an_error(self):
        with pytest.raises(RuntimeError, match="deadlock"):
            run(asyncio.Event().wait())

    def test_there_are_no_sockets(self):
        with pytest.raises(NotImplementedError):
            run(asyncio.open_connection("127.0.0.1", 1))

    def test_shuffling_changes_the_order_of_processes_but_not_of_the_steps_of_one(self):
        orders = {run(steps_of_two(), seed) for seed in "123456"}

        assert len(orders) > 1
        assert all(order.replace("b", "") == "aaa" for order in orders)

    def test_work_of_a_dead_process_is_never_done(self):
        done: list[int] = []

        async def kill_it():
            owner = Owner()
            loop = asyncio.get_running_loop()
            assert isinstance(loop, SimLoop)
            task = loop.spawn(owner, asyncio.to_thread(done.append, 1))
            await asyncio.sleep(0)
            owner.is_alive = False
            task.cancel()
            await asyncio.sleep(1.0)

        run(kill_it())
        assert done == []


class TestTheDisk:
    def test_what_was_not_flushed_may_be_gone_after_a_power_cut_and_what_was_is_not(self):
        kept = [put_and_cut(seed, is_flushed=True) for seed in range(20)]
        doubtful = [put_and_cut(seed, is_flushed=False) for seed in range(20)]

        assert all(kept)
        assert not all(doubtful)

    def test_the_power_fails_inside_the_change_that_was_chosen(self):
        disk = a_disk()
        disk.cut_in = 2
        disk.write("incoming/0", b"one")
        disk.write("incoming/1", b"two")

        with pytest.raises(PowerCut):
            disk.write("incoming/2", b"three")

    def test_a_full_disk_says_so_when_it_writes_or_when_it_flushes_and_leaves_half_or_all_of_it_behind(self):
        left = {written_to_a_full_disk(seed) for seed in range(10)}

        assert left == {b"fo", b"four"}

    def test_a_nearly_full_disk_takes_what_still_fits_and_gives_back_what_is_removed(self):
        disk = a_disk()
        disk.spare_bytes = 10
        for name in ("incoming/0", "incoming/1"):
            disk.write(name, b"eight by")
            disk.fsync(name)
            disk.remove(name)

        disk.write("incoming/2", b"eight by")
        disk.fsync("incoming/2")
        with pytest.raises(OSError, match="space"):
            disk.replace("incoming/2", "chunks/2")

    def test_an_unplugged_disk_answers_nothing(self):
        disk = a_disk()
        disk.is_unplugged = True
        with pytest.raises(OSError, match="device"):
            disk.list("incoming")

    def test_what_lies_on_bad_sectors_cannot_be_read_until_it_is_written_anew(self):
        disk = a_disk()
        store = ChunkStore(disk, QUOTA_BYTES)
        address = store.put(b"a chunk")
        disk.chunks()[address.hex()].is_bad = True
        with pytest.raises(ChunkCorrupt):
            store.get(address)

        store.put(b"a chunk")

        assert store.get(address) == b"a chunk"

    def test_what_goes_astray_lies_over_another_chunk_and_changes_no_size(self):
        disk = a_disk()
        store = ChunkStore(disk, QUOTA_BYTES)
        longer, shorter = store.put(b"a long chunk"), store.put(b"short")
        disk.misdirect_in = 0

        astray = store.put(b"middling")

        found = {name: file.content for name, file in disk.chunks().items()}
        assert found[astray.hex()] == bytes(8)
        assert (found[longer.hex()], found[shorter.hex()]) in ((b"middlinghunk", b"short"), (b"a long chunk", b"middl"))


class TestTheNetwork:
    def test_of_two_cuts_the_first_to_end_does_not_end_the_other(self):
        assert in_world(World(SMALL), two_cuts) == {("a", "b"), ("c", "d")}

    def test_a_router_forgets_who_is_silent(self):
        told = in_world(World(SMALL), behind_a_router)

        assert told == [False, True, False]

    def test_who_exchanges_signs_of_life_is_never_forgotten_unless_the_router_starts_anew(self):
        told = in_world(World(SMALL), two_of_which_one_is_behind_a_router)

        assert told == [True, False, True]


class TestTheFaults:
    def test_of_two_that_last_at_the_same_time_each_has_its_own_end(self):
        assert in_world(World(SMALL), two_bad_times_at_once) == [(0, True, 0.5), (0, True, 0.5), (None, False, 0.01)]

    @pytest.mark.long
    def test_the_power_can_fail_inside_a_start(self):
        world = World(replace(SMALL, chunks=3, faults=0))
        outcome = world.play([Timed(60.0, faults.CutAtStart(0, 1, 5.0))])

        assert outcome.failures == []
        assert sorted(host.start_count for host in world.hosts) == [1] * 8 + [3]

    def test_each_kind_has_its_turn_before_any_has_a_second_one_and_never_always_after_the_same(self):
        rounds = [faults.draw("1", ("kill", "rot", "step"), 3 * count, 0.0, 1.0) for count in range(1, 20)]
        last = {type(now.fault) for before, plan in pairwise(rounds) for now in plan if now not in before}

        assert all(len({*Counter(type(t.fault) for t in plan).values()}) == 1 for plan in rounds)
        assert len(last) == 3

    def test_no_more_copies_are_lost_than_can_be_until_they_are_replaced(self):
        atlas = Atlas(100.0, lambda: 9, lambda _address: 0)
        lost = [atlas.may_lose([b"a"], now_s) for now_s in (0.0, 1.0, 2.0, 3.0, 4.0)]

        assert lost == [True, True, True, True, False]
        assert atlas.may_lose([b"a"], 150.0)

    def test_a_plan_follows_from_its_seed(self):
        plan = faults.draw("1", tuple(MAKERS), 30, 0.0, 100.0)

        assert plan == faults.draw("1", tuple(MAKERS), 30, 0.0, 100.0)
        assert plan != faults.draw("2", tuple(MAKERS), 30, 0.0, 100.0)
        assert {type(timed.fault) for timed in plan} == {type(MAKERS[kind](random.Random(1), 0)) for kind in MAKERS}

    @pytest.mark.long
    def test_a_plan_can_be_written_by_hand(self):
        world = World(replace(SMALL, chunks=3))
        plan = [Timed(60.0, faults.Kill(0, 20.0)), Timed(70.0, faults.Lines(LineOptions(loss=0.5), 10.0))]

        outcome = world.play(plan)

        assert outcome.failures == []
        assert sorted(host.start_count for host in world.hosts) == [1] * 8 + [2]
        assert (outcome.counts["Kill"], outcome.counts["Lines"]) == (1, 1)

    def test_a_long_run_takes_one_seed_and_says_so(self, tmp_path, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["--seeds", "1..2", "--resume", str(tmp_path / "kept")])

        assert ended.value.code == 2
        assert "one seed" in capsys.readouterr().err

    @pytest.mark.long
    def test_what_a_long_run_has_played_stays_in_its_file_and_is_not_played_again(self, tmp_path, capsys, monkeypatch):
        small = ["--vaults", "9", "--hours", "0.02", "--chunks", "3", "--faults", "0"]
        words = [*small, "--resume", str(tmp_path / "kept")]
        assert main(words) == 0
        first = capsys.readouterr().out
        monkeypatch.setattr(World, "play", None)

        assert main(words) == 0

        assert first.startswith("seed 1: well; ")
        assert capsys.readouterr().out == first

    def test_a_failure_comes_with_the_line_that_repeats_it(self):
        words = ["--seeds", "7..9", "--vaults", "20", "--hours", "0.5", "--kinds", "rot"]

        line = repeat_line(parser().parse_args(words), 8)

        assert line.endswith("python -m tests.simulation --seeds 8..8 --vaults 20 --hours 0.5 --kinds rot")


def test_cheap_signatures_tell_right_from_wrong_and_end_with_their_block():
    from node.vault.core import identity

    signer, real = CheapSigner(b"seed"), identity.verify
    with cheap_signatures():
        identity.verify(signer.public_key, signer.sign(b"content"), b"content")
        with pytest.raises(BadSignature):
            identity.verify(signer.public_key, signer.sign(b"content"), b"other")

    assert identity.verify is real


def test_chunks_of_a_large_world_are_as_long_as_others_and_pack_to_next_to_nothing():
    contents = [_repeating(random.Random(seed).randbytes(length)) for seed, length in enumerate((1, 16, 17, 6_000))]

    assert [len(content) for content in contents] == [1, 16, 17, 6_000]
    assert len(set(contents)) == 4
    assert len(zlib.compress(contents[-1])) < 100


@pytest.mark.long
def test_a_long_run_goes_on_from_what_lay_on_the_disks(monkeypatch):
    first = play(replace(SMALL, faults=0, must_converge=False))
    second = World(replace(SMALL, segment=1, chunks=0, faults=0, must_converge=False), left=first.left)
    monkeypatch.setattr(world_module, "GROW_S", SETTLE_S_MAX)  # as long as if there were a thousand farms

    outcome = second.play()

    assert outcome.failures == []
    assert max(host.process.started_s for host in second.hosts if host.process) < TAKE_UP_S
    assert len(first.left.acknowledged) > 8
    assert set(first.left.acknowledged) <= set(outcome.left.acknowledged)
    assert outcome.counts["gets"] >= 3 * len(first.left.acknowledged)


class Owner:
    def __init__(self) -> None:
        self.is_alive = True
        self.tasks: dict[asyncio.Task[Any], None] = {}

    def power_failed(self):
        raise AssertionError


class NoFlush:
    """A disk whose flushes do nothing."""

    def __init__(self, disk) -> None:
        self._disk = disk

    def __getattr__(self, name) -> Any:
        return getattr(self._disk, name)

    def fsync(self, path):
        pass

    def fsync_directory(self, directory):
        pass


class Hasty(ChunkStore):
    """Says that it has stored every second chunk, and has not."""

    count = 0

    def put(self, content: bytes, address: bytes | None = None) -> bytes:
        self.count += 1
        return address_of(content) if self.count % 2 else super().put(content, address)


class Raising(Vault):
    def step(self, event):
        if event.now.monotonic_s > 60.0:
            raise ZeroDivisionError
        return super().step(event)


class CountsIdleTicks(Vault):
    """Shared by all that are made."""

    ticks = idle_ticks = 0

    def step(self, event):
        if isinstance(event, Ticked):
            CountsIdleTicks.ticks += 1
            CountsIdleTicks.idle_ticks += event.now.monotonic_s < self.due_s
        return super().step(event)


class HearsTwice(Vault):
    """Is told everything twice that it waits for."""

    def step(self, event):
        again = isinstance(event, (AnswerReceived, AskFailed, ChunkRead, ChunkWritten, ChunkRemoved))
        return super().step(event) + (super().step(event) if again else [])


class Unordered(Vault):
    """Performs its effects in the order of a set of strings."""

    def step(self, event):
        effects = super().step(event)
        asks = {f"{effect.peer.addresses} {effect.ask_id}": effect for effect in effects if isinstance(effect, Ask)}
        return [*(e for e in effects if not isinstance(e, Ask)), *(asks[name] for name in set(asks))]


def fingerprint(seed, hash_seed, vault):
    """Of a small run in a process of its own."""
    code = (
        "from tests.simulation.test_simulation import *\n"
        f"scenario = replace(SMALL, seed={seed}, chunks=4, must_converge=False)\n"
        f"print(play(scenario, make_vault={vault}).fingerprint)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    return ended.stdout.strip()


def run(main, seed="1"):
    with asyncio.Runner(loop_factory=lambda: SimLoop(seed, is_shuffling=True)) as runner:
        return runner.run(main)


async def steps_of_two():
    told = []

    async def say(word):
        for _ in range(3):
            told.append(word)
            await asyncio.sleep(0)

    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    await asyncio.gather(loop.spawn(Owner(), say("a")), loop.spawn(Owner(), say("b")))
    assert current_owner.get() is None
    return "".join(told)


def a_disk(seed=1):
    return SimDisk(random.Random(seed), {}, lambda _what: None)


def written_to_a_full_disk(seed):
    disk = a_disk(seed)
    disk.spare_bytes = 0
    with pytest.raises(OSError, match="space"):
        written_durably(disk)
    return disk.folders["incoming"]["0"].content


def written_durably(disk):
    disk.write("incoming/0", b"four")
    disk.fsync("incoming/0")


async def two_cuts(world):
    """Who hears whom of four, once the first of two cuts is over: that between ``a`` and all others."""
    network = world.network
    one, both = frozenset("a"), frozenset("ab")
    network.divide(one)
    network.divide(both)
    network.unite(one)
    return {pair for pair in combinations("abcd", 2) if network.can_pass(*pair)}


async def behind_a_router(world):
    """Whether it can be dialled: at first, once it has dialled somebody, and later."""
    signer = Signer(bytes(32))
    record = make_record(signer, certify(signer, signer.public_key, serial=1, now_s=0.0), ("10.0.8.1:4000",), 0.0)
    endpoint = Endpoint(
        world.network, Owner(), "10.0.9.1:4000", Nat.CONE, HostClock(world.loop), lambda: record, no_handler, 1.0
    )
    told = [endpoint._can_be_dialled("10.0.8.1:4000")]
    with pytest.raises(Unreachable):
        await endpoint.request(record, b"anybody?", 1.0)
    told.append(endpoint._can_be_dialled("10.0.8.1:4000"))
    await asyncio.sleep(MAPPING_S)
    return [*told, endpoint._can_be_dialled("10.0.8.1:4000")]


async def no_handler(_peer, _subnet, _content, *, is_here):
    raise AssertionError


async def two_of_which_one_is_behind_a_router(world):
    """Whether that one can be dialled: long after it has started, after the router did, and some time later."""
    for nat in (Nat.OPEN, Nat.CONE):
        host = world.add()
        host.nat = nat
        world.start(host)
        await asyncio.sleep(1.0)
    endpoint = world.hosts[1].process.endpoint
    await asyncio.sleep(10 * MAPPING_S)
    told = [endpoint._can_be_dialled("10.0.8.1:4000")]
    endpoint.forget_mappings()
    told.append(endpoint._can_be_dialled("10.0.8.1:4000"))
    await asyncio.sleep(MAPPING_S)
    return [*told, endpoint._can_be_dialled("10.0.8.1:4000")]


async def two_bad_times_at_once(world):
    """The disk's spare bytes, whether it is unplugged, and the lines' loss: with both in force, with one, with none."""
    await world.grow(1)
    bad = LineOptions(loss=0.5)
    kinds = (lambda s: faults.Full(0, 0, s), lambda s: faults.Unplug(0, s), lambda s: faults.Lines(bad, s))
    plan = [Timed(at_s, make(for_s)) for at_s, for_s in ((10.0, 20.0), (20.0, 30.0)) for make in kinds]
    told = []
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(Player(world, tasks).play(plan, 60.0))
        for at_s in (25.0, 40.0, 55.0):
            await asyncio.sleep(at_s - world.loop.now_s)
            disk = world.hosts[0].disk
            told.append((disk.spare_bytes, disk.is_unplugged, world.network.options.loss))
        await playing
    return told


def desk_of(host):
    process: Any = host.process
    return process.vault._desk


def put_and_cut(seed, *, is_flushed):
    disk = a_disk(seed)
    address = ChunkStore(disk if is_flushed else NoFlush(disk), QUOTA_BYTES).put(b"a chunk")
    file = disk.after_power_cut().chunks().get(address.hex())
    return file is not None and file.content == b"a chunk"


def test_a_vault_behind_a_symmetric_nat_owes_nothing():
    world = World(SMALL)
    host = world.add()
    host.nat = Nat.SYMMETRIC
    world.loop.close()

    assert not world.checkers._could_hold(host, b"content")
