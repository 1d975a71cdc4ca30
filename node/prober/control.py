"""The contract between the supervisor and the prober; framing and Hello are those of ``node.vault.control``.

child  Hello
parent Probe      the twins, in random order, and the pace
child  Ready      both twins have been greeted
child  Measured   one pair, again and again, until the parent closes the channel
"""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from node.vault.control import Hello
from node.vault.errors import ControlError

Kind = Literal["put", "get", "audit"]
Outcome = Literal["ok", "not_held", "refused", "failed", "wrong_bytes", "bad_signature"]


class Probe(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The answer to Hello.  ``twins`` are two encoded PeerRecords; their order says nothing."""

    control_version: int
    network: bytes
    twins: tuple[bytes, bytes]
    bind: str
    pairs_per_s: float
    chunk_bytes_max: int


class Ready(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class ProbeAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one twin did with a request.  ``failed``: no answer in time, or a broken connection."""

    outcome: Outcome
    latency_s: float
    wire_bytes: int


class Measured(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The same request to both twins; ``answers`` in the order of ``Probe.twins``, ``first`` was asked first.

    For a get or an audit: both had acknowledged the chunk before.
    """

    kind: Kind
    address: bytes
    first: int
    answers: tuple[ProbeAnswer, ProbeAnswer]


ProberReport = Hello | Ready | Measured


def decode_report(content: bytes) -> ProberReport:
    """Read a frame's content from a prober.

    Raises:
        ControlError: It is no report.
    """
    try:
        return cast("ProberReport", msgspec.msgpack.decode(content, type=ProberReport))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(f"not a prober's report: {error}") from error


def decode_probe(content: bytes) -> Probe:
    """Read the parent's only order.

    Raises:
        ControlError: It is none.
    """
    try:
        return msgspec.msgpack.decode(content, type=Probe)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(f"not an order to a prober: {error}") from error
