"""Whose turn it is, of the releases that wait (pure).

    newest is urgent, or in use      it has its turn, and the others are set aside
    else, one is under way here      that one goes through first, and the newest waits behind it
    else                             the newest has its turn

All between the two are set aside.  Were each release set aside for the next one, releases that come faster than one
can go through all waves would begin their rollout again and again, and most farms would take up none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node.update.events import Event, Held, Superseded
from node.update.phases import REPLACEABLE, STOPPABLE
from node.update.reasons import GOES_FIRST
from node.update.records import age
from node.update.store import Record


@dataclass(frozen=True, slots=True)
class Turns:
    """``newest``: of those that wait and the one in use; ``first``: whose turn it is, None if nobody waits.

    ``outdated`` make way for the newest now.
    """

    newest: Record | None = None
    first: Record | None = None
    outdated: tuple[Record, ...] = ()

    def steps(self, now_s: float) -> list[tuple[str, Event]]:
        """What befalls which release because of that: one is set aside, or says for which one it waits."""
        newest, first = self.newest, self.first
        if newest is None:
            return []
        name, is_urgent = newest.release.name, newest.release.is_urgent
        found: list[tuple[str, Event]] = [
            (record.release.name, Superseded(now_s, name, is_urgent=is_urgent)) for record in self.outdated
        ]
        if first is not None and first is not newest and newest.way.phase == "announced":
            reason = first.release.name + GOES_FIRST
            found += [(name, Held(now_s, reason))] if reason != newest.way.reason else []
        return found


def turns_of(
    waiting: Sequence[Record], used: Sequence[Record], is_under_way: Callable[[Record], bool], *, is_seen: bool
) -> Turns:
    """Look at the releases of one layer.

    Args:
        waiting: Those that are not decided; one of them at most is on its way.
        used: The one in use, under all its names.
        is_under_way: Whether the rollout of this one has begun here, and is not over.
        is_seen: Whether enough others show the newest head: before that an urgent release ends no trial.
    """
    newest = max([*waiting, *used], key=age, default=None)
    if newest is None or not waiting:
        return Turns(newest)
    is_used = any(record is newest for record in used)
    is_urgent = newest.release.is_urgent
    makes_way = REPLACEABLE | STOPPABLE if is_urgent and is_seen else REPLACEABLE

    def stays(record: Record) -> bool:
        is_kept = record is newest or not (is_used or is_urgent)
        return record.way.phase not in makes_way or (is_kept and is_under_way(record))

    staying = [record for record in waiting if stays(record)]
    begun = next((record for record in waiting if record.way.phase != "announced"), None)
    if begun is not None and (begun is newest or begun in staying):
        first = begun
    else:
        first = max(staying, key=age, default=newest)
    left = [record for record in waiting if record is not newest and record is not first]
    outdated = tuple(record for record in left if record.way.phase in makes_way)
    return Turns(newest, None if is_used and first is newest else first, outdated)
