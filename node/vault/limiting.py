"""The part of the control contract that says how much of the farmer's line a vault may take, and whether it may grow.

A vault that takes no new chunks says so as a full one does, so that others pass it over before they send anything; what
it holds it serves and proves all the same.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

SINCE_CONTROL_VERSION: Final = 4
BYTES_PER_S_MAX: Final = 1 << 40

Rate = Annotated[int, Meta(ge=0, le=BYTES_PER_S_MAX)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a vault may send and take in a second, 0: as much as it can; and whether it takes new chunks."""

    upload_bytes_per_s: Rate = 0
    download_bytes_per_s: Rate = 0
    is_taking: bool = True


NO_LIMITS: Final = Limits()


class SetLimits(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Keep to these from now on.  Answer: Done."""

    id: int
    limits: Limits
