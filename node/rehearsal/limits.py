"""How long each part of a succession rehearsal may take, on a computer that has other things to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Whatever takes longer has failed.  In seconds; tests hand in shorter ones."""

    up_s: float = 120.0  # from the start until the local API answers: byte code is compiled meanwhile
    answer_s: float = 60.0  # until what was asked for has come to be so
    stand_s: float = 120.0  # for the network of today's program to stand
    way_s: float = 900.0  # from the release's publication until the candidate has gone back from it
    app_s: float = 900.0  # from an app release's publication until the candidate has become it
    back_s: float = 300.0  # from its recall until the candidate has come back
    pages_s: float = 180.0
    stop_s: float = 60.0


LIMITS: Final = Limits()
