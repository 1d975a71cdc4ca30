"""What a vault that holds a chunk thinks of a peer which gave it up and names takers: it looks at the takers itself."""

from __future__ import annotations

import pytest

from node.vault.core.codec import decode_evidence
from node.vault.core.desk import Desk
from node.vault.core.hearing import LOOKED_AT_MAX, Hearing
from node.vault.core.identity import CLOCK_SKEW_S, PeerRecord, certify, make_record
from node.vault.core.messages import TAKERS_MAX, Audited, HeldReceipt, NotHeld, Refused, Takers
from node.vault.core.proofs import (
    LEASE_S,
    NOT_HELD,
    check_evidence,
    sign_answer,
    sign_receipt,
    takers_digest,
)
from node.vault.core.ranking import DATA_FAULTS_MAX
from tests.unit.test_replication import PACE, network
from tests.unit.test_vault_attacks import ADDRESS, NONCE, Peer
from tests.vault_world import START_S, Actor, World, proving_other_bytes


class Case:
    """Five vaults hold one chunk; the first one has a receipt of the second, who says that it gave the chunk up."""

    def __init__(self) -> None:
        self.world, actors, (self.address,) = network(count=5, chunks=1)
        self.auditor, self.accused, *self.others = actors
        assert all(self.address in actor.chunks for actor in actors)

    def signed(self, actor: Actor, address: bytes = b"", ago_s: float = 0.0) -> HeldReceipt:
        receipt = sign_receipt(actor.signer, address or self.address, 1, START_S + self.world.now_s - ago_s)
        return HeldReceipt(actor.vault.record.certificate, receipt)

    def invented(self, count: int, first: int = 0) -> Takers:
        peers = [Peer(number, f"10.{number}.1.1:1") for number in range(first, first + count)]
        return tuple(
            HeldReceipt(peer.certificate, sign_receipt(peer.signer, self.address, 1, START_S + self.world.now_s))
            for peer in peers
        )

    def excuse(self, takers: Takers, seconds: float = 20.0, address: bytes = b"") -> None:
        """The accused says "not held", naming ``takers``; the auditor has ``seconds`` to think about it."""
        world, accused, address = self.world, self.accused, address or self.address
        digest, at_s = takers_digest(takers), START_S + world.now_s
        message = NotHeld(sign_answer(accused.signer, NOT_HELD, address, digest, NONCE, at_s), takers)
        desk = self.auditor.vault._desk
        desk.now = world.now()
        self.auditor.vault._auditor.missing(desk, accused.vault.record, address, message)
        world.pass_time(seconds)

    def give_up(self, actor: Actor, takers: Takers) -> None:
        """The chunk, as it does with one that others have taken over."""
        self.lose(actor)
        actor.vault._desk.remember_takers(self.address, takers)

    def lose(self, actor: Actor) -> None:
        actor.chunks.pop(self.address)
        actor.vault._desk.forget(self.address)

    def receipt_count(self) -> int:
        return len(self.auditor.vault._auditor._receipts)

    def strikes(self, actor: Actor | None = None) -> int:
        standing = self.auditor.vault._desk.ledger.standing((actor or self.accused).vault_id)
        return standing.data_faults if standing is not None else 0

    def evidence(self, actor: Actor) -> bytes:
        standing = self.auditor.vault._desk.ledger.standing(actor.vault_id)
        return standing.evidence if standing is not None else b""


@pytest.fixture
def case() -> Case:
    return Case()


def test_who_names_three_that_hold_the_chunk_in_three_subnets_is_excused(case):
    case.excuse(tuple(map(case.signed, case.others)))
    assert case.strikes() == 0
    assert case.auditor.vault._desk.counters["excused"] == 1


def test_the_own_vault_may_be_one_of_them(case):
    case.excuse(tuple(map(case.signed, (case.auditor, *case.others[:2]))))
    assert case.strikes() == 0


def test_invented_takers_are_a_strike_although_no_third_party_could_tell_them_from_real_ones(case):
    case.excuse(case.invented(5), seconds=60.0)
    assert case.strikes() == 1
    assert case.evidence(case.accused) == b""


