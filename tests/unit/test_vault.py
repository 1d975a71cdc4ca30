"""The vault's core, told as what it does for its farmer and its peers."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from node.vault import control
from node.vault.core.close_group import Place, close_group
from node.vault.core.codec import decode_evidence
from node.vault.core.events import ChunkWritten, CommandReceived, Event, PeerSilent, Reply, RequestReceived, WriteChunk
from node.vault.core.gossip import SEEN_S
from node.vault.core.identity import PeerRecord, Signer, certify, decode_record, encode_certificate, make_record
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    Evidence,
    NotHeld,
    Ping,
    Put,
    Refused,
    SignedAnswer,
    Stored,
)
from node.vault.core.proofs import AUDITED, HELD, check_evidence, sign_answer
from node.vault.core.ranking import DATA_FAULTS_MAX, Ledger, RankTable, decode_table
from node.vault.core.sample import AUDITS_PER_SAMPLE
from node.vault.errors import BadSignature
from node.vault.rating import FetchRankTables
from tests.vault_world import START_S, Actor, World

CHUNK = b"a chunk of a peer"
ADDRESS = hashlib.sha256(CHUNK).digest()


def step(actor: Actor, event: Event) -> list[Any]:
    return list(actor.vault.step(event))


def put(world: World, actor: Actor, content: bytes = CHUNK) -> Any:
    return world.command(actor, lambda number: control.PutChunk(number, content))


def get(world: World, actor: Actor, address: bytes = ADDRESS) -> Any:
    return world.command(actor, lambda number: control.GetChunk(number, address))


def state(world: World, actor: Actor) -> Any:
    return world.command(actor, control.GetState)


def tables(world: World, actor: Actor) -> list[RankTable]:
    answer = world.command(actor, FetchRankTables)
    return [decode_table(given.table, START_S + world.now_s) for given in answer.tables]


def client(world: World) -> PeerRecord:
    """The record of someone who only asks."""
    transport = Signer(world.random.randbytes(32))
    certificate = certify(Signer(world.random.randbytes(32)), transport.public_key, serial=1, now_s=START_S)
    return make_record(transport, certificate, (), START_S)


def convictions(world: World, witnesses: list[Actor], accused: Actor) -> list[bytes]:
    """The evidence against ``accused`` in the witnesses' rank tables."""
    now_s, utc_s = world.now_s, START_S + world.now_s
    found = []
    for witness in witnesses:
        signed = witness.vault._desk.ledger.table(
            witness.signer, witness.vault.record.certificate, now_s=now_s, utc_s=utc_s
        )
        found += [e.evidence for e in decode_table(signed, utc_s).entries if e.vault_id == accused.vault_id]
    return [evidence for evidence in found if evidence]


def signed_anew(actor: Actor, answer: SignedAnswer, kind: str, digest: bytes) -> SignedAnswer:
    return sign_answer(actor.signer, kind, answer.address, digest, answer.nonce, answer.at_s)


def holders(actors: list[Actor]) -> list[Actor]:
    return [actor for actor in actors if ADDRESS in actor.chunks]


def nearest(actors: list[Actor]) -> list[Actor]:
    return sorted(actors, key=lambda a: a.vault.record.position ^ int.from_bytes(ADDRESS, "big"))


class TestMeeting:
    def test_vaults_that_know_one_contact_come_to_know_each_other(self):
        world = World()
        first = world.add(1)
        others = [world.add(number, contacts=[first]) for number in range(2, 9)]
        world.pass_time(40.0)
        assert [state(world, actor).peer_count for actor in (first, *others)] == [7] * 8

    def test_those_behind_the_own_address_are_no_neighbours(self):
        world = World()
        actors = world.grow(4)
        world.add(1, host=2, contacts=actors[:1])
        world.pass_time(30.0)
        assert (state(world, actors[0]).peer_count, state(world, actors[0]).subnet_count) == (4, 3)

    def test_a_client_without_an_address_is_not_taken_for_a_vault(self):
        world = World()
        actor = world.add(1)
        world._requests[1] = (actor, 0, actor)
        world.feed(actor, RequestReceived(world.now(), 1, client(world), "10.0.9.0/24", Ping(b"")))
        assert state(world, actor).peer_count == 0

    def test_a_vault_that_leaves_on_purpose_is_forgotten_at_once(self):
        world = World()
        actors = world.grow(6)
        world.feed(actors[5], CommandReceived(world.now(), control.Drain(1)))
        world.pass_time(0.2)
        assert all(actors[5].vault_id not in {p.vault_id for p in a.vault._desk.table} for a in actors[:5])

    def test_a_silent_peer_is_dropped_after_three_failures(self):
        world = World()
        actors = world.grow(6)
        actors[5].is_dead = True
        world.pass_time(60.0)
        assert {state(world, actor).peer_count for actor in actors[:5]} == {4}


