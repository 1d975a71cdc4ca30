"""A version that finds nobody although others can be reached.

One that takes everybody for a liar, or no longer finds the way to them, ends alone: then nobody tells this farm what is
wrong with it.  So when the vault in use has known nobody for a while, some of those whom it knew last are greeted by a
process of the program's own.

    knows nobody for lonely_s -> greet others -> none answers: it is the line, from the beginning
             ^                        `--------> one answers: the line is fine; it has lonely_s more to find them
             `------ knows somebody, does not run, or the computer slept           `--> greet again: one answers: FAULT

Twice, as the line may have come back just before the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from node.update.ports import Host

FINDS_NOBODY: Final = "it finds nobody although others can be reached"
LATE_FACTOR: Final = 3  # so many times as late as it should be, a look says nothing of the time before it


@dataclass(frozen=True, slots=True)
class _Alone:
    """A release that has known nobody since ``since_s``.  ``is_line_fine``: others could be reached at that time."""

    release: str
    since_s: float
    looked_s: float
    is_line_fine: bool = False


class Loneliness:
    """Looked at every ``look_s``; nothing of it is kept over a restart, which begins the time anew."""

    def __init__(self, host: Host, lonely_s: float, look_s: float, now_s: Callable[[], float]) -> None:
        self._host = host
        self._now_s = now_s
        self._lonely_s = lonely_s
        self._late_s = LATE_FACTOR * look_s
        self._alone: _Alone | None = None

    async def is_at_fault(self, release: str) -> bool:
        """Whether this release, which is in use, finds nobody although others can be reached.

        It may take minutes to know that.
        """
        alone, now_s = self._alone, self._now_s()
        if self._host.neighbours() != 0:  # or it does not say, as long as it does not run
            self._alone = None
            return False
        if alone is None or alone.release != release or now_s - alone.looked_s > self._late_s:
            self._alone = _Alone(release, now_s, now_s)
            return False
        self._alone = replace(alone, looked_s=now_s)
        if now_s - alone.since_s < self._lonely_s:
            return False
        is_line_fine = await self._host.reaches_others()
        self._alone = _Alone(release, self._now_s(), self._now_s(), is_line_fine)
        return is_line_fine and alone.is_line_fine and self._host.neighbours() == 0