def test_two_real_ones_and_an_invented_one_are_too_few(case):
    case.excuse((*map(case.signed, case.others[:2]), *case.invented(1)), seconds=60.0)
    assert case.strikes() == 1


def test_takers_of_one_subnet_are_one(case):
    crowd = [case.world.add(60, host=host, contacts=[case.auditor], pace=PACE) for host in range(1, 4)]
    case.world.pass_time(30.0)
    assert all(case.auditor.vault._desk.table.get(actor.vault_id) is not None for actor in crowd)
    case.excuse(tuple(map(case.signed, crowd)))
    assert case.strikes() == 1


def test_takers_behind_the_address_of_the_accused_do_not_count(case):
    twin = case.world.add(2, host=2, contacts=[case.auditor], pace=PACE)
    case.world.pass_time(30.0)
    case.excuse(tuple(map(case.signed, (twin, *case.others[:2]))))
    assert case.strikes() == 1


def test_takers_are_asked_and_who_denies_does_not_count_and_convicts_itself(case):
    takers = tuple(map(case.signed, case.others))
    case.lose(case.others[0])
    case.excuse(takers)
    assert case.strikes() == 1
    assert case.strikes(case.others[0]) == 1
    check_evidence(decode_evidence(case.evidence(case.others[0])), case.others[0].vault_id)


def test_in_the_place_of_a_taker_that_gave_the_chunk_up_since_those_count_who_took_it_from_that_one(case):
    takers = tuple(map(case.signed, case.others))
    case.give_up(case.others[0], tuple(map(case.signed, (case.auditor, *case.others[1:]))))
    case.excuse(takers)
    assert (case.strikes(), case.strikes(case.others[0])) == (0, 0)
    assert case.auditor.vault._desk.counters["excused"] == 1


def test_whom_a_taker_names_that_gave_the_chunk_up_is_looked_at_too(case):
    takers = tuple(map(case.signed, case.others))
    case.give_up(case.others[0], (*map(case.signed, case.others[1:]), *case.invented(3)))
    case.excuse(takers, seconds=60.0)
    assert case.strikes() == 1


def test_whom_a_taker_names_must_have_taken_over_what_the_accused_had_promised(case):
    case.world.now_s += 2 * CLOCK_SKEW_S
    record = case.accused.vault.record
    case.auditor.vault._auditor.keep_receipt(record, case.signed(case.accused))
    early = tuple(case.signed(actor, ago_s=1.5 * CLOCK_SKEW_S) for actor in (case.auditor, *case.others[1:]))
    case.give_up(case.others[0], early)
    case.excuse((case.signed(case.others[0], ago_s=0.9 * CLOCK_SKEW_S), *map(case.signed, case.others[1:])))
    assert (case.strikes(), case.strikes(case.others[0])) == (1, 0)


def test_each_of_those_named_is_asked_once_also_when_they_name_each_other(case, monkeypatch):
    takers, asked, ask = tuple(map(case.signed, case.others)), [], Hearing._ask

    def note(hearing: Hearing, desk: Desk, taker: PeerRecord, subnet: str) -> None:
        asked.append(taker.vault_id)
        ask(hearing, desk, taker, subnet)

    monkeypatch.setattr(Hearing, "_ask", note)
    for taker in case.others:
        case.give_up(taker, tuple(case.signed(actor) for actor in (case.accused, *case.others) if actor != taker))
    case.excuse(takers)
    assert asked == [actor.vault_id for actor in case.others]
    assert case.strikes() == 1


def test_a_hearing_ends_however_many_are_named_by_those_who_were_named(case):
    takers = tuple(map(case.signed, case.others))
    for number, taker in enumerate(case.others):
        case.give_up(taker, case.invented(TAKERS_MAX, TAKERS_MAX * number))
    case.excuse(takers, seconds=0.0)
    hearing = case.auditor.vault._auditor._hearings[case.accused.vault_id]
    case.world.pass_time(120.0)
    assert hearing.is_over
    assert len(hearing._named) == LOOKED_AT_MAX
    assert case.strikes() == 1


def test_a_taker_that_proves_other_bytes_does_not_count(case):
    liar = case.others[0]
    liar.tamper = proving_other_bytes(liar)
    case.excuse(tuple(map(case.signed, case.others)))
    assert (case.strikes(), case.strikes(liar)) == (1, 1)


