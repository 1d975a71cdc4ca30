"""A "not held" against an own receipt convicts, unless enough nearer vaults have signed to hold the chunk instead."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from node.vault.core.codec import EVIDENCE_BYTES_MAX, decode_evidence, encode
from node.vault.core.identity import distance
from node.vault.core.messages import TABLE_BYTES_MAX, Evidence, HeldReceipt, Takers
from node.vault.core.proofs import (
    LEASE_S,
    NOT_HELD,
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


def taken(peer: Peer, at_s: float = START_S, address: bytes = ADDRESS) -> HeldReceipt:
    return HeldReceipt(peer.certificate, sign_receipt(peer.signer, address, len(CHUNK), at_s))


def accusation(accused: Peer, takers: Takers, shown: Takers | None = None, at_s: float = LATER_S) -> Evidence:
    """``accused`` signed for the chunk, then "not held" naming ``takers``; the accuser shows ``shown``."""
    receipt = sign_receipt(accused.signer, ADDRESS, len(CHUNK), START_S)
    answer = sign_answer(accused.signer, NOT_HELD, ADDRESS, takers_digest(takers), NONCE, at_s)
    return Evidence(accused.certificate, answer, receipt, takers if shown is None else shown)


def is_convicted(evidence: Evidence, accused: Peer) -> bool:
    try:
        check_evidence(decode_evidence(encode(evidence)), accused.vault_id)
    except BadSignature:
        return False
    return True


def test_who_names_nobody_is_convicted():
    accused = by_distance()[-1]
    assert is_convicted(accusation(accused, ()), accused)


def test_three_nearer_holders_acquit():
    *near, accused = by_distance()
    assert not is_convicted(accusation(accused, tuple(map(taken, near[:3]))), accused)


def test_an_accuser_who_keeps_the_takers_back_convicts_nobody():
    *near, accused = by_distance()
    takers = tuple(map(taken, near[:3]))
    assert not is_convicted(accusation(accused, takers, shown=()), accused)
    assert not is_convicted(accusation(accused, takers, shown=takers[:2]), accused)


@pytest.mark.parametrize(
    "kind", ["two", "one thrice", "farther", "expired", "of another chunk", "forged", "uncertified"]
)
def test_takers_that_prove_nothing_do_not_help_a_liar(kind):
    ordered = by_distance()
    near, accused, far = ordered[:5], ordered[10], ordered[11:14]
    forged = msgspec.structs.replace(taken(near[2]).receipt, signature=bytes(64))
    takers = {
        "two": [taken(near[0]), taken(near[1])],
        "one thrice": [taken(near[0], START_S + age) for age in range(3)],
        "farther": [taken(peer) for peer in far],
        "expired": [taken(peer, LATER_S - LEASE_S) for peer in near[:3]],
        "of another chunk": [taken(peer, address=bytes(32)) for peer in near[:3]],
        "forged": [taken(near[0]), taken(near[1]), HeldReceipt(near[2].certificate, forged)],
        "uncertified": [
            taken(near[0]), taken(near[1]), msgspec.structs.replace(taken(accused), certificate=near[2].certificate)
        ],
    }[kind]  # fmt: skip
    assert is_convicted(accusation(accused, tuple(takers)), accused)


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
    decode_table(ledger.table(peer.signer, peer.certificate, now_s=1.0, utc_s=START_S), START_S)
