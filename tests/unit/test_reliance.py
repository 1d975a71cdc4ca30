"""Peers that prove nothing for a long while are no holders, whatever they sign; nothing is held against them."""

from __future__ import annotations

import math

import msgspec
import pytest

from node.vault import control
from node.vault.core import reliance as reliance_module
from node.vault.core.close_group import REACH_SUBNETS
from node.vault.core.events import CommandReceived
from node.vault.core.messages import Answer, Audit, Audited, Chunk, NotHeld, Ping, Pong, Refused
from node.vault.core.ranking import decode_table
from node.vault.core.reliance import CHUNKS_MIN, FAILURES_MIN, RECORDS_KEPT, UNPROVEN_S, Reliance
from node.vault.core.routing_table import RoutingTable
from tests.unit.test_handover import leave
from tests.unit.test_replication import address_of, asks, missing
from tests.unit.test_vault_attacks import Peer, ask
from tests.vault_world import Actor, World

PACE = control.Pace(audit_s=1.0, ping_s=5.0, refresh_s=30.0, scrub_s=1e6, sweep_s=60.0, repair_delay_s=10.0)
CHUNKS = 24
SHORT_S = 40.0  # instead of UNPROVEN_S, so that a test need not go through ten minutes of everything
REPLACED_S = SHORT_S + 90.0


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliance_module, "UNPROVEN_S", SHORT_S)


def network(count: int, pace: control.Pace = PACE) -> tuple[World, list[Actor], list[bytes]]:
    """With chunks that actors[0] has put."""
    world = World(5)
    actors = world.grow(count, pace=pace)
    contents = [b"%d" % number for number in range(CHUNKS)]
    for number, content in enumerate(contents):
        world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(1_000 + number, content)))
    world.pass_time(5.0)
    assert len(actors[0].reports(control.Stored)) == CHUNKS
    return world, actors, [address_of(content) for content in contents]


def says_busy(answer: Answer) -> Answer:
    return Refused("busy") if isinstance(answer, Audited | NotHeld | Chunk) else answer


def says_nonsense(answer: Answer) -> Answer:
    return Pong(b"") if isinstance(answer, Audited | NotHeld | Chunk) else answer


def is_silent(answer: Answer) -> float:
    return math.inf if isinstance(answer, Audited | NotHeld | Chunk) else 0.0


def copies(actors: list[Actor], addresses: list[bytes]) -> list[int]:
    return [sum(address in actor.chunks for actor in actors) for address in addresses]


def is_left_out_by(actor: Actor, others: list[Actor]) -> list[bool]:
    return [other.vault._desk.reliance.is_left_out(actor.vault_id) for other in others]


@pytest.mark.usefixtures("_short")
class TestOneThatSignsAndNeverProves:
    @pytest.mark.long
    @pytest.mark.parametrize("kind", ["busy", "silent", "nonsense"])
    def test_others_take_its_place(self, kind):
        world, actors, addresses = network(9)
        liars, honest = actors[4:7], [*actors[:4], *actors[7:]]
        for liar in liars:
            liar.tamper = {"busy": says_busy, "nonsense": says_nonsense}.get(kind)
            liar.late_s = is_silent if kind == "silent" else None
        assert min(copies(honest, addresses)) < 4
        world.pass_time(REPLACED_S)
        assert min(copies(honest, addresses)) >= 5

    @pytest.mark.long
    @pytest.mark.parametrize("idle", [{"audit_s": 1e6}, {"sweep_s": 1e6}])
    def test_audits_and_the_sweep_both_find_it_out(self, idle):
        world, actors, _ = network(7, msgspec.structs.replace(PACE, **idle))
        actors[4].tamper = says_busy
        world.pass_time(REPLACED_S)
        others = [actor for actor in actors if actor is not actors[4]]
        assert sum(is_left_out_by(actors[4], others)) > len(others) / 2

    @pytest.mark.long
    def test_its_receipt_counts_for_no_acknowledgement(self):
        world, actors, _ = network(6)
        liar, honest = actors[3], [actor for actor in actors if actor is not actors[3]]
        liar.tamper = says_busy
        world.pass_time(REPLACED_S)
        contents = [f"later {number}".encode() for number in range(6)]
        for number, content in enumerate(contents):
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(2_000 + number, content)))
        world.pass_time(5.0)
        stored = [report for report in actors[0].reports(control.Stored) if report.id >= 2_000]
        assert [len(report.receipts) for report in stored] == [5] * len(contents)
        assert copies([liar], [address_of(content) for content in contents]) == [0] * len(contents)
        assert min(copies(honest, [address_of(content) for content in contents])) == 5

    @pytest.mark.long
    def test_one_that_leaves_hands_nothing_to_it(self):
        world, actors, _ = network(6)
        liar, leaver = actors[3], actors[1]
        liar.tamper = says_busy
        world.pass_time(REPLACED_S)
        leaver.effects.clear()
        leave(world, leaver, 60.0)
        last = leaver.reports(control.HandedOver)[-1]
        assert (last.done, last.left) == (len(leaver.chunks), 0)
        assert not any(isinstance(ask.message, Audit) and ask.peer.vault_id == liar.vault_id for ask in asks(leaver))

    @pytest.mark.long
    def test_nothing_is_held_against_it(self):
        world, actors, _ = network(7)
        actors[4].tamper = says_busy
        world.pass_time(REPLACED_S)
        judge = actors[0].vault._desk
        assert judge.reliance.is_left_out(actors[4].vault_id)
        table = judge.ledger.table(judge.signer, judge.record.certificate, now_s=world.now_s, utc_s=world.now().utc_s)
        entries = {entry.vault_id: entry for entry in decode_table(table, world.now().utc_s).entries}
        assert (entries[actors[4].vault_id].faults, entries[actors[4].vault_id].evidence) == (0, b"")
        assert judge.table.get(actors[4].vault_id) is not None

    @pytest.mark.long
    def test_it_is_a_holder_again_once_it_proves_a_chunk(self):
        world, actors, addresses = network(7)
        actors[4].tamper = says_busy
        world.pass_time(REPLACED_S)
        others = [actor for actor in actors if actor is not actors[4]]
        assert all(is_left_out_by(actors[4], others))
        actors[4].tamper = None
        world.pass_time(len(actors) * PACE.audit_s * 4)
        assert not any(is_left_out_by(actors[4], others))
        world.pass_time(60.0)
        assert missing(actors, addresses) == 0