def test_a_new_certificate_is_told_to_the_supervisor_in_the_record_to_find_the_vault_by_now():
    """Else it would keep one that nobody accepts a day later."""
    world = World()
    actor = world.add(1)
    world.pass_time(10.0)
    key, now_s = actor.vault.record.transport_key, START_S + world.now_s
    certificate = certify(actor.owner, key, serial=2, now_s=now_s)

    done = world.command(actor, lambda number: control.RenewCertificate(number, encode_certificate(certificate)))

    assert isinstance(done, control.Done)
    newest = decode_record(actor.reports(control.Listening)[-1].record, now_s)
    assert (newest.certificate, newest.addresses) == (certificate, (actor.address,))


class TestStoring:
    def test_a_chunk_is_held_by_five_subnets(self):
        world = World()
        actors = world.grow(9)
        stored = put(world, actors[0])
        assert isinstance(stored, control.Stored)
        assert len(stored.receipts) == 5
        assert len(holders(actors)) == 5

    @pytest.mark.long
    def test_nobody_outside_the_close_group_is_bothered(self):
        world = World()
        actors = world.grow(9)
        for actor in actors:
            put(world, actor, actor.name.encode())
        assert [state(world, actor).counters.get("put not mine", 0) for actor in actors] == [0] * 9

    def test_the_holders_are_the_nearest_vaults(self):
        world = World()
        actors = world.grow(9)
        put(world, actors[0])
        assert {a.name for a in holders(actors)} == {a.name for a in nearest(actors)[:5]}

    @pytest.mark.long
    def test_many_vaults_of_one_subnet_count_as_one_holder(self):
        world = World()
        actors = world.grow(6)
        crowd = [world.add(7, host=host, contacts=actors[:3]) for host in range(1, 12)]
        world.pass_time(60.0)
        put(world, actors[0])
        assert len({actor.address.rpartition(".")[0] for actor in holders(actors + crowd)}) >= 5

    @pytest.mark.long
    def test_a_stored_chunk_comes_back_through_every_vault(self):
        world = World()
        actors = world.grow(9)
        put(world, actors[0])
        assert [get(world, actor).content for actor in actors] == [CHUNK] * 9

    def test_no_receipt_leaves_before_the_chunk_would_survive_a_power_cut(self):
        world = World()
        actor = world.add(1)
        world._requests[1] = (actor, 0, actor)
        asked = step(actor, RequestReceived(world.now(), 1, client(world), "10.0.9.0/24", Put(ADDRESS, CHUNK)))
        assert [type(effect) for effect in asked] == [WriteChunk]
        done = step(actor, ChunkWritten(world.now(), asked[0].token))
        assert isinstance(done[0], Reply)
        assert isinstance(done[0].message, Stored)

    def test_a_failed_write_is_no_receipt_and_gives_its_room_back(self):
        world = World()
        actor = world.add(1)
        asked = step(actor, RequestReceived(world.now(), 1, client(world), "10.0.9.0/24", Put(ADDRESS, CHUNK)))
        done = step(actor, ChunkWritten(world.now(), asked[0].token, "storage"))
        assert done == [Reply(1, Refused("storage"))]
        assert state(world, actor).used_bytes == 0

    def test_a_full_vault_refuses(self):
        world = World()
        actor = world.add(1, quota_bytes=len(CHUNK) - 1)
        done = step(actor, RequestReceived(world.now(), 1, client(world), "10.0.9.0/24", Put(ADDRESS, CHUNK)))
        assert done == [Reply(1, Refused("resource.quota"))]

    @pytest.mark.parametrize(("code", "said"), [("resource.quota", "resource.quota"), ("\x1b[2J[red]gone", "refused")])
    def test_of_what_peers_say_when_they_refuse_only_known_codes_reach_a_person(self, code, said):
        world = World()
        actors = world.grow(4)
        for actor in actors[1:]:
            actor.tamper = lambda message: Refused(code) if isinstance(message, Stored) else message
        failed = put(world, actors[0])
        assert failed.message == f"1 holders took the chunk, 3 are needed (3 x {said})"

    def test_two_writes_on_their_way_cannot_exceed_the_quota_together(self):
        world = World()
        actor = world.add(1, quota_bytes=10)
        first, second = b"8 bytes.", b"8 bytes!"
        asker = client(world)
        for number, content in ((1, first), (2, second)):
            message = Put(hashlib.sha256(content).digest(), content)
            done = step(actor, RequestReceived(world.now(), number, asker, "10.0.9.0/24", message))
        assert done == [Reply(2, Refused("resource.quota"))]

    def test_bytes_that_do_not_fit_their_address_are_refused_and_blamed(self):
        world = World()
        actor = world.add(1)
        done = step(actor, RequestReceived(world.now(), 1, client(world), "10.0.9.0/24", Put(ADDRESS, b"other")))
        assert done == [Reply(1, Refused("peer.chunk_mismatch"))]
        assert state(world, actor).counters["blamed peer.chunk_mismatch"] == 1

    def test_the_next_nearest_takes_the_place_of_a_vault_that_is_full(self):
        world = World()
        actors = world.grow(9)
        full = nearest(actors)[1]
        world.command(full, lambda number: control.SetQuota(number, 0))

        stored = put(world, next(actor for actor in actors if actor is not full))

        assert len(stored.receipts) == 5
        assert holders(actors) == [actor for actor in actors if actor in nearest(actors)[:6] and actor is not full]

    def test_the_next_nearest_takes_the_place_of_the_own_vault_when_that_is_full(self):
        world = World()
        actors = world.grow(9)
        full = nearest(actors)[1]
        world.command(full, lambda number: control.SetQuota(number, 0))

        assert len(put(world, full).receipts) == 5
        assert len(holders(actors)) == 5

    def test_a_chunk_that_no_more_than_three_subnets_have_room_for_counts_as_stored(self):
        world = World()
        actors = world.grow(9)
        for full in nearest(actors)[3:]:
            world.command(full, lambda number: control.SetQuota(number, 0))

        assert len(put(world, actors[0]).receipts) == 3

    def test_a_vault_that_has_lost_sight_of_the_others_stores_nothing(self):
        world = World()
        actors = world.grow(6)
        for away in actors[1:]:
            away.is_dead = True
            world.feed(actors[0], PeerSilent(world.now(), away.vault.record))

        world.pass_time(10.0)

        assert put(world, actors[0]).message == "1 holders took the chunk, 3 are needed"

    def test_a_network_of_two_stores_with_both(self):
        world = World()
        actors = world.grow(2)

        assert len(put(world, actors[0]).receipts) == 2

    def test_many_receipts_of_one_subnet_are_not_enough(self):
        world = World()
        actors = world.grow(4)
        crowd = [world.add(4, host=host, contacts=actors[:3]) for host in range(2, 6)]
        world.pass_time(60.0)
        for full in actors[:3]:
            world.command(full, lambda number: control.SetQuota(number, 0))

        answer = put(world, actors[0])

        assert len(holders(actors + crowd)) > 3
        assert answer.message == "1 holders took the chunk, 3 are needed (3 x resource.quota)"

    def test_a_put_that_too_few_vaults_take_fails_and_says_so(self):
        world = World()
        actors = world.grow(6, quota_bytes=0)
        answer = put(world, actors[0])
        assert isinstance(answer, control.Failed)
        assert answer.message == "0 holders took the chunk, 3 are needed (6 x resource.quota)"


