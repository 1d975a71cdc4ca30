"""What a vault has seen that shows how it really stands: the part of the control contract behind the farmer's sentence.

The vault tells what it saw and how long ago, by its monotonic clock; the supervisor decides what that means.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

SINCE_CONTROL_VERSION: Final = 4
CLOCKS_MAX: Final = 32  # subnets in one report
NEIGHBOURS_MAX: Final = 256  # vaults in one answer
SPAN_S_MAX: Final = 1e12
SEEN_AT_CHARACTERS_MAX: Final = 64

Span = Annotated[float, Meta(ge=-SPAN_S_MAX, le=SPAN_S_MAX)]  # seconds
Age = Annotated[float, Meta(ge=0.0, le=SPAN_S_MAX)] | None  # seconds since it was so; None: not in this run
Count = Annotated[int, Meta(ge=0)]


class ClockSeen(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How far the clock of a vault in one subnet is ahead of the own one: ``low_s`` to ``high_s``, seen ``age_s`` ago.

    Both are the same where it has signed the time; a certificate only says that it holds by the clock of its owner.
    """

    low_s: Span
    high_s: Span
    age_s: Annotated[float, Meta(ge=0.0, le=SPAN_S_MAX)]


class Looks(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The newest of each kind of proof.

    ``answer_age_s``: another vault gave an answer to a fresh question whose signature, or hash, was checked and fits.
    ``outside_age_s``: something came over a connection that another vault made by itself, from a subnet of the
    internet that is not the own one and that this vault had not called before; ``nearby_age_s``: from elsewhere.
    ``passed``, ``failed``: subnets whose vault lately audited this one, and by its own signed table was satisfied, or
    not; ``passed_age_s``: since the last one was.  ``clocks``: one for each subnet, the newest first.
    ``seen_at``: how several subnets of the internet see this vault, empty while they do not agree; ``is_seen_own``:
    whether that is an address of this computer itself.  ``outside_subnets``: of the internet, among the known vaults.
    ``sent_bytes``, ``received_bytes``: by the transport in this run.
    """

    answer_age_s: Age = None
    outside_age_s: Age = None
    nearby_age_s: Age = None
    passed_age_s: Age = None
    passed: Count = 0
    failed: Count = 0
    clocks: Annotated[tuple[ClockSeen, ...], Meta(max_length=CLOCKS_MAX)] = ()
    seen_at: Annotated[str, Meta(max_length=SEEN_AT_CHARACTERS_MAX)] = ""
    is_seen_own: bool = False
    outside_subnets: Count = 0
    sent_bytes: Count = 0
    received_bytes: Count = 0


class KnownVault(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A vault that this one knows, or knew in this run.  ``age_s``: since it last gave a sign of life.

    ``is_silent``: it did not answer the last time.  ``is_slow``: it answered, but late.
    """

    vault_id: Annotated[bytes, Meta(min_length=32, max_length=32)]
    is_close: bool
    is_silent: bool
    is_slow: bool
    age_s: Age


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class Neighbours(_Message, frozen=True):
    """Known vaults, the nearest first.  ``vault_count``, ``subnet_count``: of all that are known and not silent."""

    id: int
    vault_count: Count
    subnet_count: Count
    vaults: Annotated[tuple[KnownVault, ...], Meta(max_length=NEIGHBOURS_MAX)]


class GetNeighbours(_Message, frozen=True):
    """Answer: Neighbours."""

    id: int
