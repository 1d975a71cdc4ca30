"""Close groups under churn: who comes, goes, returns, lies or is full, and what the others do about it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from node.vault import control
from node.vault.core import limits, reading, serving, works
from node.vault.core.close_group import Place, close_group, is_in_group
from node.vault.core.desk import Desk
from node.vault.core.events import Ask, CommandReceived, Ticked
from node.vault.core.fresh import FRESH_S, TURN_S
from node.vault.core.identity import distance
from node.vault.core.messages import Answer, Audit, Audited, Put, Refused, Stored
from node.vault.core.presence import SETTLE_S
from node.vault.core.proofs import LEASE_S_MIN, _signed_part
from node.vault.core.reading import READ_BYTES_MIN, Purpose
from node.vault.core.replication import ADDRESSES_PER_TICK, REPAIRS_AT_ONCE
from node.vault.core.works import ROOM, Kind, Work
from tests.vault_world import Actor, World, proving_other_bytes

# The auditor's own rounds are put off, so that what is seen here is the replication's work.
PACE = control.Pace(audit_s=1e6, ping_s=5.0, refresh_s=10.0, scrub_s=1e6, sweep_s=1e6, repair_delay_s=20.0)
CHUNKS = 12
RESTORED_S = 120.0  # noticed after three pings, then the delay, then the copies


def address_of(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def network(
    count: int = 9, chunks: int = CHUNKS, seed: int = 0, **options: Any
) -> tuple[World, list[Actor], list[bytes]]:
    world = World(seed)
    actors = world.grow(count, **{"pace": PACE} | options)
    contents = [f"chunk {number}".encode() for number in range(chunks)]
    for number, content in enumerate(contents):
        world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000 + number, content)))
    world.pass_time(10.0)
    return world, actors, [address_of(content) for content in contents]


def group(actors: list[Actor], address: bytes) -> list[Actor]:
    alive = [actor for actor in actors if not actor.is_dead]
    places = [Place(a.vault_id, a.vault.record.position, a.address.rpartition(".")[0]) for a in alive]
    ids = [place.vault_id for place in close_group(places, address)]
    return [actor for actor in alive if actor.vault_id in ids]


def missing(actors: list[Actor], addresses: list[bytes]) -> int:
    return sum(address not in actor.chunks for address in addresses for actor in group(actors, address))


def puts(actors: list[Actor]) -> int:
    return sum(isinstance(e, Ask) and isinstance(e.message, Put) for actor in actors for e in actor.effects)


def audits(actors: list[Actor]) -> int:
    return sum(isinstance(e, Ask) and isinstance(e.message, Audit) for actor in actors for e in actor.effects)


def busy(answer: Answer) -> Answer:
    """It proves nothing and signs for nothing."""
    return Refused("busy") if isinstance(answer, Audited | Stored) else answer


class TestWhoeverComesBackEmpty:
    @pytest.mark.long
    @pytest.mark.parametrize("away_s", [1.0, 70.0])
    def test_is_given_its_chunks_although_a_newcomer_is_being_given_a_lot(self, monkeypatch, away_s):
        monkeypatch.setattr(works, "ROOM", dict.fromkeys(Kind, 4))
        pace = msgspec.structs.replace(PACE, repair_bytes_per_s=120)
        world, actors, addresses = network(9, 60, pace=pace)
        world.pass_time(2_000.0)
        actors.append(world.add(40, contacts=actors[:3], pace=pace))
        world.pass_time(12.0)

        actors[4].is_dead = True
        world.pass_time(away_s)
        actors[4] = world.add(5, contacts=actors[:3], pace=pace, again=actors[4])
        world.pass_time(3_000.0)

        assert missing(actors, addresses) == 0


class TestAMemberThatTakesNoMoreFromOneSubnet:
    def test_is_passed_over_so_that_the_next_nearest_holds_the_chunk(self):
        world, actors, addresses = network(9, 1)
        ordered = sorted(actors, key=lambda a: a.vault.record.position ^ int.from_bytes(addresses[0], "big"))
        assert [addresses[0] in a.chunks for a in ordered] == 5 * [True] + 4 * [False]
        ordered[5].tamper = lambda answer: Refused("share") if isinstance(answer, Stored) else answer

        ordered[0].is_dead = True
        world.pass_time(RESTORED_S)

        assert addresses[0] in ordered[6].chunks


class TestAHolderThatDies:
    @pytest.mark.long
    def test_its_chunks_are_again_held_by_the_whole_group(self):
        world, actors, addresses = network()
        actors[3].is_dead = True
        assert missing(actors, addresses) > 0
        world.pass_time(RESTORED_S)
        assert missing(actors, addresses) == 0

    @pytest.mark.long
    def test_one_copy_travels_for_each_missing_one(self):
        world, actors, addresses = network()
        actors[3].is_dead = True
        lost, before = missing(actors, addresses), puts(actors)
        world.pass_time(RESTORED_S)
        assert lost <= puts(actors) - before <= lost + 2

    @pytest.mark.long
    def test_two_that_die_one_after_the_other_are_both_replaced(self):
        world, actors, addresses = network()
        actors[3].is_dead = True
        world.pass_time(12.0)
        actors[5].is_dead = True
        world.pass_time(RESTORED_S)
        assert missing(actors, addresses) == 0

    @pytest.mark.long
    def test_three_that_die_are_replaced_though_the_disks_are_nearly_full_and_the_shares_of_people_are_used_up(
        self, monkeypatch
    ):
        world, actors, addresses = network(count=14, chunks=60)
        monkeypatch.setattr(serving, "KNOWN_S", 0.0)
        monkeypatch.setattr(limits, "FILL_SHARE", 100)
        for actor in actors:
            actor.vault._desk.quota_bytes = 373  # others fill 280 of it, nine tenths of what the fullest will hold
        for actor in actors[2:5]:
            actor.is_dead = True
        assert missing(actors, addresses) > 40
        world.pass_time(RESTORED_S)
        assert missing(actors, addresses) == 0


class TestAVaultThatComes:
    def test_a_newcomer_gets_exactly_its_chunks(self):
        world, actors, addresses = network()
        newcomer = world.add(50, contacts=actors[:2], pace=PACE)
        world.pass_time(60.0)
        everyone = [*actors, newcomer]
        assert missing(everyone, addresses) == 0
        assert {a for a in addresses if newcomer in group(everyone, a)} == set(newcomer.chunks)
        assert newcomer.chunks

    def test_one_that_returns_soon_causes_no_copies(self):
        world, actors, _ = network()
        before = puts(actors)
        actors[3].is_dead = True
        world.pass_time(22.0)
        actors[3].is_dead = False
        world.pass_time(RESTORED_S)
        assert puts(actors) == before

    def test_one_that_returns_soon_is_given_what_was_stored_meanwhile(self):
        world, actors, _ = network(chunks=1)
        actors[3].is_dead = True
        world.pass_time(20.0)
        contents = [f"later {number}".encode() for number in range(12)]
        for number, content in enumerate(contents):
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(2_000 + number, content)))
        world.pass_time(8.0)
        actors[3].is_dead = False
        world.pass_time(60.0)
        assert missing(actors, [address_of(content) for content in contents]) == 0

    @pytest.mark.long
    def test_a_newcomer_gets_all_its_chunks_although_no_holder_may_bring_more_than_a_part(self, monkeypatch):
        world, actors, addresses = network(count=14, chunks=60)
        newcomer = world.add(50, contacts=actors[:2], pace=PACE, quota_bytes=200)
        monkeypatch.setattr(serving, "KNOWN_S", 0.0)
        monkeypatch.setattr(limits, "RESTORE_SHARE", 8)
        monkeypatch.setattr(limits, "FILL_SHARE", 100)
        world.pass_time(300.0)
        assert newcomer.vault._desk.counters["put over share"] > 0
        assert missing([*actors, newcomer], addresses) == 0

    @pytest.mark.long
    def test_one_behind_an_address_that_four_stand_at_gets_nothing(self):
        world, actors, addresses = network(count=4)
        crowd = [world.add(60, host=host, contacts=actors[:2], pace=PACE) for host in range(1, 7)]
        world.pass_time(90.0)
        for address in addresses:
            assert sum(address in actor.chunks for actor in crowd) <= 4
            assert all(address in actor.chunks for actor in actors)


class TestAfterTheNight:
    """Who was switched off comes to vaults that hold many chunks and read one a second for others."""

    @staticmethod
    def held_by_all(actors: list[Actor], count: int) -> list[bytes]:
        contents = [f"of long ago {number}".encode() for number in range(count)]
        for actor in actors:
            for content in contents:
                give(actor, address_of(content), content)
        return [address_of(content) for content in contents]

    @pytest.mark.long
    def test_who_comes_is_given_first_what_was_stored_last(self, monkeypatch):
        world, actors, _ = network(count=6, chunks=0, quota_bytes=1 << 24)
        self.held_by_all(actors, 400)
        contents = [f"of the night {number}".encode() for number in range(12)]
        for number, content in enumerate(contents):
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(2_000 + number, content)))
        world.pass_time(FRESH_S + 6 * TURN_S)
        monkeypatch.setitem(reading.BYTES_PER_S, Purpose.UPKEEP, READ_BYTES_MIN)

        newcomer = world.add(50, contacts=actors[:2], pace=PACE, quota_bytes=1 << 24)
        world.pass_time(30.0)

        assert missing([*actors, newcomer], [address_of(content) for content in contents]) == 0
        assert len(newcomer.chunks) < 200

    @pytest.mark.long
    def test_who_comes_a_minute_later_does_not_wait_until_all_is_proven_for_the_first_one(self, monkeypatch):
        world, actors, _ = network(count=6, chunks=0, quota_bytes=1 << 24)
        addresses = self.held_by_all(actors, 400)
        monkeypatch.setitem(reading.BYTES_PER_S, Purpose.UPKEEP, READ_BYTES_MIN)
        monkeypatch.setitem(works.ROOM, Kind.ARRIVAL, 40)

        first = world.add(50, contacts=actors[:2], pace=PACE, quota_bytes=1 << 24)
        world.pass_time(30.0)
        second = world.add(51, contacts=actors[:2], pace=PACE, quota_bytes=1 << 24)
        world.pass_time(240.0)

        wanted = {address for address in addresses if second in group([*actors, first, second], address)}
        assert wanted == set(second.chunks)


class TestEveryChunk:
    """There are more of them than any first few, and only one vault has them."""

    def test_a_newcomer_gets_all_that_are_its_own(self):
        world, actors, _ = network(count=6, chunks=0)
        addresses = give_many(actors[0])
        newcomer = world.add(50, contacts=actors[:2], pace=PACE)
        world.pass_time(60.0)
        wanted = {address for address in addresses if newcomer in group([*actors, newcomer], address)}
        assert len(wanted) > 20
        assert set(newcomer.chunks) == wanted

    def test_after_a_death_all_are_with_whoever_has_moved_up(self):
        world, actors, _ = network(count=9, chunks=0)
        addresses = give_many(actors[0])
        before = {address: group(actors, address) for address in addresses}
        actors[3].is_dead = True
        world.pass_time(RESTORED_S)
        moved_up = [(a, one) for a in addresses for one in group(actors, a) if one not in before[a]]
        assert len(moved_up) > 15
        assert all(address in actor.chunks for address, actor in moved_up)


class TestWhen:
    def test_one_that_did_not_sign_is_asked_again_soon(self):
        world, actors, _ = network(count=4)
        newcomer = world.add(50, contacts=actors[:2], pace=PACE)
        newcomer.tamper = busy
        world.pass_time(60.0)  # all have asked by then
        newcomer.tamper = None
        world.pass_time(200.0)
        record = newcomer.vault.record
        assert newcomer.chunks
        for address in newcomer.chunks:
            assert any(actor.vault._auditor.receipt(record, address) for actor in actors)

    def test_a_holder_waits_five_seconds_for_each_one_that_is_nearer(self, monkeypatch):
        world, actors, (address,) = network(count=5, chunks=1)
        waits: dict[bytes, float] = {}
        for actor in actors:
            desk, works = actor.vault._desk, actor.vault._replicator._works

            def push(at_s: float, work: Work, desk: Desk = desk) -> None:
                if work.members is not None:  # the sweep's are for whoever the group is
                    waits[desk.record.vault_id] = at_s - desk.now.monotonic_s

            monkeypatch.setattr(works, "push", push)
        world.add(50, contacts=actors[:2], pace=PACE, near=address)
        world.pass_time(40.0)
        nearest = sorted(actors, key=lambda actor: distance(actor.vault.record.position, address))
        assert [waits[actor.vault_id] for actor in nearest] == [0.0, 5.0, 10.0, 15.0, 20.0]

    @pytest.mark.parametrize("is_absent", [False, True])
    def test_who_says_goodbye_for_good_is_a_member_only_until_the_table_has_settled(self, is_absent: bool):
        world, actors, _ = network(count=5, chunks=0)
        leaver, stayer = actors[3], actors[1]
        replicator = stayer.vault._replicator
        leaver.is_dead = True
        if is_absent:
            stayer.vault._desk.table.remove(leaver.vault_id)
            world.pass_time(SETTLE_S + 3.0)
        assert leaver.vault_id in replicator._presence.members
        replicator.goodbye(stayer.vault._desk, leaver.vault.record)
        world.pass_time(SETTLE_S + 1.0)
        assert leaver.vault_id not in replicator._presence.members


class TestWhatCounts:
    @pytest.mark.long
    def test_one_that_signs_a_wrong_audit_has_proven_nothing(self):
        world, actors, addresses = network(pace=msgspec.structs.replace(PACE, sweep_s=20.0))
        liar = group(actors, addresses[0])[0]
        liar.tamper = proving_other_bytes(liar)
        world.pass_time(60.0)
        others = [actor for actor in actors if actor is not liar]
        assert sum(actor.vault._desk.counters["proof failed peer.failed_audit"] for actor in others) > 0

    @pytest.mark.long
    def test_a_refusal_is_tried_again_and_then_left_to_the_sweep(self):
        world, actors, _ = network(count=4)
        newcomer = world.add(50, contacts=actors[:2], pace=PACE)
        newcomer.tamper = busy
        world.pass_time(1_500.0)
        assert all(actor.vault._desk.counters["repair given up"] > 0 for actor in actors)
        assert all(len(actor.vault._replicator) == 0 for actor in actors)


class TestTheSweep:
    @pytest.mark.long
    def test_a_copy_that_is_missing_without_any_change_is_made_again(self):
        world, actors, addresses = network(pace=msgspec.structs.replace(PACE, sweep_s=30.0))
        loser = group(actors, addresses[0])[1]
        loser.chunks.clear()
        loser.vault._desk.held.clear()
        world.pass_time(120.0)
        assert missing(actors, addresses) == 0

    @pytest.mark.long
    def test_a_chunk_far_outside_its_group_is_handed_over_and_the_takers_are_named(self):
        world, actors, addresses = network(count=14, pace=msgspec.structs.replace(PACE, sweep_s=30.0))
        address = addresses[0]
        places = [Place(a.vault_id, a.vault.record.position, a.address) for a in actors]
        far = max(places, key=lambda place: place.position ^ int.from_bytes(address, "big"))
        keeper = next(actor for actor in actors if actor.vault_id == far.vault_id)
        give(keeper, address, next(a.chunks[address] for a in actors if address in a.chunks))
        world.pass_time(120.0)
        assert address not in keeper.chunks
        assert address not in keeper.vault._desk.held
        assert len(keeper.vault._desk.takers[address]) == 5
        assert missing(actors, addresses) == 0

    @pytest.mark.long
    def test_nothing_is_handed_over_before_all_that_lies_on_the_disk_is_known(self):
        world, actors, addresses = network(count=14, pace=msgspec.structs.replace(PACE, sweep_s=30.0))
        address = addresses[0]
        keeper = max(actors, key=lambda a: a.vault.record.position ^ int.from_bytes(address, "big"))
        give(keeper, address, next(a.chunks[address] for a in actors if address in a.chunks))
        keeper.vault._desk.is_counted = False
        world.pass_time(120.0)
        assert address in keeper.chunks

    @pytest.mark.long
    def test_nothing_is_removed_while_one_member_signed_for_less_than_the_own_promise(self):
        world, actors, addresses = network(count=14, pace=msgspec.structs.replace(PACE, sweep_s=30.0))
        address = addresses[0]
        keeper = max(actors, key=lambda a: a.vault.record.position ^ int.from_bytes(address, "big"))
        content = next(a.chunks[address] for a in actors if address in a.chunks)
        member = group(actors, address)[2]

        def sign_for_a_day(answer: Answer) -> Answer:
            if not isinstance(answer, Audited) or answer.receipt is None:
                return answer
            blank = msgspec.structs.replace(answer.receipt, lease_s=LEASE_S_MIN, signature=b"")
            signature = member.signer.sign(_signed_part(b"receipt", blank))
            return msgspec.structs.replace(answer, receipt=msgspec.structs.replace(blank, signature=signature))

        member.tamper = sign_for_a_day
        give(keeper, address, content)
        world.pass_time(120.0)
        assert keeper.chunks[address] == content

    @pytest.mark.long
    def test_nothing_is_removed_while_one_member_has_not_proven_it(self):
        world, actors, addresses = network(count=14, pace=msgspec.structs.replace(PACE, sweep_s=30.0))
        address = addresses[0]
        keeper = max(actors, key=lambda a: a.vault.record.position ^ int.from_bytes(address, "big"))
        content = next(a.chunks[address] for a in actors if address in a.chunks)
        member = group(actors, address)[2]
        member.tamper = busy
        member.chunks.pop(address)
        member.vault._desk.forget(address)
        give(keeper, address, content)
        world.pass_time(120.0)
        assert keeper.chunks[address] == content


class TestTheBudget:
    def test_no_more_is_given_away_than_the_line_may_carry(self):
        budget = 20_000
        pace = msgspec.structs.replace(PACE, repair_bytes_per_s=budget)
        world = World()
        actors = world.grow(4, pace=pace, quota_bytes=1 << 24)
        for number in range(40):
            content = world.random.randbytes(10_000)
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000 + number, content)))
        world.pass_time(10.0)
        newcomer = world.add(50, contacts=actors[:2], pace=pace, quota_bytes=1 << 24)
        for actor in actors:
            actor.effects.clear()
        world.pass_time(1.0)
        for _ in range(30):
            given = sum(len(e.message.content) for e in asks(actors[0]) if isinstance(e.message, Put))
            actors[0].effects.clear()
            assert given <= 2 * budget + 10_000
            world.pass_time(1.0)
        world.pass_time(120.0)
        assert len(newcomer.chunks) == 40

    def test_many_chunks_are_looked_at_a_few_at_a_time(self):
        world = World()
        actors = world.grow(6, pace=PACE)
        held = {world.random.randbytes(32): 1 for _ in range(10_000)}
        keeper = actors[0]
        keeper.vault._desk.add_held(held)
        world.add(50, contacts=actors[:2], pace=PACE)
        world.pass_time(4.0)
        replicator = keeper.vault._replicator
        steps = []
        for _ in range(400):
            before = replicator.looked_count
            world.now_s += 0.25
            keeper.vault.step(Ticked(world.now()))
            steps.append(replicator.looked_count - before)
            assert len(replicator) <= sum(ROOM.values()) + REPAIRS_AT_ONCE
        assert 0 < max(steps) <= ADDRESSES_PER_TICK


def give(actor: Actor, address: bytes, content: bytes) -> None:
    actor.chunks[address] = content
    actor.vault._desk.add_held({address: len(content)}, is_counted=True)


def give_many(actor: Actor) -> list[bytes]:
    contents = [f"only here {number}".encode() for number in range(40)]
    for content in contents:
        give(actor, address_of(content), content)
    return [address_of(content) for content in contents]


def asks(actor: Actor) -> list[Ask]:
    return [effect for effect in actor.effects if isinstance(effect, Ask)]


def test_a_vault_that_has_just_started_rests_until_its_table_has_settled():
    world = World()
    actor = world.add(1, pace=PACE)
    world.feed(actor, Ticked(world.now()))
    assert actor.vault.due_s > world.now_s


def test_the_cheap_test_of_membership_says_what_the_group_says():
    world = World(3)
    draw = world.random.randrange
    for _ in range(300):
        places = [Place(bytes([n]), draw(1 << 256), f"subnet {draw(9)}") for n in range(draw(40) + 1)]
        address = world.random.randbytes(32)
        inside = close_group(places, address)
        for place in places:
            assert is_in_group(place, places, int.from_bytes(address, "big")) == (place in inside)


@pytest.mark.long
def test_what_rots_while_the_line_is_cut_is_restored_when_it_is_back():
    world, actors, _ = network(9, 40, pace=msgspec.structs.replace(PACE, scrub_s=60.0))
    world.pass_time(200.0)
    vault, others = actors[4], [actor for actor in actors if actor is not actors[4]]
    for other in others:
        other.is_dead = True
    rotten = sorted(vault.chunks)[:5]
    vault.chunks |= dict.fromkeys(rotten, b"rot")

    world.pass_time(3_600.0)
    for other in others:
        other.is_dead = False
    world.pass_time(1_200.0)

    assert [address for address in rotten if vault.chunks[address] == b"rot"] == []