def test_takers_that_this_vault_does_not_know_yet_are_looked_up_and_met(case):
    takers = tuple(map(case.signed, case.others))
    for actor in case.others[1:]:
        case.auditor.vault._desk.table.remove(actor.vault_id)
    case.excuse(takers)
    assert case.strikes() == 0
    assert case.auditor.vault._desk.counters["excused"] == 1


@pytest.mark.parametrize("is_dead", [True, False])
def test_takers_that_are_silent_or_busy_count_as_long_as_this_vault_knows_them(case, is_dead):
    for actor in case.others:
        actor.is_dead = is_dead
        actor.tamper = lambda answer: Refused("busy") if isinstance(answer, Audited) else answer
    case.excuse(tuple(map(case.signed, case.others)))
    assert case.strikes() == 0


def test_takers_that_went_to_sleep_with_all_their_homes_count_where_this_vault_last_heard_them(case):
    """In the evening the very departures for which the accused is asked take its takers away."""
    takers = tuple(map(case.signed, case.others))
    for actor in case.others:
        actor.is_dead = True
        case.auditor.vault._desk.table.remove(actor.vault_id)
    case.excuse(takers, seconds=60.0)
    assert case.strikes() == 0
    assert case.auditor.vault._desk.counters["excused"] == 1


def test_nobody_counts_for_having_been_heard_who_was_caught_too_often_since(case):
    takers = tuple(map(case.signed, case.others))
    desk = case.auditor.vault._desk
    desk.now = case.world.now()
    for actor in case.others:
        actor.is_dead = True
        for _ in range(DATA_FAULTS_MAX):
            desk.blame(actor.vault.record, "peer.lost_chunk")
    case.excuse(takers, seconds=60.0)
    assert case.strikes() == 1


def test_a_peer_is_heard_about_one_chunk_at_a_time_and_its_other_receipts_are_kept_for_later(case):
    kept = case.receipt_count()
    case.excuse(tuple(map(case.signed, case.others)), seconds=0.0)
    case.auditor.vault._auditor.keep_receipt(case.accused.vault.record, case.signed(case.accused, ADDRESS))
    case.excuse(tuple(case.signed(actor, ADDRESS) for actor in case.others), seconds=0.0, address=ADDRESS)
    assert case.receipt_count() == kept
    case.world.pass_time(20.0)
    assert case.auditor.vault._desk.counters["excused"] == 1


def test_a_receipt_that_was_signed_after_the_denial_is_kept_and_held_against_nobody(case):
    kept = case.receipt_count()
    later = sign_receipt(case.accused.signer, case.address, 1, START_S + case.world.now_s + 890.0)
    record = case.accused.vault.record
    case.auditor.vault._auditor.keep_receipt(record, HeldReceipt(record.certificate, later))
    case.excuse(())
    assert (case.strikes(), case.receipt_count()) == (0, kept)


def test_a_promise_that_has_ended_is_held_against_nobody(case):
    case.world.now_s += LEASE_S + 3600.0
    case.excuse(())
    assert case.strikes() == 0


def test_an_old_promise_binds_when_the_certificate_was_renewed_since():
    world, accused = World(), Peer(1, "10.1.1.1:1")
    auditor = world.add(9).vault
    auditor._auditor.keep_receipt(
        accused.record, HeldReceipt(accused.certificate, sign_receipt(accused.signer, ADDRESS, 1, START_S))
    )
    world.now_s += 25 * 3600.0
    now_s = START_S + world.now_s
    certificate = certify(accused.owner, accused.signer.public_key, serial=2, now_s=now_s)
    answer = NotHeld(sign_answer(accused.signer, NOT_HELD, ADDRESS, b"", NONCE, now_s))
    desk = auditor._desk
    desk.now = world.now()
    auditor._auditor.missing(desk, make_record(accused.signer, certificate, (), now_s), ADDRESS, answer)
    standing = desk.ledger.standing(accused.vault_id)
    assert standing is not None
    check_evidence(decode_evidence(standing.evidence), accused.vault_id)
