"""Getting a chunk from vaults that are late, refuse, or are not who they seem to be."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from node.vault import control
from node.vault.core.desk import Asked
from node.vault.core.events import (
    AnswerReceived,
    Ask,
    ChunkWritten,
    CommandReceived,
    RequestReceived,
    Tell,
    Withdraw,
    WriteChunk,
)
from node.vault.core.fetch import PATIENCE_S
from node.vault.core.fetch import served as serve
from node.vault.core.identity import PeerRecord, Signer, certify, make_record
from node.vault.core.messages import Answer, Chunk, FindVaults, Get, NotHeld, Ping, Refused, Vaults
from node.vault.core.proofs import HELD, sign_answer
from node.vault.limiting import Limits, SetLimits
from tests.vault_world import START_S, Actor, World

CONTENT = b"a chunk of a person"
ADDRESS = hashlib.sha256(CONTENT).digest()
TRANSFER_S = 10.0


def is_about_a_chunk(answer: Answer) -> bool:
    return isinstance(answer, Chunk | NotHeld | Refused)


def grown(count: int = 12) -> tuple[World, list[Actor]]:
    """A network with the chunk, nearest holders first."""
    world = World(3)
    actors = world.grow(count)
    world.command(actors[0], lambda number: control.PutChunk(number, CONTENT))
    return world, sorted(actors, key=lambda actor: actor.vault.record.position ^ int.from_bytes(ADDRESS, "big"))


def seconds_to_get(world: World, actor: Actor) -> float:
    number = 1 + sum(1 for report in actor.told if hasattr(report, "id"))
    begun_s = world.now_s
    world.feed(actor, CommandReceived(world.now(), control.GetChunk(number, ADDRESS)))
    while world.now_s < begun_s + 120.0:
        world.pass_time(0.25)
        got: list[Any] = [report for report in actor.told if getattr(report, "id", None) == number]
        if got:
            assert got[0].content == CONTENT, got
            return world.now_s - begun_s
    raise AssertionError("never answered")


class TestLatePeers:
    def test_a_late_holder_is_not_waited_for(self):
        world, actors = grown()
        for late in actors[:2]:
            late.late_s = lambda answer: 9.0 if is_about_a_chunk(answer) else 0.0

        assert seconds_to_get(world, actors[-1]) < 2 * PATIENCE_S + 1.0

    @pytest.mark.long
    def test_a_crowd_of_late_ones_in_one_subnet_costs_the_time_of_one(self):
        world, actors = grown()
        crowd = [world.add(99, host=host, contacts=actors[:3], near=ADDRESS) for host in range(1, 5)]
        world.pass_time(60.0)
        for late in crowd:
            late.late_s = lambda answer: 9.9 if is_about_a_chunk(answer) else 0.0

        assert seconds_to_get(world, actors[-1]) < 4.0

    def test_a_holder_that_answers_in_time_is_the_only_one_asked(self):
        world, actors = grown()
        world.sent.clear()

        seconds_to_get(world, actors[-1])
        world.pass_time(PATIENCE_S + 0.5)

        assert world.sent["Get"] == 1

    @pytest.mark.parametrize(("bytes_per_s", "asked"), [(0, 2), (250_000, 1)])
    def test_what_the_own_line_needs_is_held_against_nobody(self, bytes_per_s: int, asked: int):
        world, actors = grown()
        asker = actors[-1]
        for actor in actors:
            actor.late_s = lambda answer: 9.0 if is_about_a_chunk(answer) else 0.0
        world.command(asker, lambda number: SetLimits(number, Limits(download_bytes_per_s=bytes_per_s)))

        world.feed(asker, CommandReceived(world.now(), control.GetChunk(77, ADDRESS)))
        world.pass_time(PATIENCE_S + 1.0)

        assert asker.vault._desk.asked_for(Get) == asked

    def test_who_was_asked_just_now_is_given_time_of_its_own(self):
        world, actors = grown()
        actors[0].chunks.clear()
        actors[0].vault._desk.held.clear()
        for actor in actors:
            actor.late_s = lambda answer: 1.5 if is_about_a_chunk(answer) else 0.0
        world.sent.clear()

        assert seconds_to_get(world, actors[-1]) < 4.0
        assert world.sent["Get"] == 2

    def test_who_is_still_at_it_when_the_chunk_is_there_is_told_to_stop(self):
        world, actors = grown()
        asker, slow = actors[-1], actors[0]
        slow.late_s = lambda answer: 9.0 if is_about_a_chunk(answer) else 0.0
        asker.effects.clear()

        seconds_to_get(world, asker)

        asks = [effect for effect in asker.effects if isinstance(effect, Ask) and isinstance(effect.message, Get)]
        asked = [ask.ask_id for ask in asks if ask.peer == slow.vault.record]
        withdrawn = [effect.ask_id for effect in asker.effects if isinstance(effect, Withdraw)]
        assert withdrawn == asked != []
        assert asker.vault._desk.asked_for(Get) == 0

    @pytest.mark.long
    def test_an_answer_that_comes_when_all_is_over_is_answered_once(self):
        world, actors = grown()
        actors[0].late_s = lambda answer: 5.0 if is_about_a_chunk(answer) else 0.0
        asker = actors[-1]
        seconds_to_get(world, asker)
        told = len(asker.reports(control.Content))

        world.pass_time(TRANSFER_S)

        assert len(asker.reports(control.Content)) == told

    def test_a_chunk_that_nobody_has_is_not_found_however_late_all_are(self):
        world = World(4)
        actors = world.grow(6)
        for actor in actors:
            actor.late_s = lambda answer: 4.0 if is_about_a_chunk(answer) else 0.0
        world.feed(actors[0], CommandReceived(world.now(), control.GetChunk(77, ADDRESS)))

        world.pass_time(30.0)

        (failed,) = [report for report in actors[0].reports(control.Failed) if report.id == 77]
        assert failed.code == "peer.not_found"


class TestOneKeyOfTwoVaults:
    """A transport key that two vault ids have certified: whoever answers is not the one that was named."""

    @pytest.mark.parametrize("order", [control.PutChunk(1, CONTENT), control.GetChunk(1, ADDRESS)])
    def test_neither_a_put_nor_a_get_waits_for_it_for_ever(self, order):
        world = World()
        actor = world.add(1)
        door = record(b"d")
        twin = record(b"d", owner=b"t")
        step(world, actor, RequestReceived(world.now(), 1, door, "10.9.9.0/24", Ping(b"")))
        told: list[Any] = []

        effects = step(world, actor, CommandReceived(world.now(), order))
        while effects:
            effect = effects.pop()
            if isinstance(effect, Tell):
                told.append(effect)
            elif isinstance(effect, WriteChunk):
                effects += step(world, actor, ChunkWritten(world.now(), effect.token))
            elif isinstance(effect, Ask):
                message = Vaults((twin,)) if isinstance(effect.message, FindVaults) else Refused("busy")
                effects += step(world, actor, AnswerReceived(world.now(), effect.ask_id, "10.9.9.0/24", message, door))

        assert [tell.report.id for tell in told if getattr(tell.report, "id", 0)] == [1]


def record(key: bytes, owner: bytes | None = None) -> PeerRecord:
    transport = Signer(key * 32)
    certificate = certify(Signer((owner or key) * 32), transport.public_key, serial=1, now_s=START_S)
    return make_record(transport, certificate, ("10.9.9.9:1",), START_S)


def step(world: World, actor: Actor, event: Any) -> list[Any]:
    return list(actor.vault.step(event))


@pytest.mark.parametrize(("served", "is_blamed"), [(CONTENT, False), (b"something else", True)])
def test_who_serves_the_chunk_by_another_clock_is_not_blamed_and_who_serves_other_bytes_is(served, is_blamed):
    world = World()
    actor, holder = world.grow(2)
    answer = sign_answer(holder.signer, HELD, ADDRESS, hashlib.sha256(served).digest(), b"n" * 16, START_S - 7200.0)
    asked = Asked(holder.vault.record, Get(ADDRESS, b"n" * 16), world.now_s)
    assert serve(actor.vault._desk, asked, Chunk(served, answer)) is None
    assert (actor.vault._desk.counters["blamed peer.signature"] > 0) == is_blamed
