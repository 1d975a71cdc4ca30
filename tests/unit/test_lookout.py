"""A vault finds out by itself what its farmer is told: what others' clocks say, who answers, and what auditors say."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from node.api import checks
from node.api.schema import Check
from node.vault import CONTROL_VERSIONS, control
from node.vault.core.clocks import Clocks
from node.vault.core.events import CommandReceived, Now
from node.vault.core.lookout import OUTCOMES_S, Lookout
from node.vault.core.messages import Answer, Audit, Audited, Chunk, NotHeld, Pong
from node.vault.core.ranking import Ledger
from node.vault.looks import CLOCKS_MAX, ClockSeen, GetNeighbours, Looks, Neighbours
from tests.unit.test_checks import WELL
from tests.vault_world import Actor, World, frames_told

TWO_YEARS_S = 2 * 365.25 * 86_400.0
CHUNK = bytes(32)
CALM = control.Pace(audit_s=5.0, ping_s=20.0, refresh_s=60.0)


def looks(world: World, actor: Actor) -> Looks:
    world.feed(actor, CommandReceived(world.now(), control.GetState(9_000)))
    found = actor.reports(control.State)[-1].looks
    assert isinstance(found, Looks)
    return found


def said(world: World, actor: Actor, **changes: Any) -> dict[str, Check]:
    evidence = replace(WELL, looks=looks(world, actor), chunk_count=len(actor.vault._desk.held), **changes)
    return {check.name: check for check in checks.checks(evidence)}


def late_by(seconds: float):
    """As a vault answers whose clock is so far behind; nobody but a reader of times finds the difference."""

    def tamper(answer: Answer) -> Answer:
        if isinstance(answer, Chunk | Audited | NotHeld):
            signed = msgspec.structs.replace(answer.answer, at_s=answer.answer.at_s - seconds)
            return msgspec.structs.replace(answer, answer=signed)
        return answer

    return tamper


class TestClocks:
    def test_a_vault_without_any_chunk_hears_the_clocks_of_three_subnets(self):
        world = World()
        actors = world.grow(5, pace=CALM)
        found = looks(world, actors[0])
        assert len(found.clocks) >= 3
        assert all(abs(clock.low_s) < 1.0 for clock in found.clocks)
        assert said(world, actors[0])["clock"].result == "ok"

    def test_it_asks_no_more_than_it_needs(self):
        world = World()
        world.grow(5, pace=CALM)
        world.sent.clear()
        world.pass_time(60.0)
        assert world.sent["Get"] == 0

    def test_a_clock_two_years_ahead_of_its_right_neighbours_is_said_to_be(self):
        world = World()
        actors = world.grow(5, pace=CALM)
        for other in actors[1:]:
            other.tamper = late_by(TWO_YEARS_S)
        world.pass_time(400.0)
        check = said(world, actors[0])["clock"]
        assert check.result == "bad"
        assert check.sentence.startswith("The clock of this computer is about 2 years ahead; so say 3 other computers")

    def test_one_neighbour_with_a_wrong_clock_makes_nobody_doubt_his_own(self):
        world = World()
        actors = world.grow(6, pace=CALM)
        actors[1].tamper = late_by(TWO_YEARS_S)
        world.pass_time(330.0)
        assert said(world, actors[0])["clock"].result == "ok"

    def test_a_crowd_of_one_subnet_is_one_voice(self):
        clocks = Clocks()
        for _ in range(100):
            clocks.heard("10.0.0.0/24", 5.0, 5.0, 1.0)
        assert clocks.told(2.0) == (ClockSeen(5.0, 5.0, 1.0),)

    def test_no_more_subnets_are_kept_than_one_report_holds_and_the_newest_come_first(self):
        clocks = Clocks()
        for number in range(CLOCKS_MAX + 5):
            clocks.heard(f"10.0.{number}.0/24", float(number), float(number), float(number))
        told = clocks.told(100.0)
        assert len(told) == CLOCKS_MAX
        assert told[0].low_s == CLOCKS_MAX + 4

    @pytest.mark.parametrize("ahead_s", [float("nan"), float("inf"), -1e300])
    def test_a_time_that_is_none_is_no_clock(self, ahead_s: float):
        clocks = Clocks()
        clocks.heard("10.0.0.0/24", ahead_s, ahead_s, 1.0)
        assert clocks.told(2.0) == ()


class TestExchanges:
    def test_an_answer_that_checks_is_an_exchange_even_where_nothing_is_stored(self):
        world = World()
        actors = world.grow(4, pace=CALM)
        assert said(world, actors[0])["exchange"].result == "ok"

    def test_answers_that_are_signed_wrongly_are_none(self):
        world = World()
        actors = world.grow(4, pace=CALM)
        for other in actors[1:]:
            other.tamper = lambda answer: (
                msgspec.structs.replace(answer, answer=msgspec.structs.replace(answer.answer, signature=b"s" * 64))
                if isinstance(answer, NotHeld)
                else answer
            )
        world.pass_time(700.0)
        check = said(world, actors[0])["exchange"]
        assert check.result == "bad"
        assert "no other computer has given an answer that is right" in check.sentence

    def test_a_network_that_was_cut_is_said_to_be(self):
        world = World()
        actors = world.grow(4, pace=CALM)
        for other in actors[1:]:
            other.is_dead = True
        world.pass_time(60.0)
        assert len(actors[0].vault._desk.table) == 0
        assert said(world, actors[0], peer_count=0)["exchange"].sentence == "No other computer answers."


class TestAudits:
    def network(self) -> tuple[World, list[Actor], Actor]:
        """Five vaults that hold a dozen chunks each; the last one is looked at."""
        world = World()
        actors = world.grow(5, pace=CALM)
        for number in range(12):
            world.feed(actors[0], CommandReceived(world.now(), control.PutChunk(100 + number, b"%d" % number)))
        world.pass_time(5.0)
        return world, actors, actors[-1]

    def test_who_was_audited_learns_from_the_auditors_own_table_that_it_was_satisfied(self):
        world, _, own = self.network()
        assert len(own.chunks) == 12
        world.pass_time(100.0)
        found = looks(world, own)
        assert (found.passed > 0, found.failed) == (True, 0)
        assert said(world, own)["audit"].result == "ok"

    def test_who_only_answered_does_not_know(self):
        world, actors, own = self.network()
        for other in actors[:-1]:
            other.tamper = lambda answer: Pong(b"") if type(answer).__name__ == "Ranks" else answer
        world.pass_time(100.0)
        assert looks(world, own).passed_age_s is None
        assert said(world, own)["audit"].result == "wait"

    @pytest.mark.long
    def test_who_fails_its_audits_is_told_so_by_several(self):
        world, _, own = self.network()
        world.pass_time(100.0)
        own.tamper = lambda answer: (
            msgspec.structs.replace(answer, answer=msgspec.structs.replace(answer.answer, signature=b"s" * 64))
            if isinstance(answer, Audited)
            else answer
        )
        world.pass_time(400.0)
        check = said(world, own)["audit"]
        assert check.result == "bad"
        assert "asked for a proof of a piece that should be kept here, and got none" in check.sentence

    def test_two_that_audit_all_the_time_are_not_the_only_ones_whose_word_is_heard(self):
        asked: list[str] = []
        desk: Any = SimpleNamespace(
            now=Now(0.0, 0.0), held={CHUNK}, own_place=SimpleNamespace(subnet="own"), call_in=lambda *_: None,
            table={name.encode(): SimpleNamespace(subnet=name) for name in ("a", "b", "c", "d", "own")},
            ask=lambda _owner, record, _message: asked.append(record.vault_id.decode()),
        )  # fmt: skip
        lookout = Lookout(60.0)
        for second in range(int(OUTCOMES_S)):
            desk.now = Now(float(second), 0.0)
            for name in ("own", "a", "b", *(("c", "d") if second % 60 == 30 else ())):
                auditor: Any = SimpleNamespace(vault_id=name.encode())
                lookout.asked_for(desk, auditor, Audit(CHUNK, bytes(16)))

        assert asked[:4] == ["a", "b", "c", "d"]

    @pytest.mark.long
    def test_a_table_under_another_key_says_nothing(self, monkeypatch: pytest.MonkeyPatch):
        world, actors, own = self.network()
        ledger = actors[0].vault._desk.ledger

        def praise(*_: Any, now_s: float, utc_s: float) -> bytes:
            ledger.passed_audit(own.vault_id, now_s, 0.1)
            certificate = actors[0].vault.record.certificate
            return Ledger.table(ledger, actors[0].signer, certificate, now_s=now_s, utc_s=utc_s)

        for other in actors[:-1]:
            monkeypatch.setattr(other.vault._desk.ledger, "table", praise)
        world.pass_time(500.0)
        assert looks(world, own).passed <= 1


class TestNeighbours:
    def test_who_answers_who_is_slow_and_who_is_silent_in_the_order_of_distance(self):
        world = World()
        actors = world.grow(8, pace=CALM)
        own = actors[0]
        slow, dead = actors[3], actors[4]
        slow.late_s = lambda answer: 2.0 if isinstance(answer, Pong) else 0.0
        dead.is_dead = True
        world.pass_time(60.0)

        found = world.command(own, GetNeighbours)

        assert isinstance(found, Neighbours)
        by_id = {vault.vault_id: vault for vault in found.vaults}
        assert by_id[dead.vault_id].is_silent
        assert (by_id[dead.vault_id].age_s or 0.0) > 30.0
        assert not by_id[actors[1].vault_id].is_silent
        assert not by_id[actors[1].vault_id].is_slow
        own_position = own.vault.record.position
        distances = [
            int.from_bytes(hashlib.sha256(vault.vault_id).digest(), "big") ^ own_position for vault in found.vaults
        ]
        assert distances == sorted(distances)
        assert [vault.is_close for vault in found.vaults if not vault.is_silent][:5] == [True] * 5
        assert (found.vault_count, found.subnet_count) == (len(found.vaults) - 1, len(found.vaults) - 1)


@pytest.mark.parametrize("version", CONTROL_VERSIONS)
def test_a_supervisor_of_an_older_version_is_not_sent_what_it_could_not_read(version: int):
    sent = frames_told(version, control.State(1, 0, 0, 0, 0, 0, {}, looks=Looks()), Neighbours(1, 0, 0, ()))
    assert [b"looks" in frame for frame in sent] == ([True, False] if version >= 4 else [False])
