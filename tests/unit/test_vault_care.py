"""A vault looks after what it holds and whom it knows: heals, scrubs, says when its disk is ill, watches neighbours."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter

import pytest

from node.vault import control
from node.vault.core.events import (
    AnswerReceived,
    Ask,
    CheckStore,
    ChunkRead,
    ChunkRemoved,
    ChunkWritten,
    Counted,
    Effect,
    Now,
    PeerSilent,
    ReadChunk,
    RemoveChunk,
    Reply,
    Started,
    StoreChecked,
    Ticked,
    Watch,
    WriteChunk,
)
from node.vault.core.identity import decode_record
from node.vault.core.messages import Get, NotHeld, Ping, Pong, Put, Refused
from node.vault.core.neighbourhood import NEAR_PEERS, WATCHED_MAX
from node.vault.core.ranking import DATA_FAULTS_MAX, SHUN_S
from node.vault.core.restore import TRIES_MAX
from node.vault.core.scrub import STORE_CHECK_S, Scrub
from tests.unit.test_vault import holders, put, state
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, NONCE, Peer, ask, of, peers
from tests.vault_world import PACE, START_S, Actor, World


def quiet(scrub_s: float = 1e6) -> control.Pace:
    return control.Pace(audit_s=1e6, ping_s=30.0, refresh_s=1e6, sweep_s=1e6, scrub_s=scrub_s)


def uncounted(world: World, actor: Actor, used_bytes: int = 1000) -> None:
    actor.vault.step(Started(world.now(), (actor.address,), {}, used_bytes, is_counted=False))


class Refusing(World):
    """One disk in it takes no chunk; it says that it is well whenever it is asked, unless ``says``."""

    def __init__(self, code: str, says: str = "") -> None:
        super().__init__()
        self.code = code
        self.says = says
        self.ill: Actor | None = None

    def _perform(self, actor: Actor, effect: Effect) -> None:
        if actor is self.ill and isinstance(effect, WriteChunk):
            self._later(0.002, lambda: self._arrive(actor, lambda: ChunkWritten(self.now(), effect.token, self.code)))
        elif actor is self.ill and isinstance(effect, CheckStore):
            self._later(0.002, lambda: self._arrive(actor, lambda: StoreChecked(self.now(), self.says)))
        else:
            super()._perform(actor, effect)


class TestHealing:
    def test_a_chunk_that_the_scrub_finds_corrupt_comes_back_from_the_group(self):
        world = World()
        actors = world.grow(6, pace=quiet(scrub_s=10.0))
        put(world, actors[0])
        ill = holders(actors)[0]
        ill.chunks[ADDRESS] = b"rot"
        world.pass_time(40.0)
        assert ill.chunks[ADDRESS] == CHUNK
        assert state(world, ill).counters["chunk restored"] == 1

    def test_a_chunk_found_missing_when_it_is_asked_for_comes_back_too(self):
        world = World()
        actors = world.grow(6, pace=quiet())
        put(world, actors[0])
        ill = holders(actors)[0]
        del ill.chunks[ADDRESS]
        assert world.command(ill, lambda number: control.GetChunk(number, ADDRESS)).content == CHUNK
        world.pass_time(10.0)
        assert ill.chunks[ADDRESS] == CHUNK

    def test_a_chunk_that_nobody_has_is_looked_for_a_few_times_and_then_counted_as_lost(self):
        world = World()
        actor, other = world.grow(2, pace=quiet())
        put(world, actor)
        del actor.chunks[ADDRESS], other.chunks[ADDRESS]
        world.command(actor, lambda number: control.GetChunk(number, ADDRESS))
        world.pass_time(30.0 * 2**TRIES_MAX)
        assert state(world, actor).counters["chunk lost"] == 1
        assert state(world, actor).repairs == 0

    @pytest.mark.long
    @pytest.mark.parametrize("code", ["storage", "storage.corrupt", "resource.quota"])
    def test_a_chunk_that_the_disk_does_not_take_back_is_given_up_after_a_few_tries(self, code):
        world = Refusing(code)
        actors = world.grow(6, pace=quiet())
        put(world, actors[0])
        world.ill = holders(actors)[0]
        del world.ill.chunks[ADDRESS]
        world.command(world.ill, lambda number: control.GetChunk(number, ADDRESS))
        world.pass_time(30.0 * 2**TRIES_MAX)
        assert state(world, world.ill).counters["chunk lost"] == 1
        assert state(world, world.ill).repairs == 0

    @pytest.mark.long
    def test_a_chunk_is_not_given_up_while_the_disk_takes_nothing_at_all(self):
        world = Refusing("storage", says="storage")
        actors = world.grow(6, pace=quiet())
        put(world, actors[0])
        ill = world.ill = holders(actors)[0]
        ill.vault._desk.trouble = "storage"
        del ill.chunks[ADDRESS]
        world.command(ill, lambda number: control.GetChunk(number, ADDRESS))
        world.pass_time(30.0 * 2**TRIES_MAX)
        world.says, world.ill = "", None
        world.pass_time(60.0)
        assert ill.chunks[ADDRESS] == CHUNK

    def test_the_scrub_reads_every_chunk_once_in_a_round(self):
        world = World()
        held = {hashlib.sha256(bytes([n])).digest(): 1 for n in range(20)}
        actor = world.add(1, pace=quiet(scrub_s=20.0))
        actor.vault.step(Started(world.now(), (actor.address,), held))
        read = []
        for _ in range(20):
            world.now_s += 1.0
            for effect in of(ReadChunk, list(actor.vault.step(Ticked(world.now())))):
                read.append(effect.address)
                actor.vault.step(ChunkRead(world.now(), effect.token, None, "storage"))
        assert sorted(read) == sorted(held)
        assert read != sorted(read)  # it begins somewhere in the middle

    @pytest.mark.parametrize(("count", "pause_s"), [(1, 20_000.0), (1_000, 20.0), (100_000, 0.5)])
    def test_a_round_of_the_scrub_takes_as_long_for_many_chunks_as_for_few_down_to_half_a_second_for_each(
        self, count: int, pause_s: float
    ):
        actor = World().add(1, pace=quiet(scrub_s=20_000.0))
        vault, scrub = actor.vault, actor.vault._scrub
        vault._desk.held.update({number.to_bytes(32, "big"): 1 for number in range(count)})
        at_s = []
        for _ in range(3):
            vault._desk.now = Now(scrub.due_s(vault._desk), START_S)
            scrub.tick(vault._desk)
            scrub.read(vault._desk, bytes(32), b"")
            at_s.append(vault._desk.now.monotonic_s)
        assert at_s[0] <= pause_s
        assert [later - sooner for sooner, later in itertools.pairwise(at_s)] == pytest.approx([pause_s] * 2)

    def test_an_empty_vault_has_nothing_to_scrub_and_the_first_chunk_is_due_in_time(self):
        desk = World().add(1, pace=quiet(scrub_s=100.0)).vault._desk
        scrub = Scrub(100.0)
        scrub.start(desk)
        assert scrub.due_s(desk) == math.inf
        desk.held[bytes(32)] = 1
        assert scrub.due_s(desk) <= 100.0


class TestCounting:
    def test_until_all_is_counted_the_disk_is_asked_before_anything_is_denied(self):
        world = World()
        actor = world.add(1)
        uncounted(world, actor)
        (read,) = of(ReadChunk, ask(world, actor, Peer(1).record, Get(ADDRESS, NONCE)))
        actor.vault.step(ChunkRead(world.now(), read.token, CHUNK))
        assert actor.vault._desk.held == {ADDRESS: len(CHUNK)}
        actor.vault.step(Counted(world.now(), {}, is_counted=True))
        (reply,) = of(Reply, ask(world, actor, Peer(1).record, Get(bytes(32), NONCE)))
        assert isinstance(reply.message, NotHeld)

    def test_the_upper_bound_gives_way_to_what_is_held_and_on_its_way(self):
        world = World()
        actor = world.add(1, pace=quiet())
        uncounted(world, actor, 1000)
        actor.vault.step(Counted(world.now(), {bytes(32): 300}, is_counted=False))
        (write,) = of(WriteChunk, ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK)))
        assert (state(world, actor).used_bytes, state(world, actor).is_counted) == (1000 + len(CHUNK), False)
        actor.vault.step(Counted(world.now(), {}, is_counted=True))
        assert (state(world, actor).used_bytes, state(world, actor).is_counted) == (300 + len(CHUNK), True)
        actor.vault.step(ChunkWritten(world.now(), write.token))
        assert state(world, actor).used_bytes == 300 + len(CHUNK)

    def test_a_chunk_that_was_found_short_takes_its_whole_length_once_it_is_written_again(self):
        world = World()
        actor = world.add(1, pace=quiet())
        actor.vault.step(Counted(world.now(), {ADDRESS: 3, bytes(32): 300}, is_counted=True))
        (write,) = of(WriteChunk, ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK)))
        actor.vault.step(ChunkWritten(world.now(), write.token))
        assert state(world, actor).used_bytes == 300 + len(CHUNK)

    def test_a_count_that_began_earlier_brings_no_vanished_chunk_back(self):
        world = World()
        actor = world.add(1)
        uncounted(world, actor)
        actor.vault.step(Counted(world.now(), {ADDRESS: len(CHUNK)}, is_counted=False))
        (read,) = of(ReadChunk, ask(world, actor, Peer(1).record, Get(ADDRESS, NONCE)))
        actor.vault.step(ChunkRead(world.now(), read.token, None))
        actor.vault.step(Counted(world.now(), {ADDRESS: len(CHUNK)}, is_counted=True))
        assert actor.vault._desk.held == {}


class TestTrouble:
    @pytest.mark.parametrize("code", ["storage", "resource.quota"])
    def test_a_store_that_fails_takes_nothing_until_it_says_that_it_is_well(self, code):
        world = World()
        actor = world.add(1)
        (write,) = of(WriteChunk, ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK)))
        actor.vault.step(ChunkWritten(world.now(), write.token, code))
        assert ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK))[-1] == Reply(1, Refused(code))
        assert state(world, actor).trouble == code

        checks = []
        for _ in range(5):
            world.now_s += STORE_CHECK_S / 2
            checks += of(CheckStore, list(actor.vault.step(Ticked(world.now()))))
        assert 1 <= len(checks) <= 3
        actor.vault.step(StoreChecked(world.now(), ""))
        assert state(world, actor).trouble == ""
        assert len(of(WriteChunk, ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK)))) == 1

    def test_a_disk_that_hangs_is_asked_once_until_it_answers(self):
        actor = (world := World()).add(1, pace=quiet())
        actor.vault._desk.trouble = "storage"
        checks: list[int] = []
        for number in range(40):
            if number == 30:
                actor.vault.step(StoreChecked(world.now(), "storage"))
            world.now_s += STORE_CHECK_S
            checks += [number for _ in of(CheckStore, list(actor.vault.step(Ticked(world.now()))))]
        assert checks == [1, 30]

    def test_one_corrupt_chunk_is_no_trouble_of_the_whole_store(self):
        world = World()
        actor = world.add(1)
        (write,) = of(WriteChunk, ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK)))
        actor.vault.step(ChunkWritten(world.now(), write.token, "storage.corrupt"))
        assert state(world, actor).trouble == ""


class TestWhatIsLeftOfACorruptChunk:
    def corrupt(self, quota_bytes: int) -> tuple[World, Actor]:
        """A vault that has just found its only chunk corrupt."""
        world = World()
        actor = world.add(1, pace=quiet(), quota_bytes=quota_bytes)
        actor.vault.step(Counted(world.now(), {ADDRESS: len(CHUNK)}, is_counted=True))
        (reading,) = of(ReadChunk, ask(world, actor, Peer(1).record, Get(ADDRESS, NONCE)))
        actor.vault.step(ChunkRead(world.now(), reading.token, None, ""))
        return world, actor

    def test_it_takes_room_as_long_as_it_lies_there(self):
        world, actor = self.corrupt(quota_bytes=1000)

        assert state(world, actor).used_bytes == len(CHUNK)
        assert state(world, actor).chunk_count == 0

    def test_it_makes_room_for_the_whole_chunk_in_a_full_vault(self):
        world, actor = self.corrupt(quota_bytes=len(CHUNK) * 4 // 3)  # of which others fill as much as the chunk has

        effects = ask(world, actor, Peer(1).record, Put(ADDRESS, CHUNK))
        (removing,) = of(RemoveChunk, effects)
        (writing,) = of(WriteChunk, list(actor.vault.step(ChunkRemoved(world.now(), removing.token))))
        actor.vault.step(ChunkWritten(world.now(), writing.token))

        assert (state(world, actor).used_bytes, state(world, actor).chunk_count) == (len(CHUNK), 1)

    def test_it_goes_first_when_the_farmer_lends_less(self):
        world, actor = self.corrupt(quota_bytes=1000)

        world.command(actor, lambda number: control.SetQuota(number, 0))

        assert [effect.address for effect in actor.effects if isinstance(effect, RemoveChunk)] == [ADDRESS]
        assert state(world, actor).used_bytes == 0


class TestNeighbours:
    def test_the_nearest_of_different_subnets_are_watched(self):
        world = World()
        actor = world.add(1)
        known = peers(30, "10.2.{}.1:4000")
        for number, peer in enumerate(known):
            ask(world, actor, peer.record, Ping(b""), f"10.2.{number}.0/24")
        (watch,) = of(Watch, list(actor.vault.step(Ticked(world.now()))))
        known.sort(key=lambda peer: peer.record.position ^ actor.vault.record.position)
        assert set(watch.peers) == {peer.record for peer in known[:WATCHED_MAX]}

    def test_a_crowd_next_to_the_vault_is_not_all_that_it_watches(self):
        world = World()
        actor = world.add(1)
        known = sorted(peers(30), key=lambda peer: peer.record.position ^ actor.vault.record.position)
        for number, peer in enumerate(known):
            ask(world, actor, peer.record, Ping(b""), "crowd" if number < 20 else f"10.2.{number}.0/24")
        (watch,) = of(Watch, list(actor.vault.step(Ticked(world.now()))))
        assert sum(record in {peer.record for peer in known[:20]} for record in watch.peers) == 1

    def test_a_silent_neighbour_is_gone_at_once_and_let_in_again_when_it_answers(self):
        world = World()
        actors = world.grow(6, pace=quiet())
        actor, lost = actors[0], actors[5]
        lost.is_dead = True
        effects = world.feed(actor, PeerSilent(world.now(), lost.vault.record))
        assert actor.vault._desk.table.get(lost.vault_id) is None
        assert len(of(Ask, effects, Ping)) == 1
        world.pass_time(0.5)
        assert lost.vault.record not in [e for e in actor.effects if isinstance(e, Watch)][-1].peers

        lost.is_dead = False
        world.feed(lost, PeerSilent(world.now(), actor.vault.record))
        world.pass_time(1.0)
        assert actor.vault._desk.table.get(lost.vault_id) is not None

    def test_who_has_come_back_under_another_key_is_not_thrown_out_for_the_old_one(self):
        world = World()
        actor, peer = world.add(1), Peer(1, "10.1.1.1:1")
        ask(world, actor, peer.renewed(3), Ping(b""))
        actor.vault.step(PeerSilent(world.now(), peer.renewed(2)))
        assert actor.vault._desk.table.get(peer.vault_id) is not None

    def test_neighbours_are_not_all_pinged_at_the_same_moment(self):
        world = World()
        actor = world.add(1, pace=quiet())
        for number, peer in enumerate(peers(12)):
            ask(world, actor, peer.record, Ping(b"\1" * 32), f"10.2.{number}.0/24")
        at_once = []
        for _ in range(240):
            world.now_s += 0.25
            at_once.append(len(of(Ask, list(actor.vault.step(Ticked(world.now()))), Ping)))
        assert sum(at_once) >= 12
        assert max(at_once) <= 3

    def test_the_near_ones_are_pinged_often_and_of_all_others_a_few_in_turn(self):
        world = World()
        actor = world.add(1, pace=quiet())
        others = peers(80)
        for number, peer in enumerate(others):
            ask(world, actor, peer.record, Ping(b"\1" * 32), f"10.2.{number}.0/24")
        known = [peer for peer in others if actor.vault._desk.table.get(peer.vault_id)]
        near = sorted(known, key=lambda peer: peer.record.position ^ actor.vault.record.position)[:10]
        pinged: Counter[bytes] = Counter()
        rounds = 12
        for _ in range(4 * 30 * rounds):
            world.now_s += 0.25
            for effect in of(Ask, list(actor.vault.step(Ticked(world.now()))), Ping):
                pinged[effect.peer.vault_id] += 1
                subnet, pong = f"10.2.{len(pinged)}.0/24", Pong(b"")
                actor.vault.step(AnswerReceived(world.now(), effect.ask_id, subnet, pong, effect.peer))

        assert len(known) > 2 * NEAR_PEERS
        assert all(pinged[peer.vault_id] >= rounds - 1 for peer in near)
        assert all(pinged[peer.vault_id] for peer in known)
        assert sum(pinged.values()) < rounds * 2.3 * NEAR_PEERS

    def test_one_that_it_lost_is_tried_again_also_while_others_are_left(self):
        world = World()
        actors = world.grow(6, pace=PACE)
        asker, lost = actors[0], actors[5]
        lost.is_dead = True
        world.pass_time(90.0)
        assert asker.vault._desk.table.get(lost.vault_id) is None
        before = len(asker.effects)

        world.pass_time(3 * PACE.refresh_s)

        assert lost.vault_id in {effect.peer.vault_id for effect in asker.effects[before:] if isinstance(effect, Ask)}

    def test_a_vault_that_is_cut_off_still_names_whom_it_knew(self):
        world = World()
        actors = world.grow(6, pace=PACE)
        actor = actors[3]
        for other in actors:
            if other is not actor:
                actor.vault.step(PeerSilent(world.now(), other.vault.record))
        answer = world.command(actor, control.GetContacts)
        named = {decode_record(content, START_S + world.now_s).vault_id for content in answer.records}
        assert named == {other.vault_id for other in actors if other is not actor}

    def test_who_is_caught_again_and_again_is_no_neighbour_for_a_while(self):
        world = World()
        actor, peer = world.add(1), Peer(1, "10.1.1.1:1")
        ask(world, actor, peer.record, Ping(b""))
        for _ in range(DATA_FAULTS_MAX):
            assert actor.vault._desk.table.get(peer.vault_id) is not None
            actor.vault._desk.blame(peer.record, "peer.failed_audit")
        ask(world, actor, peer.record, Ping(b""))
        assert actor.vault._desk.table.get(peer.vault_id) is None
        world.now_s += SHUN_S
        ask(world, actor, peer.record, Ping(b""))
        assert actor.vault._desk.table.get(peer.vault_id) is not None

    def test_faults_that_say_nothing_of_data_throw_nobody_out(self):
        world = World()
        actor, peer = world.add(1), Peer(1, "10.1.1.1:1")
        ask(world, actor, peer.record, Ping(b""))
        for _ in range(10 * DATA_FAULTS_MAX):
            actor.vault._desk.blame(peer.record, "peer.malformed")
        assert actor.vault._desk.table.get(peer.vault_id) is not None
