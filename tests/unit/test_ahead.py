"""Vaults whose version this one does not speak are asked for news and what these name, and for nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

from node.vault import control
from node.vault.core import ahead, late
from node.vault.core.ahead import AGAIN_S, FAILURES_MAX, SUBNETS_MAX, stand_in
from node.vault.core.events import Ask, AskNewer, CommandReceived, NewerAnswered, NewerMet, SeenAt, Tell, Ticked
from node.vault.core.identity import Introduction, PeerRecord
from node.vault.core.messages import Ping
from tests.unit.test_vault_attacks import Peer, ask, of
from tests.vault_world import Actor, World

HEAD = b"the newest release"
DIGEST = hashlib.sha256(HEAD).digest()
FILE = b"a root"
ADDRESS = hashlib.sha256(FILE).digest()


def newer(number: int) -> tuple[PeerRecord, str]:
    """Such a vault, and its subnet."""
    return stand_in(bytes((number, 7)) * 16, (f"10.{number}.9.9:1",)), f"10.{number}.9.0/24"


def meet(world: World, actor: Actor, number: int, head: bytes = DIGEST) -> list[Any]:
    peer, subnet = newer(number)
    return actor.vault.step(NewerMet(world.now(), peer, subnet, head))


def answered(world: World, actor: Actor, question: AskNewer, content: bytes | None) -> list[Any]:
    return actor.vault.step(NewerAnswered(world.now(), question.ask_id, content))


def figures(world: World, actor: Actor) -> control.State:
    (told,) = of(Tell, actor.vault.step(CommandReceived(world.now(), control.GetState(1))))
    assert isinstance(told.report, control.State)
    return told.report


def kinds(effects: list[Any]) -> list[int]:
    return [effect.kind for effect in effects if isinstance(effect, AskNewer)]


def fetch(world: World, actor: Actor, address: bytes = ADDRESS, *, is_carried: bool = True) -> list[Any]:
    return actor.vault.step(CommandReceived(world.now(), control.GetChunk(5, address, is_carried=is_carried)))


class TestTheHead:
    def test_is_fetched_and_handed_up_unread(self):
        world = World()
        actor = world.add(1)
        (question,) = of(AskNewer, meet(world, actor, 1))
        assert (question.peer, question.kind, question.subject) == (newer(1)[0], late.HEAD, DIGEST)
        (told,) = of(Tell, answered(world, actor, question, HEAD))
        assert told.report == control.HeadSeen(HEAD, newer(1)[0].vault_id, newer(1)[1])

    def test_that_is_another_one_than_was_named_is_dropped(self):
        world = World()
        actor = world.add(1)
        (question,) = of(AskNewer, meet(world, actor, 1))
        assert answered(world, actor, question, b"another") == []

    def test_that_is_carried_already_is_not_fetched(self):
        world = World()
        actor = world.add(1)
        actor.vault.step(CommandReceived(world.now(), control.SetHead(1, HEAD)))
        assert kinds(meet(world, actor, 1)) == []
        assert figures(world, actor).head_subnets == 1

    def test_that_another_one_of_the_own_home_carries_is_shown_to_nobody_else(self):
        world = World()
        actor = world.add(1)
        actor.vault.step(CommandReceived(world.now(), control.SetHead(1, HEAD)))
        actor.vault.step(SeenAt(world.now(), ("192.168.1.7:1", "93.184.216.34:1")))
        actor.vault.step(NewerMet(world.now(), newer(1)[0], "192.168.1.0/24", DIGEST))
        assert figures(world, actor).head_subnets == 0

    def test_is_asked_of_one_subnet_once_in_ten_minutes_however_many_it_names(self):
        world = World()
        actor = world.add(1)
        assert kinds(meet(world, actor, 1, b"1" * 32)) == [late.HEAD]
        world.now_s += AGAIN_S - 1.0
        assert kinds(meet(world, actor, 1, b"2" * 32)) == []
        world.now_s += 2.0
        assert kinds(meet(world, actor, 1, b"3" * 32)) == [late.HEAD]

    def test_is_heard_of_again_later_from_who_was_met_once(self):
        world = World()
        actor = world.add(1)
        (question,) = of(AskNewer, meet(world, actor, 1))
        answered(world, actor, question, HEAD)
        world.now_s += AGAIN_S
        (again,) = of(AskNewer, actor.vault.step(Ticked(world.now())))
        assert again.kind == late.WHICH
        assert kinds(answered(world, actor, again, b"4" * 32)) == [late.HEAD]

    def test_that_says_the_same_counts_as_shown_to_others(self):
        world = World()
        actor = world.add(1)
        actor.vault.step(CommandReceived(world.now(), control.SetHead(1, b"the same, signed anew")))
        (question,) = of(AskNewer, meet(world, actor, 1))
        answered(world, actor, question, HEAD)
        assert figures(world, actor).head_subnets == 0
        actor.vault.step(CommandReceived(world.now(), control.KnowHead(2, DIGEST, newer(1)[0].vault_id)))
        assert figures(world, actor).head_subnets == 1


class TestNoNeighbour:
    def test_it_stands_in_no_table_and_is_asked_for_nothing_else(self):
        world = World()
        actor = world.add(1)
        effects = meet(world, actor, 1)
        for _ in range(100):
            world.now_s += 30.0
            effects += actor.vault.step(Ticked(world.now()))
        assert of(Ask, effects) == []
        assert set(kinds(effects)) <= {late.WHICH, late.HEAD}
        assert figures(world, actor).peer_count == 0

    def test_one_that_does_not_answer_any_more_is_forgotten(self):
        world = World()
        actor = world.add(1)
        answered(world, actor, of(AskNewer, meet(world, actor, 1))[0], None)
        for _ in range(FAILURES_MAX):
            world.now_s += AGAIN_S
            (again,) = of(AskNewer, actor.vault.step(Ticked(world.now())))
            answered(world, actor, again, None)
        world.now_s += AGAIN_S
        assert kinds(actor.vault.step(Ticked(world.now()))) == []

    def test_however_many_come_only_so_many_are_remembered(self):
        world = World()
        actor = world.add(1)
        for number in range(1, SUBNETS_MAX + 20):
            meet(world, actor, number)
        world.now_s += AGAIN_S
        assert kinds(actor.vault.step(Ticked(world.now()))) == [late.WHICH] * SUBNETS_MAX


class TestAFile:
    def test_that_a_head_names_is_asked_of_them_when_nobody_else_has_it(self):
        world = World()
        actor = world.add(1)
        meet(world, actor, 1)
        (question,) = of(AskNewer, fetch(world, actor))
        assert (question.kind, question.subject) == (late.FILE, ADDRESS)
        (told,) = of(Tell, answered(world, actor, question, FILE))
        assert told.report == control.Content(5, FILE)

    def test_that_no_head_names_is_not_asked_of_them(self):
        world = World()
        actor = world.add(1)
        meet(world, actor, 1)
        (told,) = of(Tell, fetch(world, actor, is_carried=False))
        assert isinstance(told.report, control.Failed)

    def test_that_one_does_not_have_is_asked_of_those_it_knows_near_to_it(self):
        world = World()
        actor = world.add(1)
        meet(world, actor, 1)
        (question,) = of(AskNewer, fetch(world, actor))
        (near,) = of(AskNewer, answered(world, actor, question, b""))
        assert (near.kind, near.subject) == (late.NEAR, ADDRESS)
        named = late.encode_vaults([Introduction(b"k" * 32, ("10.77.1.1:1",))])
        (second,) = of(AskNewer, answered(world, actor, near, named))
        assert (second.kind, second.peer.transport_key, second.peer.addresses) == (
            late.FILE, b"k" * 32, ("10.77.1.1:1",),
        )  # fmt: skip
        (told,) = of(Tell, answered(world, actor, second, FILE))
        assert told.report == control.Content(5, FILE)

    def test_comes_to_an_end_whatever_they_answer(self, monkeypatch: Any):
        monkeypatch.setattr(ahead, "ASKED_MAX", 5)
        world = World()
        actor = world.add(1)
        meet(world, actor, 1)
        effects, asked = fetch(world, actor), 0
        while questions := of(AskNewer, effects):
            (question,) = questions
            asked += question.kind == late.FILE
            vaults = [Introduction(bytes((asked, number)) * 16, ("10.77.1.1:1",)) for number in range(9)]
            wrong = late.encode_vaults(vaults) if question.kind == late.NEAR else b"wrong bytes"
            effects = answered(world, actor, question, wrong)
        (told,) = of(Tell, effects)
        assert (asked, isinstance(told.report, control.Failed)) == (5, True)

    def test_that_nobody_has_while_what_is_named_is_no_vault(self):
        world = World()
        actor = world.add(1)
        meet(world, actor, 1)
        (near,) = of(AskNewer, answered(world, actor, of(AskNewer, fetch(world, actor))[0], b""))
        (told,) = of(Tell, answered(world, actor, near, b"no vaults"))
        assert isinstance(told.report, control.Failed)


def test_a_ping_of_a_stranger_that_stands_in_for_one_makes_no_neighbour():
    world = World()
    actor = world.add(1)
    asker = Peer(1, "10.1.3.3:1")
    ask(world, actor, stand_in(asker.record.transport_key, ()), Ping(b""), "10.1.3.0/24")
    assert figures(world, actor).peer_count == 0