class TestFetching:
    def test_an_unknown_address_is_a_stated_failure(self):
        world = World()
        actors = world.grow(6)
        answer = get(world, actors[0])
        assert isinstance(answer, control.Failed)
        assert answer.code == "peer.not_found"

    def test_wrong_bytes_are_never_handed_on_and_convict_who_served_them(self):
        world = World()
        actors = world.grow(9)
        put(world, actors[0])
        liar = min(holders(actors), key=lambda a: a.vault.record.position ^ int.from_bytes(ADDRESS, "big"))
        wrong = b"other bytes"
        digest = hashlib.sha256(wrong).digest()
        liar.tamper = lambda answer: (
            Chunk(wrong, signed_anew(liar, answer.answer, HELD, digest)) if isinstance(answer, Chunk) else answer
        )
        readers = [actor for actor in actors if ADDRESS not in actor.chunks]
        assert {get(world, actor).content for actor in readers} == {CHUNK}
        evidence = convictions(world, readers, liar)
        assert len(evidence) == len(readers)
        check_evidence(decode_evidence(evidence[0]), liar.vault_id)

    def test_evidence_against_one_vault_convicts_no_other(self):
        world = World()
        actors = world.grow(2)
        nonce, other = b"n" * 16, actors[1]
        answer = sign_answer(other.signer, HELD, ADDRESS, bytes(32), nonce, START_S)
        evidence = Evidence(other.vault.record.certificate, answer)
        check_evidence(evidence, other.vault_id)
        with pytest.raises(BadSignature):
            check_evidence(evidence, actors[0].vault_id)

    @pytest.mark.long
    def test_an_unsigned_answer_counts_for_nothing(self):
        world = World()
        actors = world.grow(9)
        put(world, actors[0])
        for actor in holders(actors)[:2]:
            actor.tamper = lambda answer: (
                msgspec.structs.replace(answer, answer=msgspec.structs.replace(answer.answer, signature=b"0" * 64))
                if isinstance(answer, Chunk)
                else answer
            )
        readers = [actor for actor in actors if ADDRESS not in actor.chunks]
        assert {get(world, actor).content for actor in readers} == {CHUNK}

    def test_a_newer_proof_takes_the_place_of_an_older_one_which_says_nothing_of_later_runs(self):
        ledger, signer = Ledger(), Signer(bytes(32))
        for evidence in (b"of the first run", b"of the second run", b""):
            ledger.blame(bytes(32), 1.0, evidence, is_data_fault=True)
        certificate = certify(signer, signer.public_key, serial=1, now_s=START_S)
        (entry,) = decode_table(ledger.table(signer, certificate, now_s=2.0, utc_s=START_S), START_S).entries
        assert entry.evidence == b"of the second run"