@pytest.mark.usefixtures("_short")
class TestOneThatIsHonest:
    @pytest.mark.long
    def test_one_that_is_busy_for_a_while_stays_a_holder(self):
        world, actors, _ = network(7)
        actors[4].tamper = says_busy
        world.pass_time(SHORT_S - 10.0)
        actors[4].tamper = None
        world.pass_time(REPLACED_S)
        assert not any(is_left_out_by(actors[4], actors))

    @pytest.mark.long
    def test_one_that_is_full_and_proves_what_it_has_stays_a_holder(self):
        world, actors, _ = network(7)
        desk = actors[3].vault._desk
        for address in list(actors[3].chunks)[::2]:
            del actors[3].chunks[address]
            desk.forget(address)
        desk.broken.clear()  # nothing is left of them that would make room
        desk.quota_bytes = desk.used_bytes = sum(desk.held.values())
        world.pass_time(REPLACED_S)
        assert sum(actor.vault._desk.counters["proof failed resource.quota"] for actor in actors) > FAILURES_MIN
        assert not any(is_left_out_by(actors[3], actors))

    @pytest.mark.long
    def test_when_the_whole_network_is_busy_nobody_leaves_anybody_out(self):
        world, actors, _ = network(8)
        for actor in actors:
            actor.tamper = says_busy
        world.pass_time(REPLACED_S)
        assert not any(any(is_left_out_by(actor, actors)) for actor in actors)
        for actor in actors:
            actor.tamper = None
        world.pass_time(60.0)
        assert not any(any(is_left_out_by(actor, actors)) for actor in actors)

    @pytest.mark.long
    def test_when_most_are_busy_nobody_is_left_out(self):
        world, actors, _ = network(9)
        for actor in actors[1:6]:
            actor.tamper = says_busy
        world.pass_time(REPLACED_S)
        assert not any(any(is_left_out_by(actor, actors)) for actor in actors)


def a_table(count: int) -> tuple[RoutingTable, list[bytes]]:
    """``count`` peers, each in a subnet of its own."""
    table, peers = RoutingTable(bytes(32)), [Peer(number, f"10.1.{number}.1:4000") for number in range(count)]
    for number, peer in enumerate(peers):
        table.met(peer.record, f"10.1.{number}.0/24", 0.0)
    return table, [peer.vault_id for peer in peers if table.get(peer.vault_id) is not None]


def fail(
    reliance: Reliance,
    vault_id: bytes,
    times: int = FAILURES_MIN,
    chunks: int = CHUNKS_MIN,
    lasts_s: float = UNPROVEN_S,
) -> bool:
    """Let it fail so often over ``lasts_s`` from 0.0 on; whether it is left out."""
    for number in range(times):
        reliance.failed(vault_id, bytes([number % chunks]), lasts_s * number / max(1, times - 1))
    return reliance.is_left_out(vault_id)


