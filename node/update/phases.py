"""Where a release may be on its way, by what that means to others (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from node.api.schema import Phase

VERDICTS: Final[Mapping[Phase, str]] = MappingProxyType(
    {
        "confirmed": "promoted",
        "refused": "refused",
        "not_proven": "not proven",
        "rolled_back": "rolled back",
        "recalled": "recalled",
    }
)
TERMINAL: Final[frozenset[Phase]] = frozenset(VERDICTS)
REPLACEABLE: Final = frozenset({"announced", "fetching", "staged"})  # in these a newer release may take the place
STOPPABLE: Final = frozenset({"fetching", "staged", "on_trial", "rehearsing"})  # a halt takes it back from these
