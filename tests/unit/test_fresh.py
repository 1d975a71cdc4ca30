"""What came lately is looked after by its holders, whoever brought it; and who comes back empty is filled again."""

from __future__ import annotations

import math

import pytest

from node.vault import control
from node.vault.core.desk import NONCE_BYTES
from node.vault.core.events import CommandReceived, RequestReceived
from node.vault.core.fresh import ASKERS_MAX, FRESH_MAX, FRESH_S, TURN_S, Fresh
from node.vault.core.messages import Answer, Audit, Audited, Put
from node.vault.core.replication import PROBES
from tests.unit.test_replication import (
    CHUNKS,
    PACE,
    RESTORED_S,
    address_of,
    audits,
    group,
    missing,
    network,
    puts,
)
from tests.vault_world import Actor, World

LOOKED_S = FRESH_S + 5 * TURN_S


def settled() -> tuple[World, list[Actor], list[bytes]]:
    """Nothing is fresh any more, and the first sweep has its beginning behind it."""
    world, actors, addresses = network(count=6)
    world.pass_time(LOOKED_S)
    return world, actors, addresses


def brought(world: World, giver: Actor, taker: Actor, content: bytes) -> None:
    """One copy, and nothing more: ``giver`` does not come to bring another one."""
    put, number = Put(address_of(content), content), 1 << 40
    world._requests[number] = (giver, 0, taker)
    world.feed(taker, RequestReceived(world.now(), number, giver.vault.record, "10.0.1.0/24", put))
    world.pass_time(1.0)
    assert address_of(content) in taker.chunks


class TestOneCopy:
    @pytest.mark.long
    def test_that_came_alone_is_brought_to_the_whole_group_by_whoever_has_it(self):
        world, actors, _ = settled()
        content = b"whoever brought it is gone"
        holders = group(actors, address_of(content))

        brought(world, actors[0], holders[2], content)
        world.pass_time(LOOKED_S)

        assert missing(actors, [address_of(content)]) == 0

    @pytest.mark.long
    def test_is_proven_once_between_any_two_of_its_holders(self):
        world, actors, _ = settled()
        content = b"new"
        world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(5_000, content)))
        before = audits(actors)

        world.pass_time(LOOKED_S)

        assert audits(actors) - before == math.comb(len(group(actors, address_of(content))), 2)

    @pytest.mark.long
    def test_is_brought_to_the_whole_group_though_one_of_it_has_had_all_its_holders_prove_it(self):
        world, actors, _ = settled()
        content = b"one member of its group wants it to stay with two"
        address = address_of(content)
        *others, liar = group(actors, address)
        (far,) = (actor for actor in actors if actor not in (*others, liar))

        for holder in others[:2]:
            brought(world, far, holder, content)
            world.ask(liar, holder, Audit(address, bytes(NONCE_BYTES)))
        world.pass_time(LOOKED_S)

        assert all(address in actor.chunks for actor in others)

    @pytest.mark.long
    def test_is_looked_after_even_when_strangers_have_all_its_holders_prove_it(self):
        world, actors, _ = settled()
        content = b"asked about by somebody who wants it to stay alone"
        address = address_of(content)
        holders = group(actors, address)
        (far,) = (actor for actor in actors if actor not in holders)

        brought(world, far, holders[2], content)
        world.ask(far, holders[2], Audit(address, bytes(NONCE_BYTES)))
        world.pass_time(LOOKED_S)

        assert missing(actors, [address]) == 0


def gone_for_a_moment(world: World, actor: Actor) -> Actor:
    actor.is_dead = True
    world.pass_time(PACE.ping_s / 10)
    return actor


