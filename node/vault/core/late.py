"""What vaults that have no version in common still say to each other.  NOTHING IN THIS FILE EVER CHANGES.

A farm that slept through some versions can speak with nobody, and must all the same hear of the newest head, and fetch
what that names.  So every version, for ever, answers the four questions here, as they are, and asks no more of who asks
them than that he can be reached: no certificate, no signature, no version.  What comes is checked by its digest alone.

A connection under the ALPN ``PROTOCOL``; whoever dialled opens a stream of two directions for each question.  Either
way goes one frame: its length in 4 bytes, big-endian, then

    question    kind, 1 byte | network, 32 bytes | subject, 32 bytes | nothing yet: whatever stands here is not read
    answer      status, 1 byte | content, up to ANSWER_BYTES_MAX - 1 bytes

    kind        asks for                            subject             content of the answer
    1 WHICH     which head do you carry?            zeros               its digest
    2 HEAD      the head with this digest           SHA-256 of it       the head
    3 FILE      the chunk with this address         SHA-256 of it       the chunk
    4 NEAR      whom do you know near to it?        an address          vaults, the nearest first

    vault       transport key, 32 bytes | number of addresses, 1 byte | each: its length, 1 byte | ip:port in ASCII

    status      0 HERE: it follows;  1 NOT_HERE;  any other: not now.  Without HERE the content is not read.

A kind that is not known is answered NOT_NOW.  Source: resources/handbook/decisions/0067-what-is-said-for-ever.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from node.vault.core.identity import ADDRESSES_MAX, KEY_BYTES, Introduction, check_address
from node.vault.errors import MalformedMessage

PROTOCOL: Final = b"perennial/late"
WHICH: Final = 1
HEAD: Final = 2
FILE: Final = 3
NEAR: Final = 4
HERE: Final = 0
NOT_HERE: Final = 1
NOT_NOW: Final = 2
SUBJECT_BYTES: Final = 32
NOTHING: Final = bytes(SUBJECT_BYTES)
QUESTION_BYTES: Final = 1 + 2 * SUBJECT_BYTES
QUESTION_BYTES_MAX: Final = 1024
ANSWER_BYTES_MAX: Final = (1 << 20) + 4096
VAULTS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Question:
    kind: int
    network: bytes
    subject: bytes


def encode_question(question: Question) -> bytes:
    assert len(question.network) == len(question.subject) == SUBJECT_BYTES, question
    return bytes((question.kind,)) + question.network + question.subject


def decode_question(content: bytes) -> Question:
    """Raises MalformedMessage."""
    if not QUESTION_BYTES <= len(content) <= QUESTION_BYTES_MAX:
        raise MalformedMessage(f"a question of {len(content)} bytes")
    return Question(content[0], content[1 : 1 + SUBJECT_BYTES], content[1 + SUBJECT_BYTES : QUESTION_BYTES])


def encode_answer(status: int, content: bytes = b"") -> bytes:
    return bytes((status,)) + content


def content_of(answer: bytes) -> bytes:
    """What has come; b"" if it is not there, or not now."""
    return answer[1:] if answer[:1] == bytes((HERE,)) else b""


def encode_vaults(vaults: Iterable[Introduction]) -> bytes:
    return b"".join(_encode_vault(vault) for vault in vaults)


def decode_vaults(content: bytes) -> tuple[Introduction, ...]:
    """The first VAULTS_MAX of them; those without an address are left out.

    Raises:
        MalformedMessage: It ends within one, or says where nobody can be.
    """
    found: list[Introduction] = []
    at = 0
    while at < len(content) and len(found) < VAULTS_MAX:
        key, at = _take(content, at, KEY_BYTES)
        count, at = _take(content, at, 1)
        addresses: list[str] = []
        for _ in range(count[0]):
            length, at = _take(content, at, 1)
            text, at = _take(content, at, length[0])
            addresses.append(text.decode("ascii", errors="replace"))
            check_address(addresses[-1])
        if addresses:
            found.append(Introduction(key, tuple(addresses[:ADDRESSES_MAX])))
    return tuple(found)


def _encode_vault(vault: Introduction) -> bytes:
    texts = [address.encode("ascii") for address in vault.addresses]
    return vault.transport_key + bytes((len(texts),)) + b"".join(bytes((len(text),)) + text for text in texts)


def _take(content: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(content):
        raise MalformedMessage("it ends within a vault")
    return content[at : at + length], at + length
