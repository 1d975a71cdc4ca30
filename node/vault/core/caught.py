"""A peer that has failed an audit: it is asked for the chunk itself, so that what it signs can be shown to others.

What an audit was answered with proves nothing to those who do not hold the chunk.  Whoever caught the peer a few times
shuns it and asks it nothing any more; without a proof by then, its own farm would never hear of it.

    audit failed -> Get -> blamed once:  signed for other bytes -> with that as evidence
                                         anything else, nothing -> without
"""

from __future__ import annotations

from typing import Final

from node.vault.core.codec import encode
from node.vault.core.desk import TRANSFER_TIMEOUT_S, Asked, Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.messages import Answer, Chunk, Evidence, Get
from node.vault.core.proofs import HELD, check_answer, is_convicting
from node.vault.errors import BadSignature

FAILED_AUDIT: Final = "peer.failed_audit"


class Caught:
    """One failed audit.  The peer is blamed for it when it has answered, or when it has not in time."""

    def begin(self, desk: Desk, peer: PeerRecord, address: bytes) -> None:
        desk.ask(self, peer, Get(address, desk.nonce()), TRANSFER_TIMEOUT_S)

    def answered(self, desk: Desk, asked: Asked, message: Answer) -> None:
        desk.blame(asked.peer, FAILED_AUDIT, _evidence(desk, asked, message))

    def unanswered(self, desk: Desk, asked: Asked, code: str) -> None:
        desk.blame(asked.peer, FAILED_AUDIT)


def _evidence(desk: Desk, asked: Asked, message: Answer) -> bytes:
    """What convicts the peer in everybody's eyes; b"" if this does not."""
    assert isinstance(asked.message, Get)
    if not isinstance(message, Chunk):
        return b""
    address, nonce, key = asked.message.address, asked.message.nonce, asked.peer.transport_key
    try:
        check_answer(message.answer, key, kind=HELD, address=address, nonce=nonce, utc_s=desk.now.utc_s)
    except BadSignature:
        return b""
    evidence = Evidence(asked.peer.certificate, message.answer)
    return encode(evidence) if is_convicting(evidence, asked.peer.vault_id) else b""