class TestAuditing:
    @pytest.mark.long
    def test_an_honest_peer_passes_and_is_ranked_by_its_speed(self):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        world.pass_time(60.0)
        entries = [entry for table in tables(world, actors[0]) for entry in table.entries]
        rated = [entry for entry in entries if entry.log_ratio is not None]
        assert rated
        assert all(abs(entry.log_ratio or 0.0) < 0.01 for entry in rated)
        assert sum(entry.faults for entry in entries) == 0

    def test_a_vault_that_lost_a_chunk_after_its_receipt_convicts_itself(self):
        world = World()
        keeper, loser = world.grow(2)
        put(world, keeper)
        del loser.chunks[ADDRESS]
        world.pass_time(20.0)
        (evidence,) = convictions(world, [keeper], loser)
        check_evidence(decode_evidence(evidence), loser.vault_id)

    def test_a_chunk_that_a_holder_lost_is_given_to_it_again(self):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        loser = holders(actors)[-1]
        del loser.chunks[ADDRESS]
        world.pass_time(60.0)
        assert loser.chunks[ADDRESS] == CHUNK

    @pytest.mark.long
    def test_an_audit_answered_without_the_content_fails(self):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        cheat = next(actor for actor in holders(actors) if actor is not actors[0])
        cheat.tamper = lambda answer: (
            msgspec.structs.replace(answer, answer=signed_anew(cheat, answer.answer, AUDITED, bytes(32)))
            if isinstance(answer, Audited)
            else answer
        )
        world.pass_time(60.0)
        blamed = [state(world, actor).counters.get("blamed peer.failed_audit", 0) for actor in actors]
        assert sum(blamed) > 0

    def test_a_vault_that_fails_an_audit_is_asked_for_the_chunk_and_convicts_itself_by_what_it_signs(self):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        liar = next(actor for actor in holders(actors) if actor is not actors[0])

        def tamper(answer: Answer) -> Answer:
            match answer:
                case Audited():
                    return msgspec.structs.replace(answer, answer=signed_anew(liar, answer.answer, AUDITED, bytes(32)))
                case Chunk(_, signed):
                    return Chunk(b"other", signed_anew(liar, signed, HELD, hashlib.sha256(b"other").digest()))
            return answer

        liar.tamper = tamper
        world.pass_time(60.0)  # nobody fetches anything meanwhile

        auditors = [actor for actor in holders(actors) if actor is not liar]
        evidence = convictions(world, auditors, liar)
        assert len(evidence) == len(auditors)
        check_evidence(decode_evidence(evidence[0]), liar.vault_id)
        assert all(actor.vault._desk.is_shunned(liar.vault_id) for actor in auditors)

    @pytest.mark.long
    def test_a_vault_whose_audits_are_right_and_whose_reads_are_wrong_is_convicted_though_nobody_reads_there(self):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        liar = next(actor for actor in holders(actors) if actor is not actors[0])
        digest = hashlib.sha256(b"other").digest()
        liar.tamper = lambda answer: (
            Chunk(b"other", signed_anew(liar, answer.answer, HELD, digest)) if isinstance(answer, Chunk) else answer
        )
        world.pass_time(240.0)

        evidence = convictions(world, [actor for actor in holders(actors) if actor is not liar], liar)
        assert evidence
        check_evidence(decode_evidence(evidence[0]), liar.vault_id)

    @pytest.mark.long
    def test_about_one_passed_audit_in_16_is_followed_by_a_read(self):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        world.sent.clear()
        world.pass_time(600.0)
        assert 0.6 < world.sent["Get"] * AUDITS_PER_SAMPLE / world.sent["Audit"] < 1.5

    @pytest.mark.long
    @pytest.mark.parametrize("answer", ["nothing", "refused", "right"])
    def test_who_passes_an_audit_and_does_not_serve_the_chunk_just_then_is_not_blamed(self, answer: str):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        peer = next(actor for actor in holders(actors) if actor is not actors[0])
        peer.tamper = lambda given: Refused("busy") if answer == "refused" and isinstance(given, Chunk) else given
        peer.late_s = lambda given: 1e6 if answer == "nothing" and isinstance(given, Chunk) else 0.0
        world.sent.clear()
        world.pass_time(240.0)

        assert world.sent["Get"] > 0
        for actor in actors:
            counters = actor.vault._desk.counters
            assert not any(name.startswith("blamed") for name in counters)
            assert not counters["peer left out"]

    @pytest.mark.parametrize("answer", ["right", "nothing", "unsigned"])
    def test_a_failed_audit_is_blamed_once_whatever_follows_it(self, answer: str):
        world = World()
        actors = world.grow(6)
        put(world, actors[0])
        cheat = next(actor for actor in holders(actors) if actor is not actors[0])
        failed: list[Answer] = []

        def tamper(given: Answer) -> Answer:
            match given:
                case Audited():
                    failed.append(given)
                    return msgspec.structs.replace(given, answer=signed_anew(cheat, given.answer, AUDITED, bytes(32)))
                case Chunk(content, signed) if answer == "unsigned":
                    return Chunk(content, msgspec.structs.replace(signed, signature=bytes(64)))
            return given

        cheat.tamper = tamper
        cheat.late_s = lambda given: 1e6 if answer == "nothing" and isinstance(given, Chunk) else 0.0
        world.pass_time(60.0)
        cheat.tamper = None
        world.pass_time(20.0)

        auditors = [actor for actor in holders(actors) if actor is not cheat]
        blamed = [auditor.vault._desk.counters["blamed peer.failed_audit"] for auditor in auditors]
        assert min(blamed) >= DATA_FAULTS_MAX
        assert sum(blamed) == len(failed)
        assert convictions(world, auditors, cheat) == []

    def test_who_signs_for_a_chunk_by_saying_that_it_lacks_it_is_blamed_and_not_given_it_again_and_again(self):
        world = World()
        keeper, liar = world.grow(2)
        put(world, keeper)
        lacking: list[NotHeld] = []

        def tamper(answer: Answer) -> Answer:
            lacking.extend([answer] if isinstance(answer, NotHeld) else [])
            return lacking[-1] if isinstance(answer, Stored) and lacking else answer

        liar.tamper, liar.chunks = tamper, {}
        liar.vault._desk.held.clear()
        world.sent.clear()
        world.pass_time(20.0)

        assert world.sent["Put"] < 25
        assert state(world, keeper).counters["blamed peer.malformed"] > 0

    def test_a_newcomer_of_the_close_group_is_given_the_chunk_by_an_audit(self):
        world = World()
        actors = world.grow(4)
        put(world, actors[0])
        newcomer = world.add(5, contacts=actors[:2])
        world.pass_time(60.0)
        assert newcomer.chunks.get(ADDRESS) == CHUNK