def test_a_chunk_is_taken_in_the_place_of_those_whom_this_vault_or_another_may_have_left_out():
    world = World()
    actor, others = world.add(1), [Peer(number, f"10.1.{number}.1:4000") for number in range(REACH_SUBNETS + 4)]
    for number, other in enumerate(others):
        ask(world, actor, other.record, Ping(b""), f"10.1.{number}.0/24")
    desk = actor.vault._desk
    own = desk.own_place.position
    for _ in range(200):
        address = world.random.randbytes(32)
        target = int.from_bytes(address, "big")
        nearer = [other.vault_id for other in others if other.record.position ^ target < own ^ target]
        assert desk.is_mine(address) == (len(nearer) < REACH_SUBNETS)
        if len(nearer) == REACH_SUBNETS:
            break
    for peer in desk.table:
        desk.reliance.proved(peer.vault_id, 0.0)
    fail(desk.reliance, nearer[0])
    assert desk.is_mine(address)


class TestWhoIsLeftOut:
    def test_one_that_fails_long_enough_while_others_prove(self):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        for other in others:
            reliance.proved(other, 1.0)
        assert fail(reliance, one)
        assert reliance.left_out == (one,)
        assert [peer.vault_id for peer in reliance.peers()] == others

    @pytest.mark.parametrize(
        ("times", "chunks", "lasts_s"),
        [
            (FAILURES_MIN - 1, CHUNKS_MIN, UNPROVEN_S),
            (3 * FAILURES_MIN, CHUNKS_MIN - 1, UNPROVEN_S),
            (3 * FAILURES_MIN, CHUNKS_MIN, UNPROVEN_S - 1.0),
        ],
    )
    def test_nobody_for_a_few_failures_at_a_few_chunks_or_in_a_short_time(self, times, chunks, lasts_s):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        for other in others:
            reliance.proved(other, 1.0)
        assert not fail(reliance, one, times, chunks, lasts_s)

    def test_a_proof_begins_the_row_anew(self):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        fail(reliance, one, lasts_s=UNPROVEN_S - 1.0)
        reliance.proved(one, UNPROVEN_S)
        for other in others:
            reliance.proved(other, UNPROVEN_S)
        assert not reliance.failed(one, bytes(32), 2 * UNPROVEN_S)

    def test_what_others_proved_before_the_row_began_says_nothing(self):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        for other in others:
            reliance.proved(other, 0.0)
            reliance.failed(other, bytes(32), 2.0)
        for number in range(FAILURES_MIN + 1):
            reliance.failed(one, bytes([number]), 1.0 + UNPROVEN_S * number)
        assert not reliance.is_left_out(one)

    def test_always_fewer_than_half_of_the_subnets(self):
        table, ids = a_table(20)
        reliance = Reliance(table)
        now_s = 0.0
        for one in ids:
            for _ in range(FAILURES_MIN + 1):
                for other in ids[ids.index(one) + 1 :]:
                    reliance.proved(other, now_s)
                reliance.failed(one, a_chunk(now_s), now_s)
                now_s += UNPROVEN_S
        assert 5 < len(reliance.left_out) < len(ids) / 2

    def test_one_that_answers_nothing_at_all_is_not_counted(self):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        for other in others:
            reliance.proved(other, 1.0)
        table.remove(one)
        assert not fail(reliance, one)

    def test_the_version_tells_of_every_change(self):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        for other in others:
            reliance.proved(other, 1.0)
        versions = [reliance.version]
        fail(reliance, one)
        versions.append(reliance.version)
        reliance.proved(one, 2 * UNPROVEN_S)
        assert len({*versions, reliance.version}) == 3

    def test_strangers_are_forgotten_first_when_there_are_too_many(self):
        table, (one, *others) = a_table(4)
        reliance = Reliance(table)
        for other in others:
            reliance.proved(other, 1.0)
        fail(reliance, one)
        for number in range(RECORDS_KEPT + 10):
            stranger = Peer(1_000 + number, f"10.2.{number % 200}.{number // 200 + 1}:4000")
            if table.met(stranger.record, f"10.2.{number % 200}.0/24", 0.0):
                reliance.proved(stranger.vault_id, 2.0)
                table.remove(stranger.vault_id)
        assert len(reliance._records) == RECORDS_KEPT
        assert reliance.is_left_out(one)


def a_chunk(now_s: float) -> bytes:
    return address_of(str(now_s).encode())
