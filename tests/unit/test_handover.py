"""Chunks given up on purpose: by a vault that leaves, and by one that is to take less room."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from node.vault import control
from node.vault.core import desk
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from node.vault.core.events import (
    ChunkRead,
    CommandReceived,
    Counted,
    Effect,
    ReadChunk,
    RemoveChunk,
    Reply,
    RequestReceived,
    Ticked,
    WriteChunk,
)
from node.vault.core.handover import REMOVED_AT_ONCE, SHRINK_AT_ONCE, SHRINK_PAUSE_S, SHRINK_S_MAX, signers, takers
from node.vault.core.messages import CHUNK_BYTES_MAX, Answer, Audit, Audited, HeldReceipt, Receipt, Stored
from node.vault.core.proofs import LEASE_S, LEASE_S_MIN
from node.vault.core.proving import Proof, Proven
from node.vault.limiting import Limits, SetLimits
from tests.unit.test_replication import PACE, address_of, group, missing, network, puts
from tests.unit.test_takers import signed_for, taken
from tests.unit.test_vault_attacks import ADDRESS, peers
from tests.vault_world import Actor, World


def leave(world: World, actor: Actor, handover_s: float) -> None:
    world.feed(actor, CommandReceived(world.now(), control.Drain(9_000, handover_s)))
    world.pass_time(handover_s)


def sign_otherwise(actor: Actor, ahead_s: float, lease_s: float, answer: Answer) -> Answer:
    """The same answer with a receipt that starts or ends otherwise; it is accepted as one all the same."""
    if not isinstance(answer, (Audited, Stored)) or answer.receipt is None:
        return answer
    receipt = answer.receipt
    blank = Receipt(receipt.address, receipt.length, receipt.at_s + ahead_s, lease_s)
    return msgspec.structs.replace(answer, receipt=signed_for(actor.signer, blank))


def shrink(world: World, actor: Actor, quota_bytes: int) -> None:
    world.feed(actor, CommandReceived(world.now(), control.SetQuota(9_000, quota_bytes)))


class TestLeaving:
    def test_all_chunks_are_with_the_others_before_it_goes(self):
        world, actors, addresses = network()
        leaver = actors[3]
        leave(world, leaver, 60.0)
        last = leaver.reports(control.HandedOver)[-1]
        assert (last.done, last.left, last.is_over) == (len(leaver.chunks), 0, True)
        assert missing([actor for actor in actors if actor is not leaver], addresses) == 0

    def test_what_was_not_counted_yet_is_handed_over_too(self):
        world, actors, _ = network()
        kept = actors[3].chunks
        actors[3].is_dead = True
        leaver = world.add(4, contacts=actors[:3], pace=PACE, again=actors[3])
        leaver.chunks |= kept
        leaver.vault._desk.is_counted = False
        world.pass_time(0.5)
        world.feed(leaver, CommandReceived(world.now(), control.Drain(9_000, 60.0)))
        world.pass_time(1.0)
        assert not leaver.reports(control.HandedOver)[-1].is_over
        world.feed(leaver, Counted(world.now(), {a: len(c) for a, c in kept.items()}, is_counted=True))
        world.pass_time(59.0)
        last = leaver.reports(control.HandedOver)[-1]
        assert (last.done, last.left, last.is_over) == (len(kept), 0, True)

    @pytest.mark.parametrize("is_own", [False, True])
    def test_nothing_is_signed_for_that_was_still_being_written(self, monkeypatch: pytest.MonkeyPatch, is_own: bool):
        world, actors, _ = network()
        leaver, perform = actors[3], world._perform
        content = next(c for c in (b"late %d" % n for n in range(99)) if leaver in group(actors, address_of(c)))
        writes: list[WriteChunk] = []

        def hold_up(actor: Actor, effect: Effect) -> None:
            if actor is leaver and isinstance(effect, WriteChunk):
                writes.append(effect)
            else:
                perform(actor, effect)

        putter = leaver if is_own else actors[0]
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(world, "_perform", hold_up)
            world.feed(putter, CommandReceived(world.now(), control.PutChunk(9_001, content)))
            world.pass_time(0.5)
        world.feed(leaver, CommandReceived(world.now(), control.Drain(9_000, 30.0)))
        (write,) = writes
        world._perform(leaver, write)
        world.pass_time(29.0)

        (stored,) = [r for r in putter.reports(control.Stored) if r.id == 9_001]
        signed = {msgspec.msgpack.decode(one, type=HeldReceipt).certificate.vault_id for one in stored.receipts}
        assert signed
        assert leaver.vault_id not in signed

    def test_it_is_no_neighbour_any_more_although_it_still_asks(self):
        world, actors, _ = network()
        leave(world, actors[3], 30.0)
        assert all(a.vault._desk.table.get(actors[3].vault_id) is None for a in actors if a is not actors[3])

    def test_reports_come_at_most_once_a_second_and_one_is_the_last(self):
        world, actors, _ = network()
        leave(world, actors[3], 30.0)
        reports = actors[3].reports(control.HandedOver)
        assert [report.is_over for report in reports].count(True) == 1
        assert reports[-1].is_over
        assert len(reports) <= 31

    def test_what_the_others_have_no_room_for_is_not_handed_over(self):
        world = World()
        leaver = world.grow(6)[0]
        for other in world.actors.values():
            world.command(other, lambda number: control.SetQuota(number, 0))
        content = b"nobody takes it"
        address = hashlib.sha256(content).digest()
        leaver.chunks[address] = content
        leaver.vault._desk.add_held({address: len(content)})

        leave(world, leaver, 20.0)

        last = leaver.reports(control.HandedOver)[-1]
        assert (last.done, last.left, last.is_over) == (0, 1, True)

    def test_each_other_subnet_is_named_once_as_a_taker_and_the_own_one_never(self):
        world = World()
        actor = world.add(1)
        desk = actor.vault._desk
        desk.now = world.now()
        proof = Proof(
            ADDRESS, [], line=actor.vault._line, auditor=actor.vault._auditor, beyond=lambda _desk, _proof: [],
            finished=lambda _desk, _proof: None,
        )  # fmt: skip
        subnets = ["10.7.0.0/24", "10.7.0.0/24", "10.8.0.0/24", desk.own_place.subnet]
        for peer, subnet in zip(peers(4), subnets, strict=True):
            proof.proven[peer.vault_id] = Proven(subnet, taken(peer))
        assert len(signers(desk, proof)) == 4
        named = {taker.certificate.vault_id for taker in takers(desk, proof)}
        assert named in ({peers(4)[0].vault_id, peers(4)[2].vault_id}, {peers(4)[1].vault_id, peers(4)[2].vault_id})

    def test_a_chunk_that_is_lost_here_does_not_keep_it_from_going(self):
        world, actors, _ = network()
        lost = next(iter(actors[3].chunks))
        del actors[3].chunks[lost]
        leave(world, actors[3], 20.0)
        last = actors[3].reports(control.HandedOver)[-1]
        assert (last.done, last.left, last.is_over) == (len(actors[3].chunks), 0, True)

    def test_alone_it_says_what_it_could_not_hand_over(self):
        world, actors, addresses = network(count=1)
        leave(world, actors[0], 10.0)
        last = actors[0].reports(control.HandedOver)[-1]
        assert (last.done, last.left, last.is_over) == (0, len(addresses), True)

    def test_what_was_sent_before_on_a_slow_line_takes_nothing_of_its_time(self):
        world, actors, _ = network()
        leaver = actors[3]
        world.feed(leaver, CommandReceived(world.now(), SetLimits(9_001, Limits(is_taking=False))))
        leaver.vault._line.send(leaver.vault._desk, CHUNK_BYTES_MAX, lambda _desk: None, is_urgent=False)
        leave(world, leaver, 5.0)
        last = leaver.reports(control.HandedOver)[-1]
        assert (last.done, last.left, last.is_over) == (len(leaver.chunks), 0, True)

    def test_without_time_for_it_nothing_is_handed_over(self):
        world, actors, _ = network()
        leave(world, actors[3], 0.0)
        world.pass_time(5.0)
        assert actors[3].reports(control.HandedOver) == []


class TestShrinking:
    def test_room_is_given_back_and_nothing_is_lost(self):
        world, actors, addresses = network(count=7)
        actor = max(actors, key=lambda each: len(each.chunks))
        shrink(world, actor, actor.vault._desk.used_bytes // 2)
        world.pass_time(60.0)
        assert actor.vault._desk.used_bytes <= actor.vault._desk.quota_bytes
        assert sum(len(content) for content in actor.chunks.values()) == actor.vault._desk.used_bytes
        assert actor.reports(control.HandedOver)[-1].is_over
        assert all(sum(a in each.chunks for each in actors) >= 4 for a in addresses)

    def test_however_much_is_corrupt_goes_some_at_a_time_and_before_anything_that_is_whole(self):
        world = World()
        actor = world.add(1, pace=PACE, quota_bytes=1 << 30)
        desk, count = actor.vault._desk, 10 * REMOVED_AT_ONCE
        found = {number.to_bytes(32, "big"): 100 for number in range(count)} | {ADDRESS: 50}
        world.feed(actor, Counted(world.now(), found, is_counted=True))
        for address in list(found)[:count]:
            desk.forget(address)

        shrink(world, actor, 50)
        world.feed(actor, Ticked(world.now()))

        assert sum(isinstance(effect, RemoveChunk) for effect in actor.effects) == REMOVED_AT_ONCE
        world.pass_time(10.0)
        assert (desk.used_bytes, len(desk.broken), list(desk.held)) == (50, 0, [ADDRESS])
        assert actor.reports(control.HandedOver)[-1].is_over

    def test_the_farthest_go_first(self):
        world, actors, _ = network(count=4)
        actor = actors[1]
        before = sorted(actor.chunks, key=lambda a: actor.vault.record.position ^ int.from_bytes(a, "big"))
        shrink(world, actor, actor.vault._desk.used_bytes // 2)
        world.pass_time(60.0)
        assert not set(actor.chunks) & set(before[len(actor.chunks) + SHRINK_AT_ONCE :])
        assert set(before[: len(actor.chunks) - SHRINK_AT_ONCE]) <= set(actor.chunks)

    @pytest.mark.long
    def test_a_farm_that_is_switched_off_every_night_gets_its_room_back_though_others_take_nothing(self):
        world = World()
        actors = world.grow(3, pace=PACE)
        actor, quota_bytes = actors[2], 5_000
        for content in (bytes([number]) * 1_000 for number in range(20)):
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(content[0], content)))
            world.pass_time(1.0)
        assert len(actor.chunks) == 20
        shrink(world, actor, quota_bytes)

        left = []
        for _ in range(2):
            for _ in range(14):
                world.now_s += 3_590.0
                world.pass_time(10.0)
            left.append(len(actor.chunks))
            actor.is_dead = True
            actor = world.add(
                3, contacts=actors[:2], pace=PACE, again=actor, chunks=actor.chunks, quota_bytes=quota_bytes
            )  # fmt: skip

        assert left == [20, 5]

    @pytest.mark.long
    def test_nobody_holds_against_it_that_it_gave_up_more_than_it_can_name_the_takers_of(self, monkeypatch):
        monkeypatch.setattr(desk, "TAKERS_KEPT", 5)
        pace = msgspec.structs.replace(PACE, audit_s=0.5, sweep_s=30.0)
        world, actors, _ = network(count=7, chunks=40, pace=pace)
        world.pass_time(30.0)
        actor = max(actors, key=lambda each: len(each.chunks))
        assert len(actor.chunks) > 10
        shrink(world, actor, 0)
        world.pass_time(60.0)
        assert actor.chunks == {}
        assert sum(other.vault._desk.counters["blamed peer.lost_chunk"] for other in actors) == 0

    @pytest.mark.long
    @pytest.mark.parametrize("count", [7, 12])
    def test_nobody_holds_against_it_what_others_took_over(self, count):
        pace = msgspec.structs.replace(PACE, audit_s=0.5, sweep_s=30.0)
        world, actors, _ = network(count=count, pace=pace)
        world.pass_time(30.0)
        actor = max(actors, key=lambda each: len(each.chunks))
        shrink(world, actor, 0)
        world.pass_time(60.0)
        desks = [other.vault._desk for other in actors if other is not actor]
        assert actor.chunks == {}
        assert sum(desk.counters["excused"] for desk in desks) > 0
        assert sum(desk.counters["blamed peer.lost_chunk"] for desk in desks) == 0

    @pytest.mark.parametrize(("ahead_s", "lease_s"), [(0.0, LEASE_S_MIN), (890.0, LEASE_S)])
    def test_receipts_that_would_not_acquit_it_later_do_not_count(self, ahead_s, lease_s):
        world, actors, _ = network(count=4)
        actor = actors[1]
        before = len(actor.chunks)
        for other in actors:
            if other is not actor:
                other.tamper = partial(sign_otherwise, other, ahead_s, lease_s)
        shrink(world, actor, 0)
        world.pass_time(60.0)
        assert len(actor.chunks) == before > 0

    def test_with_fewer_others_than_acquit_it_gives_up_nothing_before_its_time_is_over(self):
        world, actors, addresses = network(count=3)
        shrink(world, actors[1], 0)
        world.pass_time(60.0)
        assert len(actors[1].chunks) == len(addresses)

    def test_whom_all_others_refuse_does_not_ask_them_without_end_and_goes_on_when_they_have_room(self):
        world, actors, _ = network(count=7)
        first, *others = sorted(actors, key=lambda each: len(each.chunks))
        for other in others:
            desk = other.vault._desk
            for address in first.chunks:
                other.chunks.pop(address, None)
                desk.held.pop(address, None)
            desk.used_bytes = desk.quota_bytes
        before, kept = puts([first]), len(first.chunks)

        shrink(world, first, 0)
        world.pass_time(SHRINK_PAUSE_S - 1.0)

        assert len(first.chunks) == kept > 0
        assert puts([first]) - before <= 2 * kept * CLOSE_GROUP_SUBNETS  # and as many at most by the replication
        for other in others:
            other.vault._desk.quota_bytes *= 2
        world.pass_time(SHRINK_PAUSE_S)
        assert first.chunks == {}

    @pytest.mark.parametrize("is_late", [False, True])
    def test_what_nobody_else_holds_stays_until_the_time_is_over(self, is_late):
        world, actors, addresses = network(count=1)
        shrink(world, actors[0], 0)
        if is_late:
            world.pass_time(1.0)
            world.now_s += SHRINK_S_MAX
        world.pass_time(130.0)
        assert len(actors[0].chunks) == (0 if is_late else len(addresses))
        assert actors[0].vault._desk.counters["removed unproven"] == (len(addresses) if is_late else 0)

    def test_a_limit_raised_again_stops_it(self):
        world, actors, addresses = network(count=1)
        shrink(world, actors[0], 0)
        world.pass_time(5.0)
        shrink(world, actors[0], 1 << 20)
        world.pass_time(5.0)
        last = actors[0].reports(control.HandedOver)[-1]
        assert (last.left, last.is_over) == (0, True)
        assert len(actors[0].chunks) == len(addresses)


def test_before_anybody_goes_a_chunk_is_with_the_five_of_its_close_group_and_with_nobody_else():
    _, actors, addresses = network()
    for address in addresses:
        holders = [actor for actor in actors if address in actor.chunks]
        assert holders == group(actors, address)
        assert len(holders) == 5


def test_who_leaves_for_good_proves_its_chunks_and_promises_nothing_any_more():
    world, actors, _ = network(count=7, chunks=3)
    leaving = next(actor for actor in actors if actor.chunks)
    world.feed(leaving, CommandReceived(world.now(), control.Drain(9, 600.0)))

    assert audited(world, leaving, lambda _address: None).receipt is None


def test_a_chunk_that_is_given_up_while_it_is_read_for_an_audit_is_not_promised_any_more():
    world, actors, _ = network(count=7, chunks=3)
    giver = next(actor for actor in actors if actor.chunks)
    desk = giver.vault._desk

    assert audited(world, giver, lambda _address: None).receipt is not None
    assert audited(world, giver, lambda address: desk.remove_chunk(None, address)).receipt is None


def audited(world: World, actor: Actor, meanwhile: Callable[[bytes], object]) -> Audited:
    """What ``actor`` answers when it shall prove a chunk; ``meanwhile`` happens while its disk reads that."""
    address, content = next(iter(actor.chunks.items()))
    asker = next(other for other in world.actors.values() if other is not actor).vault.record
    asked = actor.vault.step(RequestReceived(world.now(), 10_000, asker, "10.0.9.0/24", Audit(address, b"n" * 16)))
    (reading,) = [effect.token for effect in asked if isinstance(effect, ReadChunk)]
    meanwhile(address)
    effects = actor.vault.step(ChunkRead(world.now(), reading, content))
    (answer,) = [effect.message for effect in effects if isinstance(effect, Reply) and effect.request_id == 10_000]
    assert isinstance(answer, Audited)
    return answer
