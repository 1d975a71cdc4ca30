"""Vaults that keep nothing and hand every audit on to one that holds the chunk: what others think of them."""

from __future__ import annotations

import hashlib

import pytest

from node.vault import control
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS
from tests.unit.test_hearing import Case
from tests.vault_world import Actor, World, handing_on

CHUNK = b"a chunk of a peer"
ADDRESS = hashlib.sha256(CHUNK).digest()


def network(count: int) -> tuple[World, list[Actor], list[Actor]]:
    """A world, its vaults, and those of them that hold the chunk."""
    world = World()
    actors = world.grow(count)
    world.command(actors[0], lambda number: control.PutChunk(number, CHUNK))
    holders = [actor for actor in actors if ADDRESS in actor.chunks]
    assert len(holders) == CLOSE_GROUP_SUBNETS
    return world, actors, holders


def test_who_hands_audits_on_to_an_honest_holder_fails_them_and_is_shunned_and_nobody_else_is():
    world, actors, (liar, *honest) = network(6)
    passed = {actor.name: audits_passed(actor, liar) for actor in honest}
    liar.tamper = handing_on(world, liar, honest[0])
    world.pass_time(60.0)

    assert {actor.name: audits_passed(actor, liar) for actor in honest} == passed
    assert all(actor.vault._desk.is_shunned(liar.vault_id) for actor in honest)
    assert not any(actor.vault._desk.is_shunned(other.vault_id) for actor in actors for other in honest)
    assert all(audits_passed(actor, other) > 0 for actor in honest for other in honest if actor is not other)


@pytest.mark.long
def test_where_four_of_five_holders_only_hand_questions_on_others_are_given_the_chunk():
    world, actors, (honest, *liars) = network(12)
    for liar in liars:
        liar.tamper = handing_on(world, liar, honest)
    world.pass_time(240.0)

    copies = [actor for actor in actors if ADDRESS in actor.chunks and actor not in liars]
    assert len(copies) >= CLOSE_GROUP_SUBNETS


@pytest.mark.parametrize("is_handed_on", [False, True])
def test_a_taker_that_hands_the_question_whether_it_holds_the_chunk_on_does_not_count(is_handed_on: bool):
    case = Case()
    liar, honest, *_ = case.others
    if is_handed_on:
        liar.tamper = handing_on(case.world, liar, honest)
    case.excuse(tuple(map(case.signed, case.others)))
    assert case.strikes() == is_handed_on
    assert (case.strikes(liar) > 0) == is_handed_on


def audits_passed(auditor: Actor, peer: Actor) -> int:
    standing = auditor.vault._desk.ledger.standing(peer.vault_id)
    return standing.audits_passed if standing is not None else 0
