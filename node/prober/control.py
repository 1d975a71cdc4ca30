"""The contract between the supervisor and the prober; framing and Hello are those of ``node.vault.control``.

child  Hello
parent Probe      the twins, in random order
child  Ready      both twins have been greeted
parent Question   for both twins, about a chunk or the newest head; answered once by Heard, under its id
parent Renew      go on under another identity; answered once by Renewed, when it has greeted both twins

The parent draws every question and its nonce, and is given the answers as they came: it checks them itself.
"""

from __future__ import annotations

from typing import Final, Literal, cast

import msgspec

from node.vault.control import Hello
from node.vault.errors import ControlError

ChunkKind = Literal["put", "get", "audit"]
NewsKind = Literal["ping", "head"]  # which head the twin says it carries, and that head itself
Kind = Literal["put", "get", "audit", "ping", "head"]
Outcome = Literal["ok", "not_held", "refused", "failed", "wrong_bytes", "bad_signature"]

ASK_TIMEOUT_S: Final = 5.0  # for one twin's answer
GREET_TRIES: Final = 10
GREET_S_MAX: Final = GREET_TRIES * ASK_TIMEOUT_S


class Probe(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The answer to Hello.  ``twins`` are two encoded PeerRecords; their order says nothing."""

    control_version: int
    network: bytes
    twins: tuple[bytes, bytes]
    bind: str


class Question(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """One request for both twins; ``content`` only for a put, ``first`` (0 or 1) is asked first.

    ``address`` is that of the chunk, or the digest of the head that they should carry; it fits who carries just that.
    """

    id: int
    kind: Kind
    address: bytes
    content: bytes
    nonce: bytes
    first: int


class Renew(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    id: int


class Ready(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class Answered(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one twin answered: ``content`` as it came, b"" when nothing came, at ``at_s`` (UTC).

    ``outcome`` is what the prober makes of it.  ``failed``: no answer in time, one that is signed for another time,
    or a broken connection.
    """

    outcome: Outcome
    latency_s: float
    at_s: float
    content: bytes


class Heard(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Both answers to the question ``id``, in the order of ``Probe.twins``."""

    id: int
    answers: tuple[Answered, Answered]


class Renewed(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    id: int


ProberReport = Hello | Ready | Heard | Renewed
ProberOrder = Probe | Question | Renew


def decode_report(content: bytes) -> ProberReport:
    """Read a frame's content from a prober.

    Raises:
        ControlError: It is no report.
    """
    try:
        return cast("ProberReport", msgspec.msgpack.decode(content, type=ProberReport))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(f"not a prober's report: {error}") from error


def decode_order(content: bytes) -> ProberOrder:
    """Read a frame's content from the parent.

    Raises:
        ControlError: It is no order.
    """
    try:
        return cast("ProberOrder", msgspec.msgpack.decode(content, type=ProberOrder))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(f"not an order to a prober: {error}") from error
