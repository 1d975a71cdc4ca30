"""A "not held" against an own receipt convicts, unless enough others have taken the promise over by their signature."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from node.vault.core.codec import EVIDENCE_BYTES_MAX, decode_evidence, encode
from node.vault.core.identity import Signer, certify, distance
from node.vault.core.messages import TABLE_BYTES_MAX, Evidence, HeldReceipt, Receipt, Takers
from node.vault.core.proofs import (
    LEASE_S,
    LEASE_S_MIN,
    NOT_HELD,
    _signed_part,
    check_answer,
    check_evidence,
    sign_answer,
    sign_receipt,
    takers_digest,
)
from node.vault.core.ranking import ENTRIES_MAX, EVIDENCE_ENTRIES_MAX, Ledger, decode_table
from node.vault.errors import BadSignature
from tests.unit.test_vault_attacks import ADDRESS, CHUNK, NONCE, Peer, peers
from tests.vault_world import START_S

LATER_S = START_S + 3600.0


def by_distance(count: int = 20) -> list[Peer]:
    return sorted(peers(count), key=lambda peer: distance(peer.record.position, ADDRESS))


def taken(
    peer: Peer, at_s: float = START_S, address: bytes = ADDRESS, *, lease_s: float = LEASE_S
) -> HeldReceipt:  # fmt: skip
    return HeldReceipt(peer.certificate, signed_for(peer.signer, Receipt(address, len(CHUNK), at_s, lease_s)))


def signed_for(signer: Signer, blank: Receipt) -> Receipt:
    """A receipt such as no honest vault would sign it, but with a signature that fits."""
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"receipt", blank)))


def accusation(
    accused: Peer, takers: Takers, shown: Takers | None = None, at_s: float = LATER_S, promised_s: float = START_S
) -> Evidence:
    """``accused`` signed for the chunk, then "not held" naming ``takers``; the accuser shows ``shown``."""
    receipt = sign_receipt(accused.signer, ADDRESS, len(CHUNK), promised_s)
    answer = sign_answer(accused.signer, NOT_HELD, ADDRESS, takers_digest(takers), NONCE, at_s)
    return Evidence(accused.certificate, answer, receipt, takers if shown is None else shown)


def renewed(evidence: Evidence, accused: Peer) -> Evidence:
    """With the certificate that the accused has when it answers."""
    now_s = evidence.answer.at_s
    certificate = certify(accused.owner, accused.signer.public_key, serial=2, now_s=now_s)
    return msgspec.structs.replace(evidence, certificate=certificate)


def is_convicted(evidence: Evidence, accused: Peer) -> bool:
    try:
        check_evidence(decode_evidence(encode(evidence)), accused.vault_id)
    except BadSignature:
        return False
    return True


def test_who_names_nobody_is_convicted():
    accused = by_distance()[-1]
    assert is_convicted(accusation(accused, ()), accused)


@pytest.mark.parametrize("rank", [0, 1, 10, 19])
def test_three_others_acquit_whether_they_stand_nearer_or_not(rank):
    accused, *others = by_distance()[rank:] + by_distance()[:rank]
    assert not is_convicted(accusation(accused, tuple(map(taken, others[:3]))), accused)


@pytest.mark.parametrize(("ahead_s", "lease_s"), [(-500.0, LEASE_S), (500.0, LEASE_S), (0.0, 10 * LEASE_S)])
def test_clocks_may_differ_a_little_and_a_taker_may_promise_more(ahead_s, lease_s):
    *near, accused = by_distance()
    takers = tuple(taken(peer, START_S + ahead_s, lease_s=lease_s) for peer in near[:3])
    for at_s in (START_S, START_S + LEASE_S - 1.0):
        assert not is_convicted(renewed(accusation(accused, takers, at_s=at_s), accused), accused)


def test_an_accuser_who_keeps_the_takers_back_convicts_nobody():
    *near, accused = by_distance()
    takers = tuple(map(taken, near[:3]))
    assert not is_convicted(accusation(accused, takers, shown=()), accused)
    assert not is_convicted(accusation(accused, takers, shown=takers[:2]), accused)


@pytest.mark.parametrize(
    "kind",
    ["two", "one thrice", "itself", "after the answer", "for less than the promise",
     "of another chunk", "forged", "uncertified"],
)  # fmt: skip
def test_takers_that_prove_nothing_do_not_help_a_liar(kind):
    ordered = by_distance()
    near, accused = ordered[:5], ordered[10]
    forged = msgspec.structs.replace(taken(near[2]).receipt, signature=bytes(64))
    takers = {
        "two": [taken(near[0]), taken(near[1])],
        "one thrice": [taken(near[0], START_S + age) for age in range(3)],
        "itself": [taken(near[0]), taken(near[1]), taken(accused)],
        "after the answer": [taken(peer, LATER_S + 890.0) for peer in near[:3]],
        "for less than the promise": [taken(peer, lease_s=LEASE_S_MIN) for peer in near[:3]],
        "of another chunk": [taken(peer, address=bytes(32)) for peer in near[:3]],
        "forged": [taken(near[0]), taken(near[1]), HeldReceipt(near[2].certificate, forged)],
        "uncertified": [
            taken(near[0]), taken(near[1]), msgspec.structs.replace(taken(accused), certificate=near[2].certificate)
        ],
    }[kind]  # fmt: skip
    assert is_convicted(accusation(accused, tuple(takers)), accused)


def test_who_was_given_the_chunk_again_since_is_not_acquitted_by_those_who_took_it_over_before():
    *near, accused = by_distance()
    takers = tuple(taken(peer, lease_s=10 * LEASE_S) for peer in near[:3])
    assert is_convicted(accusation(accused, takers, promised_s=START_S + 1_000.0), accused)


def test_a_peer_cannot_sign_for_other_takers_than_it_names():
    *near, peer = by_distance()
    takers = tuple(map(taken, near[:3]))
    answer = sign_answer(peer.signer, NOT_HELD, ADDRESS, takers_digest(takers), NONCE, START_S)
    key = peer.signer.public_key
    check_answer(answer, key, kind=NOT_HELD, address=ADDRESS, nonce=NONCE, utc_s=START_S, takers=takers)
    with pytest.raises(BadSignature):
        check_answer(answer, key, kind=NOT_HELD, address=ADDRESS, nonce=NONCE, utc_s=START_S)


def test_the_largest_evidence_fits_and_a_rank_table_carries_as_many_as_it_may():
    *near, accused = by_distance()
    evidence = encode(accusation(accused, tuple(map(taken, near[:5]))))
    assert len(evidence) <= EVIDENCE_BYTES_MAX
    ledger = Ledger()
    for number in range(ENTRIES_MAX):
        ledger.blame(hashlib.sha256(bytes([number])).digest(), float(number), evidence.ljust(EVIDENCE_BYTES_MAX, b"0"))
    content = ledger.table(accused.signer, accused.certificate, now_s=1e6, utc_s=START_S)
    assert len(content) <= TABLE_BYTES_MAX
    entries = decode_table(content, START_S).entries
    assert sum(len(entry.evidence) == EVIDENCE_BYTES_MAX for entry in entries) == EVIDENCE_ENTRIES_MAX


def test_evidence_that_is_too_large_for_a_table_is_not_kept():
    ledger, peer = Ledger(), Peer(1)
    ledger.blame(peer.vault_id, 0.0, bytes(EVIDENCE_BYTES_MAX + 1))
    table = decode_table(ledger.table(peer.signer, peer.certificate, now_s=1.0, utc_s=START_S), START_S)
    assert [(entry.faults, entry.evidence) for entry in table.entries] == [(1, b"")]
