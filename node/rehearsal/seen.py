"""What neighbours and files show of a release's way through a candidate app, and what is wrong with that.  Pure.

What the candidate tells of it counts for nothing here: one that takes a version into use without trying it out may well
tell a long story of a trial.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

ASTRAY: Final = "it took a version into use that nobody has released"
NEVER: Final = "it never took a good version of the vault into use"
UNTRIED: Final = "it took a version of the vault into use without trying it out"
STAYED: Final = "it did not go back from a version of the vault that failed"
TWINS: Final = 2  # vaults that a trial needs, each under an identity that nobody has met before


@dataclass(slots=True)
class Seen:
    """One release on its way.  ``base`` is what was in use before it, both by their tree hashes.

    ``strangers``: identities, other than the farm's own, that neighbours have met at the farm's place.
    """

    release: str
    base: str
    strangers: set[bytes] = field(default_factory=set)
    strangers_before: int | None = None  # as many were known when the release was taken into use
    is_back: bool = False
    is_astray: bool = False

    def look(self, in_use: str, strangers: set[bytes]) -> None:
        """Take what is in use now, as the file says that a start would follow, and who was met so far."""
        self.strangers |= strangers
        if in_use == self.release:
            if self.strangers_before is None:
                self.strangers_before = len(self.strangers)
            self.is_back = False
        elif in_use == self.base:
            self.is_back = self.strangers_before is not None
        else:
            self.is_astray = True

    @property
    def is_over(self) -> bool:
        return self.is_astray or self.is_back

    def fault(self) -> str:
        """What is wrong, in a clause about the candidate; "" if nothing is."""
        if self.is_astray:
            return ASTRAY
        if self.strangers_before is None:
            return NEVER
        if self.strangers_before < TWINS:
            return UNTRIED
        if not self.is_back:
            return STAYED
        return ""
