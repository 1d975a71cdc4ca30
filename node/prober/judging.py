"""PURE: what a question is on the wire, and what an answer to it is worth.

The prober judges what it hears; the supervisor judges the same bytes again, and knows by that who says what is not so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from node.prober.control import Outcome, Question
from node.vault.core import codec
from node.vault.core.close_group import HOLDERS_MIN
from node.vault.core.messages import (
    Answer,
    Audit,
    Audited,
    Chunk,
    FetchHead,
    Get,
    HeadContent,
    NotHeld,
    Ping,
    Pong,
    Put,
    Receipt,
    Refused,
    Request,
    Stored,
)
from node.vault.core.proofs import (
    AUDITED,
    HELD,
    LEASE_S,
    NOT_HELD,
    check_answer,
    check_content,
    check_receipt,
    takers_of,
)
from node.vault.errors import ChunkMismatch, Misdated, PeerError


def request_of(question: Question) -> Request:
    match question.kind:
        case "put":
            return Put(question.address, question.content)
        case "get":
            return Get(question.address, question.nonce)
        case "audit":
            return Audit(question.address, question.nonce)
        case "ping":
            return Ping(b"")  # as who carries none, and so tells the twin nothing
        case "head":
            return FetchHead(question.address)


def judge(question: Question, transport_key: bytes, content: bytes, utc_s: float) -> Outcome:
    """What the answer ``content``, which came at ``utc_s``, is worth.

    Signed at another time it did not come in time: the computer has slept between the two, or its clock was set.
    Whether an audit's digest fits is left to who knows the chunk.
    """
    try:
        return _judge(question, transport_key, codec.decode_answer(content), utc_s)
    except ChunkMismatch:
        return "wrong_bytes"
    except Misdated:
        return "failed"
    except PeerError:
        return "bad_signature"


def is_handed_over(content: bytes, twins: Collection[bytes], since_s: float) -> bool:
    """Whether a "not held" that ``judge`` has found good names enough others who keep the chunk in the twin's place.

    It is then no broken promise, as far as paper can tell: page 0025.  They signed for it after ``since_s`` (UTC);
    ``twins``, by vault id, count for nothing.
    """
    message = codec.decode_answer(content)
    if not isinstance(message, NotHeld):
        return False
    promise = Receipt(message.answer.address, 0, since_s, LEASE_S)
    takers = takers_of(message.takers, b"", promise, message.answer.at_s)
    return sum(taker.certificate.vault_id not in twins for taker in takers) >= HOLDERS_MIN


def _judge(question: Question, key: bytes, message: Answer, utc_s: float) -> Outcome:
    address, nonce = question.address, question.nonce
    match message:
        case Stored(receipt) if question.kind == "put":
            check_receipt(receipt, key, address, utc_s)
        case Chunk(content, answer) if question.kind == "get":
            try:
                check_answer(answer, key, kind=HELD, address=address, nonce=nonce, utc_s=utc_s)
            except Misdated:
                check_content(content, answer)  # other bytes are held against it whatever the time
                raise
            check_content(content, answer)
        case Audited(answer) if question.kind == "audit":
            check_answer(answer, key, kind=AUDITED, address=address, nonce=nonce, utc_s=utc_s)
        case Pong(head) if question.kind == "ping":
            return "ok" if head == address else "not_held"
        case HeadContent(content) if question.kind == "head":
            return "ok" if hashlib.sha256(content).digest() == address else "wrong_bytes"
        case NotHeld(answer, takers) if question.kind in ("get", "audit"):
            check_answer(answer, key, kind=NOT_HELD, address=address, nonce=nonce, utc_s=utc_s, takers=takers)
            return "not_held"
        case Refused():
            return "refused"
        case _:
            return "bad_signature"
    return "ok"
