"""Signed answers and receipts: what a vault can be held to.

A vault signs what it says about a chunk.  A signed answer whose digest does not fit its address, or a
signed "not held" against an unexpired receipt of the same vault, convicts it before anyone who knows its vault id:
no vote is needed, one honest peer suffices.  It is no lie when enough others have signed to keep its promise in its
place: the answer's digest binds it to their receipts, so that nobody can take them away from it.

What is on paper can convict a liar, but can vouch for nobody: keys cost nothing, so a liar can invent its takers, and
no reader of the evidence can tell them from real ones.  In doubt evidence convicts nobody.  Whether the takers exist,
in different subnets, and hold the chunk, only a peer that can meet them finds out (``hearing``).

Source: resources/handbook/decisions/0025-who-may-take-a-promise-over.md.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from node.vault.core.close_group import HOLDERS_MIN
from node.vault.core.identity import CLOCK_SKEW_S, Certificate, Signer, check_certificate, verify
from node.vault.core.messages import Evidence, HeldReceipt, Receipt, SignedAnswer, Takers
from node.vault.errors import BadSignature, ChunkMismatch, Misdated

HELD: Final = "held"
AUDITED: Final = "audited"
NOT_HELD: Final = "not_held"
LEASE_S: Final = 7 * 24 * 3600.0  # how long a receipt binds its holder
LEASE_S_MIN: Final = 24 * 3600.0  # a receipt for less promises nothing that could be held against its holder
ANSWER_AGE_S_MAX: Final = 900.0  # an older answer may be a replay


def audit_digest(nonce: bytes, transport_key: bytes, content: bytes) -> bytes:
    """What an audit asks the vault with that transport key for.

    For a fresh nonce only who has the whole content at the time of the question can compute it.  An honest holder names
    no key but its own, so what it answers is of no use to anybody else.

    Source: resources/handbook/decisions/0062-an-audit-names-who-is-asked.md.
    """
    digest = hashlib.sha256(b"perennial/1 audit\0" + msgspec.msgpack.encode((nonce, transport_key)))
    digest.update(content)
    return digest.digest()


def takers_digest(takers: Takers) -> bytes:
    """What a "not held" signs of those who took the chunk over: nothing when there is nobody."""
    return hashlib.sha256(msgspec.msgpack.encode(takers)).digest() if takers else b""


def sign_answer(signer: Signer, kind: str, address: bytes, digest: bytes, nonce: bytes, utc_s: float) -> SignedAnswer:
    blank = SignedAnswer(kind, address, digest, nonce, utc_s)
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"answer", blank)))


def sign_receipt(signer: Signer, address: bytes, length: int, utc_s: float) -> Receipt:
    blank = Receipt(address, length, utc_s, LEASE_S)
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"receipt", blank)))


def check_answer(
    answer: SignedAnswer, transport_key: bytes, *, kind: str, address: bytes, nonce: bytes, utc_s: float,
    takers: Takers = (),
) -> None:  # fmt: skip
    """Check that the answer is to this question, fresh, and signed by the peer's transport key.

    ``takers``: those that a "not held" came with.

    Raises:
        BadSignature: It is not; Misdated when it is only the time.
    """
    if (answer.kind, answer.address, answer.nonce) != (kind, address, nonce):
        raise BadSignature("the signed answer is to another question")
    if kind == NOT_HELD and answer.digest != takers_digest(takers):
        raise BadSignature("the signed answer came with other receipts")
    verify(transport_key, answer.signature, _signed_part(b"answer", msgspec.structs.replace(answer, signature=b"")))
    if not abs(answer.at_s - utc_s) <= ANSWER_AGE_S_MAX:  # nor is NaN
        raise Misdated("the signed answer is of another time")


def check_content(content: bytes, answer: SignedAnswer) -> None:
    """Check that the bytes served fit both their address and what the peer signed.

    Raises:
        ChunkMismatch: They do not fit the address.
        BadSignature: The peer signed other bytes than it served.
    """
    digest = hashlib.sha256(content).digest()
    if digest != answer.digest:
        raise BadSignature("the peer signed other bytes than it served")
    if digest != answer.address:
        raise ChunkMismatch("the bytes do not fit their address")


def check_receipt(receipt: Receipt, transport_key: bytes, address: bytes, utc_s: float) -> None:
    """Check that the peer signed for this chunk just now, and for long enough.

    Raises:
        BadSignature: It did not; Misdated when it is only the time.
    """
    if receipt.address != address:
        raise BadSignature("the receipt is for something else")
    if not receipt.lease_s >= LEASE_S_MIN:
        raise BadSignature("the receipt promises too little")
    _verify_receipt(receipt, transport_key)
    if not abs(receipt.at_s - utc_s) <= ANSWER_AGE_S_MAX:  # nor is NaN
        raise Misdated("the receipt is of another time")


def check_evidence(evidence: Evidence, vault_id: bytes) -> None:
    """Check that the evidence convicts ``vault_id`` of a data fault, whoever brings it.

    It convicts nobody who did as it promised.  That it does not convict is no proof of innocence: the takers that
    acquit may be invented.

    Raises:
        BadSignature: It does not.
    """
    answer, receipt = evidence.answer, evidence.receipt
    _check_signer(evidence.certificate, vault_id, answer.at_s)
    blank = msgspec.structs.replace(answer, signature=b"")
    verify(evidence.certificate.transport_key, answer.signature, _signed_part(b"answer", blank))
    if answer.kind == HELD and answer.digest != answer.address:
        return
    if answer.kind == NOT_HELD and receipt is not None and receipt.address == answer.address:
        _verify_receipt(receipt, evidence.certificate.transport_key)
        if answer.digest != takers_digest(evidence.takers):
            raise BadSignature("those who took the chunk over are kept back")
        takers = takers_of(evidence.takers, vault_id, receipt, answer.at_s)
        if is_binding(receipt, answer.at_s) and len(takers) < HOLDERS_MIN:
            return
    raise BadSignature("the answer contradicts nothing")


def is_convicting(evidence: Evidence, vault_id: bytes) -> bool:
    """Whether ``check_evidence`` has nothing against it."""
    try:
        check_evidence(evidence, vault_id)
    except BadSignature:
        return False
    return True


def is_binding(receipt: Receipt, at_s: float) -> bool:
    """Whether the receipt promises to hold the chunk at that time."""
    return receipt.at_s <= at_s < receipt.at_s + receipt.lease_s


def takers_of(takers: Takers, vault_id: bytes, promise: Receipt, at_s: float) -> Takers:
    """Those of ``takers`` who had taken over what ``vault_id`` promised, by ``at_s``: each vault once."""
    found = {taker.certificate.vault_id: taker for taker in takers if takes_over(taker, promise, at_s)}
    found.pop(vault_id, None)
    return tuple(found.values())


def takes_over(taker: HeldReceipt, promise: Receipt, at_s: float) -> bool:
    """Whether the taker had signed, by ``at_s``, to keep the promise in the place of whoever made it.

    It must have signed after the promise and for as long at least; clocks may differ by CLOCK_SKEW_S.  Whether it
    stands nearer to the chunk does not matter: a liar would find nearer keys in a second, and who has a chunk to give
    up may be the nearest of all.
    """
    receipt = taker.receipt
    if receipt.address != promise.address:
        return False
    if not promise.at_s - CLOCK_SKEW_S <= receipt.at_s <= at_s + CLOCK_SKEW_S:  # nor is NaN
        return False
    if not receipt.at_s + receipt.lease_s >= promise.at_s + promise.lease_s - CLOCK_SKEW_S:
        return False
    try:
        check_certificate(taker.certificate, receipt.at_s)
        _verify_receipt(receipt, taker.certificate.transport_key)
    except BadSignature:
        return False
    return True


def _check_signer(certificate: Certificate, vault_id: bytes, at_s: float) -> None:
    if certificate.vault_id != vault_id:
        raise BadSignature("the evidence is against another vault")
    check_certificate(certificate, at_s)


def _verify_receipt(receipt: Receipt, transport_key: bytes) -> None:
    blank = msgspec.structs.replace(receipt, signature=b"")
    verify(transport_key, receipt.signature, _signed_part(b"receipt", blank))


def _signed_part(kind: bytes, blank: SignedAnswer | Receipt) -> bytes:
    return b"perennial/1 " + kind + b"\0" + msgspec.msgpack.encode(blank)
