"""Bytes to messages and back.  Sizes are cut before parsing; whatever is no message is MalformedMessage."""

from __future__ import annotations

from typing import Final, TypeVar, cast

import msgspec

from node.vault.core.messages import CHUNK_BYTES_MAX, Answer, Evidence, HeldReceipt, Request
from node.vault.errors import MalformedMessage

ENVELOPE_BYTES_MAX: Final = 4096  # all of a message but the chunk or head in it
MESSAGE_BYTES_MAX: Final = CHUNK_BYTES_MAX + ENVELOPE_BYTES_MAX
EVIDENCE_BYTES_MAX: Final = 3072  # with TAKERS_MAX receipts; a rank table has room for as many as it may carry

_requests: Final = msgspec.msgpack.Decoder(Request)
_answers: Final = msgspec.msgpack.Decoder(Answer)
_evidence: Final = msgspec.msgpack.Decoder(Evidence)
_T = TypeVar("_T")


def encode(message: Request | Answer | Evidence | HeldReceipt) -> bytes:
    return msgspec.msgpack.encode(message)


def decode_request(content: bytes) -> Request:
    """Read a request from untrusted bytes.

    Raises:
        MalformedMessage: Not a request, or outside its limits.
    """
    return cast("Request", _decode(_requests, content, MESSAGE_BYTES_MAX))


def decode_answer(content: bytes) -> Answer:
    """Read an answer from untrusted bytes.

    Raises:
        MalformedMessage: Not an answer, or outside its limits.
    """
    return cast("Answer", _decode(_answers, content, MESSAGE_BYTES_MAX))


def decode_evidence(content: bytes) -> Evidence:
    """Read a piece of evidence from untrusted bytes; ``proofs.check_evidence`` tells what it is worth.

    Raises:
        MalformedMessage: Not evidence, or outside its limits.
    """
    return _decode(_evidence, content, EVIDENCE_BYTES_MAX)


def _decode(decoder: msgspec.msgpack.Decoder[_T], content: bytes, bytes_max: int) -> _T:
    if len(content) > bytes_max:
        raise MalformedMessage(f"{len(content)} bytes are over {bytes_max}")
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError, OverflowError) as error:
        raise MalformedMessage(f"not a message: {error}") from error