class TestHeads:
    def test_a_head_reaches_everyone_and_is_handed_up_once(self):
        world = World()
        actors = world.grow(9)
        world.command(actors[0], lambda number: control.SetHead(number, b"a head"))
        world.pass_time(30.0)
        assert [len(actor.reports(control.HeadSeen)) for actor in actors] == [0] + [1] * 8
        assert {seen.content for actor in actors for seen in actor.reports(control.HeadSeen)} == {b"a head"}

    def test_a_refused_head_is_held_against_its_sender(self):
        world = World()
        actors = world.grow(3)
        world.command(actors[0], lambda number: control.SetHead(number, b"forged"))
        seen = actors[1].reports(control.HeadSeen)[0]
        digest = hashlib.sha256(seen.content).digest()
        world.command(actors[1], lambda number: control.RefuseHead(number, digest, seen.sender))
        standing = actors[1].vault._desk.ledger.standing(actors[0].vault_id)
        assert standing is not None
        assert standing.faults == 1

    def test_a_head_that_nobody_took_up_is_handed_up_again_after_a_while(self):
        world = World()
        actors = world.grow(3)
        world.command(actors[0], lambda number: control.SetHead(number, b"a head"))
        world.pass_time(SEEN_S - 30.0)
        assert len(actors[1].reports(control.HeadSeen)) == 1
        world.pass_time(60.0)
        assert len(actors[1].reports(control.HeadSeen)) == 2

    def test_a_newcomer_learns_the_head_when_it_meets_the_first_peer(self):
        world = World()
        actors = world.grow(3, head=b"a head")
        newcomer = world.add(4, contacts=[actors[0]])
        world.pass_time(1.0)
        assert [seen.content for seen in newcomer.reports(control.HeadSeen)] == [b"a head"]


class TestDeterminism:
    @pytest.mark.long
    def test_the_same_seed_gives_the_same_story(self):
        def play() -> list[str]:
            world = World(seed=7)
            actors = world.grow(7)
            put(world, actors[2])
            world.pass_time(20.0)
            return [repr(effect) for actor in actors for effect in actor.effects]

        assert play() == play()


def test_a_close_group_ends_with_the_fifth_subnet():
    places = [Place(b"", position, subnet) for position, subnet in enumerate("aabcadefa")]
    assert [p.subnet for p in close_group(places, bytes(32))] == ["a", "a", "b", "c", "a", "d", "e"]


def test_an_audit_of_a_chunk_that_was_never_held_is_answered_honestly():
    world = World()
    actor = world.add(1)
    done = step(actor, RequestReceived(world.now(), 1, client(world), "10.0.9.0/24", Audit(ADDRESS, b"n" * 16)))
    assert done[0].message.answer.kind == "not_held"