class TestOneThatComesBack:
    @pytest.mark.long
    def test_with_an_empty_disk_is_given_all_that_it_should_hold(self):
        world, actors, addresses = settled()
        back = actors[3]
        back.is_dead = True
        world.pass_time(PACE.repair_delay_s / 2 + 12.0)
        back.chunks.clear()
        back.vault._desk.held.clear()
        back.vault._desk.used_bytes = 0
        back.is_dead = False
        world.pass_time(60.0)

        assert missing(actors, addresses) == 0

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(3))
    def test_before_anybody_has_missed_it_and_with_an_empty_disk_is_given_everything_too(self, seed: int):
        world, actors, _ = network(count=24, chunks=60, seed=seed)
        lost = gone_for_a_moment(world, actors[3])
        back = world.add(4, contacts=actors[:2], pace=PACE, again=lost)
        world.pass_time(RESTORED_S)

        assert set(back.chunks) == set(lost.chunks)

    @pytest.mark.long
    def test_with_a_part_of_its_chunks_is_given_the_rest(self):
        world, actors, addresses = network(count=12, chunks=60)
        assert missing(actors, addresses) == 0
        lost = gone_for_a_moment(world, actors[3])
        left = dict(list(lost.chunks.items())[::2])
        back = world.add(4, contacts=actors[:2], pace=PACE, again=lost, chunks=left)
        world.pass_time(RESTORED_S)

        assert missing([*actors, back], addresses) == 0

    @pytest.mark.long
    def test_with_everything_is_brought_nothing(self):
        world, actors, _ = network(count=12)
        before, lost = puts(actors), gone_for_a_moment(world, actors[3])
        world.add(4, contacts=actors[:2], pace=PACE, again=lost, chunks=lost.chunks)
        world.pass_time(RESTORED_S)

        assert puts(actors) == before

    @pytest.mark.long
    def test_with_its_chunks_is_asked_for_a_few_of_them_by_each_neighbour(self):
        world, actors, _ = settled()
        actors[3].is_dead = True
        world.pass_time(PACE.repair_delay_s / 2 + 12.0)
        before = audits(actors)

        actors[3].is_dead = False
        world.pass_time(60.0)

        assert 0 < audits(actors) - before <= PROBES * (len(actors) - 1) < CHUNKS * (len(actors) - 1)


class TestThoseWhoAreStartedAnewAllTheTime:
    CROWD = 6
    HOST = 90

    def late(self, answer: Answer) -> float:
        return 4.5 if isinstance(answer, Audited) else 0.0

    def restarted(self, world: World, actors: list[Actor], crowd: list[Actor]) -> list[Actor]:
        """Each of a crowd in one subnet, with its chunks and another transport key."""
        started = []
        for host, old in enumerate(crowd, 1):
            old.is_dead = True
            del world.actors[old.signer.public_key]
            started.append(world.add(self.HOST, host=host, contacts=actors, pace=PACE, again=old, chunks=old.chunks))
        for actor in started:
            actor.late_s = self.late
        return started

    @pytest.mark.long
    def test_fill_no_queue_though_they_answer_late(self):
        world, actors, _ = network(count=12)
        crowd = [world.add(self.HOST, host=host, contacts=actors[:2], pace=PACE) for host in range(1, self.CROWD + 1)]
        world.pass_time(60.0)

        for _ in range(20):
            crowd = self.restarted(world, actors, crowd)
            world.pass_time(8.0)

        assert max(len(actor.vault._replicator) for actor in actors) <= 2 * PROBES * self.CROWD


class TestWhatWaits:
    def test_is_due_once_after_a_while_and_later_the_more_holders_are_nearer(self):
        fresh = Fresh()
        fresh.came(b"far", 0.0, 2)
        fresh.came(b"near", 0.0, 0)

        assert fresh.take(FRESH_S - 1.0) is None
        assert fresh.take(FRESH_S) == (b"near", set())
        assert fresh.take(FRESH_S) is None
        assert fresh.due_s == FRESH_S + 2 * TURN_S
        assert fresh.take(fresh.due_s) == (b"far", set())
        assert fresh.due_s == math.inf

    def test_is_asked_of_all_but_those_who_have_asked_for_it_meanwhile(self):
        fresh = Fresh()
        fresh.asked(b"a", b"too early")
        fresh.came(b"a", 0.0, 0)
        fresh.asked(b"a", b"one")
        fresh.asked(b"a", b"one")
        fresh.asked(b"a", b"other")

        assert fresh.take(FRESH_S) == (b"a", {b"one", b"other"})

    def test_does_not_grow_for_ever(self):
        fresh = Fresh()
        for number in range(FRESH_MAX + 10):
            fresh.came(b"%d" % number, 0.0, 0)
            fresh.came(b"%d" % number, 0.0, 0)
        for number in range(ASKERS_MAX + 10):
            fresh.asked(b"0", b"%d" % number)

        assert len(fresh) == len(fresh._due) == FRESH_MAX
        assert sum(map(len, fresh._waiting.values())) == ASKERS_MAX
