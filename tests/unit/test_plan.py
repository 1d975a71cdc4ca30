"""What the twins are asked: near chunks, in fair shares, and contents that can be made again."""

from __future__ import annotations

import hashlib
import random

import msgspec
import pytest

from node.prober.control import Answered, Heard
from node.update.trials import plan as plans
from node.update.trials.plan import (
    CHUNK_BYTES_MAX,
    LONG_BYTES_MAX,
    LONG_SHARE,
    NEAR_BITS_MAX,
    NEAR_BITS_MIN,
    READABLE_MIN,
    SECRET_BYTES,
    Draw,
    Plan,
    near_bits,
)
from node.vault.control import FRAME_BYTES_MAX
from node.vault.core import codec
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from node.vault.core.identity import distance
from node.vault.core.messages import Chunk, SignedAnswer

POSITION = int.from_bytes(hashlib.sha256(b"twin").digest(), "big")


def new_plan(secret: bytes = b"s" * SECRET_BYTES, network_size: int = 40) -> Plan:
    return Plan(POSITION, network_size, random.Random(2), lambda length: secret[:length])


def filled(count: int = READABLE_MIN) -> tuple[Plan, list[Draw]]:
    """A plan with so many acknowledged chunks."""
    plan = new_plan()
    stored: list[Draw] = []
    while len(stored) < count:
        draw = plan.next()
        if draw.kind == "put":
            plan.acknowledged(draw.address)
            stored.append(draw)
    return plan, stored


@pytest.mark.long
@pytest.mark.parametrize("network_size", [1, 40, 150, 1000, 20_000])
def test_chunks_lie_so_near_that_hardly_any_other_vault_is_nearer(network_size: int):
    """Both twins hold a chunk for good while fewer than nine subnets are nearer to it than they are."""
    chance, plan = random.Random(3), new_plan(network_size=network_size)
    others = [chance.getrandbits(256) for _ in range(network_size)]
    for _ in range(15):
        draw = plan.next()
        plan.given_up(draw.address)
        assert draw.address == hashlib.sha256(draw.content).digest()
        assert 1 <= len(draw.content) <= LONG_BYTES_MAX
        assert distance(POSITION, draw.address).bit_length() <= 256 - NEAR_BITS_MIN
        nearer = sum(distance(other, draw.address) < distance(POSITION, draw.address) for other in others)
        assert nearer < CLOSE_GROUP_SUBNETS


def test_who_lies_about_the_size_of_the_network_does_not_make_a_draw_last_for_ever():
    assert near_bits(1 << 200) == NEAR_BITS_MAX == near_bits(330_000)
    assert near_bits(0) == NEAR_BITS_MIN


def test_the_nearest_content_found_will_do_when_none_is_near_enough(monkeypatch):
    monkeypatch.setattr(plans, "DRAWS_PER_NEAR", 1)
    monkeypatch.setattr(plans, "NEAR_BITS_MAX", 10)
    away = [distance(POSITION, new_plan(bytes([n]) * 32, 1 << 20).next().address).bit_length() for n in range(10)]
    assert 246 < max(away) < 256


class TestChunksFromBeforeACut:
    EARLIER = tuple(hashlib.sha256(bytes([number])).digest() for number in range(READABLE_MIN))

    def plan(self) -> Plan:
        return Plan(POSITION, 40, random.Random(2), bytes, self.EARLIER)

    def drawn(self, plan: Plan) -> list[Draw]:
        draws = [plan.next_read() for _ in range(300)]
        assert not [draw for draw in draws if draw.kind == "audit" and draw.address in self.EARLIER]
        return draws

    def test_are_read_although_nothing_new_is_taken(self):
        plan = self.plan()
        assert plan.can_read
        assert {draw.address for draw in self.drawn(plan)} == set(self.EARLIER)

    def test_are_not_audited_for_nobody_can_make_them_again_and_those_since_are(self):
        plan = self.plan()
        while (new := plan.next()).kind != "put":
            pass
        plan.acknowledged(new.address)
        draws = self.drawn(plan)
        assert {draw.address for draw in draws} == {*self.EARLIER, new.address}
        assert {draw.address for draw in draws if draw.kind == "audit"} == {new.address}

    def test_are_not_asked_for_once_they_were_handed_over(self):
        plan = self.plan()
        while (new := plan.next()).kind != "put":
            pass
        plan.acknowledged(new.address)
        plan.forget(self.EARLIER[0])
        draws = self.drawn(plan)
        assert {draw.address for draw in draws} == {*self.EARLIER[1:], new.address}
        assert {draw.address for draw in draws if draw.kind == "audit"} == {new.address}


