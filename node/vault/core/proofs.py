"""Signed answers and receipts: what a vault can be held to.

A vault signs what it says about a chunk.  A signed answer whose digest does not fit its address, or a
signed "not held" against an unexpired receipt of the same vault, convicts it before anyone who knows its vault id:
no vote is needed, one honest peer suffices.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from node.vault.core.identity import Certificate, Signer, check_certificate, verify
from node.vault.core.messages import Evidence, Receipt, SignedAnswer
from node.vault.errors import BadSignature, ChunkMismatch

HELD: Final = "held"
AUDITED: Final = "audited"
NOT_HELD: Final = "not_held"
LEASE_S: Final = 7 * 24 * 3600.0  # how long a receipt binds its holder
LEASE_S_MIN: Final = 24 * 3600.0  # a receipt for less promises nothing that could be held against its holder
ANSWER_AGE_S_MAX: Final = 900.0  # an older answer may be a replay


def audit_digest(nonce: bytes, content: bytes) -> bytes:
    """What an audit asks for: only who holds the content now can compute it for a fresh nonce."""
    digest = hashlib.sha256(nonce)
    digest.update(content)
    return digest.digest()


def sign_answer(signer: Signer, kind: str, address: bytes, digest: bytes, nonce: bytes, utc_s: float) -> SignedAnswer:
    blank = SignedAnswer(kind, address, digest, nonce, utc_s)
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"answer", blank)))


def sign_receipt(signer: Signer, address: bytes, length: int, utc_s: float) -> Receipt:
    blank = Receipt(address, length, utc_s, LEASE_S)
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"receipt", blank)))


def check_answer(
    answer: SignedAnswer, transport_key: bytes, *, kind: str, address: bytes, nonce: bytes, utc_s: float
) -> None:
    """Check that the answer is to this question, fresh, and signed by the peer's transport key.

    Raises:
        BadSignature: It is not.
    """
    if (answer.kind, answer.address, answer.nonce) != (kind, address, nonce):
        raise BadSignature("the signed answer is to another question")
    if not abs(answer.at_s - utc_s) <= ANSWER_AGE_S_MAX:  # nor is NaN
        raise BadSignature("the signed answer is of another time")
    verify(transport_key, answer.signature, _signed_part(b"answer", msgspec.structs.replace(answer, signature=b"")))


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
        BadSignature: It did not.
    """
    if receipt.address != address or not abs(receipt.at_s - utc_s) <= ANSWER_AGE_S_MAX:  # nor is NaN
        raise BadSignature("the receipt is for something else")
    if not receipt.lease_s >= LEASE_S_MIN:
        raise BadSignature("the receipt promises too little")
    _verify_receipt(receipt, transport_key)


def check_evidence(evidence: Evidence, vault_id: bytes) -> None:
    """Check that the evidence convicts ``vault_id`` of a data fault, whoever brings it.

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
        if receipt.at_s <= answer.at_s < receipt.at_s + receipt.lease_s:
            return
    raise BadSignature("the answer contradicts nothing")


def _check_signer(certificate: Certificate, vault_id: bytes, at_s: float) -> None:
    if certificate.vault_id != vault_id:
        raise BadSignature("the evidence is against another vault")
    check_certificate(certificate, at_s)


def _verify_receipt(receipt: Receipt, transport_key: bytes) -> None:
    blank = msgspec.structs.replace(receipt, signature=b"")
    verify(transport_key, receipt.signature, _signed_part(b"receipt", blank))


def _signed_part(kind: bytes, blank: SignedAnswer | Receipt) -> bytes:
    return b"perennial/1 " + kind + b"\0" + msgspec.msgpack.encode(blank)
