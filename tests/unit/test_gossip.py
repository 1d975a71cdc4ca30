"""The newest head comes through, whoever names it and does not deliver."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from node.vault import control
from node.vault.core import gossip
from node.vault.core.events import Ask, AskFailed, CommandReceived, PeerGreeted, Tell
from node.vault.core.gossip import PAUSE_S, REFUSED_S
from node.vault.core.messages import FetchHead, HeadContent, Leaving, Ping, Refused
from tests.unit.test_vault_attacks import Peer, answer, ask, of
from tests.vault_world import Actor, World

HEAD = b"the newest release"
DIGEST = hashlib.sha256(HEAD).digest()


def subnet(peer: Peer) -> str:
    return f"{peer.addresses[0].rpartition('.')[0]}.0/24"


def friends(count: int) -> list[Peer]:
    return [Peer(number, f"10.{number}.3.3:1") for number in range(1, count + 1)]


def names(world: World, actor: Actor, peer: Peer, digest: bytes = DIGEST) -> list[Ask]:
    """The peer pings; whom the vault asks for a head because of it."""
    return of(Ask, ask(world, actor, peer.record, Ping(digest), subnet(peer)), FetchHead)


def failed(world: World, actor: Actor, question: Ask) -> list[Any]:
    return list(actor.vault.step(AskFailed(world.now(), question.ask_id, "peer.unreachable")))


def test_another_who_named_the_head_is_asked_when_the_first_one_does_not_deliver():
    world = World()
    actor = world.add(1)
    liar, *others = friends(3)
    (question,) = names(world, actor, liar)
    assert [names(world, actor, other) for other in others] == [[], []]
    (second,) = of(Ask, answer(world, actor, question, Refused("busy"), subnet(liar)), FetchHead)
    assert second.peer == others[0].record
    (third,) = of(Ask, failed(world, actor, second), FetchHead)
    assert third.peer == others[1].record
    (told,) = of(Tell, answer(world, actor, third, HeadContent(HEAD), subnet(others[1])))
    assert told.report == control.HeadSeen(HEAD, others[1].vault_id, subnet(others[1]))


def test_a_subnet_that_did_not_deliver_must_wait():
    world = World()
    actor = world.add(1)
    (liar,) = friends(1)
    (question,) = names(world, actor, liar)
    answer(world, actor, question, Refused("not_held"), subnet(liar))
    assert names(world, actor, liar) == []
    world.now_s += PAUSE_S
    assert len(names(world, actor, liar)) == 1


def test_a_head_that_was_refused_is_fetched_from_nobody_for_a_day():
    world = World()
    actor = world.add(1)
    liar, other = friends(2)
    (question,) = names(world, actor, liar)
    (told,) = of(Tell, answer(world, actor, question, HeadContent(HEAD), subnet(liar)))
    actor.vault.step(CommandReceived(world.now(), control.RefuseHead(1, DIGEST, told.report.sender)))

    world.now_s += REFUSED_S - 1.0
    assert names(world, actor, other) == []
    world.now_s += 2.0
    assert len(names(world, actor, other)) == 1


def test_whoever_never_delivers_and_asks_to_be_asked_again_does_not_come_before_those_who_wait():
    world = World()
    actor = world.add(1)
    everyone = friends(8)
    liars, honest = everyone[:7], everyone[7]
    (question,) = names(world, actor, liars[0])
    asked = [question.peer]
    for peer in everyone[1:]:
        names(world, actor, peer)
    while asked[-1] != honest.record:
        world.now_s += 4.9  # the worst moment
        (question,) = of(Ask, answer(world, actor, question, Refused("busy"), subnet(liars[0])), FetchHead)
        asked.append(question.peer)
        for liar in liars:
            names(world, actor, liar)
    assert len(asked) == len(everyone)


def test_what_a_subnet_offered_last_is_what_is_asked_for():
    world = World()
    actor = world.add(1)
    liar, friend = friends(2)
    (question,) = names(world, actor, liar)
    names(world, actor, friend)
    newer = hashlib.sha256(b"newer still").digest()
    (second,) = names(world, actor, friend, newer)
    assert second.message == FetchHead(newer)
    assert of(Ask, answer(world, actor, question, Refused("busy"), subnet(liar)), FetchHead) == []


def test_nobody_is_asked_for_a_head_that_came_meanwhile():
    world = World()
    actor = world.add(1)
    first, second = friends(2)
    (question,) = names(world, actor, first)
    names(world, actor, second)
    assert of(Ask, answer(world, actor, question, HeadContent(HEAD), subnet(first)), FetchHead) == []
    assert actor.vault._carrier._offers == {}


def test_offers_are_kept_within_bounds(monkeypatch):
    monkeypatch.setattr(gossip, "FETCHES_MAX", 1)
    monkeypatch.setattr(gossip, "OFFERS_MAX", 4)
    world = World()
    actor = world.add(1)
    for peer in friends(12):
        names(world, actor, peer, peer.vault_id)
    assert len(actor.vault._carrier._offers) == 4


def test_another_head_than_the_one_that_was_named_is_not_handed_up_and_held_against_its_sender():
    world = World()
    actor = world.add(1)
    (liar,) = friends(1)
    (question,) = names(world, actor, liar)
    effects = answer(world, actor, question, HeadContent(b"something else"), subnet(liar))

    assert of(Tell, effects) == []
    assert actor.vault._desk.counters["blamed peer.chunk_mismatch"] == 1


def test_a_new_head_is_named_to_every_peer_at_once():
    world = World()
    actor = world.add(1)
    for peer in friends(3):
        names(world, actor, peer, b"")
    effects = list(actor.vault.step(CommandReceived(world.now(), control.SetHead(1, HEAD))))

    told = {ask.peer.vault_id: ask.message.head for ask in of(Ask, effects, Ping)}
    assert told == {peer.vault_id: DIGEST for peer in friends(3)}


@pytest.mark.parametrize(
    ("limit", "kept"),
    [("PAUSES_KEPT", "_paused_s"), ("DIGESTS_KEPT", "_seen_until_s"), ("FORMER_KEPT", "_former_s")],
)
def test_what_is_remembered_of_heads_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch, limit: str, kept: str):
    monkeypatch.setattr(gossip, limit, 4)
    world = World()
    actor = world.add(1)
    for number, peer in enumerate(friends(12)):
        (question,) = names(world, actor, peer, peer.vault_id)
        answer(world, actor, question, Refused("not_held"), subnet(peer))
        actor.vault.step(CommandReceived(world.now(), control.SetHead(1, bytes([number]))))

    assert len(getattr(actor.vault._carrier, kept)) == 4


def test_a_handshake_with_one_who_carries_another_head_leads_to_it():
    world = World()
    actor = world.add(1)
    (peer,) = friends(1)
    names(world, actor, peer, b"")  # it is known
    (question,) = of(Ask, list(actor.vault.step(PeerGreeted(world.now(), peer.record, DIGEST))), FetchHead)

    assert (question.peer, question.message.digest) == (peer.record, DIGEST)


def test_under_a_key_that_was_replaced_nobody_says_which_head_a_vault_carries():
    world = World()
    actor = world.add(1)
    (peer,) = friends(1)
    ask(world, actor, peer.renewed(2), Ping(b""), subnet(peer))

    assert of(Ask, list(actor.vault.step(PeerGreeted(world.now(), peer.record, DIGEST))), FetchHead) == []
    assert actor.vault._carrier._named == {peer.vault_id: b""}


class TestWitnesses:
    """How many others show the head that this vault carries."""

    def count(self, world: World, actor: Actor) -> int:
        return int(world.command(actor, control.GetState).head_subnets)

    def carrying(self, world: World) -> Actor:
        actor = world.add(1)
        actor.vault.step(CommandReceived(world.now(), control.SetHead(1, HEAD)))
        return actor

    def test_they_are_counted_by_subnets_and_never_by_identities(self):
        world = World()
        actor = self.carrying(world)
        for peer in (*friends(3), *(Peer(50 + n, f"10.1.3.{n}:1") for n in range(9)), Peer(70, "10.0.1.9:1")):
            names(world, actor, peer)

        assert self.count(world, actor) == 3

    def test_who_carries_another_head_or_none_is_no_witness(self):
        world = World()
        actor = self.carrying(world)
        first, second, third = friends(3)
        names(world, actor, first)
        names(world, actor, second, bytes(32))
        names(world, actor, third, b"")

        assert self.count(world, actor) == 1

    def test_who_carries_one_that_says_the_same_is_a_witness_for_an_hour(self):
        world = World()
        actor = self.carrying(world)
        alike = hashlib.sha256(HEAD + b" ").digest()
        for peer in friends(3):
            names(world, actor, peer, alike)

        actor.vault.step(CommandReceived(world.now(), control.KnowHead(1, alike, friends(1)[0].vault_id)))

        assert self.count(world, actor) == 3
        world.now_s += gossip.FORMER_S
        for peer in friends(3):
            names(world, actor, peer, alike)
        assert self.count(world, actor) == 0

    def test_a_subnet_with_many_heads_that_say_the_same_pushes_none_of_another_one_out(self):
        world = World()
        actor = self.carrying(world)
        honest, liar = friends(2)
        alike = hashlib.sha256(HEAD + b" ").digest()
        names(world, actor, honest, alike)
        names(world, actor, liar, bytes(32))
        actor.vault.step(CommandReceived(world.now(), control.KnowHead(1, alike, honest.vault_id)))
        for number in range(1000):
            other = number.to_bytes(32, "big")
            actor.vault.step(CommandReceived(world.now(), control.KnowHead(2, other, liar.vault_id)))

        assert self.count(world, actor) == 1
        assert sum(map(len, actor.vault._carrier._alike_s.values())) == 1 + gossip.ALIKE_PER_SUBNET

    def test_subnets_whose_heads_say_the_same_are_kept_within_bounds(self, monkeypatch):
        monkeypatch.setattr(gossip, "ALIKE_SUBNETS", 4)
        world = World()
        actor = self.carrying(world)
        for peer in friends(12):
            names(world, actor, peer, peer.vault_id)
            actor.vault.step(CommandReceived(world.now(), control.KnowHead(1, peer.vault_id, peer.vault_id)))

        assert self.count(world, actor) == 4

    def test_who_has_not_followed_to_the_newest_head_yet_counts_for_an_hour(self):
        world = World()
        actor = self.carrying(world)
        for peer in friends(3):
            names(world, actor, peer)
        actor.vault.step(CommandReceived(world.now(), control.SetHead(2, b"a newer one")))

        assert self.count(world, actor) == 3
        world.now_s += gossip.FORMER_S
        for peer in friends(3):
            names(world, actor, peer)
        assert self.count(world, actor) == 0

    @pytest.mark.parametrize("is_greeting", [True, False])
    def test_a_crowd_that_comes_and_goes_makes_no_witness_forgotten(self, monkeypatch, is_greeting):
        monkeypatch.setattr(gossip, "NAMED_KEPT", 8)
        world = World()
        actor = self.carrying(world)
        for peer in friends(3):
            names(world, actor, peer)

        for number in range(100, 130):
            client = Peer(number)  # without an address nobody is kept
            if is_greeting:
                actor.vault.step(PeerGreeted(world.now(), client.record, DIGEST))
            else:
                ask(world, actor, client.record, Ping(DIGEST), "10.77.3.0/24")

        assert self.count(world, actor) == 3
        assert len(actor.vault._carrier._named) == 3

    def test_those_who_are_gone_are_forgotten_before_any_who_is_there(self, monkeypatch):
        monkeypatch.setattr(gossip, "NAMED_KEPT", 8)
        world = World()
        actor = self.carrying(world)
        for peer in friends(3):
            names(world, actor, peer)
        for number in range(100, 130):
            gone = Peer(number, f"10.77.3.{number}:1")
            names(world, actor, gone)
            ask(world, actor, gone.record, Leaving(), subnet(gone))

        assert self.count(world, actor) == 3
        assert len(actor.vault._carrier._named) <= 8

    def test_without_a_head_there_is_nothing_to_be_shown(self):
        world = World()
        actor = world.add(1)
        for peer in friends(3):
            names(world, actor, peer, b"")

        assert self.count(world, actor) == 0