def test_what_was_handed_over_is_not_asked_for_again():
    plan, stored = filled(30)
    gone = stored[3]
    plan.doubt(gone.address)
    plan.forget(gone.address)
    plan.forget(gone.address)
    asked = [plan.next() for _ in range(300)]
    assert gone.address not in {draw.address for draw in asked if draw.kind != "put"}
    assert plan.content_of(gone.address) == gone.content  # an answer to an audit may still be on its way


def test_some_chunks_are_as_long_as_those_of_peoples_files_and_most_are_short():
    _, stored = filled(1000)
    lengths = [len(draw.content) for draw in stored]
    assert max(lengths) > 0.9 * LONG_BYTES_MAX
    assert 0.5 < sum(length > CHUNK_BYTES_MAX for length in lengths) / (1000 * LONG_SHARE) < 1.5


def test_two_of_the_longest_fit_into_one_answer_of_the_prober():
    signed = SignedAnswer("held", bytes(32), bytes(32), bytes(32), 1e9, bytes(64))
    longest = codec.encode(Chunk(bytes(LONG_BYTES_MAX), signed))
    answered = Answered("wrong_bytes", 1e-3, 1e9, longest)
    assert len(msgspec.msgpack.encode(Heard(1 << 32, (answered, answered)))) <= FRAME_BYTES_MAX


def test_nothing_is_read_before_enough_is_stored():
    plan = new_plan()
    for _ in range(READABLE_MIN):
        draw = plan.next()
        assert (draw.kind, plan.can_read) == ("put", False)
        plan.acknowledged(draw.address)
    assert plan.can_read
    assert {plan.next().kind for _ in range(200)} == {"put", "get", "audit"}


def test_each_twin_comes_first_about_as_often():
    plan, _ = filled()
    assert 140 < sum(plan.next().first for _ in range(400)) < 260


def test_only_what_both_acknowledged_is_read():
    plan, stored = filled()
    for _ in range(200):
        draw = plan.next()
        if draw.kind == "put":
            plan.given_up(draw.address)
        else:
            assert draw.address in {one.address for one in stored}


def test_every_content_can_be_made_again_and_by_nobody_without_the_secret():
    plan, stored = filled(40)
    same, other = new_plan().next(), new_plan(b"t" * SECRET_BYTES).next()

    assert [plan.content_of(draw.address) for draw in stored] == [draw.content for draw in stored]
    assert same.address == stored[0].address
    assert other.content[:8] != stored[0].content[:8]


def test_a_full_plan_stores_no_more(monkeypatch):
    monkeypatch.setattr(plans, "CHUNKS_KEPT_MAX", 20)
    plan, _ = filled(20)
    assert "put" not in {plan.next().kind for _ in range(100)}


def test_a_chunk_that_was_not_served_is_asked_for_again_soon():
    plan, stored = filled(30)
    asked = []
    for _ in range(300):
        plan.doubt(stored[0].address)
        asked.append(plan.next().address)
    assert asked.count(stored[0].address) > 20


def test_reads_beside_the_pairs_are_gets_and_audits_in_the_same_shares():
    plan, _ = filled()
    kinds = [plan.next_read().kind for _ in range(600)]
    assert set(kinds) == {"get", "audit"}
    assert 340 < kinds.count("get") < 460
